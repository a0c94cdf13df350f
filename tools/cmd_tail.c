/* tracehook tail: what happens, while it happens: a line for each span as soon as it has ended.
 *
 * The capture is read again and again, at most a sixth of the time: live files are read as any
 * reader reads them, and nothing is asked of the agent. What was shown is remembered by a hash. */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "base/text.h"
#include "capture/alive.h"
#include "capture/layout.h"
#include "tools/load.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "tools/view.h"

#define PAUSE_LEAST 100000000u /* ns */
#define PAUSE_FACTOR 5
#define QUIET 1500000000u /* ns: longer than a process takes to become another */
#define LINES_DEFAULT 10

struct tail_options {
	struct th_view view;
	uint64_t lines; /* of what was there at the start */
	bool follow;	/* go on after the last run has ended; wait for a file */
	void *shown;	/* a tree of hashes */
	bool started;
	uint64_t quiet; /* since when nobody writes; 0: somebody does */
};

/* ---- what was shown ---- */

static int by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t hash_of(const struct th_span_facts *f)
{
	static const uint8_t key[TH_SIPHASH_KEY_BYTES];
	struct {
		uint8_t trace[TH_TRACE_ID_BYTES], span[TH_SPAN_ID_BYTES];
		uint64_t kind, start, name;
	} mark = {.kind = f->event.kind, .start = f->start};
	const uint8_t *id = th_span_id(f);
	memcpy(mark.trace, f->run->trace_id, sizeof(mark.trace));
	if (id) {
		memcpy(mark.span, id, sizeof(mark.span));
	}
	mark.name = th_siphash(key, f->name, strlen(f->name));
	return th_siphash(key, &mark, sizeof(mark));
}

/* True the first time. */
static bool is_new(struct tail_options *o, const struct th_span_facts *f)
{
	uint64_t *hash = th_tool_alloc(sizeof(*hash));
	*hash = hash_of(f);
	uint64_t **at = tsearch(hash, &o->shown, by_hash);
	if (!at) {
		th_tool_no_memory();
	}
	if (*at != hash) {
		free(hash);
		return false;
	}
	return true;
}

/* An exchange counts when its answer has ended; a tool when its result was handed over; a process
 * when it begins. */
static bool has_ended(const struct th_span_facts *f, bool last)
{
	const struct th_exchange *x = f->event.exchange;
	switch (f->event.kind) {
	case TH_EVENT_EXCHANGE:
		return last || x->response.finished || (x->request.finished && x->request.end);
	case TH_EVENT_TOOL:
		return last || f->event.tool->answered;
	default:
		return true;
	}
}

/* ---- a line ---- */

static void put_line(const struct th_span_facts *f)
{
	static const char *const codes[] = {[TH_TONE_NORMAL] = "",
		[TH_TONE_BAD] = "31",
		[TH_TONE_WARN] = "33",
		[TH_TONE_DIM] = "2"};
	char date[TH_UNITS_TEXT + 8], took[TH_UNITS_TEXT] = "", number[24] = "";
	th_auto_free char *title = th_text_line(th_slice_str(th_span_title(f)));
	th_auto_free char *host = th_text_line(th_slice_str(f->host ? f->host : ""));
	th_auto_free char *outcome = th_span_outcome(f);
	th_auto_free char *tokens = th_span_tokens_text(f);
	if (th_span_took(f)) {
		th_units_duration(took, th_span_took(f));
	}
	if (f->event.kind == TH_EVENT_EXCHANGE) {
		snprintf(number, sizeof(number), "#%zu", f->event.exchange->order + 1);
	}
	const char *time = strchr(th_units_date(date, f->start), ' ');
	th_auto_free char *line = th_tool_format("%s %4s  %-9s  %s%s%s%s%s%s%s%s%s", time + 1,
		number, f->type, title, *host ? "  " : "", host, *outcome ? "  " : "", outcome,
		*took ? "  " : "", took, *tokens ? "  " : "", tokens);
	th_auto_free char *fit = isatty(STDOUT_FILENO)
		? th_table_shorten(line, th_tool_width(), false)
		: th_tool_format("%s", line);
	const char *code = th_tool_colour() ? codes[th_span_tone(f)] : "";
	printf(*code ? "\x1b[%sm%s\x1b[0m\n" : "%s%s\n", code, fit);
}

static void put_span(const struct tail_options *o, const struct th_span_facts *f)
{
	if (!o->view.json) {
		put_line(f);
		return;
	}
	struct th_jout j = {.out = stdout};
	th_jout_open(&j, '{');
	th_span_facts_json(&j, f);
	th_jout_close(&j, '}');
	putchar('\n');
}

/* ---- looking ---- */

struct news {
	const struct th_span_facts **spans;
	size_t n;
};

static int by_end(const void *a, const void *b)
{
	const struct th_span_facts *x = *(const struct th_span_facts *const *)a;
	const struct th_span_facts *y = *(const struct th_span_facts *const *)b;
	bool px = x->event.kind == TH_EVENT_PROCESS, py = y->event.kind == TH_EVENT_PROCESS;
	uint64_t ex = px || !x->end ? x->start : x->end, ey = py || !y->end ? y->start : y->end;
	return (ex > ey) - (ex < ey);
}

static void gather(struct tail_options *o, const struct th_run *run, const struct th_span_list *l,
	struct news *news)
{
	bool last = run->end == TH_RUN_ENDED;
	news->spans = th_tool_realloc(news->spans, (news->n + l->n) * sizeof(*news->spans));
	for (size_t i = 0; i < l->n; i++) {
		const struct th_span_facts *f = &l->spans[i];
		if (has_ended(f, last) && th_span_filter_holds(&o->view.filter, f) &&
			is_new(o, f)) {
			news->spans[news->n++] = f;
		}
	}
}

/* True: every run that is looked at has ended. */
static bool look(struct tail_options *o, const struct th_trace *t)
{
	struct news news = {th_tool_alloc(sizeof(*news.spans)), 0};
	struct th_span_list *lists = th_tool_alloc((t->n_runs + 1) * sizeof(*lists));
	bool ended = t->n_runs > 0;
	for (size_t i = 0; i < t->n_runs; i++) {
		lists[i] = th_span_list_of(t->runs[i]);
		gather(o, t->runs[i], &lists[i], &news);
		ended &= t->runs[i]->end == TH_RUN_ENDED || i + 1 < t->n_runs;
	}
	qsort(news.spans, news.n, sizeof(*news.spans), by_end);
	size_t from = o->started || news.n <= o->lines ? 0 : news.n - (size_t)o->lines;
	for (size_t i = from; i < news.n; i++) {
		put_span(o, news.spans[i]);
	}
	o->started = true;
	for (size_t i = 0; i < t->n_runs; i++) {
		th_span_list_finish(&lists[i]);
	}
	free(lists);
	free(news.spans);
	return ended;
}

/* A run whose end was not recorded (shells leave by _exit) is over when nobody writes any more. */
static bool is_over(struct tail_options *o, const char *path, bool ended)
{
	uint64_t now = th_clock_mono();
	if (ended || th_capture_may_grow(path)) {
		o->quiet = 0;
		return ended;
	}
	o->quiet = o->quiet ? o->quiet : now;
	return now - o->quiet > QUIET;
}

static void rest(uint64_t worked)
{
	uint64_t ns = worked * PAUSE_FACTOR;
	ns = ns > PAUSE_LEAST ? ns : PAUSE_LEAST;
	struct timespec pause = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	nanosleep(&pause, NULL);
}

/* A file is there before its header is in it. */
static bool is_begun(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size >= TH_FILE_HEADER_BYTES);
}

/* -1: look again. */
static int look_once(struct tail_options *o, const char *path)
{
	struct th_trace *t = NULL;
	if (o->follow && !is_begun(path)) {
		return -1;
	}
	int code = th_load(path, &t);
	if (code != TH_EXIT_OK) {
		return code;
	}
	bool ended = look(o, t);
	th_trace_free(t);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		return TH_EXIT_NO;
	}
	return !o->follow && is_over(o, path, ended) ? TH_EXIT_OK : -1;
}

static int tail(struct tail_options *o, const char *path)
{
	int code = -1;
	while (code < 0) {
		uint64_t began = th_clock_mono();
		code = look_once(o, path);
		if (code < 0) {
			rest(th_clock_mono() - began);
		}
	}
	return code;
}

static int take_lines(struct tail_options *o)
{
	if (strcmp(optarg, "all") == 0) {
		o->lines = UINT64_MAX;
	} else if (!th_parse_u64(th_slice_str(optarg), &o->lines)) {
		return th_tool_misuse("tail", "--lines %s: a number, or all", optarg);
	}
	return -1;
}

static int parse_options(int argc, char **argv, struct tail_options *o)
{
	static const struct option options[] = {{"lines", required_argument, NULL, 'n'},
		{"follow", no_argument, NULL, 'F'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, TH_SPAN_FILTER_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "jn:F", options)) != -1;) {
		if (c == 'n') {
			code = take_lines(o);
		} else if (c == 'F') {
			o->follow = true;
		} else {
			code = th_view_take(&o->view, c);
		}
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static int run(int argc, char **argv)
{
	struct tail_options o = {.view = {.command = "tail"}, .lines = LINES_DEFAULT};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0) {
		code = th_tool_output_end(tail(&o, argv[optind]));
	}
	tdestroy(o.shown, free);
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_tail = {"tail", run, "show what happens while it happens",
	"[OPTION...] FILE\n"
	"\n"
	"A line for each exchange and tool as soon as it has ended, and for each process "
	"as\n"
	"it begins. Ends when the run has ended.\n"
	"\n"
	"  -n, --lines N             begin with the last N (default 10), or all\n"
	"  -F, --follow              wait for the file, and for further runs\n"
	"  -j, --json                one JSON object per span and line, as in "
	"spans\n" TH_SPAN_FILTER_HELP};
