#include "alone.h"

static void alone(struct twin *t, long n)
{
	static char *out;

	if (!out)
		out = buffer(t->size);
	for (; n > 0; n--) {
		memcpy(out, t->buf, t->size);
		__asm__ volatile("" : : : "memory"); /* each copy is made */
	}
}
