#include "alone.h"

static void alone(struct twin *t, long n)
{
	pid_t parent = getppid();

	(void)t;
	for (; n > 0; n--)
		if (getppid() != parent)
			die("getppid: another parent");
}
