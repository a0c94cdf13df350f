/* tracehook dump: everything of a capture, one line for each thing that happened. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/events.h"
#include "tools/load.h"
#include "tools/meaning_json.h"
#include "tools/run_table.h"
#include "tools/span_json.h"
#include "tools/tools.h"

struct meaning {
	struct th_calls calls;
	struct th_tool_spans tools;
	struct th_tool_work *work;
};

static struct meaning meaning_of(const struct th_run *run)
{
	struct meaning m;
	if (th_calls_read(run, &m.calls) < 0 || th_tool_spans_of(&m.calls, &m.tools) < 0 ||
		th_tool_work_of(run, &m.calls, &m.tools, &m.work) < 0) {
		th_tool_no_memory();
	}
	return m;
}

/* The tools from `i` on that were at work before that time; the next one. Tools are in the order
 * in which they were asked for, which in parallel conversations is not quite that of time. */
static size_t dump_tools(
	const struct th_run *run, const struct meaning *m, size_t i, uint64_t before)
{
	for (; i < m->tools.n && m->tools.spans[i].start < before; i++) {
		th_meaning_json_tool(stdout, run, &m->tools.spans[i], &m->work[i]);
	}
	return i;
}

static void dump_json(const struct th_run *run, bool first)
{
	th_auto_free struct th_event *events = NULL;
	size_t n, tool = 0;
	struct meaning m = meaning_of(run);
	th_events_of(run, &events, &n);
	for (size_t i = 0; i < n && !ferror(stdout); i++) {
		tool = dump_tools(run, &m, tool, events[i].time);
		bool exchange = events[i].kind == TH_EVENT_EXCHANGE;
		th_span_json(stdout, run, &events[i],
			exchange ? m.calls.at[events[i].exchange->order] : NULL);
	}
	dump_tools(run, &m, tool, UINT64_MAX);
	th_tool_spans_finish(&m.tools);
	th_calls_finish(&m.calls);
	free(m.work);
}

static void dump_table(const struct th_run *run, bool first)
{
	if (!first) {
		putchar('\n');
	}
	th_run_table_print(stdout, run, th_tool_width(), th_tool_colour());
}

/* A further format is one function and one line. */
static const struct format {
	const char *name;
	void (*dump)(const struct th_run *run, bool first);
} formats[] = {{"json", dump_json}, {"table", dump_table}};

struct dump_options {
	const struct format *format;
	const char *run;
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) == 0) {
			return &formats[i];
		}
	}
	return NULL;
}

static int parse_options(int argc, char **argv, struct dump_options *o)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"format", required_argument, NULL, 'f'}, {"run", required_argument, NULL, 'r'},
		{"all-runs", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "jf:r:a", options)) != -1;) {
		switch (c) {
		case 'j':
			o->format = find_format("json");
			break;
		case 'f':
			o->format = find_format(optarg);
			if (!o->format) {
				return th_tool_misuse(
					"dump", "no format \"%s\": json or table", optarg);
			}
			break;
		case 'r':
			o->run = optarg;
			break;
		case 'a':
			o->run = NULL;
			break;
		default:
			return c == 'h' ? -1 : TH_EXIT_USAGE;
		}
	}
	return TH_EXIT_OK;
}

static int dump_runs(const struct th_trace *t, const char *path, const struct dump_options *o)
{
	const struct th_run *run = NULL;
	if (o->run) {
		int code = th_load_run(t, path, o->run, &run);
		if (code != TH_EXIT_OK) {
			return code;
		}
		o->format->dump(run, true);
		return TH_EXIT_OK;
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		o->format->dump(t->runs[i], i == 0);
	}
	if (t->n_runs == 0) {
		th_load_say_no_run(t, path);
	}
	return TH_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct dump_options o = {.format = find_format("table")};
	struct th_trace *t = NULL;
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code != TH_EXIT_OK) {
		return code < 0 ? th_tool_output_end(TH_EXIT_OK) : code;
	}
	if (optind + 1 != argc) {
		return th_tool_misuse("dump", optind == argc ? "which capture?" : "one capture");
	}
	code = th_load(argv[optind], &t);
	if (code != TH_EXIT_OK) {
		return code;
	}
	code = dump_runs(t, argv[optind], &o);
	int damage = th_load_say_damage(t);
	th_trace_free(t);
	return th_tool_output_end(code == TH_EXIT_OK ? damage : code);
}

const struct th_command th_cmd_dump = {"dump", run,
	"show what a capture holds, a line per exchange",
	"[--json] [--run ID] FILE\n"
	"\n"
	"  -j, --json            one JSON object per span and line\n"
	"  -f, --format FORMAT   table (the default) or json\n"
	"  -r, --run ID          only this run: the beginning of its id\n"
	"  -a, --all-runs        all runs (the default)\n"
	"\n"
	"Exits 65 when the file is damaged; what could be read was shown.\n"};
