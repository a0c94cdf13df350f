#include "tools/run_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "genai/genai.h"
#include "tools/coverage.h"
#include "tools/events.h"
#include "tools/exchange_json.h"
#include "tools/run_sum.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "trace/departure.h"
#include "trace/http.h"

/* In the order of the columns. */
enum {
	AT_NUMBER,
	AT_TIME,
	AT_LANE,
	AT_METHOD,
	AT_URL,
	AT_STATUS,
	AT_MODEL,
	AT_TOKENS,
	AT_SENT,
	AT_RECEIVED,
	AT_FIRST,
	AT_TOOK,
	AT_OUTCOME,
	N_COLUMNS,
};

static const struct th_table_column columns[N_COLUMNS] = {
	[AT_NUMBER] = {"#", true, TH_FIT_WHOLE, 0, 0},
	[AT_TIME] = {"at", true, TH_FIT_WHOLE, 0, 6},
	[AT_LANE] = {"lane", false, TH_FIT_WHOLE, 0, 5},
	[AT_METHOD] = {"method", false, TH_FIT_WHOLE, 0, 0},
	[AT_URL] = {"url", false, TH_FIT_MIDDLE, 40, 0},
	[AT_STATUS] = {"status", true, TH_FIT_WHOLE, 0, 0},
	[AT_MODEL] = {"model", false, TH_FIT_MIDDLE, 12, 4},
	[AT_TOKENS] = {"tokens", true, TH_FIT_WHOLE, 0, 3},
	[AT_SENT] = {"sent", true, TH_FIT_WHOLE, 0, 8},
	[AT_RECEIVED] = {"received", true, TH_FIT_WHOLE, 0, 7},
	[AT_FIRST] = {"first", true, TH_FIT_WHOLE, 0, 9},
	[AT_TOOK] = {"took", true, TH_FIT_WHOLE, 0, 2},
	[AT_OUTCOME] = {"outcome", false, TH_FIT_END, 12, 1},
};

/* One row's texts; every cell is freed. */
struct cells {
	char *at[N_COLUMNS];
};

static char *safe(const char *text)
{
	return th_text_line(th_slice_str(text ? text : ""));
}

static char *duration(uint64_t ns)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format("%s", th_units_duration(text, ns));
}

static char *bytes(uint64_t n)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format("%s", th_units_bytes(text, n));
}

static void add_row(struct th_table *t, enum th_table_tone tone, struct cells *c)
{
	th_table_add(t, tone, (const char *const *)c->at);
	for (size_t i = 0; i < N_COLUMNS; i++) {
		free(c->at[i]);
	}
}

static char *short_lane(const struct th_process *p, uint32_t thread)
{
	return thread > 1 ? th_tool_format("%s/t%u", p ? p->lane : "?", thread)
			  : th_tool_format("%s", p ? p->lane : "?");
}

static enum th_table_tone tone_of(const struct th_exchange *x, const char *outcome)
{
	if (strcmp(outcome, "ok") == 0) {
		return TH_TONE_NORMAL;
	}
	return th_http_status(x) && th_http_status(x) < 500 ? TH_TONE_WARN : TH_TONE_BAD;
}

/* Few words: that a whole response has an error status is in its column already. */
static const char *outcome_of(const struct th_exchange *x)
{
	const char *why = "", *outcome = th_http_outcome(x, &why);
	bool cut = th_http_truncated(&x->request) || th_http_truncated(&x->response);
	return why && *why && (cut || !th_http_status(x)) ? why : outcome;
}

/* "1200→34", "~1200→34" when one is an estimate, "?" for what is not known. */
static char *tokens(const struct th_tokens *t)
{
	char in[24] = "?", out[24] = "?";
	if (t->input.from == TH_ABSENT && t->output.from == TH_ABSENT) {
		return safe("-");
	}
	if (t->input.from != TH_ABSENT) {
		snprintf(in, sizeof(in), "%" PRIu64, t->input.n);
	}
	if (t->output.from != TH_ABSENT) {
		snprintf(out, sizeof(out), "%" PRIu64, t->output.n);
	}
	bool guessed = th_tokens_source(t) == TH_ESTIMATED;
	return th_tool_format("%s%s→%s", guessed ? "~" : "", in, out);
}

static void add_exchange(
	struct th_table *t, const struct th_exchange *x, const struct th_call *call, uint64_t at)
{
	bool llm = call && th_call_is_llm(call);
	const char *outcome = outcome_of(x);
	uint64_t end = th_exchange_end(x);
	uint64_t ttfb = th_http_status(x) ? th_http_ttfb(x) : 0;
	th_auto_free char *url = th_http_url(x);
	uint64_t began = x->request.present ? x->request.began : x->response.began;
	struct cells c = {{
		[AT_NUMBER] = th_tool_format("%zu", x->order + 1),
		[AT_TIME] = duration(at),
		[AT_LANE] = short_lane(x->process, x->thread),
		[AT_METHOD] = th_text_line(th_http_method(x)),
		[AT_URL] = safe(url),
		[AT_STATUS] = th_http_status(x) ? th_tool_format("%u", th_http_status(x))
						: safe("-"),
		[AT_MODEL] = safe(llm ? th_call_model(call) : NULL),
		[AT_TOKENS] = llm ? tokens(&call->tokens) : safe(NULL),
		[AT_SENT] = bytes(th_message_bytes(&x->request)),
		[AT_RECEIVED] = bytes(th_message_bytes(&x->response)),
		[AT_FIRST] = ttfb ? duration(ttfb) : safe("-"),
		[AT_TOOK] = end > began ? duration(end - began) : safe("-"),
		[AT_OUTCOME] = safe(outcome),
	}};
	add_row(t, tone_of(x, outcome), &c);
}

static void add_failure(struct th_table *t, const struct th_event *e, uint64_t at)
{
	struct cells c = {{[AT_TIME] = duration(at)}};
	enum th_table_tone tone = TH_TONE_BAD;
	if (e->kind == TH_EVENT_LOOKUP) {
		c.at[AT_LANE] = short_lane(e->lookup->process, 0);
		c.at[AT_METHOD] = safe("lookup");
		c.at[AT_URL] = th_text_line(e->lookup->name);
		c.at[AT_OUTCOME] = safe(th_events_lookup_error(e->lookup));
	} else if (e->kind == TH_EVENT_LEFT) {
		c.at[AT_LANE] = short_lane(e->departure->process, 0);
		c.at[AT_METHOD] = safe("left");
		c.at[AT_URL] = th_text_line(e->departure->path);
		c.at[AT_OUTCOME] = safe(th_departure_why(e->departure->reason));
		tone = TH_TONE_WARN;
	} else if (e->kind == TH_EVENT_TRANSFER) {
		c.at[AT_LANE] = short_lane(e->transfer->process, e->transfer->thread);
		c.at[AT_METHOD] = safe("transfer");
		c.at[AT_URL] = th_text_line(th_events_url(e->transfer));
		c.at[AT_OUTCOME] = th_text_line(th_events_transfer_error(e->transfer));
	} else {
		bool failed = e->kind == TH_EVENT_CONNECT;
		th_auto_free char *peer = th_events_peer(e->connection);
		c.at[AT_LANE] = short_lane(e->connection->process, e->connection->thread);
		c.at[AT_METHOD] = safe(failed ? "connect" : "opaque");
		c.at[AT_URL] = safe(peer);
		c.at[AT_OUTCOME] = safe(failed ? th_events_connect_error(e->connection)
					       : th_coverage_why(e->connection));
		tone = failed ? TH_TONE_BAD : TH_TONE_WARN;
	}
	add_row(t, tone, &c);
}

/* A line of prose, cut to the width. Frees it. */
static void print_cut(FILE *out, unsigned width, char *line)
{
	th_auto_free char *cut = th_table_shorten(line, width, false);
	fprintf(out, "%s\n", cut);
	free(line);
}

static void print_process(
	FILE *out, const struct th_run *run, const struct th_process *p, unsigned width)
{
	th_auto_free char *name = th_text_line(th_span_process_name(p));
	bool gone = !p->ended_well && !p->replaced;
	print_cut(out, width,
		th_tool_format("  process %s  pid %u  %s%s", p->lane, p->pid, name,
			gone ? "  (its end was not seen)" : ""));
}

static const struct th_process *process_of(const struct th_event *e)
{
	switch (e->kind) {
	case TH_EVENT_EXCHANGE:
		return e->exchange->process;
	case TH_EVENT_LOOKUP:
		return e->lookup->process;
	case TH_EVENT_CONNECT:
	case TH_EVENT_OPAQUE:
		return e->connection->process;
	case TH_EVENT_LEFT:
		return e->departure->process;
	case TH_EVENT_TRANSFER:
		return e->transfer->process;
	default:
		return NULL;
	}
}

static int by_address(const void *pa, const void *pb)
{
	const uintptr_t a = (uintptr_t) * (const void *const *)pa,
			b = (uintptr_t) * (const void *const *)pb;
	return a < b ? -1 : a > b;
}

/* Whose events those are, to be searched; NULL among them. The caller frees. */
static const struct th_process **talkers_of(const struct th_event *events, size_t n)
{
	const struct th_process **talkers = th_tool_alloc((n + 1) * sizeof(*talkers));
	for (size_t i = 0; i < n; i++) {
		talkers[i] = process_of(&events[i]);
	}
	qsort(talkers, n, sizeof(*talkers), by_address);
	return talkers;
}

/* The root, and those whose lane stands in a row. A shell's many helpers would only hide them. */
static void print_processes(FILE *out, const struct th_run *run, const struct th_event *events,
	size_t n_events, unsigned width)
{
	size_t quiet = 0;
	th_auto_free const struct th_process **talkers = talkers_of(events, n_events);
	for (size_t i = 0; i < run->n_processes; i++) {
		bool shown = i == 0 || run->processes[i]->lost_events ||
			bsearch(&run->processes[i], talkers, n_events, sizeof(*talkers),
				by_address);
		if (shown) {
			print_process(out, run, run->processes[i], width);
		}
		quiet += !shown;
	}
	if (quiet) {
		print_cut(out, width,
			th_tool_format("  and %zu process%s without traffic", quiet,
				quiet == 1 ? "" : "es"));
	}
}

static void print_header(FILE *out, const struct th_run *run, unsigned width, bool colour)
{
	th_run_sum_print(out, run, 0, width, colour);
	if (run->meta.n) {
		th_auto_free char *meta = th_text_line(run->meta);
		print_cut(out, width, th_tool_format("  meta %s", meta));
	}
	if (run->hashed) {
		print_cut(out, width,
			th_tool_format("  of bodies only hashes and sizes (TRACEHOOK_BODY=hash): "
				       "not replayable"));
	}
}

static void print_lost(FILE *out, const struct th_run *run, unsigned width)
{
	struct th_coverage c = th_coverage_of(run);
	if (c.lost_events) {
		print_cut(out, width,
			th_tool_format("  %" PRIu64 " events (%" PRIu64
				       " bytes) could not be recorded",
				c.lost_events, c.lost_bytes));
	}
}

/* Columns that a run without a model has no use for are left out. */
static struct th_table *create_table(const struct th_calls *calls)
{
	static struct th_table_column plain[N_COLUMNS];
	for (size_t i = 0; i < calls->n; i++) {
		if (calls->at[i] && th_call_is_llm(calls->at[i])) {
			return th_table_create(columns, N_COLUMNS);
		}
	}
	memcpy(plain, columns, sizeof(columns));
	plain[AT_MODEL].hidden = plain[AT_TOKENS].hidden = true;
	return th_table_create(plain, N_COLUMNS);
}

void th_run_table_print(FILE *out, const struct th_run *run, unsigned width, bool colour)
{
	th_auto_free struct th_event *events = NULL;
	size_t n, rows = 0;
	struct th_calls calls;
	if (th_calls_read(run, &calls) < 0) {
		th_tool_no_memory();
	}
	struct th_table *t = create_table(&calls);
	th_events_of(run, &events, &n);
	for (size_t i = 0; i < n; i++) {
		uint64_t at = events[i].time > run->began ? events[i].time - run->began : 0;
		rows += events[i].kind != TH_EVENT_PROCESS;
		if (events[i].kind == TH_EVENT_EXCHANGE) {
			const struct th_exchange *x = events[i].exchange;
			add_exchange(t, x, calls.at[x->order], at);
		} else if (events[i].kind != TH_EVENT_PROCESS) {
			add_failure(t, &events[i], at);
		}
	}
	print_header(out, run, width, colour);
	print_processes(out, run, events, n, width);
	if (rows) {
		th_table_print(t, out, width, colour);
	}
	print_lost(out, run, width);
	th_table_destroy(t);
	th_calls_finish(&calls);
}
