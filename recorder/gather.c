#include "recorder/gather.h"

#include "base/pool.h"

#define SMALLEST 1024u

static bool grow(struct th_gather *g, size_t wanted)
{
	size_t cap = g->cap ? g->cap : SMALLEST;
	while (cap < wanted) {
		cap *= 2;
	}
	uint8_t *p = th_pool_room(cap);
	if (!p) {
		return false;
	}
	if (g->n) {
		memcpy(p, g->p, g->n);
	}
	th_pool_free(g->p, g->cap);
	g->p = p;
	g->cap = (uint32_t)cap;
	return true;
}

bool th_gather_add(struct th_gather *g, struct th_slice in, size_t limit)
{
	if (limit < g->n || in.n > limit - g->n) {
		return false;
	}
	if (g->n + in.n > g->cap && !grow(g, g->n + in.n)) {
		return false;
	}
	if (in.n) {
		memcpy(g->p + g->n, in.p, in.n);
		g->n += (uint32_t)in.n;
	}
	return true;
}

bool th_gather_join(struct th_gather *g, struct th_slice piece, bool last, size_t limit,
	struct th_slice *ret_all)
{
	if (last && g->n == 0) {
		*ret_all = piece;
		return true;
	}
	if (!th_gather_add(g, piece, limit)) {
		return false;
	}
	*ret_all = th_gather_slice(g);
	return true;
}

void th_gather_free(struct th_gather *g)
{
	th_pool_free(g->p, g->cap);
	*g = (struct th_gather){0};
}
