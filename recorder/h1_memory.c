#include "recorder/h1_memory.h"

#include <stdatomic.h>

#include "base/pool.h"

static _Atomic unsigned memories;

struct th_h1_memory *th_h1_memory_create(void)
{
	struct th_h1_memory *m = NULL;
	if (atomic_fetch_add(&memories, 1) < TH_H1_MEMORIES_MAX) {
		m = th_pool_alloc(sizeof(*m));
	}
	if (!m) {
		atomic_fetch_sub(&memories, 1);
		return NULL;
	}
	m->answered = th_pool_alloc(sizeof(*m->answered));
	return m;
}

struct th_h1_memory *th_h1_memory_destroy(struct th_h1_memory *m)
{
	if (m) {
		th_pool_free(m->answered, sizeof(*m->answered));
		th_pool_free(m, sizeof(*m));
		atomic_fetch_sub(&memories, 1);
	}
	return NULL;
}
