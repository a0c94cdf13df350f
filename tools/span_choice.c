#include "tools/span_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "genai/tool_spans.h"
#include "tools/access_log.h"
#include "tools/exchange_json.h"
#include "tools/load.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "trace/http.h"
#include "trace/seek.h"

#define NUMBER_DIGITS_MAX 7 /* more digits are the beginning of a span id */

#define SEEK_FROM (8 << 20) /* bytes: below, all is read, and all damage said */

struct search {
	const char *prefix;
	bool list; /* print what is found, too */
	struct th_span_choice found;
	size_t n;
};

bool th_span_id_begins(const uint8_t span_id[TH_SPAN_ID_BYTES], const char *prefix)
{
	char hex[2 * TH_SPAN_ID_BYTES];
	size_t n = strlen(prefix);
	th_hex_encode(hex, span_id, TH_SPAN_ID_BYTES);
	return n <= sizeof(hex) && strncasecmp(hex, prefix, n) == 0;
}

/* Takes it if its id fits; `what` it is, for the list: the caller's to free. */
static void consider(struct search *s, const struct th_span_choice *c,
	char *(*describe)(const void *), const void *what)
{
	if (!th_span_id_begins(c->span_id, s->prefix)) {
		return;
	}
	s->found = *c;
	s->n++;
	if (s->list) {
		char run_id[2 * TH_TRACE_ID_BYTES + 1] = "", id[2 * TH_SPAN_ID_BYTES + 1] = "";
		th_auto_free char *text = describe(what);
		th_auto_free char *safe = th_text_line(th_slice_str(text));
		th_hex_encode(run_id, c->run->trace_id, TH_TRACE_ID_BYTES);
		th_hex_encode(id, c->span_id, TH_SPAN_ID_BYTES);
		fprintf(stderr, "  %s  run %.8s  %s\n", id, run_id, safe);
	}
}

static char *describe_exchange(const void *what)
{
	const struct th_exchange *x = what;
	th_auto_free char *url = th_http_url(x);
	return th_tool_format("#%zu  %s", x->order + 1, url ? url : "");
}

static char *describe_process(const void *what)
{
	struct th_slice name = th_span_process_name(what);
	return th_tool_format("process %.*s", (int)name.n, (const char *)name.p);
}

static char *describe_tool(const void *what)
{
	return th_tool_format("tool %s", ((const struct th_tool_span *)what)->call->name);
}

static void search_tools(struct search *s, const struct th_run *run)
{
	struct th_calls calls;
	struct th_tool_spans tools;
	struct th_span_choice c = {.run = run};
	if (th_calls_read(run, &calls) < 0 || th_tool_spans_of(&calls, &tools) < 0) {
		th_tool_no_memory();
	}
	for (size_t i = 0; i < tools.n; i++) {
		memcpy(c.span_id, tools.spans[i].span_id, TH_SPAN_ID_BYTES);
		consider(s, &c, describe_tool, &tools.spans[i]);
	}
	th_tool_spans_finish(&tools);
	th_calls_finish(&calls);
}

static void search_run(struct search *s, const struct th_run *run)
{
	for (size_t i = 0; i < run->n_exchanges; i++) {
		struct th_span_choice c = {.run = run, .exchange = run->exchanges[i]};
		memcpy(c.span_id, c.exchange->span_id, TH_SPAN_ID_BYTES);
		consider(s, &c, describe_exchange, c.exchange);
	}
	for (size_t i = 0; i < run->n_processes; i++) {
		struct th_span_choice c = {.run = run, .process = run->processes[i]};
		memcpy(c.span_id, c.process->span_id, TH_SPAN_ID_BYTES);
		consider(s, &c, describe_process, c.process);
	}
}

/* Tools come from meaning, all of which has to be read: not when a whole id is found already. */
static struct search search(
	const struct th_trace *t, const struct th_run *only, const char *prefix, bool list)
{
	struct search s = {.prefix = prefix, .list = list};
	for (size_t r = 0; r < t->n_runs; r++) {
		if (!only || t->runs[r] == only) {
			search_run(&s, t->runs[r]);
		}
	}
	bool whole = s.n && strlen(prefix) == (size_t)2 * TH_SPAN_ID_BYTES;
	for (size_t r = 0; !whole && r < t->n_runs; r++) {
		if (!only || t->runs[r] == only) {
			search_tools(&s, t->runs[r]);
		}
	}
	return s;
}

bool th_span_is_number(const char *span, uint64_t *ret_number)
{
	bool marked = span[0] == '#';
	struct th_slice digits = th_slice_str(span + marked);
	return (marked || digits.n <= NUMBER_DIGITS_MAX) && th_parse_u64(digits, ret_number);
}

static int choose_number(const struct th_run *run, const char *path, uint64_t number,
	struct th_span_choice *ret_choice)
{
	if (number < 1 || number > run->n_exchanges) {
		th_tool_error("%s: no exchange #%llu in the run, which has %zu", path,
			(unsigned long long)number, run->n_exchanges);
		return TH_EXIT_MISSING;
	}
	*ret_choice = (struct th_span_choice){.run = run, .exchange = run->exchanges[number - 1]};
	memcpy(ret_choice->span_id, ret_choice->exchange->span_id, TH_SPAN_ID_BYTES);
	return TH_EXIT_OK;
}

static int choose_prefix(const struct th_trace *t, const struct th_run *only, const char *path,
	const char *prefix, struct th_span_choice *ret_choice)
{
	struct search s = search(t, only, prefix, false);
	if (s.n == 1) {
		*ret_choice = s.found;
		return TH_EXIT_OK;
	}
	if (s.n == 0) {
		th_tool_error("%s: no span's id begins with %s; \"tracehook dump\" shows them all",
			path, prefix);
		return TH_EXIT_MISSING;
	}
	th_tool_error("%s: %zu spans' ids begin with %s; give more digits:", path, s.n, prefix);
	search(t, only, prefix, true);
	return TH_EXIT_USAGE;
}

static int choose_root(const struct th_run *run, struct th_span_choice *ret_choice)
{
	*ret_choice = (struct th_span_choice){.run = run, .process = run->processes[0]};
	memcpy(ret_choice->span_id, ret_choice->process->span_id, TH_SPAN_ID_BYTES);
	return TH_EXIT_OK;
}

int th_span_choose(const struct th_trace *t, const char *path, const char *run_prefix,
	const char *span, struct th_span_choice *ret_choice)
{
	const struct th_run *run = NULL;
	uint64_t number;
	bool by_number = th_span_is_number(span, &number), root = strcmp(span, "root") == 0;
	int code = TH_EXIT_OK;
	if (!by_number && !root &&
		(!*span || strspn(span, "0123456789abcdefABCDEF") != strlen(span))) {
		th_tool_error(
			"%s: a span is #NUMBER, \"root\", or the beginning of a span id in hex",
			span);
		return TH_EXIT_USAGE;
	}
	if (by_number || root || run_prefix) {
		code = th_load_run(t, path, run_prefix, &run);
	}
	if (code != TH_EXIT_OK) {
		return code;
	}
	if (root) {
		return choose_root(run, ret_choice);
	}
	return by_number ? choose_number(run, path, number, ret_choice)
			 : choose_prefix(t, run, path, span, ret_choice);
}

/* ---- without reading all ---- */

/* The trace has no exchanges yet: that a run was cut, which counts when the newest is looked for,
 * is known of runs only of which no process may have been. */
static const struct th_run *choose_run(const struct th_trace *t, void *with)
{
	const char *prefix = with;
	const struct th_run *run = th_load_find_run(t, prefix);
	bool sure = t->n_runs == 1 || (prefix && prefix[0] == '#');
	bool ended = run != NULL;
	for (size_t i = 0; run && i < run->n_processes; i++) {
		ended = ended && run->processes[i]->ended_well;
	}
	return sure || ended ? run : NULL;
}

static bool seek(const char *path, const char *run_prefix, const char *span,
	struct th_trace **ret_trace, struct th_span_choice *ret_choice)
{
	char prefix[2 * TH_TRACE_ID_BYTES + 1];
	struct th_seek_wish wish = {.least = SEEK_FROM};
	uint64_t number = 0;
	bool by_number = th_span_is_number(span, &number);
	bool by_id = strlen(span) == (size_t)2 * TH_SPAN_ID_BYTES &&
		th_hex_decode(wish.span_id, span, TH_SPAN_ID_BYTES);
	if (by_number == by_id || (by_number && number == 0) ||
		(run_prefix && strlen(run_prefix) >= sizeof(prefix))) {
		return false;
	}
	wish.number = number;
	if (by_number || run_prefix) {
		wish.choose = choose_run;
		wish.with = run_prefix ? strcpy(prefix, run_prefix) : NULL;
	}
	if (th_trace_seek(path, &wish, ret_trace, &ret_choice->exchange) < 0) {
		return false;
	}
	ret_choice->run = ret_choice->exchange->process->run;
	ret_choice->process = NULL;
	memcpy(ret_choice->span_id, ret_choice->exchange->span_id, TH_SPAN_ID_BYTES);
	return true;
}

int th_span_load(const char *path, const char *run_prefix, const char *span,
	struct th_trace **ret_trace, struct th_span_choice *ret_choice)
{
	int code = th_access_log(path);
	if (code != TH_EXIT_OK || seek(path, run_prefix, span, ret_trace, ret_choice)) {
		return code;
	}
	code = th_load(path, ret_trace);
	return code == TH_EXIT_OK ? th_span_choose(*ret_trace, path, run_prefix, span, ret_choice)
				  : code;
}
