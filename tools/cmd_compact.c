/* tracehook compact: an archive copy of a capture, packed as small as can be.
 *
 * It is the same capture: file id, frames, seals, signatures. The hash chain is over frames and not
 * over blocks (FORMAT.md, "Integrity"), so the seals that were made of the original prove the copy.
 * What is damaged is not copied: its copy could not be told from one that was damaged later. Before
 * it says that all is well it reads the copy and compares every frame. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/copy_out.h"
#include "tools/load.h"
#include "tools/tools.h"
#include "tools/units.h"

struct compact_options {
	bool quiet;
	const char *in, *out;
};

/* -1: go on; else the exit code. */
static int parse_options(int argc, char **argv, struct compact_options *o)
{
	static const struct option options[] = {
		{"quiet", no_argument, NULL, 'q'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "q", options)) != -1;) {
		if (c != 'q') {
			return th_tool_option_exit(c);
		}
		o->quiet = true;
	}
	if (optind + 2 != argc) {
		return th_tool_misuse("compact", "a capture, and the name of its copy");
	}
	o->in = argv[optind];
	o->out = argv[optind + 1];
	return -1;
}

static int copy_all(struct th_reader *in, struct th_copy_out *out)
{
	struct th_frame f;
	size_t n;
	int r = 0;
	th_reader_rewind(in);
	while (r == 0 && th_reader_next(in, &f)) {
		r = th_copy_out_frame(out, &f);
	}
	const struct th_extra *extras = th_reader_extras(in, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = th_copy_out_extra(out, &extras[i]);
	}
	return r == 0 ? th_copy_out_flush(out) : r;
}

static bool same_frame(const struct th_frame *a, const struct th_frame *b)
{
	return a->writer == b->writer && a->seq == b->seq &&
		th_slice_eq(th_frame_whole(a), th_frame_whole(b));
}

static bool same_extras(const struct th_reader *a, const struct th_reader *b)
{
	size_t n, m;
	const struct th_extra *x = th_reader_extras(a, &n), *y = th_reader_extras(b, &m);
	bool same = n == m;
	for (size_t i = 0; same && i < n; i++) {
		same = x[i].type == y[i].type && th_slice_eq(x[i].payload, y[i].payload);
	}
	return same;
}

/* Every frame and every seal, and no damage. */
static int compare(struct th_reader *in, const char *path, size_t *ret_frames)
{
	struct th_reader *copy = NULL;
	struct th_frame a, b;
	size_t n = 0, damage = 0;
	bool same = true;
	int r = th_reader_open(path, &copy, NULL);
	if (r < 0) {
		return r;
	}
	th_reader_rewind(in);
	for (; same && th_reader_next(in, &a); n++) {
		same = th_reader_next(copy, &b) && same_frame(&a, &b);
	}
	same = same && !th_reader_next(copy, &b) && same_extras(in, copy);
	th_reader_damage(copy, &damage);
	th_reader_close(copy);
	*ret_frames = n;
	return same && damage == 0 ? 0 : -EBADMSG;
}

static double size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static size_t count_seals(const struct th_reader *r)
{
	size_t n, seals = 0;
	const struct th_extra *extras = th_reader_extras(r, &n);
	for (size_t i = 0; i < n; i++) {
		seals += extras[i].type == TH_BLOCK_SEAL;
	}
	return seals;
}

static void say_done(const struct compact_options *o, const struct th_trace *t, size_t frames)
{
	double before = size_of(o->in), after = size_of(o->out);
	size_t seals = count_seals(t->reader);
	printf("%s: %.0f bytes of %.0f (%.1f %%), %zu frames compared, %zu %s copied\n", o->out,
		after, before, before > 0 ? 100 * after / before : 0, frames, seals,
		seals == 1 ? "seal" : "seals");
	if (seals == 0) {
		printf("Nothing in it is sealed: tracehook seal %s\n", o->in);
	}
}

static int compact_loaded(const struct compact_options *o, struct th_trace *t)
{
	struct th_copy_out *out = NULL;
	size_t frames = 0;
	int r = th_copy_out_create(o->out, t->reader, TH_COPY_ARCHIVE, &out);
	if (r < 0) {
		th_tool_error("%s: %s; nothing was written", o->out, strerror(-r));
		return r == -EEXIST ? TH_EXIT_USAGE : r == -ENOENT ? TH_EXIT_MISSING : TH_EXIT_NO;
	}
	r = copy_all(t->reader, out);
	th_copy_out_destroy(out);
	r = r < 0 ? r : compare(t->reader, o->out, &frames);
	if (r < 0) {
		unlink(o->out);
		th_tool_error("%s: %s; it was removed", o->out,
			r == -EBADMSG ? "the copy is not what it was made of" : strerror(-r));
		return TH_EXIT_NO;
	}
	if (!o->quiet) {
		say_done(o, t, frames);
	}
	return TH_EXIT_OK;
}

static int compact(const struct compact_options *o)
{
	struct th_trace *t = NULL;
	int code = th_load(o->in, &t);
	if (code == TH_EXIT_OK) {
		code = th_load_say_damage(t);
		if (code != TH_EXIT_OK) {
			th_tool_error("%s: is damaged; nothing was written", o->in);
		}
	}
	if (code == TH_EXIT_OK) {
		code = compact_loaded(o, t);
	}
	th_trace_free(t);
	return code;
}

static int run(int argc, char **argv)
{
	struct compact_options o = {0};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	return code >= 0 ? code : th_tool_output_end(compact(&o));
}

const struct th_command th_cmd_compact = {"compact", run,
	"copy a capture into an archive, as small as can be",
	"[--quiet] FILE COPY\n"
	"\n"
	"  -q, --quiet           say nothing when all went well\n"
	"\n"
	"COPY must not exist. It holds every frame of FILE, and its seals, which prove the copy as "
	"well;\nall other subcommands read it as they read FILE.\n"
	"Exits 65 when FILE is damaged; nothing is written then.\n"};
