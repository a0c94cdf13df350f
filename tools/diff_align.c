/* See diff_align.h. Equal calls are found by sorting both sides by the same key and merging; gaps
 * lie between the longest rising subsequence of what was found (patience sorting), and are aligned
 * by dynamic programming over likeness. */
#include "tools/diff_align.h"

#include <stdlib.h>
#include <string.h>

#include "tools/diff_order.h"
#include "tools/tools.h"

#define CELLS_MAX 250000 /* of a gap: 500 calls by 500 */
#define PAIRED 8	 /* what a pair is worth even when nothing in it is alike */

struct align {
	const struct th_diff_side *a, *b;
	size_t *to_b, *to_a; /* partners, or TH_DIFF_NONE */
};

/* ---- the same calls ---- */

enum {
	BY_LANE = 1,
	BY_THREAD = 2,
	BY_ANSWER = 4,
};

static const unsigned passes[] = {BY_LANE | BY_THREAD | BY_ANSWER, BY_LANE | BY_ANSWER,
	BY_LANE | BY_THREAD, BY_LANE, BY_ANSWER, 0};

struct key {
	const struct th_diff_call *call;
	size_t at;
	unsigned by;
};

static int compare_keys(const struct key *x, const struct key *y)
{
	const struct th_diff_call *a = x->call, *b = y->call;
	int c = memcmp(a->asked, b->asked, TH_DIFF_DIGEST);
	if (c == 0 && x->by & BY_ANSWER) {
		c = memcmp(a->came, b->came, TH_DIFF_DIGEST);
	}
	if (c == 0 && x->by & BY_LANE) {
		c = strcmp(a->lane, b->lane);
	}
	if (c == 0 && x->by & BY_THREAD) {
		c = (a->thread > b->thread) - (a->thread < b->thread);
	}
	return c;
}

static int by_key_and_place(const void *p, const void *q)
{
	const struct key *x = p, *y = q;
	int c = compare_keys(x, y);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static struct key *sorted_keys(
	const struct th_diff_side *s, const size_t *partner, unsigned by, size_t *ret_n)
{
	struct key *keys = th_tool_alloc(s->n * sizeof(*keys));
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (partner[i] == TH_DIFF_NONE) {
			keys[n++] = (struct key){&s->calls[i], i, by};
		}
	}
	qsort(keys, n, sizeof(*keys), by_key_and_place);
	*ret_n = n;
	return keys;
}

static void pair(struct align *al, size_t a, size_t b)
{
	al->to_b[a] = b;
	al->to_a[b] = a;
}

static void pair_same(struct align *al, unsigned by)
{
	size_t n, m, i = 0, k = 0;
	struct key *a = sorted_keys(al->a, al->to_b, by, &n);
	struct key *b = sorted_keys(al->b, al->to_a, by, &m);
	while (i < n && k < m) {
		int c = compare_keys(&a[i], &b[k]);
		if (c == 0) {
			pair(al, a[i].at, b[k].at);
		}
		i += c <= 0;
		k += c >= 0;
	}
	free(a);
	free(b);
}

/* ---- the longest rising subsequence ---- */

void th_diff_rising(const size_t *numbers, size_t n, bool *ret_in)
{
	size_t *ends = th_tool_alloc(n * sizeof(*ends)), length = 0;
	size_t *before = th_tool_alloc(n * sizeof(*before));
	for (size_t i = 0; i < n; i++) {
		size_t low = 0, high = length;
		while (low < high) {
			size_t middle = (low + high) / 2;
			bool smaller = numbers[ends[middle]] < numbers[i];
			low = smaller ? middle + 1 : low;
			high = smaller ? high : middle;
		}
		before[i] = low ? ends[low - 1] : TH_DIFF_NONE;
		ends[low] = i;
		length = low == length ? length + 1 : length;
		ret_in[i] = false;
	}
	for (size_t i = length ? ends[length - 1] : TH_DIFF_NONE; i != TH_DIFF_NONE;
		i = before[i]) {
		ret_in[i] = true;
	}
	free(before);
	free(ends);
}

/* ---- gaps ---- */

/* Calls without a partner, between two that have one. */
struct gap {
	const size_t *a, *b; /* places in the sides */
	size_t n, m;
};

static unsigned worth(const struct align *al, size_t a, size_t b)
{
	const struct th_diff_call *x = &al->a->calls[a], *y = &al->b->calls[b];
	if (memcmp(x->place, y->place, TH_DIFF_DIGEST) != 0) {
		return 0;
	}
	return PAIRED + th_diff_alike(x, y);
}

/* best[i][k]: what the calls from i and k on are worth. The earlier pair is preferred. */
static void align_gap(struct align *al, const struct gap *g)
{
	size_t row = g->m + 1, i = 0, k = 0;
	uint32_t *best = th_tool_alloc((g->n + 1) * row * sizeof(*best));
	for (size_t x = g->n; x-- > 0;) {
		for (size_t y = g->m; y-- > 0;) {
			unsigned w = worth(al, g->a[x], g->b[y]);
			uint32_t down = best[(x + 1) * row + y], right = best[x * row + y + 1];
			uint32_t both = w ? w + best[(x + 1) * row + y + 1] : 0;
			uint32_t most = down > right ? down : right;
			best[x * row + y] = both > most ? both : most;
		}
	}
	while (i < g->n && k < g->m) {
		unsigned w = worth(al, g->a[i], g->b[k]);
		if (w && best[i * row + k] == w + best[(i + 1) * row + k + 1]) {
			pair(al, g->a[i++], g->b[k++]);
		} else if (best[i * row + k] == best[(i + 1) * row + k]) {
			i++;
		} else {
			k++;
		}
	}
	free(best);
}

/* The n-th that went to a place with the n-th that went there. */
static int by_place(const void *p, const void *q)
{
	const struct key *x = p, *y = q;
	int c = memcmp(x->call->place, y->call->place, TH_DIFF_DIGEST);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static struct key *keys_by_place(const struct th_diff_side *s, const size_t *at, size_t n)
{
	struct key *keys = th_tool_alloc(n * sizeof(*keys));
	for (size_t i = 0; i < n; i++) {
		keys[i] = (struct key){&s->calls[at[i]], at[i], 0};
	}
	qsort(keys, n, sizeof(*keys), by_place);
	return keys;
}

static void align_wide_gap(struct align *al, const struct gap *g)
{
	struct key *a = keys_by_place(al->a, g->a, g->n), *b = keys_by_place(al->b, g->b, g->m);
	for (size_t i = 0, k = 0; i < g->n && k < g->m;) {
		int c = memcmp(a[i].call->place, b[k].call->place, TH_DIFF_DIGEST);
		if (c == 0) {
			pair(al, a[i].at, b[k].at);
		}
		i += c <= 0;
		k += c >= 0;
	}
	free(a);
	free(b);
}

/* ---- what is not the same ---- */

/* The calls of one process (lane), or of all (NULL). */
struct part {
	size_t *a, *b;
	size_t n, m;
};

static size_t gather(const struct th_diff_side *s, const char *lane, size_t *ret_at)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (!lane || strcmp(s->calls[i].lane, lane) == 0) {
			ret_at[n++] = i;
		}
	}
	return n;
}

static size_t without_partner(const size_t *partner, const size_t *at, size_t n, size_t *ret_at)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		if (partner[at[i]] == TH_DIFF_NONE) {
			ret_at[found++] = at[i];
		}
	}
	return found;
}

static void close_gap(struct align *al, const struct part *p, size_t a, size_t a_end, size_t b,
	size_t b_end, size_t *room)
{
	struct gap g = {.a = room};
	g.n = without_partner(al->to_b, p->a + a, a_end - a, room);
	g.b = room + g.n;
	g.m = without_partner(al->to_a, p->b + b, b_end - b, room + g.n);
	if (g.n == 0 || g.m == 0) {
		return;
	}
	if (g.n <= CELLS_MAX / g.m) {
		align_gap(al, &g);
	} else {
		align_wide_gap(al, &g);
	}
}

/* Where in the part of B each paired call of the part of A has its partner. */
static size_t anchors_of(const struct align *al, const struct part *p, size_t *ret_a, size_t *ret_b)
{
	size_t *place = th_tool_alloc(al->b->n * sizeof(*place)), n = 0;
	for (size_t i = 0; i < p->m; i++) {
		place[p->b[i]] = i + 1;
	}
	for (size_t i = 0; i < p->n; i++) {
		size_t partner = al->to_b[p->a[i]];
		if (partner != TH_DIFF_NONE && place[partner]) {
			ret_a[n] = i;
			ret_b[n++] = place[partner] - 1;
		}
	}
	free(place);
	return n;
}

static void align_part(struct align *al, const struct part *p)
{
	size_t *at_a = th_tool_alloc(p->n * sizeof(size_t)), a = 0, b = 0;
	size_t *at_b = th_tool_alloc(p->n * sizeof(size_t));
	size_t n = anchors_of(al, p, at_a, at_b);
	bool *in = th_tool_alloc(n * sizeof(*in));
	size_t *room = th_tool_alloc((p->n + p->m) * sizeof(*room));
	th_diff_rising(at_b, n, in);
	for (size_t i = 0; i < n; i++) {
		if (in[i]) {
			close_gap(al, p, a, at_a[i], b, at_b[i], room);
			a = at_a[i] + 1;
			b = at_b[i] + 1;
		}
	}
	close_gap(al, p, a, p->n, b, p->m, room);
	free(room);
	free(in);
	free(at_b);
	free(at_a);
}

static bool any_left(const struct align *al, const char *lane)
{
	for (size_t i = 0; i < al->a->n; i++) {
		if (al->to_b[i] == TH_DIFF_NONE &&
			(!lane || strcmp(al->a->calls[i].lane, lane) == 0)) {
			return true;
		}
	}
	return false;
}

static void align_lane(struct align *al, const char *lane)
{
	struct part p = {th_tool_alloc(al->a->n * sizeof(size_t)),
		th_tool_alloc(al->b->n * sizeof(size_t)), 0, 0};
	p.n = gather(al->a, lane, p.a);
	p.m = gather(al->b, lane, p.b);
	align_part(al, &p);
	free(p.a);
	free(p.b);
}

static void align_rest(struct align *al)
{
	for (size_t i = 0; any_left(al, NULL) && i < al->a->run->n_processes; i++) {
		if (any_left(al, al->a->lanes[i])) {
			align_lane(al, al->a->lanes[i]);
		}
	}
	if (any_left(al, NULL)) {
		align_lane(al, NULL);
	}
}

/* ---- rows ---- */

static void add_row(struct th_diff_rows *r, size_t a, size_t b)
{
	r->rows[r->n++] = (struct th_diff_row){a, b, false};
}

static struct th_diff_rows rows_of(const struct align *al)
{
	struct th_diff_rows r = {.rows = th_tool_alloc((al->a->n + al->b->n) * sizeof(*r.rows))};
	size_t next = 0;
	for (size_t i = 0; i < al->a->n; i++) {
		size_t partner = al->to_b[i];
		for (; partner != TH_DIFF_NONE && next < partner; next++) {
			if (al->to_a[next] == TH_DIFF_NONE) {
				add_row(&r, TH_DIFF_NONE, next);
			}
		}
		add_row(&r, i, partner);
	}
	for (; next < al->b->n; next++) {
		if (al->to_a[next] == TH_DIFF_NONE) {
			add_row(&r, TH_DIFF_NONE, next);
		}
	}
	return r;
}

static size_t *nobody(size_t n)
{
	size_t *partner = th_tool_alloc(n * sizeof(*partner));
	for (size_t i = 0; i < n; i++) {
		partner[i] = TH_DIFF_NONE;
	}
	return partner;
}

struct th_diff_rows th_diff_align(const struct th_diff_side *a, const struct th_diff_side *b)
{
	struct align al = {a, b, nobody(a->n), nobody(b->n)};
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		pair_same(&al, passes[i]);
	}
	align_rest(&al);
	struct th_diff_rows r = rows_of(&al);
	th_diff_order(a, b, &r);
	free(al.to_a);
	free(al.to_b);
	return r;
}
