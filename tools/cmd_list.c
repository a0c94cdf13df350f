/* tracehook list: the runs of a capture, a line for each. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/survey.h"
#include "tools/exchange_json.h"
#include "tools/json_out.h"
#include "tools/load.h"
#include "tools/run_sum.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define ID_SHOWN 12		/* digits: enough to tell runs apart */
#define DATE_SHOWN 19		/* without fractions of a second */
#define QUICK_FROM (64ll << 20) /* bytes: not read whole without being asked */

enum {
	AT_NUMBER,
	AT_RUN,
	AT_BEGAN,
	AT_TOOK,
	AT_COMMAND,
	AT_PROCESSES,
	AT_EXCHANGES,
	AT_ERRORS,
	AT_MODELS,
	AT_TOKENS,
	AT_END,
	N_COLUMNS,
};

static const struct th_table_column columns[N_COLUMNS] = {
	[AT_NUMBER] = {"#", true, TH_FIT_WHOLE, 0, 8},
	[AT_RUN] = {"run", false, TH_FIT_WHOLE, 0, 0},
	[AT_BEGAN] = {"began", false, TH_FIT_WHOLE, 0, 2},
	[AT_TOOK] = {"took", true, TH_FIT_WHOLE, 0, 5},
	[AT_COMMAND] = {"command", false, TH_FIT_MIDDLE, 8, 0},
	[AT_PROCESSES] = {"processes", true, TH_FIT_WHOLE, 0, 7},
	[AT_EXCHANGES] = {"exchanges", true, TH_FIT_WHOLE, 0, 4},
	[AT_ERRORS] = {"errors", true, TH_FIT_WHOLE, 0, 3},
	[AT_MODELS] = {"models", false, TH_FIT_END, 8, 5},
	[AT_TOKENS] = {"tokens", true, TH_FIT_WHOLE, 0, 4},
	[AT_END] = {"end", false, TH_FIT_END, 8, 6},
};

static void add_run(struct th_table *t, size_t number, const struct th_run *run, bool outline)
{
	char id[2 * TH_TRACE_ID_BYTES + 1] = "", took[TH_UNITS_TEXT], date[TH_UNITS_TEXT + 8];
	th_cleanup(th_span_list_finish) struct th_span_list spans = {0};
	struct th_run_sum sum = {0};
	if (!outline) { /* which has nothing that could be counted */
		spans = th_span_list_of(run);
		sum = th_run_sum_of(&spans);
	}
	th_hex_encode(id, run->trace_id, TH_TRACE_ID_BYTES);
	th_auto_free char *command = th_text_line(th_run_sum_command(run));
	th_auto_free char *n = th_tool_format("%zu", number);
	th_auto_free char *processes = th_tool_format("%zu", run->n_processes);
	th_auto_free char *exchanges = th_tool_format(
		"%zu", outline ? run->outlined : run->n_exchanges);
	th_auto_free char *errors = th_tool_format("%zu", sum.errors);
	th_auto_free char *models = th_run_sum_models(&sum);
	th_auto_free char *safe_models = th_text_line(th_slice_str(models));
	th_auto_free char *tokens = th_span_count_text(&sum.tokens);
	th_auto_free char *end = th_run_sum_end(run);
	id[ID_SHOWN] = '\0';
	th_units_date(date, run->began);
	date[DATE_SHOWN] = '\0';
	const char *const cells[N_COLUMNS] = {
		[AT_NUMBER] = n,
		[AT_RUN] = id,
		[AT_BEGAN] = date,
		[AT_TOOK] = th_units_duration(took, th_run_sum_took(run)),
		[AT_COMMAND] = command,
		[AT_PROCESSES] = processes,
		[AT_EXCHANGES] = exchanges,
		[AT_ERRORS] = outline ? "" : errors,
		[AT_MODELS] = outline ? "" : safe_models,
		[AT_TOKENS] = outline ? "" : tokens,
		[AT_END] = end,
	};
	bool bad = run->end == TH_RUN_CUT || th_run_sum_lost(run) > 0;
	enum th_table_tone tone = sum.errors ? TH_TONE_WARN : TH_TONE_NORMAL;
	th_table_add(t, bad ? TH_TONE_BAD : tone, cells);
}

static void list_table(const struct th_trace *trace, bool outline)
{
	struct th_table *t = th_table_create(columns, N_COLUMNS);
	for (size_t i = 0; i < trace->n_runs; i++) {
		add_run(t, i + 1, trace->runs[i], outline);
	}
	if (trace->n_runs) {
		th_table_print(t, stdout, th_tool_width(), th_tool_colour());
	}
	th_table_destroy(t);
}

static void list_json(const struct th_trace *trace, bool outline)
{
	for (size_t i = 0; i < trace->n_runs && !ferror(stdout); i++) {
		th_run_sum_json(stdout, trace->runs[i], i + 1, outline);
	}
}

enum depth {
	DEPTH_BY_SIZE,
	DEPTH_QUICK,
	DEPTH_FULL,
};

struct list_options {
	bool json;
	enum depth depth;
};

/* -1: go on; else the exit code. */
static int parse_options(int argc, char **argv, struct list_options *o)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"quick", no_argument, NULL, 'q'}, {"full", no_argument, NULL, 'F'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "jq", options)) != -1;) {
		if (c != 'j' && c != 'q' && c != 'F') {
			return th_tool_option_exit(c);
		}
		o->json = o->json || c == 'j';
		o->depth = c == 'q' ? DEPTH_QUICK : c == 'F' ? DEPTH_FULL : o->depth;
	}
	if (optind + 1 != argc) {
		return th_tool_misuse("list", optind == argc ? "which capture?" : "one capture");
	}
	return -1;
}

/* How much there is, live files included, is known when the outline is. */
static bool is_large(const struct list_options *o, const char *path, const struct th_trace *t)
{
	bool large = o->depth == DEPTH_BY_SIZE && th_reader_stored(t->reader) >= QUICK_FROM;
	if (large && !o->json) {
		fprintf(stderr,
			"%s is large: errors, models and tokens are not counted, and damage in "
			"what is not needed for this is not looked for (--full does)\n",
			path);
	}
	return large;
}

static int load(const struct list_options *o, const char *path, struct th_trace **ret_trace,
	bool *ret_outline)
{
	*ret_outline = false;
	if (o->depth == DEPTH_FULL) {
		return th_load(path, ret_trace);
	}
	int code = th_load_outline(path, ret_trace);
	if (code != TH_EXIT_OK) {
		return code;
	}
	*ret_outline = o->depth == DEPTH_QUICK || is_large(o, path, *ret_trace);
	if (*ret_outline) {
		return TH_EXIT_OK;
	}
	th_trace_free(*ret_trace);
	return th_load(path, ret_trace);
}

static int run(int argc, char **argv)
{
	struct list_options o = {0};
	struct th_trace *t = NULL;
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	bool outline = false;
	code = load(&o, argv[optind], &t, &outline);
	if (code != TH_EXIT_OK) {
		return code;
	}
	if (t->n_runs == 0) {
		th_load_say_no_run(t, argv[optind]);
	}
	(o.json ? list_json : list_table)(t, outline);
	code = th_load_say_damage(t);
	th_trace_free(t);
	return th_tool_output_end(code);
}

const struct th_command th_cmd_list = {"list", run, "list the runs of a capture",
	"[--json] [--quick | --full] FILE\n"
	"\n"
	"  -j, --json            one JSON object per run and line\n"
	"  -q, --quick           without errors, models and tokens: most of the file is not read\n"
	"      --full            with them, also of a file of 64 MiB and more\n"};
