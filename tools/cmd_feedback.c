/* tracehook feedback: says something of a recorded span: a score, a label, data.
 *
 * Nothing that was recorded changes: what is said becomes a block behind it. A run that is sealed
 * is sealed anew, so that it is known what was said by then; a run that is not as it was sealed is
 * left alone, or the new seal would hide that. All under the lock of sealing: two that speak at
 * once come one after the other. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/annotate.h"
#include "tools/load.h"
#include "tools/pretty_json.h"
#include "tools/sealing.h"
#include "tools/span_choice.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "tools/verdict.h"

struct feedback_options {
	struct th_annotation_text text;
	double score;
	const char *run, *key;
};

enum {
	OPTION_SCORE = 1,
	OPTION_LABEL,
	OPTION_COMMENT,
	OPTION_NAME,
	OPTION_BY,
	OPTION_SIGN,
};

static int take_score(struct feedback_options *o)
{
	char *end;
	o->score = strtod(optarg, &end);
	if (end == optarg || *end || !isfinite(o->score)) {
		return th_tool_misuse("feedback", "--score %s: a number", optarg);
	}
	o->text.score = &o->score;
	return -1;
}

static int take_json(struct feedback_options *o)
{
	o->text.data = th_slice_trim(th_slice_str(optarg));
	if (!th_pretty_json_is(o->text.data) || !th_utf8_valid(o->text.data)) {
		return th_tool_misuse("feedback", "--json: that is no JSON");
	}
	return -1;
}

static int take_words(const char *option, struct th_slice *ret_words)
{
	*ret_words = th_slice_str(optarg);
	if (!th_utf8_valid(*ret_words)) {
		return th_tool_misuse("feedback", "--%s: that is no UTF-8", option);
	}
	return -1;
}

static int take_option(struct feedback_options *o, int c)
{
	switch (c) {
	case OPTION_SCORE:
		return take_score(o);
	case OPTION_LABEL:
		return take_words("label", &o->text.label);
	case OPTION_COMMENT:
		return take_words("comment", &o->text.comment);
	case OPTION_NAME:
		return take_words("name", &o->text.name);
	case OPTION_BY:
		return take_words("by", &o->text.author);
	case OPTION_SIGN:
		o->key = optarg;
		return -1;
	case 'j':
		return take_json(o);
	case 'r':
		o->run = optarg;
		return -1;
	default:
		return th_tool_option_exit(c);
	}
}

/* -1: go on; else the exit code. */
static int parse_options(int argc, char **argv, struct feedback_options *o)
{
	static const struct option options[] = {{"score", required_argument, NULL, OPTION_SCORE},
		{"label", required_argument, NULL, OPTION_LABEL},
		{"comment", required_argument, NULL, OPTION_COMMENT},
		{"name", required_argument, NULL, OPTION_NAME},
		{"by", required_argument, NULL, OPTION_BY},
		{"sign", required_argument, NULL, OPTION_SIGN},
		{"json", required_argument, NULL, 'j'}, {"run", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "j:r:", options)) != -1;) {
		code = take_option(o, c);
	}
	if (code >= 0) {
		return code;
	}
	if (optind + 2 != argc) {
		return th_tool_misuse("feedback", "a capture and a span are needed");
	}
	const struct th_annotation_text *t = &o->text;
	if (!t->score && !t->label.n && !t->comment.n && !t->data.n) {
		return th_tool_misuse(
			"feedback", "--score, --label, --comment or --json is needed");
	}
	return -1;
}

static int not_written(const char *path, const char *why, int code)
{
	th_tool_error("%s: no feedback was written: %s", path, why);
	return code;
}

/* To root no file is read-only; whoever took the rights to write away meant it. */
static int check_writable(const char *path)
{
	struct stat st;
	bool closed = stat(path, &st) == 0 && (st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0;
	return closed ? not_written(path, "the file is read-only", TH_EXIT_NO) : TH_EXIT_OK;
}

/* Is the run sealed, and as it was then? */
static int check_seals(
	const char *path, const struct th_trace *t, const struct th_run *run, bool *ret_sealed)
{
	struct th_verify v;
	int code = TH_EXIT_OK, r = th_verify_make(t, NULL, NULL, &v);
	if (r < 0) {
		return not_written(path, strerror(-r), TH_EXIT_NO);
	}
	for (size_t i = 0; i < v.n; i++) {
		if (v.runs[i].run == run) {
			*ret_sealed = v.runs[i].n_seals > 0;
			code = v.runs[i].result == TH_VERIFY_BROKEN ? TH_EXIT_DAMAGED : TH_EXIT_OK;
		}
	}
	th_verify_finish(&v);
	return code == TH_EXIT_OK
		? code
		: not_written(path,
			  "the run is not as it was sealed; \"tracehook verify\" says more", code);
}

static int append(const char *path, const struct th_trace *t, const struct th_span_choice *c,
	struct feedback_options *o)
{
	o->text.trace_id = c->run->trace_id;
	o->text.span_id = c->span_id;
	o->text.root = c->run->processes[0]->writer;
	int r = th_annotate(path, t->reader, &o->text);
	if (r < 0) {
		return not_written(path,
			r == -EMSGSIZE ? "it is too long, 256 KiB at most" : strerror(-r),
			TH_EXIT_NO);
	}
	return TH_EXIT_OK;
}

/* Reads the file anew, with what was written. */
static int seal_anew(const char *path, uint64_t root, const struct th_sign_key *key)
{
	struct th_trace *t = NULL;
	const char *why = NULL;
	size_t appended;
	int r = th_trace_load(path, &t, &why);
	for (size_t i = 0; r == 0 && i < t->n_runs; i++) {
		if (t->runs[i]->n_processes && t->runs[i]->processes[0]->writer == root) {
			r = th_sealing_run(path, t, t->runs[i], key, &appended);
		}
	}
	th_trace_free(t);
	if (r < 0) {
		th_sealing_say_failed(path, r);
	}
	return r < 0 ? TH_EXIT_NO : TH_EXIT_OK;
}

static int say(const char *path, const struct th_trace *t, const char *span,
	struct feedback_options *o, const struct th_sign_key *key)
{
	struct th_span_choice choice;
	bool sealed = false;
	char id[2 * TH_SPAN_ID_BYTES + 1] = "";
	if (th_load_say_damage(t) != TH_EXIT_OK) {
		return not_written(path, "the capture is damaged", TH_EXIT_DAMAGED);
	}
	int code = th_span_choose(t, path, o->run, span, &choice);
	if (code == TH_EXIT_OK) {
		code = check_seals(path, t, choice.run, &sealed);
	}
	if (code == TH_EXIT_OK && key && !sealed) {
		return not_written(path, "the run has no seal to sign", TH_EXIT_NO);
	}
	if (code == TH_EXIT_OK) {
		code = append(path, t, &choice, o);
	}
	if (code == TH_EXIT_OK && sealed) {
		code = seal_anew(path, choice.run->processes[0]->writer, key);
	}
	if (code == TH_EXIT_OK) {
		th_hex_encode(id, choice.span_id, TH_SPAN_ID_BYTES);
		printf("span %s%s\n", id, sealed ? ", sealed anew" : "");
	}
	return code;
}

static int say_locked(const char *path, const char *span, struct feedback_options *o,
	const struct th_sign_key *key)
{
	struct th_trace *t = NULL;
	int code = check_writable(path);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_auto_close int lock = th_sealing_lock(path);
	if (lock == -ETIME) {
		return not_written(path, "somebody else is at it", TH_EXIT_NO);
	}
	code = th_load(path, &t);
	if (code == TH_EXIT_OK) {
		code = say(path, t, span, o, key);
		th_trace_free(t);
	}
	return code;
}

static int run(int argc, char **argv)
{
	struct feedback_options o = {0};
	struct th_sign_key *key = NULL;
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	code = o.key ? th_sign_key_load(o.key, &key) : TH_EXIT_OK;
	if (code == TH_EXIT_OK) {
		code = say_locked(argv[optind], argv[optind + 1], &o, key);
	}
	th_sign_key_destroy(key);
	return th_tool_output_end(code);
}

const struct th_command th_cmd_feedback = {"feedback", run, "say something of a recorded span",
	"[OPTION...] FILE SPAN\n"
	"\n"
	"Adds what is given to the span: nothing that was recorded changes. show, tree, spans,\n"
	"dump and export tell it. A sealed run is sealed anew.\n"
	"\n"
	"  SPAN                  #NUMBER as in dump, the beginning of a span id, or root\n"
	"      --score N         a number\n"
	"      --label WORD      a word or two: good, wrong …\n"
	"      --comment TEXT    why\n"
	"      --json JSON       anything else\n"
	"      --name NAME       what was judged (correctness, tone …)\n"
	"      --by NAME         who says so\n"
	"      --sign KEY        sign the new seal: a file with an Ed25519 key, PEM\n"
	"  -r, --run ID          the run in which numbers count (default: the newest that\n"
	"                        ended properly)\n",
	false};
