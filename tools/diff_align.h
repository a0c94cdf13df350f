/* Which call of one run is which call of the other.
 *
 * First what is the same is put together: the same request with the same answer, then the same
 * request, each first within its process and thread, then within its process, then wherever it is;
 * of equal ones the first with the first. What is left lies in gaps between calls that are the
 * same, and is put together there by where it went and how alike the requests are, so that a call
 * which was put in or left out does not shift all others. n log n; gaps that are very wide are
 * aligned in order. */
#ifndef TOOLS_DIFF_ALIGN_H
#define TOOLS_DIFF_ALIGN_H

#include "tools/diff_side.h"

#define TH_DIFF_NONE SIZE_MAX

struct th_diff_row {
	size_t a, b; /* places in the sides' calls; one may be TH_DIFF_NONE */
	bool moved;  /* it came in another order, and not by chance: see diff_order.h */
};

struct th_diff_rows {
	struct th_diff_row *rows; /* in the order of A, what only B has put in where it belongs */
	size_t n;
};

/* The caller frees rows. */
struct th_diff_rows th_diff_align(const struct th_diff_side *a, const struct th_diff_side *b);

/* The longest rising subsequence of n numbers: ret_in[i] says whether i belongs to it. */
void th_diff_rising(const size_t *numbers, size_t n, bool *ret_in);

#endif
