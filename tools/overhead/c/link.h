/*
 * The workloads as a C programmer writes them for one mechanism. A twin
 * includes this file first, and then defines struct link and the functions
 * declared here; the compiler inlines them into the loops.
 */
#include "twin.h"

struct link;

static struct link *make(size_t size);                 /* one direction */
static struct link *make_back(struct link *, size_t size); /* the way back of it */
static inline void snd(struct link *, char *p, size_t n);
static inline void rcv(struct link *, char *p, size_t n);

static struct link *there, *back;

static int pingpong(struct twin *t) { return !strcmp(t->workload, "PingPong"); }

static void prepare(struct twin *t)
{
	there = make(t->size);
	if (pingpong(t))
		back = make_back(there, t->size);
}

static void ping(struct twin *t, long n)
{
	for (; n > 0; n--) {
		snd(there, t->buf, t->size);
		rcv(back, t->buf, t->size);
	}
}

static void pong(struct twin *t, long n)
{
	for (; n > 0; n--) {
		rcv(there, t->buf, t->size);
		snd(back, t->buf, t->size);
	}
}

static void sender(struct twin *t, long n)
{
	for (; n > 0; n--)
		snd(there, t->buf, t->size);
}

static void receiver(struct twin *t, long n)
{
	for (; n > 0; n--)
		rcv(there, t->buf, t->size);
}

static play *play_of(struct twin *t, int i)
{
	if (pingpong(t))
		return i == 0 ? ping : pong;
	return i == 0 ? sender : receiver;
}

static int receives(struct twin *t, int i) { return pingpong(t) || i == 1; }
