/* How values are spread: quantiles and a histogram. */
#ifndef TOOLS_QUANTILES_H
#define TOOLS_QUANTILES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct th_values {
	uint64_t *v;
	size_t n, cap;
};

void th_values_add(struct th_values *s, uint64_t v);
void th_values_finish(struct th_values *s);

/* Sorts; before any of the following. */
void th_values_sort(struct th_values *s);

/* The smallest value that `percent` of all are not above (nearest rank): a value that was there.
 * 0 when there is none. */
uint64_t th_values_percentile(const struct th_values *s, unsigned percent);

#define TH_HISTOGRAM_BUCKETS 12

struct th_bucket {
	uint64_t from, to; /* from ≤ value < to, but for the last: ≤ to */
	size_t n;
};

/* At most TH_HISTOGRAM_BUCKETS buckets, as wide as 1, 2 and 5 times powers of ten; wider in steps
 * when the values are far apart. Returns how many. */
size_t th_values_histogram(const struct th_values *s, struct th_bucket *ret_buckets);

/* One line per bucket: range as durations, bar, count; no line longer than `width` columns. */
void th_values_draw(FILE *out, const struct th_values *s, unsigned width);

#endif
