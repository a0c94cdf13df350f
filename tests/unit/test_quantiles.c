#include "tools/quantiles.h"

#include <criterion/criterion.h>

#include "tests/unit/printed.h"
#include "tools/utf8.h"

static struct th_values values(const uint64_t *v, size_t n)
{
	struct th_values s = {0};
	for (size_t i = 0; i < n; i++) {
		th_values_add(&s, v[i]);
	}
	th_values_sort(&s);
	return s;
}

Test(quantiles, are_values_that_were_there)
{
	static const uint64_t v[] = {50, 10, 40, 20, 30};
	struct th_values s = values(v, 5);
	cr_assert_eq(th_values_percentile(&s, 50), 30);
	cr_assert_eq(th_values_percentile(&s, 0), 10);
	cr_assert_eq(th_values_percentile(&s, 20), 10);
	cr_assert_eq(th_values_percentile(&s, 21), 20);
	cr_assert_eq(th_values_percentile(&s, 95), 50);
	cr_assert_eq(th_values_percentile(&s, 100), 50);
	th_values_finish(&s);
}

Test(quantiles, of_a_hundred)
{
	struct th_values s = {0};
	for (uint64_t i = 100; i > 0; i--) {
		th_values_add(&s, i);
	}
	th_values_sort(&s);
	cr_assert_eq(th_values_percentile(&s, 50), 50);
	cr_assert_eq(th_values_percentile(&s, 95), 95);
	cr_assert_eq(th_values_percentile(&s, 99), 99);
	th_values_finish(&s);
}

Test(quantiles, of_nothing_are_nothing)
{
	struct th_values s = {0};
	struct th_bucket buckets[TH_HISTOGRAM_BUCKETS];
	th_values_sort(&s);
	cr_assert_eq(th_values_percentile(&s, 99), 0);
	cr_assert_eq(th_values_histogram(&s, buckets), 0);
}

/* Every value is in one bucket, in the one that says so. */
static void check_histogram(const uint64_t *v, size_t n)
{
	struct th_bucket b[TH_HISTOGRAM_BUCKETS];
	struct th_values s = values(v, n);
	size_t count = th_values_histogram(&s, b), all = 0;
	cr_assert_leq(count, TH_HISTOGRAM_BUCKETS);
	for (size_t i = 0; i < count; i++) {
		size_t in = 0;
		for (size_t k = 0; k < n; k++) {
			in += v[k] >= b[i].from && (v[k] < b[i].to || b[i].to == UINT64_MAX);
		}
		cr_assert_eq(in, b[i].n);
		cr_assert(i == 0 || b[i].from == b[i - 1].to);
		all += in;
	}
	cr_assert_eq(all, n);
	th_values_finish(&s);
}

Test(quantiles, histograms_hold_everything)
{
	static const uint64_t near[] = {100, 150, 199, 200, 201, 499, 500}, zero[] = {0, 0, 1},
			      far[] = {0, 1, 1000, UINT64_MAX}, one[] = {7},
			      ends[] = {UINT64_MAX, UINT64_MAX - 1};
	check_histogram(near, 7);
	check_histogram(zero, 3);
	check_histogram(far, 4);
	check_histogram(one, 1);
	check_histogram(ends, 2);
}

Test(quantiles, drawings_fit)
{
	static const uint64_t v[] = {1000000, 1500000, 30000000, 9000000000};
	struct th_values s = values(v, 4);
	for (unsigned width = 1; width < 90; width++) {
		TH_PRINTED(text, th_values_draw(out, &s, width));
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			cr_assert_leq(th_utf8_columns(line), width);
		}
		free(text);
	}
	th_values_finish(&s);
}
