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

bool th_h1_seen_lines(struct th_h1_seen *seen, struct th_slice in)
{
	return seen->head_n ? th_lines_again(in, seen->head, &seen->lines)
			    : th_lines_of(in, &seen->lines);
}

void th_h1_seen_keep(struct th_h1_seen *seen, struct th_slice head)
{
	const struct th_lines *l = &seen->lines;
	size_t same = l->same ? l->line[l->same - 1].end : 0, n = head.n - same;
	if (head.n > TH_H1_HEAD_KEPT) {
		th_h1_seen_forget(seen);
		return;
	}
	__asm__("" : "+r"(n)); /* of what is known to be short the compiler makes a slow loop */
	memcpy(seen->head + same, head.p + same, n);
	seen->head_n = (uint16_t)head.n;
}
