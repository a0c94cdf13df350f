/* The input twice: as split frames that somebody made, and as a recipe for frames to be split.
 * Joining ends, keeps within its room, and gives sound frames or such as are said not to be; what
 * was split comes back byte for byte. */
#include "capture/split.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "capture/join.h"
#include "capture/layout.h"
#include "fuzz.h"

#define BASE_BYTES 600

/* Size of the frames (u16), their count (u8), then split frames that may refer to a base. */
static void join_input(const uint8_t *p, size_t n)
{
	static const uint8_t base[BASE_BYTES] = {1, 2, 3};
	struct fuzz_digest digest = {0};
	struct th_in in = {p, n, false};
	size_t room = th_in_u16(&in);
	struct th_join j = {.frames = th_in_u8(&in), .base = {base, sizeof(base)}};
	th_auto_free uint8_t *out = malloc(room + 1);
	j.area = (struct th_slice){in.p, in.failed ? 0 : in.n};
	size_t got = th_join_frames(&j, out, room);
	FUZZ_CHECK(got <= room);
	fuzz_note(&digest, out, got);
}

/* A frame: type, how many bytes, and these, times over. */
static size_t add_frame(struct th_in *in, uint8_t *out, size_t cap)
{
	const struct th_frame_header h = {.type = th_in_u8(in), .id = cap & 7, .time = cap};
	struct th_slice word = th_in_bytes(in, in->n ? in->p[0] % in->n : 0);
	size_t times = th_in_u8(in), length = TH_FRAME_HEADER_BYTES + word.n * times;
	if (in->failed || th_frame_room(length) > cap) {
		return 0;
	}
	memset(out, 0, th_frame_room(length));
	th_frame_encode(out, &h);
	for (size_t i = 0; word.n && i < times; i++) {
		memcpy(out + TH_FRAME_HEADER_BYTES + i * word.n, word.p, word.n);
	}
	uint64_t commit = th_frame_commit((uint32_t)length, th_crc32c(0, out + 8, length - 8));
	memcpy(out, &commit, sizeof(commit));
	return th_frame_room(length);
}

static void expect_back(const struct th_split *split, struct th_slice base)
{
	th_auto_free uint8_t *area = malloc(split->bytes.n);
	th_auto_free uint8_t *out = malloc(split->frames.n);
	size_t n = 0;
	FUZZ_CHECK(area && out && split->bytes.n <= th_join_bound(split->frames.n));
	memcpy(area, split->bytes.p, split->bytes.n);
	n = split->bytes.n;
	struct th_join j = {{area, n}, split->count, base};
	FUZZ_CHECK(th_join_frames(&j, out, split->frames.n) == split->frames.n);
	FUZZ_CHECK(memcmp(out, split->frames.p, split->frames.n) == 0);
}

static void split_recipe(const uint8_t *p, size_t n)
{
	const struct th_split_limits limits = {64 << 10, 32 << 10, 20};
	struct th_in in = {p, n, false};
	static uint8_t frames[256 << 10];
	struct th_splitter s;
	struct th_split split;
	struct th_slice base = {NULL, 0}, rest = {frames, 0};
	for (size_t got = 1; got && in.n; rest.n += got) {
		got = add_frame(&in, frames + rest.n, sizeof(frames) - rest.n);
	}
	FUZZ_CHECK(th_splitter_init(&s, &limits) == 0);
	while (th_splitter_take(&s, rest, &split) == 0) {
		expect_back(&split, split.leans ? base : (struct th_slice){NULL, 0});
		base = split.frames;
		rest.p += split.frames.n;
		rest.n -= split.frames.n;
		th_splitter_lean_on(&s, &split, 0);
	}
	th_splitter_finish(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	join_input(p, n);
	split_recipe(p, n);
	return 0;
}
