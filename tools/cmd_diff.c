/* tracehook diff: two runs, call by call: what was asked, what came, in which order, how long it
 * took.
 *
 * A run is named by its capture and, where that has several, "FILE#2" or "FILE:ID"; two runs of one
 * capture also as FILE RUN RUN. Times never make runs different unless --slower says when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/diff_json.h"
#include "tools/diff_learn.h"
#include "tools/diff_text.h"
#include "tools/load.h"
#include "tools/settings.h"
#include "tools/tools.h"

struct diff_options {
	bool json;
	bool exact;
	bool learn;
	double slower; /* 0: times do not count */
	struct th_diff_look look;
};

/* What the command line means by a run. */
struct named_run {
	char *path;
	char *run; /* NULL: the newest that ended properly */
	struct th_trace *trace;
	const struct th_run *found;
};

static int take_width(const char *text, struct th_diff_look *look)
{
	uint64_t width;
	if (!th_parse_u64(th_slice_str(text), &width) || width < 40 || width > 10000) {
		return th_tool_misuse("diff", "--width %s: a number of columns from 40 on", text);
	}
	look->width = (unsigned)width;
	look->side_by_side = true;
	return -1;
}

static int take_slower(const char *text, double *ret_slower)
{
	if (!th_settings_number(text, ret_slower) || *ret_slower < 1) {
		return th_tool_misuse("diff", "--slower %s: a factor from 1 on", text);
	}
	return -1;
}

/* -1: go on with argv[optind]; else the exit code. */
static int parse_options(int argc, char **argv, struct diff_options *o)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'}, {"exact", no_argument, NULL, 'x'},
		{"every-item", no_argument, NULL, 'e'}, {"width", required_argument, NULL, 'w'},
		{"slower", required_argument, NULL, 's'}, {"learn", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "ajw:", options)) != -1;) {
		o->json |= c == 'j';
		o->look.all |= c == 'a';
		o->exact |= c == 'x';
		o->look.every_item |= c == 'e';
		o->learn |= c == 'l';
		if (c == 'w') {
			code = take_width(optarg, &o->look);
		} else if (c == 's') {
			code = take_slower(optarg, &o->slower);
		} else if (c == 'h' || c == '?') {
			code = th_tool_option_exit(c);
		}
	}
	return code;
}

/* ---- which runs ---- */

/* A file that is there is a file, whatever characters its name has. */
static void name_run(const char *word, struct named_run *r)
{
	const char *mark = strrchr(word, '#'), *colon = strrchr(word, ':');
	mark = mark && mark > word ? mark : NULL;
	colon = colon && colon > word ? colon : NULL;
	if (access(word, F_OK) == 0 || (!mark && !colon)) {
		r->path = th_tool_format("%s", word);
	} else if (mark) {
		r->path = th_tool_format("%.*s", (int)(mark - word), word);
		r->run = th_tool_format("%s", mark);
	} else {
		r->path = th_tool_format("%.*s", (int)(colon - word), word);
		r->run = th_tool_format("%s", colon + 1);
	}
}

static int name_runs(int argc, char **argv, struct named_run *a, struct named_run *b)
{
	int n = argc - optind;
	if (n == 3) {
		*a = (struct named_run){.path = th_tool_format("%s", argv[optind]),
			.run = th_tool_format("%s", argv[optind + 1])};
		*b = (struct named_run){.path = th_tool_format("%s", argv[optind]),
			.run = th_tool_format("%s", argv[optind + 2])};
		return -1;
	}
	if (n != 2) {
		return th_tool_misuse(
			"diff", "two runs: FILE FILE, FILE#1 FILE#2, or FILE RUN RUN");
	}
	name_run(argv[optind], a);
	name_run(argv[optind + 1], b);
	return -1;
}

static int load_run(struct named_run *r)
{
	int code = th_load(r->path, &r->trace);
	return code == TH_EXIT_OK ? th_load_run(r->trace, r->path, r->run, &r->found) : code;
}

static void finish_run(struct named_run *r)
{
	th_trace_free(r->trace);
	free(r->path);
	free(r->run);
}

/* ---- all of it ---- */

/* Equality with a damaged run proves nothing: that comes first. */
static int conclude(bool holds, const struct named_run *a, const struct named_run *b)
{
	int damage = th_load_say_damage(a->trace);
	if (strcmp(a->path, b->path) != 0) {
		int other = th_load_say_damage(b->trace);
		damage = damage == TH_EXIT_OK ? other : damage;
	}
	return damage != TH_EXIT_OK ? damage : holds ? TH_EXIT_OK : TH_EXIT_NO;
}

static int compare(
	const struct diff_options *o, const struct named_run *a, const struct named_run *b)
{
	th_cleanup(th_diff_side_finish) struct th_diff_side x = th_diff_side_of(a->found, o->exact);
	th_cleanup(th_diff_side_finish) struct th_diff_side y = th_diff_side_of(b->found, o->exact);
	th_cleanup(th_diff_finish) struct th_diff d = th_diff_of(&x, &y, o->exact, o->slower);
	d.path_a = a->path;
	d.path_b = b->path;
	bool holds = th_diff_holds(&d);
	if (o->learn) {
		holds = th_diff_learn(stdout, &d);
	} else if (o->json) {
		th_diff_json(stdout, &d, o->look.all);
	} else {
		th_diff_text(stdout, &d, &o->look);
	}
	return conclude(holds, a, b);
}

static int run(int argc, char **argv)
{
	struct diff_options o = {.look = {.side_by_side = isatty(STDOUT_FILENO)}};
	th_cleanup(finish_run) struct named_run a = {0};
	th_cleanup(finish_run) struct named_run b = {0};
	th_tool_output_begin();
	o.look.width = th_tool_width();
	o.look.colour = th_tool_colour();
	int code = parse_options(argc, argv, &o);
	code = code < 0 ? name_runs(argc, argv, &a, &b) : code;
	if (code >= 0) {
		return code;
	}
	code = load_run(&a);
	code = code == TH_EXIT_OK ? load_run(&b) : code;
	if (code != TH_EXIT_OK) {
		return code;
	}
	return th_tool_output_end(compare(&o, &a, &b));
}

const struct th_command th_cmd_diff = {"diff", run, "compare two runs, call by call",
	"[OPTION...] RUN-A RUN-B\n"
	"       tracehook diff [OPTION...] FILE RUN RUN\n"
	"\n"
	"  RUN-A, RUN-B          FILE, FILE#NUMBER or FILE:ID, the beginning of a run's "
	"id\n"
	"                        (default: the newest that ended properly)\n"
	"  -a, --all             also the calls that are equal\n"
	"      --every-item      all differences of a call, not the first few\n"
	"      --exact           every field of an answer and every byte of it counts\n"
	"      --slower N        a call, or all, that takes more than N times as long in "
	"B\n"
	"                        counts as different\n"
	"      --learn           print rules for what differs by its nature (times, ids), "
	"for\n"
	"                        \"replay --match volatile:FILE\"\n"
	"  -w, --width N         side by side, in so many columns (the default on a "
	"terminal)\n"
	"  -j, --json            one JSON object per run, differing call, and the sum\n"
	"\n"
	"Exits 0 when they are equal, 1 when they differ.\n"};
