#include "handover.h"

static inline void give(atomic_uint *word, uint32_t value) { atomic_store(word, value); }

static inline void await(atomic_uint *word, uint32_t before)
{
	while (atomic_load(word) == before)
		;
}
