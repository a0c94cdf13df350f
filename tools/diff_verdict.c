#include "tools/diff_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "tools/diff_pair.h"
#include "tools/run_sum.h"
#include "tools/tools.h"

#define TIME_FLOOR 10000000u /* ns: below, the clock and the machine decide */

static bool takes_longer(uint64_t a, uint64_t b, double slower)
{
	return slower > 0 && b > TIME_FLOOR && (double)b > (double)a * slower;
}

static unsigned judge(const struct th_diff_call *a, const struct th_diff_call *b,
	const struct th_diff_row *row, double slower)
{
	unsigned kinds = 0;
	if (!a || !b) {
		return a ? TH_DIFF_KIND_ONLY_A : TH_DIFF_KIND_ONLY_B;
	}
	if (memcmp(a->asked, b->asked, TH_DIFF_DIGEST) != 0) {
		kinds |= TH_DIFF_KIND_REQUEST;
	}
	if (memcmp(a->came, b->came, TH_DIFF_DIGEST) != 0) {
		kinds |= TH_DIFF_KIND_ANSWER;
	}
	if (kinds && th_diff_tokens_differ(a, b)) {
		kinds |= TH_DIFF_KIND_TOKENS;
	}
	if (row->moved) {
		kinds |= TH_DIFF_KIND_ORDER;
	}
	if (takes_longer(a->ended - a->began, b->ended - b->began, slower)) {
		kinds |= TH_DIFF_KIND_TIME;
	}
	return kinds;
}

struct th_diff th_diff_of(
	const struct th_diff_side *a, const struct th_diff_side *b, bool exact, double slower)
{
	struct th_diff d = {.a = a, .b = b, .exact = exact, .first = TH_DIFF_NONE};
	d.rows = th_diff_align(a, b);
	d.kinds = th_tool_alloc(d.rows.n * sizeof(*d.kinds));
	d.slower = takes_longer(th_run_sum_took(a->run), th_run_sum_took(b->run), slower);
	for (size_t i = 0; i < d.rows.n; i++) {
		d.kinds[i] = judge(
			th_diff_call_a(&d, i), th_diff_call_b(&d, i), &d.rows.rows[i], slower);
		for (unsigned bit = 0; bit < TH_DIFF_N_KINDS; bit++) {
			d.counts[bit] += d.kinds[i] >> bit & 1;
		}
		d.equal += d.kinds[i] == 0;
		if (d.kinds[i] && d.first == TH_DIFF_NONE) {
			d.first = i;
		}
	}
	return d;
}

void th_diff_finish(struct th_diff *d)
{
	free(d->kinds);
	free(d->rows.rows);
	*d = (struct th_diff){0};
}

const char *th_diff_kind_name(unsigned bit)
{
	static const char *const names[TH_DIFF_N_KINDS] = {
		"request", "answer", "order", "tokens", "time", "only_a", "only_b"};
	return names[bit];
}

char *th_diff_kinds_text(unsigned kinds)
{
	char *text = th_tool_format("%s", "");
	for (unsigned bit = 0; bit < TH_DIFF_N_KINDS; bit++) {
		if (kinds >> bit & 1) {
			char *longer = th_tool_format(
				"%s%s%s", text, *text ? ", " : "", th_diff_kind_name(bit));
			free(text);
			text = longer;
		}
	}
	return text;
}
