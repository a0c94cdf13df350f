/* tracehook spans: what happened, flat, a line for each span; filtered and sorted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/json_out.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "tools/view.h"

enum {
	AT_NUMBER,
	AT_TIME,
	AT_TYPE,
	AT_NAME,
	AT_HOST,
	AT_TOOK,
	AT_FIRST,
	AT_TOKENS,
	AT_STATUS,
	N_COLUMNS,
};

static const struct th_table_column columns[N_COLUMNS] = {
	[AT_NUMBER] = {"#", true, TH_FIT_WHOLE, 0, 7},
	[AT_TIME] = {"at", true, TH_FIT_WHOLE, 0, 4},
	[AT_TYPE] = {"type", false, TH_FIT_WHOLE, 0, 3},
	[AT_NAME] = {"name", false, TH_FIT_END, 16, 0},
	[AT_HOST] = {"host", false, TH_FIT_MIDDLE, 12, 2},
	[AT_TOOK] = {"took", true, TH_FIT_WHOLE, 0, 0},
	[AT_FIRST] = {"first", true, TH_FIT_WHOLE, 0, 6},
	[AT_TOKENS] = {"tokens", true, TH_FIT_WHOLE, 0, 5},
	[AT_STATUS] = {"status", false, TH_FIT_END, 8, 1},
};

struct order;

struct spans_options {
	struct th_view view;
	const struct order *order;
	bool reverse;
	uint64_t limit; /* 0: none */
};

/* ---- sorting ---- */

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_start(const struct th_span_facts *a, const struct th_span_facts *b)
{
	return by_number(a->start, b->start);
}

/* The longest first: whoever sorts by it looks for them. */
static int by_duration(const struct th_span_facts *a, const struct th_span_facts *b)
{
	return by_number(th_span_took(b), th_span_took(a));
}

static int by_first(const struct th_span_facts *a, const struct th_span_facts *b)
{
	return by_number(th_span_first(b), th_span_first(a));
}

static uint64_t tokens_of(const struct th_span_facts *s)
{
	struct th_tokens t;
	return th_span_tokens(s, &t) ? t.input.n + t.output.n : 0;
}

static int by_tokens(const struct th_span_facts *a, const struct th_span_facts *b)
{
	return by_number(tokens_of(b), tokens_of(a));
}

static int by_name(const struct th_span_facts *a, const struct th_span_facts *b)
{
	return strcmp(a->name, b->name);
}

static int by_host(const struct th_span_facts *a, const struct th_span_facts *b)
{
	return strcmp(a->host ? a->host : "", b->host ? b->host : "");
}

static int by_status(const struct th_span_facts *a, const struct th_span_facts *b)
{
	int d = by_number(a->http_status, b->http_status);
	return d ? d : strcmp(a->status, b->status);
}

static const struct order {
	const char *name;
	int (*compare)(const struct th_span_facts *a, const struct th_span_facts *b);
} orders[] = {{"start", by_start}, {"duration", by_duration}, {"first", by_first},
	{"tokens", by_tokens}, {"name", by_name}, {"host", by_host}, {"status", by_status}};

struct place {
	const struct th_span_facts *span;
	size_t place; /* among all: equal spans keep their order */
};

static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct spans_options *o = ctx;
	const struct place *x = a, *y = b;
	int d = o->order->compare(x->span, y->span);
	d = o->reverse ? -d : d;
	return d ? d : by_number(x->place, y->place);
}

/* ---- showing ---- */

static char *duration(uint64_t ns)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format("%s", ns ? th_units_duration(text, ns) : "-");
}

/* Whoever asks for decisions wants to know what was decided. */
static char *name_of(const struct th_span_facts *s, bool decisions)
{
	th_auto_free char *name = th_text_line(th_slice_str(th_span_title(s)));
	th_auto_free char *chosen = decisions ? th_span_decision(s) : NULL;
	return th_tool_format("%s%s%s", name, chosen ? " \xe2\x86\x92 " : "", chosen ? chosen : "");
}

static void add_row(struct th_table *t, const struct th_span_facts *s, bool decisions)
{
	char at[TH_UNITS_TEXT], number[24] = "";
	th_auto_free char *name = name_of(s, decisions);
	th_auto_free char *host = th_text_line(th_slice_str(s->host ? s->host : ""));
	th_auto_free char *took = duration(th_span_took(s));
	th_auto_free char *first = duration(th_span_first(s));
	th_auto_free char *tokens = th_span_tokens_text(s);
	th_auto_free char *outcome = th_span_outcome(s);
	if (s->event.kind == TH_EVENT_EXCHANGE) {
		snprintf(number, sizeof(number), "%zu", s->event.exchange->order + 1);
	}
	const char *const cells[N_COLUMNS] = {
		[AT_NUMBER] = number,
		[AT_TIME] = th_units_duration(
			at, s->start > s->run->began ? s->start - s->run->began : 0),
		[AT_TYPE] = s->type,
		[AT_NAME] = name,
		[AT_HOST] = host,
		[AT_TOOK] = took,
		[AT_FIRST] = first,
		[AT_TOKENS] = tokens,
		[AT_STATUS] = outcome,
	};
	th_table_add(t, th_span_tone(s), cells);
}

static void show_table(const struct place *places, size_t n, bool decisions)
{
	struct th_table *t = th_table_create(columns, N_COLUMNS);
	for (size_t i = 0; i < n; i++) {
		add_row(t, places[i].span, decisions);
	}
	th_table_print(t, stdout, th_tool_width(), th_tool_colour());
	th_table_destroy(t);
}

static void show_json(const struct place *places, size_t n)
{
	for (size_t i = 0; i < n && !ferror(stdout); i++) {
		struct th_jout j = {.out = stdout};
		th_jout_open(&j, '{');
		th_span_facts_json(&j, places[i].span);
		th_jout_close(&j, '}');
		fputc('\n', stdout);
	}
}

static size_t gather(const struct th_view_runs *runs, struct place *places)
{
	size_t n = 0;
	for (size_t r = 0; r < runs->n; r++) {
		const struct th_view_run *run = &runs->runs[r];
		for (size_t i = 0; i < run->spans.n; i++) {
			if (run->shown[i]) {
				places[n] = (struct place){&run->spans.spans[i], n};
				n++;
			}
		}
	}
	return n;
}

static void show(void *ctx, const struct th_view_runs *runs)
{
	struct spans_options *o = ctx;
	size_t most = 0;
	for (size_t r = 0; r < runs->n; r++) {
		most += runs->runs[r].spans.n;
	}
	th_auto_free struct place *places = th_tool_alloc(most * sizeof(*places));
	size_t n = gather(runs, places);
	if (o->order || o->reverse) {
		o->order = o->order ? o->order : &orders[0];
		qsort_r(places, n, sizeof(*places), compare_places, o);
	}
	n = o->limit && o->limit < n ? (size_t)o->limit : n;
	if (o->view.json) {
		show_json(places, n);
	} else if (n) {
		show_table(places, n, o->view.filter.types & 1u << TH_TYPE_DECISION);
	}
}

/* ---- options ---- */

static int take_order(struct spans_options *o)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i].name, optarg) == 0) {
			o->order = &orders[i];
			return -1;
		}
	}
	return th_tool_misuse(
		"spans", "--sort %s: start, duration, first, tokens, name, host or status", optarg);
}

static int take_limit(struct spans_options *o)
{
	if (!th_parse_u64(th_slice_str(optarg), &o->limit) || o->limit == 0) {
		return th_tool_misuse("spans", "--limit %s: a number of at least 1", optarg);
	}
	return -1;
}

static int parse_options(int argc, char **argv, struct spans_options *o)
{
	static const struct option options[] = {{"sort", required_argument, NULL, 's'},
		{"reverse", no_argument, NULL, 'R'}, {"limit", required_argument, NULL, 'n'},
		TH_VIEW_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "jr:s:n:", options)) != -1;) {
		if (c == 's') {
			code = take_order(o);
		} else if (c == 'n') {
			code = take_limit(o);
		} else if (c == 'R') {
			o->reverse = true;
		} else {
			code = th_view_take(&o->view, c);
		}
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static int run(int argc, char **argv)
{
	struct spans_options o = {.view = {.command = "spans"}};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0) {
		code = th_view_show(&o.view, argv[optind], show, &o);
	}
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_spans = {"spans", run, "list what happened, flat: filtered, sorted",
	"[OPTION...] FILE\n"
	"\n"
	"  -s, --sort KEY            start, duration, first, tokens, name, host or "
	"status;\n"
	"                            numbers with the largest first\n"
	"      --reverse             the other way round\n"
	"  -n, --limit N             no more than N\n"
	"  -r, --run ID              only this run: the beginning of its id, or #NUMBER\n"
	"  -j, --json                one JSON object per span and "
	"line\n" TH_SPAN_FILTER_HELP};
