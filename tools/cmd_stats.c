/* tracehook stats: figures per model, tool, host, step or process, and how latencies are spread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/call_json.h"
#include "tools/stats.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "tools/view.h"

#define GROUPS_SHOWN 10 /* of each kind, when no kind is asked for */

enum {
	AT_NAME,
	AT_COUNT,
	AT_ERRORS,
	AT_P50,
	AT_P95,
	AT_P99,
	AT_FIRST,
	AT_TOKENS,
	AT_COST,
	N_COLUMNS,
};

static const char *const default_keys[] = {"model", "tool", "host", "step"};

struct stats_options {
	struct th_view view;
	const struct th_stats_key *by; /* NULL: the default ones */
	const char *prices_path;
	struct th_prices *prices;
	/* Filled while showing. */
	const struct th_span_facts **spans;
	size_t n_spans;
};

/* ---- one kind of groups ---- */

static char *duration_of(const struct th_values *v, unsigned percent)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format(
		"%s", v->n ? th_units_duration(text, th_values_percentile(v, percent)) : "-");
}

static void add_row(struct th_table *t, const struct th_stats_group *g)
{
	th_auto_free char *name = th_text_line(th_slice_str(g->name));
	th_auto_free char *count = th_tool_format("%zu", g->count);
	th_auto_free char *errors = th_tool_format("%zu", g->errors);
	th_auto_free char *p50 = duration_of(&g->took, 50), *p95 = duration_of(&g->took, 95);
	th_auto_free char *p99 = duration_of(&g->took, 99), *first = duration_of(&g->first, 50);
	th_auto_free char *tokens = th_span_count_text(&g->tokens);
	th_auto_free char *cost = g->priced ? th_tool_format("%.4f", g->cost) : NULL;
	const char *const cells[N_COLUMNS] = {
		[AT_NAME] = name,
		[AT_COUNT] = count,
		[AT_ERRORS] = errors,
		[AT_P50] = p50,
		[AT_P95] = p95,
		[AT_P99] = p99,
		[AT_FIRST] = first,
		[AT_TOKENS] = tokens,
		[AT_COST] = cost,
	};
	th_table_add(t, g->errors ? TH_TONE_WARN : TH_TONE_NORMAL, cells);
}

/* The columns, under the name of the key. */
static void name_columns(struct th_table_column ret_columns[N_COLUMNS], const char *key)
{
	static const struct th_table_column columns[N_COLUMNS] = {
		[AT_NAME] = {"", false, TH_FIT_END, 16, 0},
		[AT_COUNT] = {"count", true, TH_FIT_WHOLE, 0, 0},
		[AT_ERRORS] = {"errors", true, TH_FIT_WHOLE, 0, 1},
		[AT_P50] = {"p50", true, TH_FIT_WHOLE, 0, 0},
		[AT_P95] = {"p95", true, TH_FIT_WHOLE, 0, 3},
		[AT_P99] = {"p99", true, TH_FIT_WHOLE, 0, 4},
		[AT_FIRST] = {"first", true, TH_FIT_WHOLE, 0, 5},
		[AT_TOKENS] = {"tokens", true, TH_FIT_WHOLE, 0, 2},
		[AT_COST] = {"cost", true, TH_FIT_WHOLE, 0, 2},
	};
	memcpy(ret_columns, columns, sizeof(columns));
	ret_columns[AT_NAME].title = key;
}

static void show_groups(
	const struct stats_options *o, const struct th_stats_key *key, const struct th_stats *s)
{
	struct th_table_column columns[N_COLUMNS];
	size_t n = o->by || s->n <= GROUPS_SHOWN ? s->n : GROUPS_SHOWN;
	name_columns(columns, key->name);
	struct th_table *t = th_table_create(columns, o->prices ? N_COLUMNS : AT_COST);
	for (size_t i = 0; i < n; i++) {
		add_row(t, &s->groups[i]);
	}
	th_table_print(t, stdout, th_tool_width(), th_tool_colour());
	th_table_destroy(t);
	if (n < s->n) {
		printf("... and %zu more: --by %s\n", s->n - n, key->name);
	}
	putchar('\n');
}

/* ---- JSON ---- */

static void put_values(struct th_jout *j, const char *key, const struct th_values *v)
{
	th_jout_key(j, key);
	if (v->n == 0) {
		th_jout_null(j);
		return;
	}
	th_jout_open(j, '{');
	th_jout_put_u64(j, "count", v->n);
	th_jout_put_u64(j, "min", v->v[0]);
	th_jout_put_u64(j, "p50", th_values_percentile(v, 50));
	th_jout_put_u64(j, "p95", th_values_percentile(v, 95));
	th_jout_put_u64(j, "p99", th_values_percentile(v, 99));
	th_jout_put_u64(j, "max", v->v[v->n - 1]);
	th_jout_close(j, '}');
}

static void put_histogram(struct th_jout *j, const struct th_values *v)
{
	struct th_bucket buckets[TH_HISTOGRAM_BUCKETS];
	size_t n = th_values_histogram(v, buckets);
	th_jout_key(j, "histogram");
	th_jout_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		th_jout_open(j, '{');
		th_jout_put_u64(j, "from_ns", buckets[i].from);
		th_jout_put_u64(j, "to_ns", buckets[i].to);
		th_jout_put_u64(j, "count", buckets[i].n);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

static void put_cost(
	struct th_jout *j, const struct stats_options *o, const struct th_stats_group *g)
{
	th_jout_key(j, "cost");
	if (g->priced) {
		th_jout_double(j, g->cost);
	} else {
		th_jout_null(j);
	}
	th_jout_put_text(j, "currency", o->prices ? th_prices_currency(o->prices) : NULL);
	th_jout_put_u64(j, "calls_without_price", g->unpriced);
}

static void show_json(
	const struct stats_options *o, const struct th_stats_key *key, const struct th_stats *s)
{
	for (size_t i = 0; i < s->n && !ferror(stdout); i++) {
		const struct th_stats_group *g = &s->groups[i];
		struct th_jout j = {.out = stdout};
		th_jout_open(&j, '{');
		th_jout_put_text(&j, "by", key->name);
		th_jout_put_text(&j, "name", g->name);
		th_jout_put_u64(&j, "count", g->count);
		th_jout_put_u64(&j, "errors", g->errors);
		put_values(&j, "latency_ns", &g->took);
		put_values(&j, "first_ns", &g->first);
		th_call_json_tokens(&j, "tokens", &g->tokens);
		put_cost(&j, o, g);
		put_histogram(&j, &g->took);
		th_jout_close(&j, '}');
		fputc('\n', stdout);
	}
}

/* ---- all of it ---- */

/* Of what took time on the wire: exchanges. */
static void show_histogram(const struct stats_options *o)
{
	struct th_values v = {0};
	for (size_t i = 0; i < o->n_spans; i++) {
		const struct th_span_facts *s = o->spans[i];
		if (s->event.kind == TH_EVENT_EXCHANGE && s->end >= s->start) {
			th_values_add(&v, th_span_took(s));
		}
	}
	th_values_sort(&v);
	if (v.n) {
		puts("how long exchanges took");
		th_values_draw(stdout, &v, th_tool_width());
	}
	th_values_finish(&v);
}

static void show_key(struct stats_options *o, const struct th_stats_key *key)
{
	th_cleanup(th_stats_finish) struct th_stats s;
	th_stats_of(&s, key, o->spans, o->n_spans, o->prices);
	if (o->view.json) {
		show_json(o, key, &s);
	} else if (s.n) {
		show_groups(o, key, &s);
	}
}

/* A cost that leaves calls out must not look like the whole. */
static void say_unpriced(const struct stats_options *o)
{
	size_t n = 0;
	for (size_t i = 0; i < o->n_spans; i++) {
		const struct th_span_facts *s = o->spans[i];
		struct th_tokens t;
		double cost;
		n += strcmp(s->status, "ok") == 0 && th_span_tokens(s, &t) &&
			!th_prices_cost(o->prices, th_span_model(s), &t, &cost);
	}
	if (n) {
		th_tool_error("%zu call%s without a price or a token count: not in the costs", n,
			n == 1 ? "" : "s");
	}
}

static void gather(struct stats_options *o, const struct th_view_runs *runs)
{
	size_t most = 0;
	for (size_t r = 0; r < runs->n; r++) {
		most += runs->runs[r].spans.n;
	}
	o->spans = th_tool_alloc(most * sizeof(*o->spans));
	for (size_t r = 0; r < runs->n; r++) {
		const struct th_view_run *run = &runs->runs[r];
		for (size_t i = 0; i < run->spans.n; i++) {
			if (run->shown[i]) {
				o->spans[o->n_spans++] = &run->spans.spans[i];
			}
		}
	}
}

static void show(void *ctx, const struct th_view_runs *runs)
{
	struct stats_options *o = ctx;
	gather(o, runs);
	if (o->by) {
		show_key(o, o->by);
	}
	for (size_t i = 0; !o->by && i < sizeof(default_keys) / sizeof(default_keys[0]); i++) {
		show_key(o, th_stats_key(default_keys[i]));
	}
	if (!o->view.json) {
		show_histogram(o);
	}
	if (o->prices) {
		say_unpriced(o);
	}
	free(o->spans);
}

static int take_key(struct stats_options *o)
{
	o->by = th_stats_key(optarg);
	return o->by ? -1
		     : th_tool_misuse("stats", "--by %s: model, tool, host, step, process or type",
			       optarg);
}

static int parse_options(int argc, char **argv, struct stats_options *o)
{
	static const struct option options[] = {{"by", required_argument, NULL, 'b'},
		{"prices", required_argument, NULL, 'p'}, TH_VIEW_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "jr:b:p:", options)) != -1;) {
		if (c == 'b') {
			code = take_key(o);
		} else if (c == 'p') {
			o->prices_path = optarg;
		} else {
			code = th_view_take(&o->view, c);
		}
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static int run(int argc, char **argv)
{
	struct stats_options o = {.view = {.command = "stats"}};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0 && o.prices_path) {
		code = th_prices_load(o.prices_path, &o.prices);
		code = code == TH_EXIT_OK ? -1 : code;
	}
	if (code < 0) {
		code = th_view_show(&o.view, argv[optind], show, &o);
	}
	th_prices_free(o.prices);
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_stats = {"stats", run,
	"count, errors, latencies, tokens and cost per model, tool, host",
	"[OPTION...] FILE\n"
	"\n"
	"  -b, --by KEY              only per model, tool, host, step, process or type\n"
	"  -p, --prices FILE         JSON: what models cost per million tokens, see "
	"tracehook(1)\n"
	"  -r, --run ID              only this run: the beginning of its id, or #NUMBER\n"
	"  -j, --json                one JSON object per group and "
	"line\n" TH_SPAN_FILTER_HELP};
