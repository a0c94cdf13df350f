/* tracehook redact: a copy of a capture in which secrets are replaced, for one that was recorded
 * without redaction or whose bodies hold what others must not see. The frames are
 * redact_copy.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "capture/chain.h"
#include "capture/scrub_rules.h"
#include "tools/copy_out.h"
#include "tools/load.h"
#include "tools/redact_copy.h"
#include "tools/sealing.h"
#include "tools/settings.h"
#include "tools/tools.h"

struct redact_options {
	const char *rules, *key;
	const char *in, *out;
};

/* -1: go on; else the exit code. */
static int parse_options(int argc, char **argv, struct redact_options *o)
{
	static const struct option options[] = {{"rules", required_argument, NULL, 'R'},
		{"sign", required_argument, NULL, 'S'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "", options)) != -1;) {
		switch (c) {
		case 'R':
			o->rules = optarg;
			break;
		case 'S':
			o->key = optarg;
			break;
		default:
			return th_tool_option_exit(c);
		}
	}
	if (optind + 2 != argc) {
		return th_tool_misuse("redact", "a capture, and the name of its copy");
	}
	o->in = argv[optind];
	o->out = argv[optind + 1];
	return -1;
}

/* What was asked when it was recorded was scrubbed by those rules, and a replay scrubs by one set.
 */
static int check_rules(const struct th_trace *t, const struct redact_options *o)
{
	for (size_t i = 0; o->rules && i < t->n_runs; i++) {
		if (t->runs[i]->rules.n) {
			th_tool_error(
				"%s: run #%zu was recorded with rules of its own; further ones "
				"cannot be added to it",
				o->in, i + 1);
			return TH_EXIT_USAGE;
		}
	}
	return TH_EXIT_OK;
}

static int copy_writer(
	struct th_redact_copy *c, const struct th_written *w, struct th_copy_out *out)
{
	th_auto_free struct th_frame *frames = th_tool_alloc((w->n + 1) * sizeof(*frames));
	memcpy(frames, w->frames, w->n * sizeof(*frames));
	th_redact_copy_writer(c, frames, w->n);
	int r = 0;
	for (size_t i = 0; r == 0 && i < w->n; i++) {
		r = th_copy_out_frame(out, &frames[i]);
	}
	th_redact_copy_finish(c);
	return r;
}

static int copy_all(struct th_redact_copy *c, struct th_reader *in, struct th_copy_out *out)
{
	struct th_written_list written;
	int r = th_written_load(in, &written);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; r == 0 && i < written.n; i++) {
		r = copy_writer(c, &written.at[i], out);
	}
	th_written_finish(&written);
	return r == 0 ? th_copy_out_flush(out) : r;
}

static int seal_copy(const char *path, const struct th_sign_key *key)
{
	struct th_trace *t = NULL;
	size_t appended = 0;
	th_auto_close int lock = th_sealing_lock(path);
	int r = lock < 0 ? lock : th_trace_load(path, &t, NULL);
	if (r == 0) {
		r = th_sealing_run(path, t, NULL, key, &appended);
	}
	th_trace_free(t);
	return r;
}

static bool is_sealed(const struct th_trace *t)
{
	size_t n;
	th_reader_extras(t->reader, &n);
	return n > 0;
}

static void say_done(
	const struct redact_options *o, const struct th_trace *t, const struct th_redact_copy *c)
{
	printf("%s: frames with something replaced in them: %zu\n", o->out, c->changed);
	if (c->withheld) {
		printf("left out, as they could not be looked into (bodies, rests of exchanges): "
		       "%zu\n",
			c->withheld);
	}
	if (is_sealed(t)) {
		printf("The seals of %s do not hold for it: it is sealed anew, as a redacted "
		       "copy\n",
			o->in);
	}
}

static int redact_loaded(const struct redact_options *o, const struct th_trace *t,
	struct th_redact_copy *c, const struct th_sign_key *key)
{
	struct th_copy_out *out = NULL;
	int r = th_copy_out_create(o->out, t->reader, TH_COPY_OTHER, &out);
	if (r < 0) {
		th_tool_error("%s: %s; nothing was written", o->out, strerror(-r));
		return r == -EEXIST ? TH_EXIT_USAGE : r == -ENOENT ? TH_EXIT_MISSING : TH_EXIT_NO;
	}
	memcpy(c->how.key, th_reader_key(t->reader), sizeof(c->how.key));
	r = copy_all(c, t->reader, out);
	th_copy_out_destroy(out);
	if (r == 0) {
		r = seal_copy(o->out, key);
	}
	if (r < 0) {
		unlink(o->out);
		th_tool_error("%s: %s; it was removed", o->out, strerror(-r));
		return TH_EXIT_NO;
	}
	say_done(o, t, c);
	return th_load_say_damage(t);
}

static int redact(const struct redact_options *o, struct th_redact_copy *c)
{
	struct th_trace *t = NULL;
	struct th_sign_key *key = NULL;
	int code = o->key ? th_sign_key_load(o->key, &key) : TH_EXIT_OK;
	if (code == TH_EXIT_OK) {
		code = th_load(o->in, &t);
	}
	if (code == TH_EXIT_OK) {
		code = check_rules(t, o);
	}
	if (code == TH_EXIT_OK) {
		code = redact_loaded(o, t, c, key);
	}
	th_trace_free(t);
	th_sign_key_destroy(key);
	return code;
}

static int run(int argc, char **argv)
{
	struct redact_options o = {0};
	struct th_redact_copy c = {0};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	th_auto_free struct th_scrub_rules *rules = NULL;
	th_auto_free uint8_t *text = NULL;
	if (o.rules) {
		code = th_settings_read_rules(
			o.rules, "nothing was written", &rules, &text, &c.rules);
		c.how.rules = rules;
	}
	return th_tool_output_end(o.rules && code != TH_EXIT_OK ? code : redact(&o, &c));
}

const struct th_command th_cmd_redact = {"redact", run,
	"copy a capture, with what is secret replaced",
	"[--rules FILE] [--sign KEY] FILE COPY\n"
	"\n"
	"      --rules FILE      redaction rules, as TRACEHOOK_REDACT has them, beside the "
	"default\n"
	"      --sign KEY        sign the copy's seals: a file with an Ed25519 key, PEM\n"
	"\n"
	"COPY must not exist. It is replayed as FILE is, and says that it is a copy.\n"
	"Exits 65 when FILE is damaged; what could be read was copied.\n"};
