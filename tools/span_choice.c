#include "tools/span_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/load.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "trace/http.h"

#define NUMBER_DIGITS_MAX 7 /* more digits are the beginning of a span id */

struct found {
	const struct th_run *run;
	const struct th_exchange *exchange;
	size_t n;
};

static bool has_prefix(const struct th_exchange *x, const char *prefix)
{
	char hex[2 * TH_SPAN_ID_BYTES];
	size_t n = strlen(prefix);
	th_hex_encode(hex, x->span_id, TH_SPAN_ID_BYTES);
	return n <= sizeof(hex) && strncasecmp(hex, prefix, n) == 0;
}

static void list_one(const struct th_run *run, const struct th_exchange *x)
{
	char run_id[2 * TH_TRACE_ID_BYTES + 1] = "", span_id[2 * TH_SPAN_ID_BYTES + 1] = "";
	th_auto_free char *url = th_http_url(x);
	th_auto_free char *safe = th_text_line(th_slice_str(url ? url : ""));
	th_hex_encode(run_id, run->trace_id, TH_TRACE_ID_BYTES);
	th_hex_encode(span_id, x->span_id, TH_SPAN_ID_BYTES);
	fprintf(stderr, "  %s  #%zu of run %.8s  %s\n", span_id, x->order + 1, run_id, safe);
}

/* Counts what begins with `prefix`; `list`: and prints it. */
static struct found search(
	const struct th_trace *t, const struct th_run *only, const char *prefix, bool list)
{
	struct found f = {0};
	for (size_t r = 0; r < t->n_runs; r++) {
		const struct th_run *run = t->runs[r];
		for (size_t i = 0; (!only || run == only) && i < run->n_exchanges; i++) {
			if (!has_prefix(run->exchanges[i], prefix)) {
				continue;
			}
			f = (struct found){run, run->exchanges[i], f.n + 1};
			if (list) {
				list_one(run, run->exchanges[i]);
			}
		}
	}
	return f;
}

/* "#12", or digits too few to be an id on purpose. */
static bool is_number(const char *span, uint64_t *ret_number)
{
	bool marked = span[0] == '#';
	struct th_slice digits = th_slice_str(span + marked);
	return (marked || digits.n <= NUMBER_DIGITS_MAX) && th_parse_u64(digits, ret_number);
}

static int choose_number(
	const struct th_run *run, const char *path, uint64_t number, struct found *ret_found)
{
	if (number < 1 || number > run->n_exchanges) {
		th_tool_error("%s: no exchange #%llu in the run, which has %zu", path,
			(unsigned long long)number, run->n_exchanges);
		return TH_EXIT_MISSING;
	}
	*ret_found = (struct found){run, run->exchanges[number - 1], 1};
	return TH_EXIT_OK;
}

static int choose_prefix(const struct th_trace *t, const struct th_run *only, const char *path,
	const char *prefix, struct found *ret_found)
{
	struct found f = search(t, only, prefix, false);
	if (f.n == 1) {
		*ret_found = f;
		return TH_EXIT_OK;
	}
	if (f.n == 0) {
		th_tool_error("%s: no exchange's id begins with %s; \"tracehook dump\" shows them "
			      "all",
			path, prefix);
		return TH_EXIT_MISSING;
	}
	th_tool_error("%s: %zu exchanges' ids begin with %s; give more digits:", path, f.n, prefix);
	search(t, only, prefix, true);
	return TH_EXIT_USAGE;
}

int th_span_choose(const struct th_trace *t, const char *path, const char *run_prefix,
	const char *span, const struct th_run **ret_run, const struct th_exchange **ret_exchange)
{
	const struct th_run *run = NULL;
	struct found f;
	uint64_t number;
	bool by_number = is_number(span, &number);
	int code = TH_EXIT_OK;
	if (!by_number && (!*span || strspn(span, "0123456789abcdefABCDEF") != strlen(span))) {
		th_tool_error("%s: a span is #NUMBER or the beginning of a span id in hex", span);
		return TH_EXIT_USAGE;
	}
	if (by_number || run_prefix) {
		code = th_load_run(t, path, run_prefix, &run);
	}
	if (code == TH_EXIT_OK) {
		code = by_number ? choose_number(run, path, number, &f)
				 : choose_prefix(t, run, path, span, &f);
	}
	if (code == TH_EXIT_OK) {
		*ret_run = f.run;
		*ret_exchange = f.exchange;
	}
	return code;
}
