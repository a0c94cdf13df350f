/* The input twice: as frames of a live file whose references somebody made, and as a recipe for
 * bodies that are written and put together again. Putting together keeps within its room and gives
 * sound frames; what was written comes back byte for byte. */
#include "capture/again.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "fuzz.h"

#define FILE_BYTES (256u << 10)
#define BODY_BYTES 4096

struct file {
	uint8_t p[FILE_BYTES];
	size_t n;
};

static struct file file;

static void commit(uint8_t flags, uint32_t id, size_t payload)
{
	const struct th_frame_header h = {.type = TH_FRAME_REQ_DATA, .flags = flags, .id = id};
	uint8_t *at = file.p + file.n;
	uint32_t length = (uint32_t)(TH_FRAME_HEADER_BYTES + payload);
	th_frame_encode(at, &h);
	uint64_t word = th_frame_commit(length, th_crc32c(0, at + 8, length - 8));
	memcpy(at, &word, sizeof(word));
	file.n += th_frame_room(length);
}

/* All frames of the file, put together; the caller frees. */
static struct th_slice whole(uint32_t *ret_count)
{
	const struct th_slice all = {file.p, file.n};
	size_t at = TH_LIVE_HEADER_BYTES, from = at;
	uint32_t count;
	size_t n = th_again_whole(all, &at, NULL, SIZE_MAX, &count);
	uint8_t *out = malloc(n + 1);
	FUZZ_CHECK(out);
	FUZZ_CHECK(th_again_whole(all, &from, out, n, ret_count) == n && from == at);
	FUZZ_CHECK(*ret_count == count && at <= file.n);
	return (struct th_slice){out, n};
}

/* Each frame: how many bytes, and these, as a payload that refers or not. */
static void made_by_somebody(struct th_in in)
{
	struct fuzz_digest digest = {0};
	uint32_t count;
	file.n = TH_LIVE_HEADER_BYTES;
	while (in.n > 1 && file.n < FILE_BYTES - 1024) {
		uint8_t n = th_in_u8(&in);
		struct th_slice payload = th_in_bytes(&in, n < in.n ? n : in.n);
		memcpy(file.p + file.n + TH_FRAME_HEADER_BYTES, payload.p, payload.n);
		commit(n & 1 ? TH_FRAME_REFERS : 0, n, payload.n);
	}
	struct th_slice frames = whole(&count);
	uint32_t sound;
	FUZZ_CHECK(th_frames_scan(frames, &sound) == frames.n && sound == count);
	fuzz_note(&digest, frames.p, frames.n);
	free((void *)(uintptr_t)frames.p);
}

static void write_body(struct th_again *a, uint32_t exchange, struct th_slice bytes)
{
	uint8_t *at = file.p + file.n + TH_FRAME_HEADER_BYTES;
	struct th_again_found found = th_again_find(a, (uintptr_t)file.p, exchange, bytes);
	size_t table = found.n ? th_again_encode(&found, (uint32_t)bytes.n, at) : 0;
	FUZZ_CHECK(found.n <= bytes.n && table <= found.n);
	memcpy(at + table, bytes.p + found.n, bytes.n - found.n);
	if (found.body) {
		th_again_keep(
			&found, (uint32_t)(at + table - file.p), (uint32_t)(bytes.n - found.n));
	}
	commit(found.n ? TH_FRAME_REFERS : 0, exchange, table + bytes.n - found.n);
}

static void expect(struct th_slice *frames, struct th_slice bytes)
{
	struct th_frame_header h;
	bool ok = false;
	FUZZ_CHECK(th_frame_decode(*frames, &h, &ok) && ok && h.flags == 0);
	FUZZ_CHECK(h.length == TH_FRAME_HEADER_BYTES + bytes.n);
	FUZZ_CHECK(memcmp(frames->p + TH_FRAME_HEADER_BYTES, bytes.p, bytes.n) == 0);
	frames->p += th_frame_room(h.length);
	frames->n -= th_frame_room(h.length);
}

/* Each step changes one byte of a body and sends some of it. */
static struct th_slice next_body(struct th_in *in, uint8_t body[BODY_BYTES])
{
	uint8_t change = th_in_u8(in);
	body[th_in_u16(in) % BODY_BYTES] ^= change;
	return (struct th_slice){body, th_in_u16(in) % BODY_BYTES};
}

static void written(struct th_in in)
{
	static struct th_again a;
	uint8_t body[BODY_BYTES] = {0}, again[BODY_BYTES] = {0};
	struct th_in same = in;
	uint32_t count;
	a = (struct th_again){0};
	file.n = TH_LIVE_HEADER_BYTES;
	while (in.n >= 6 && file.n < FILE_BYTES - 2 * BODY_BYTES) {
		uint32_t exchange = th_in_u8(&in);
		write_body(&a, exchange, next_body(&in, body));
	}
	struct th_slice frames = whole(&count), left = frames;
	while (left.n > 0) {
		th_in_u8(&same);
		expect(&left, next_body(&same, again));
	}
	FUZZ_CHECK(same.n == in.n);
	free((void *)(uintptr_t)frames.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	made_by_somebody((struct th_in){p, n, false});
	written((struct th_in){p, n, false});
	return 0;
}
