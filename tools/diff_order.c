/* See diff_order.h. Of what has moved as against each other, the fewest rows are told: those
 * outside the longest rising subsequence. Whether such a row really has an order is asked of all
 * others at once, by sorting one run's times and keeping the extreme of the other run's: n log n.
 */
#include "tools/diff_order.h"

#include <stdlib.h>

#include "tools/tools.h"

/* A pair's times in both runs. */
struct times {
	uint64_t a_began, a_ended, b_began, b_ended;
	size_t b;
	struct th_diff_row *row;
};

struct order {
	struct times *pairs; /* in the order of A */
	size_t n;
	struct times *by_end;	/* by a_ended */
	uint64_t *latest;	/* of by_end[0 … i]: the largest b_began */
	struct times *by_start; /* by a_began */
	uint64_t *earliest;	/* of by_start[i …]: the smallest b_ended */
};

static int by_a_ended(const void *p, const void *q)
{
	const struct times *x = p, *y = q;
	return (x->a_ended > y->a_ended) - (x->a_ended < y->a_ended);
}

static int by_a_began(const void *p, const void *q)
{
	const struct times *x = p, *y = q;
	return (x->a_began > y->a_began) - (x->a_began < y->a_began);
}

static struct times *sorted(const struct order *o, int (*compare)(const void *, const void *))
{
	struct times *t = th_tool_alloc(o->n * sizeof(*t));
	for (size_t i = 0; i < o->n; i++) {
		t[i] = o->pairs[i];
	}
	qsort(t, o->n, sizeof(*t), compare);
	return t;
}

static void gather(struct order *o, const struct th_diff_side *a, const struct th_diff_side *b,
	struct th_diff_rows *rows)
{
	o->pairs = th_tool_alloc(rows->n * sizeof(*o->pairs));
	for (size_t i = 0; i < rows->n; i++) {
		struct th_diff_row *r = &rows->rows[i];
		if (r->a != TH_DIFF_NONE && r->b != TH_DIFF_NONE) {
			const struct th_diff_call *x = &a->calls[r->a], *y = &b->calls[r->b];
			o->pairs[o->n++] = (struct times){
				x->began, x->ended, y->began, y->ended, r->b, r};
		}
	}
}

static void prepare(struct order *o)
{
	uint64_t most = 0, least = UINT64_MAX;
	o->by_end = sorted(o, by_a_ended);
	o->by_start = sorted(o, by_a_began);
	o->latest = th_tool_alloc(o->n * sizeof(*o->latest));
	o->earliest = th_tool_alloc(o->n * sizeof(*o->earliest));
	for (size_t i = 0; i < o->n; i++) {
		most = o->by_end[i].b_began > most ? o->by_end[i].b_began : most;
		o->latest[i] = most;
	}
	for (size_t i = o->n; i-- > 0;) {
		least = o->by_start[i].b_ended < least ? o->by_start[i].b_ended : least;
		o->earliest[i] = least;
	}
}

/* Was anything over before it in A that began behind it in B? */
static bool overtook(const struct order *o, const struct times *t)
{
	size_t low = 0, high = o->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		bool before = o->by_end[middle].a_ended < t->a_began;
		low = before ? middle + 1 : low;
		high = before ? high : middle;
	}
	return low > 0 && o->latest[low - 1] > t->b_ended;
}

/* Did anything begin behind it in A that was over before it in B? */
static bool fell_behind(const struct order *o, const struct times *t)
{
	size_t low = 0, high = o->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		bool behind = o->by_start[middle].a_began > t->a_ended;
		high = behind ? middle : high;
		low = behind ? low : middle + 1;
	}
	return low < o->n && o->earliest[low] < t->b_began;
}

void th_diff_order(
	const struct th_diff_side *a, const struct th_diff_side *b, struct th_diff_rows *rows)
{
	struct order o = {0};
	gather(&o, a, b, rows);
	prepare(&o);
	size_t *places = th_tool_alloc(o.n * sizeof(*places));
	bool *rising = th_tool_alloc(o.n * sizeof(*rising));
	for (size_t i = 0; i < o.n; i++) {
		places[i] = o.pairs[i].b;
	}
	th_diff_rising(places, o.n, rising);
	for (size_t i = 0; i < o.n; i++) {
		const struct times *t = &o.pairs[i];
		t->row->moved = !rising[i] && (overtook(&o, t) || fell_behind(&o, t));
	}
	free(rising);
	free(places);
	free(o.earliest);
	free(o.latest);
	free(o.by_start);
	free(o.by_end);
	free(o.pairs);
}
