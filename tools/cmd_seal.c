/* tracehook seal: seals what is in a capture, for runs that no wrapper sealed. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "capture/fold.h"
#include "tools/load.h"
#include "tools/sealing.h"
#include "tools/tools.h"

#define FOLD_BUDGET 60000000000u /* ns */

struct seal_options {
	const char *run, *key;
};

/* -1: go on with argv[optind]; else the exit code. */
static int parse_options(int argc, char **argv, struct seal_options *o)
{
	static const struct option options[] = {{"run", required_argument, NULL, 'r'},
		{"sign", required_argument, NULL, 'S'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "r:", options)) != -1;) {
		switch (c) {
		case 'r':
			o->run = optarg;
			break;
		case 'S':
			o->key = optarg;
			break;
		default:
			return th_tool_option_exit(c);
		}
	}
	if (optind + 1 != argc) {
		return th_tool_misuse("seal", optind == argc ? "which capture?" : "one capture");
	}
	return -1;
}

/* Damage is said and sealed over: a seal says what is there, not that nothing is missing. */
static int seal_loaded(const char *path, const struct th_trace *t, const struct seal_options *o,
	const struct th_sign_key *key)
{
	const struct th_run *run = NULL;
	size_t appended = 0;
	int code = t->n_runs == 0 || o->run ? th_load_run(t, path, o->run, &run) : TH_EXIT_OK;
	if (code != TH_EXIT_OK) {
		return code;
	}
	int r = th_sealing_run(path, t, run, key, &appended);
	if (r < 0) {
		th_sealing_say_failed(path, r);
		return TH_EXIT_NO;
	}
	return th_load_say_damage(t);
}

static int seal(const char *path, const struct seal_options *o, const struct th_sign_key *key)
{
	struct th_trace *t = NULL;
	th_fold_orphans(path, 0, FOLD_BUDGET);
	th_auto_close int lock = th_sealing_lock(path);
	if (lock == -ETIME) {
		th_sealing_say_failed(path, lock);
		return TH_EXIT_NO;
	}
	int code = th_load(path, &t);
	if (code == TH_EXIT_OK) {
		code = seal_loaded(path, t, o, key);
		th_trace_free(t);
	}
	return code;
}

static int run(int argc, char **argv)
{
	struct seal_options o = {0};
	struct th_sign_key *key = NULL;
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	code = o.key ? th_sign_key_load(o.key, &key) : TH_EXIT_OK;
	if (code == TH_EXIT_OK) {
		code = seal(argv[optind], &o, key);
	}
	th_sign_key_destroy(key);
	return code;
}

const struct th_command th_cmd_seal = {"seal", run,
	"seal the runs of a capture, so that changes show",
	"[--run ID] [--sign KEY] FILE\n"
	"\n"
	"  -r, --run ID          only this run: the beginning of its id, or #NUMBER\n"
	"      --sign KEY        sign the seals: a file with an Ed25519 key, PEM\n"
	"\n"
	"A recording with \"tracehook record\" is sealed at its end.\n"};
