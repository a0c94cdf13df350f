/* What a comparison of two runs comes to: row by row, and in all. */
#ifndef TOOLS_DIFF_VERDICT_H
#define TOOLS_DIFF_VERDICT_H

#include "tools/diff_align.h"

enum th_diff_kind {
	TH_DIFF_KIND_REQUEST = 1,
	TH_DIFF_KIND_ANSWER = 2,
	TH_DIFF_KIND_ORDER = 4,
	TH_DIFF_KIND_TOKENS = 8,
	TH_DIFF_KIND_TIME = 16, /* slower than the threshold allows */
	TH_DIFF_KIND_ONLY_A = 32,
	TH_DIFF_KIND_ONLY_B = 64,
};

#define TH_DIFF_N_KINDS 7

struct th_diff {
	const char *path_a, *path_b; /* as they were given */
	const struct th_diff_side *a, *b;
	struct th_diff_rows rows;
	unsigned *kinds;		/* per row: in what it differs; 0: in nothing */
	size_t counts[TH_DIFF_N_KINDS]; /* by bit: rows that differ so */
	size_t equal;			/* rows that differ in nothing */
	size_t first;			/* the first row that differs; TH_DIFF_NONE: none */
	bool exact;
	bool slower; /* as a whole, beyond the threshold */
};

/* `slower`: how many times as long as in A a call, and the whole, may take in B; 0: any time.
 * Release with th_diff_finish(). The sides must stay. */
struct th_diff th_diff_of(
	const struct th_diff_side *a, const struct th_diff_side *b, bool exact, double slower);
void th_diff_finish(struct th_diff *d);

/* "request", "answer", "order", "tokens", "time", "only_a", "only_b" by bit number. */
const char *th_diff_kind_name(unsigned bit);

/* "request, answer". The caller frees. */
char *th_diff_kinds_text(unsigned kinds);

static inline bool th_diff_holds(const struct th_diff *d)
{
	return d->first == TH_DIFF_NONE && !d->slower;
}

/* What is shown of a row's side; NULL: it has none. */
static inline const struct th_diff_call *th_diff_call_a(const struct th_diff *d, size_t row)
{
	size_t i = d->rows.rows[row].a;
	return i == TH_DIFF_NONE ? NULL : &d->a->calls[i];
}

static inline const struct th_diff_call *th_diff_call_b(const struct th_diff *d, size_t row)
{
	size_t i = d->rows.rows[row].b;
	return i == TH_DIFF_NONE ? NULL : &d->b->calls[i];
}

#endif
