/* A word that two processes count up in turn, forth by the first. */
#include "twin.h"

static inline void give(atomic_uint *word, uint32_t value);
static inline void await(atomic_uint *word, uint32_t before);

static inline void take_turns(struct twin *t, long n, int parity)
{
	for (long i = 0; i < n; i++) {
		uint32_t before = t->handed++;
		if ((i & 1) == parity)
			give(t->word, t->handed);
		else
			await(t->word, before);
	}
}

static void first(struct twin *t, long n) { take_turns(t, n, 0); }
static void second(struct twin *t, long n) { take_turns(t, n, 1); }
static void prepare(struct twin *t) { (void)t; }
static play *play_of(struct twin *t, int i) { (void)t; return i == 0 ? first : second; }
static int receives(struct twin *t, int i) { (void)t; (void)i; return 1; }
