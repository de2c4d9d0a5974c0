#include "handover.h"
#include <linux/futex.h>
#include <sys/syscall.h>

static inline void give(atomic_uint *word, uint32_t value)
{
	atomic_store(word, value);
	if (syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0)
		die("futex");
}

static inline void await(atomic_uint *word, uint32_t before)
{
	while (atomic_load(word) == before)
		if (syscall(SYS_futex, word, FUTEX_WAIT, before, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR)
			die("futex");
}
