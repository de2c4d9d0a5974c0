#include "alone.h"

static void alone(struct twin *t, long n)
{
	static char *between, *out;

	if (!out) {
		between = buffer(t->size);
		out = buffer(t->size);
	}
	for (; n > 0; n--) {
		memcpy(between, t->buf, t->size);
		__asm__ volatile("" : : : "memory"); /* each copy is made */
		memcpy(out, between, t->size);
		__asm__ volatile("" : : : "memory");
	}
}
