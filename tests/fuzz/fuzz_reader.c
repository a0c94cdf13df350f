/* The input twice: as a whole capture file, and as a recipe for sound frames with any content.
 * Whatever the file, reading ends, every frame lies in memory that can be read, and numbers rise;
 * sound frames all come back, and a trace can be made of them. */
#include "capture/reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "capture/layout.h"
#include "fuzz.h"
#include "trace/http.h"

static const struct th_file_header header = {.file_id = {1, 2, 3}};

/* The path of a file in memory that holds the bytes; *ret_fd is to be closed. */
static void make_file(const uint8_t *p, size_t n, char ret_path[32], int *ret_fd)
{
	int fd = memfd_create("capture", 0);
	FUZZ_CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	snprintf(ret_path, 32, "/proc/self/fd/%d", fd);
	*ret_fd = fd;
}

static size_t read_frames(const char *path, size_t *ret_damage)
{
	struct th_reader *r = NULL;
	struct th_frame f, last = {0};
	struct fuzz_digest digest = {0};
	size_t n = 0;
	*ret_damage = 0;
	if (th_reader_open(path, &r, NULL) < 0) {
		FUZZ_CHECK(!r);
		return 0;
	}
	for (; th_reader_next(r, &f); n++) {
		FUZZ_CHECK(n == 0 || f.writer != last.writer || f.seq > last.seq);
		fuzz_note(&digest, f.payload.p, f.payload.n);
		last = f;
	}
	th_reader_damage(r, ret_damage);
	th_reader_close(r);
	return n;
}

static void look_at(const struct th_exchange *x)
{
	uint8_t *body = NULL;
	size_t n = 0;
	th_auto_free char *url = th_http_url(x);
	FUZZ_CHECK(url && x->process && x->process->run);
	th_http_outcome(x, NULL);
	th_http_ttfb(x);
	if (th_http_body(&x->response, false, &body, &n) == 0) {
		FUZZ_CHECK(n <= x->response.body_bytes);
	}
	free(body);
}

static void make_trace(const char *path)
{
	struct th_trace *t = NULL;
	if (th_trace_load(path, &t, NULL) < 0) {
		return;
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		struct th_run *run = t->runs[i];
		FUZZ_CHECK(run->n_processes > 0);
		for (size_t k = 0; k < run->n_exchanges; k++) {
			look_at(run->exchanges[k]);
		}
		for (size_t k = 0; k < run->n_processes; k++) {
			FUZZ_CHECK(run->processes[k]->lane[0]);
		}
	}
	th_trace_free(t);
}

static size_t check_file(const uint8_t *p, size_t n, size_t *ret_damage)
{
	char path[32];
	th_auto_close int fd = -1;
	make_file(p, n, path, &fd);
	size_t frames = read_frames(path, ret_damage);
	make_trace(path);
	return frames;
}

/* A frame of the recipe: type, flags, id, time, a length of one byte, and the payload. */
static size_t add_frame(struct th_in *in, uint8_t *out)
{
	const struct th_frame_header h = {.type = th_in_u8(in),
		.flags = th_in_u8(in),
		.id = th_in_u8(in),
		.time = th_in_u8(in)};
	size_t want = th_in_u8(in);
	struct th_slice payload = th_in_bytes(in, want < in->n ? want : in->n);
	size_t length = TH_FRAME_HEADER_BYTES + payload.n;
	memset(out, 0, th_frame_room(length));
	th_frame_encode(out, &h);
	if (payload.n) {
		memcpy(out + TH_FRAME_HEADER_BYTES, payload.p, payload.n);
	}
	uint64_t commit = th_frame_commit((uint32_t)length, th_crc32c(0, out + 8, length - 8));
	memcpy(out, &commit, sizeof(commit));
	return th_frame_room(length);
}

/* One block per writer; a first byte of 0xff among the frames begins the next one. */
static size_t add_block(struct th_in *in, uint64_t writer, uint8_t *out, size_t *ret_frames)
{
	struct th_block b = {.type = TH_BLOCK_FRAMES, .writer = writer};
	size_t at = TH_BLOCK_HEADER_BYTES;
	while (in->n && in->p[0] != 0xff) {
		at += add_frame(in, out + at);
		b.frames++;
	}
	if (in->n) {
		th_in_u8(in);
	}
	b.raw_bytes = b.stored_bytes = (uint32_t)(at - TH_BLOCK_HEADER_BYTES);
	b.crc = th_crc32c(0, out + TH_BLOCK_HEADER_BYTES, b.stored_bytes);
	th_block_encode(out, header.file_id, &b);
	*ret_frames += b.frames;
	return at;
}

static void check_recipe(const uint8_t *p, size_t n)
{
	struct th_in in = {p, n, false};
	th_auto_free uint8_t *file = malloc(256 + n * (TH_BLOCK_HEADER_BYTES + 64));
	size_t at = TH_FILE_HEADER_BYTES, frames = 0, damage = 0;
	FUZZ_CHECK(file);
	th_file_header_encode(file, &header);
	for (uint64_t writer = 1; in.n; writer++) {
		at += add_block(&in, writer, file + at, &frames);
	}
	FUZZ_CHECK(check_file(file, at, &damage) == frames && damage == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t damage;
	check_file(p, n, &damage);
	check_recipe(p, n);
	return 0;
}
