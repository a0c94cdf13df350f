/* tracehook check: does a run keep within its limits? One line per breach, exit code 1: for CI. */
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/budget.h"
#include "tools/load.h"
#include "tools/run_sum.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "tools/when.h"

#define NO_LIMIT (-1.0)

struct check_options {
	struct th_view view;
	double limits[TH_N_BUDGETS];
	const char *prices_path, *hosts_of, *models_of;
	bool allow_unknown;
	struct th_prices *prices;
	size_t checks, breaches;
	int code;
};

/* Letters of the options beyond those of all views. */
enum {
	OPTION_LIMITS = 2000, /* and the kind */
	OPTION_PRICES = 2100,
	OPTION_HOSTS,
	OPTION_MODELS,
	OPTION_ALLOW,
};

/* ---- breaches ---- */

static void put_breach_json(const char *run_id, const char *check, const char *text)
{
	struct th_jout j = {.out = stdout};
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "trace_id", run_id);
	th_jout_put_text(&j, "check", check);
	th_jout_put_text(&j, "breach", text);
	th_jout_close(&j, '}');
	putchar('\n');
}

/* Takes the text. */
static void breach(
	struct check_options *o, const struct th_view_run *run, const char *check, char *text)
{
	char id[2 * TH_TRACE_ID_BYTES + 1] = "";
	th_hex_encode(id, run->run->trace_id, TH_TRACE_ID_BYTES);
	o->breaches++;
	if (o->view.json) {
		put_breach_json(id, check, text);
	} else {
		printf("run %.8s  %s: %s\n", id, check, text);
	}
	free(text);
}

static char *amount(enum th_budget_kind kind, double v)
{
	return kind == TH_BUDGET_DURATION ? th_tool_format("%.3f s", v)
		: kind == TH_BUDGET_COST  ? th_tool_format("%.6g", v)
					  : th_tool_format("%.0f", v);
}

static void check_limit(
	struct check_options *o, const struct th_view_run *run, enum th_budget_kind kind)
{
	struct th_measure m = th_budget_measure(kind, run, o->prices);
	th_auto_free char *value = amount(kind, m.value);
	th_auto_free char *limit = amount(kind, o->limits[kind]);
	const char *name = th_budget_name(kind);
	o->checks++;
	if (m.value > o->limits[kind]) {
		breach(o, run, name, th_tool_format("%s, limit %s", value, limit));
	} else if (m.unknown && !o->allow_unknown) {
		breach(o, run, name,
			th_tool_format("at least %s, and %zu %s: whether the limit of %s is kept "
				       "cannot be told (--allow-unknown)",
				value, m.unknown, m.unknown_why, limit));
	}
}

/* ---- against another capture ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *host_of(const struct th_span_facts *f)
{
	return f->host;
}

static const char *model_of(const struct th_span_facts *f)
{
	return f->call && th_call_is_llm(f->call) ? th_span_model(f) : NULL;
}

static void learn(void **tree, const struct th_span_list *spans,
	const char *(*of)(const struct th_span_facts *f))
{
	for (size_t i = 0; i < spans->n; i++) {
		const char *name = of(&spans->spans[i]);
		char *copy = name ? th_tool_format("%s", name) : NULL;
		char **at = copy ? tsearch(copy, tree, compare) : NULL;
		if (!at || *at != copy) {
			free(copy);
		}
	}
}

static int check_new(struct check_options *o, const struct th_view_run *run, const char *base,
	const char *check, const char *(*of)(const struct th_span_facts *f))
{
	struct th_trace *t = NULL;
	void *known = NULL;
	int code = th_load(base, &t);
	if (code != TH_EXIT_OK) {
		return code;
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		struct th_span_list spans = th_span_list_of(t->runs[i]);
		learn(&known, &spans, of);
		th_span_list_finish(&spans);
	}
	o->checks++;
	for (size_t i = 0; i < run->spans.n; i++) {
		const char *name = run->shown[i] ? of(&run->spans.spans[i]) : NULL;
		if (name && !tfind(name, &known, compare)) {
			th_auto_free char *line = th_text_line(th_slice_str(name));
			breach(o, run, check, th_tool_format("%s is not in %s", line, base));
			char *copy = th_tool_format("%s", name);
			if (!tsearch(copy, &known, compare)) {
				th_tool_no_memory();
			}
		}
	}
	tdestroy(known, free);
	code = th_load_say_damage(t);
	th_trace_free(t);
	return code;
}

/* ---- together ---- */

/* What was lost could have broken any limit. */
static void check_whole(struct check_options *o, const struct th_view_run *run)
{
	uint64_t lost = th_run_sum_lost(run->run);
	if (lost && !o->allow_unknown) {
		breach(o, run, "recording",
			th_tool_format("%llu events could not be written: whether limits are kept "
				       "cannot be told (--allow-unknown)",
				(unsigned long long)lost));
	}
}

static void check_run(struct check_options *o, const struct th_view_run *run)
{
	for (enum th_budget_kind kind = 0; kind < TH_N_BUDGETS; kind++) {
		if (o->limits[kind] >= 0) {
			check_limit(o, run, kind);
		}
	}
	int hosts = TH_EXIT_OK, models = TH_EXIT_OK;
	if (o->hosts_of) {
		hosts = check_new(o, run, o->hosts_of, "new host", host_of);
	}
	if (o->models_of) {
		models = check_new(o, run, o->models_of, "new model", model_of);
	}
	o->code = o->code != TH_EXIT_OK ? o->code : hosts != TH_EXIT_OK ? hosts : models;
	check_whole(o, run);
}

static void check(void *ctx, const struct th_view_runs *runs)
{
	struct check_options *o = ctx;
	for (size_t i = 0; i < runs->n; i++) {
		check_run(o, &runs->runs[i]);
	}
	if (runs->n == 0) {
		o->code = TH_EXIT_MISSING;
	} else if (o->code == TH_EXIT_OK && o->breaches) {
		o->code = TH_EXIT_NO;
	} else if (o->code == TH_EXIT_OK && !o->view.json) {
		printf("%zu check%s\n", o->checks, o->checks == 1 ? " holds" : "s hold");
	}
}

/* ---- options ---- */

static int take_limit(struct check_options *o, enum th_budget_kind kind)
{
	uint64_t ns;
	char *end;
	double v = strtod(optarg, &end);
	if (kind == TH_BUDGET_DURATION && th_when_duration(optarg, &ns)) {
		o->limits[kind] = (double)ns / 1e9;
		return -1;
	}
	if (kind == TH_BUDGET_DURATION || end == optarg || *end || !isfinite(v) || v < 0) {
		return th_tool_misuse("check", "%s: no limit for %s", optarg, th_budget_name(kind));
	}
	o->limits[kind] = v;
	return -1;
}

static int take(struct check_options *o, int c)
{
	if (c >= OPTION_LIMITS && c < OPTION_LIMITS + TH_N_BUDGETS) {
		return take_limit(o, (enum th_budget_kind)(c - OPTION_LIMITS));
	}
	switch (c) {
	case OPTION_PRICES:
		o->prices_path = optarg;
		return -1;
	case OPTION_HOSTS:
		o->hosts_of = optarg;
		return -1;
	case OPTION_MODELS:
		o->models_of = optarg;
		return -1;
	case OPTION_ALLOW:
		o->allow_unknown = true;
		return -1;
	default:
		return th_view_take(&o->view, c);
	}
}

static bool nothing_asked(const struct check_options *o)
{
	bool any = o->hosts_of || o->models_of;
	for (size_t i = 0; i < TH_N_BUDGETS; i++) {
		any |= o->limits[i] >= 0;
	}
	return !any;
}

static int parse_options(int argc, char **argv, struct check_options *o)
{
	static const struct option options[] = {
		{"max-tokens", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_TOKENS},
		{"max-input-tokens", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_INPUT},
		{"max-output-tokens", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_OUTPUT},
		{"max-cost", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_COST},
		{"max-calls", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_CALLS},
		{"max-requests", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_REQUESTS},
		{"max-errors", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_ERRORS},
		{"max-duration", required_argument, NULL, OPTION_LIMITS + TH_BUDGET_DURATION},
		{"prices", required_argument, NULL, OPTION_PRICES},
		{"no-new-hosts", required_argument, NULL, OPTION_HOSTS},
		{"no-new-models", required_argument, NULL, OPTION_MODELS},
		{"allow-unknown", no_argument, NULL, OPTION_ALLOW}, TH_VIEW_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "jr:", options)) != -1;) {
		code = take(o, c);
	}
	if (code < 0 && nothing_asked(o)) {
		code = th_tool_misuse("check", "what is to be checked?");
	}
	if (code < 0 && o->limits[TH_BUDGET_COST] >= 0 && !o->prices_path) {
		code = th_tool_misuse("check", "--max-cost needs --prices FILE");
	}
	if (code < 0 && o->prices_path) {
		int loaded = th_prices_load(o->prices_path, &o->prices);
		code = loaded == TH_EXIT_OK ? -1 : loaded;
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static int run(int argc, char **argv)
{
	struct check_options o = {
		.view = {.command = "check", .one_run = true}, .code = TH_EXIT_OK};
	for (size_t i = 0; i < TH_N_BUDGETS; i++) {
		o.limits[i] = NO_LIMIT;
	}
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0) {
		code = th_view_show(&o.view, argv[optind], check, &o);
		code = code == TH_EXIT_OK ? o.code : code;
	}
	th_prices_free(o.prices);
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_check = {"check", run, "does a run keep within its limits? For CI",
	"LIMIT... [OPTION...] FILE\n"
	"\n"
	"      --max-tokens N, --max-input-tokens N, --max-output-tokens N\n"
	"      --max-calls N         calls to models\n"
	"      --max-requests N      exchanges of any kind\n"
	"      --max-errors N\n"
	"      --max-duration D      250ms, 1.5s, 2m ...\n"
	"      --max-cost C          with --prices FILE, as in stats\n"
	"      --no-new-hosts BASE   only hosts that the capture BASE has, too\n"
	"      --no-new-models BASE  only models that it has\n"
	"      --allow-unknown       what cannot be told is no breach\n"
	"  -r, --run ID              this run (default: the newest that ended properly)\n"
	"  -j, --json                a JSON object per breach\n" TH_SPAN_FILTER_HELP "\n"
	"Exits 0 when all holds, 1 after one line per breach.\n"};
