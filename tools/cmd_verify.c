/* tracehook verify: is the capture as it was when it was sealed? A line per run.
 *
 * Green means proven: a run without a seal, or a place in the file that cannot be read, is not
 * intact (exit 1), although nothing speaks against it. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/capture_path.h"
#include "tools/load.h"
#include "tools/tools.h"
#include "tools/verdict.h"

struct verify_options {
	bool json;
	const char *run, *key;
};

/* -1: go on with argv[optind]; else the exit code. */
static int parse_options(int argc, char **argv, struct verify_options *o)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"run", required_argument, NULL, 'r'}, {"pub", required_argument, NULL, 'P'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "jr:", options)) != -1;) {
		switch (c) {
		case 'j':
			o->json = true;
			break;
		case 'r':
			o->run = optarg;
			break;
		case 'P':
			o->key = optarg;
			break;
		default:
			return th_tool_option_exit(c);
		}
	}
	if (optind + 1 != argc) {
		return th_tool_misuse("verify", optind == argc ? "which capture?" : "one capture");
	}
	return -1;
}

/* A capture whose first bytes were altered is a broken capture, and not some other file: behind
 * them stands a block. */
static bool is_broken_capture(const char *path)
{
	uint8_t magic[TH_MAGIC_BYTES];
	th_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd >= 0 && pread(fd, magic, sizeof(magic), TH_FILE_HEADER_BYTES) == sizeof(magic) &&
		memcmp(magic, TH_BLOCK_MAGIC, sizeof(magic)) == 0;
}

static int print(const struct verify_options *o, const char *path, const struct th_verify *v,
	const struct th_run *only)
{
	int code = v->n == 0 || v->bad_seals ? TH_EXIT_NO : TH_EXIT_OK;
	for (size_t i = 0; i < v->n; i++) {
		const struct th_verify_run *run = &v->runs[i];
		if (only && run->run != only) {
			continue;
		}
		(o->json ? th_verify_json : th_verify_print)(stdout, v, run);
		code = run->result == TH_VERIFY_INTACT ? code : TH_EXIT_NO;
	}
	if (o->json) {
		th_verify_file_json(stdout, v, path);
	}
	size_t rewritten = th_reader_rewritten(v->trace->reader);
	if (rewritten) {
		th_tool_error("%s: %zu torn %s passed over, all of whose frames were written again",
			path, rewritten, rewritten == 1 ? "block is" : "blocks are");
	}
	if (v->bad_seals) {
		th_tool_error("%s: a seal or signature at offset %" PRIu64 " cannot be read", path,
			v->first_bad);
	}
	return code;
}

static int verify(const struct verify_options *o, const char *path, const struct th_trace *t,
	struct th_written_list *written, const uint8_t *key)
{
	const struct th_run *only = NULL;
	struct th_verify v;
	int code = o->run ? th_load_run(t, path, o->run, &only) : TH_EXIT_OK;
	if (code != TH_EXIT_OK) {
		return code;
	}
	int r = th_verify_make(t, written, key, &v);
	if (r < 0) {
		th_tool_error("%s: cannot be verified: %s", path, strerror(-r));
		return TH_EXIT_NO;
	}
	code = print(o, path, &v, only);
	if (v.n == 0) {
		th_load_say_no_run(t, path);
	}
	if (th_load_say_damage(t) != TH_EXIT_OK) {
		code = TH_EXIT_NO;
	}
	th_verify_finish(&v);
	return code;
}

static int run(int argc, char **argv)
{
	struct verify_options o = {0};
	struct th_trace *t = NULL;
	struct th_written_list written = {0};
	uint8_t key[TH_ED25519_KEY_BYTES];
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	code = o.key ? th_sign_key_load_public(o.key, key) : TH_EXIT_OK;
	if (code != TH_EXIT_OK) {
		return code;
	}
	code = th_load_written(argv[optind], &t, &written);
	if (code != TH_EXIT_OK) {
		return code == TH_EXIT_DAMAGED && is_broken_capture(argv[optind]) ? TH_EXIT_NO
										  : code;
	}
	code = verify(&o, argv[optind], t, &written, o.key ? key : NULL);
	th_written_finish(&written);
	th_trace_free(t);
	return th_tool_output_end(code);
}

const struct th_command th_cmd_verify = {"verify", run,
	"tell whether a capture is as it was when it was sealed",
	"[--json] [--run ID] [--pub KEY] FILE\n"
	"\n"
	"  -j, --json            a report: one JSON object per run, then one of the file\n"
	"      --pub KEY         demand a signature: a file with an Ed25519 public key, "
	"PEM\n"
	"  -r, --run ID          only this run: the beginning of its id, or #NUMBER\n"
	"\n"
	"Exits 1 when a run is not as it was sealed, or has no seal.\n"};
