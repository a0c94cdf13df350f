#include "tools/quantiles.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"

#define BAR_MIN 8
#define BAR_MAX 60
#define EIGHTHS 8

void th_values_add(struct th_values *s, uint64_t v)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->v = th_tool_realloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = v;
}

void th_values_finish(struct th_values *s)
{
	free(s->v);
	*s = (struct th_values){0};
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void th_values_sort(struct th_values *s)
{
	if (s->n) {
		qsort(s->v, s->n, sizeof(*s->v), by_value);
	}
}

uint64_t th_values_percentile(const struct th_values *s, unsigned percent)
{
	if (s->n == 0) {
		return 0;
	}
	size_t rank = (s->n * percent + 99) / 100;
	return s->v[rank ? rank - 1 : 0];
}

/* 1, 2, 5, 10, 20, 50 … */
static uint64_t next_edge(uint64_t edge)
{
	uint64_t lead = edge;
	while (lead >= 10) {
		lead /= 10;
	}
	return lead == 2 ? edge / 2 * 5 : 2 * edge;
}

/* The edge that is `steps` after this one; the largest number at the end of all. */
static uint64_t edge_after(uint64_t edge, unsigned steps)
{
	for (; steps; steps--) {
		edge = edge > UINT64_MAX / 4 ? UINT64_MAX : next_edge(edge);
	}
	return edge;
}

static uint64_t edge_below(uint64_t value)
{
	uint64_t edge = 1;
	while (edge_after(edge, 1) <= value && edge_after(edge, 1) > edge) {
		edge = edge_after(edge, 1);
	}
	return edge;
}

static size_t count_buckets(uint64_t first, uint64_t most, unsigned steps)
{
	size_t n = 0;
	for (uint64_t edge = first; edge <= most && n <= TH_HISTOGRAM_BUCKETS;) {
		uint64_t next = edge_after(edge, steps);
		n++;
		if (next == edge || next == UINT64_MAX) {
			break;
		}
		edge = next;
	}
	return n;
}

size_t th_values_histogram(const struct th_values *s, struct th_bucket *ret_buckets)
{
	size_t n = 0;
	unsigned steps = 1;
	if (s->n == 0) {
		return 0;
	}
	uint64_t edge = edge_below(s->v[0]), most = s->v[s->n - 1];
	while (count_buckets(edge, most, steps) > TH_HISTOGRAM_BUCKETS) {
		steps++;
	}
	for (size_t i = 0; i < s->n;) {
		uint64_t next = edge_after(edge, steps);
		struct th_bucket *b = &ret_buckets[n++];
		*b = (struct th_bucket){n == 1 && s->v[0] == 0 ? 0 : edge, next, 0};
		while (i < s->n && (s->v[i] < next || next == UINT64_MAX)) {
			b->n++;
			i++;
		}
		edge = next;
	}
	return n;
}

/* Blocks of eighths, so that small differences are seen; what is there is at least one. */
static void put_bar(FILE *out, size_t n, size_t most, size_t columns)
{
	static const char *const parts[] = {"", "\xe2\x96\x8f", "\xe2\x96\x8e", "\xe2\x96\x8d",
		"\xe2\x96\x8c", "\xe2\x96\x8b", "\xe2\x96\x8a", "\xe2\x96\x89"};
	size_t eighths = (size_t)((double)n / (double)most * (double)(columns * EIGHTHS) + 0.5);
	eighths = n && eighths == 0 ? 1 : eighths;
	for (size_t i = 0; i < eighths / EIGHTHS; i++) {
		fputs("\xe2\x96\x88", out);
	}
	fputs(parts[eighths % EIGHTHS], out);
}

void th_values_draw(FILE *out, const struct th_values *s, unsigned width)
{
	struct th_bucket buckets[TH_HISTOGRAM_BUCKETS];
	size_t n = th_values_histogram(s, buckets), most = 0;
	for (size_t i = 0; i < n; i++) {
		most = buckets[i].n > most ? buckets[i].n : most;
	}
	for (size_t i = 0; i < n; i++) {
		char from[TH_UNITS_TEXT], to[TH_UNITS_TEXT];
		th_auto_free char *range = th_tool_format("%8s - %8s %7zu",
			th_units_duration(from, buckets[i].from),
			th_units_duration(to, buckets[i].to), buckets[i].n);
		size_t used = strlen(range) + 1;
		size_t room = width > used ? width - used : 0;
		th_auto_free char *cut = th_table_shorten(range, width, false);
		fputs(cut, out);
		if (room >= BAR_MIN && buckets[i].n) {
			fputc(' ', out);
			put_bar(out, buckets[i].n, most, room < BAR_MAX ? room : BAR_MAX);
		}
		fputc('\n', out);
	}
}
