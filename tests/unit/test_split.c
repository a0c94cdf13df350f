/* Frames that are taken apart come back byte for byte; what repeats costs nothing; whatever stands
 * in a split block, joining it ends, stays within memory, and gives nothing that its checks do not
 * prove. */
#include "capture/split.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "capture/join.h"
#include "capture/layout.h"
#include "tests/unit/guard.h"

#define ROOM (8u << 20)

static struct th_out frames;
static uint8_t *area;
static size_t area_n;

static void setup(void)
{
	frames = (struct th_out){.p = malloc(ROOM), .cap = ROOM};
	area = malloc(ROOM);
}

static void teardown(void)
{
	free(frames.p);
	free(area);
}

TestSuite(split, .init = setup, .fini = teardown);

static void put(uint8_t type, uint8_t flags, uint32_t id, uint64_t time, const void *p, size_t n)
{
	const struct th_frame_header h = {.type = type, .flags = flags, .id = id, .time = time};
	size_t length = TH_FRAME_HEADER_BYTES + n;
	uint8_t *at = frames.p + frames.n;
	cr_assert_leq(frames.n + th_frame_room(length), frames.cap);
	th_frame_encode(at, &h);
	memcpy(at + TH_FRAME_HEADER_BYTES, p, n);
	memset(at + length, 0, th_frame_room(length) - length);
	uint64_t commit = th_frame_commit((uint32_t)length, th_crc32c(0, at + 8, length - 8));
	memcpy(at, &commit, sizeof(commit));
	frames.n += th_frame_room(length);
}

/* Bytes that do not repeat. */
static void fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

/* What it gave. */
static struct th_slice lay_out(const struct th_split *s)
{
	area_n = 0;
	memcpy(area, s->bytes.p, s->bytes.n);
	area_n = s->bytes.n;
	cr_assert_leq(area_n, th_join_bound(s->frames.n));
	return (struct th_slice){area, area_n};
}

static void expect_back(const struct th_split *s, struct th_slice base)
{
	struct th_join j = {lay_out(s), s->count, base};
	uint8_t *out = malloc(s->frames.n);
	cr_assert_eq(th_join_frames(&j, out, s->frames.n), s->frames.n);
	cr_assert_eq(memcmp(out, s->frames.p, s->frames.n), 0);
	free(out);
}

/* A turn resends everything that was said; pieces as a TLS library cuts them. */
static void put_turns(const uint8_t *said, uint32_t n, size_t first, size_t more)
{
	for (uint32_t i = 1; i <= n; i++) {
		size_t size = first + i * more;
		put(TH_FRAME_REQ_HEAD, TH_FRAME_LAST, i, 1000 * i, "POST / HTTP/1.1\r\n\r\n", 19);
		for (size_t at = 0; at < size; at += 16384) {
			size_t piece = size - at < 16384 ? size - at : 16384;
			put(TH_FRAME_REQ_DATA, 0, i, 1000 * i + 1, said + at, piece);
		}
		put(TH_FRAME_RES_DATA, TH_FRAME_LAST, i, 1000 * i + 500, "fine", 4);
	}
}

Test(split, comes_back_and_costs_what_is_new)
{
	struct th_splitter s;
	struct th_split split;
	static uint8_t said[200000];
	fill(said, sizeof(said), 1);
	put(TH_FRAME_PROCESS, 0, 0, 5, "", 0);
	put(200, 255, UINT32_MAX, 0, "of a type that nobody knows", 27);
	put_turns(said, 20, 5000, 2000);
	cr_assert_eq(th_splitter_init(&s, &th_split_writer), 0);
	cr_assert_eq(th_splitter_take(&s, (struct th_slice){frames.p, frames.n}, &split), 0);
	cr_assert_eq(split.frames.n, frames.n);
	cr_assert_not(split.leans);
	cr_assert_lt(split.bytes.n, 47000 + 20 * 100, "45,000 bytes that are new, not 520,000");
	expect_back(&split, (struct th_slice){NULL, 0});
	th_splitter_finish(&s);
}

/* A block does not pay for what the one before it had; and leans on none for a trifle. */
Test(split, leans_on_the_block_before)
{
	struct th_splitter s;
	struct th_split first, second;
	static uint8_t said[200000];
	fill(said, sizeof(said), 2);
	put_turns(said, 2, 90000, 2000);
	size_t half = frames.n;
	put_turns(said, 2, 90000, 2000);
	cr_assert_eq(th_splitter_init(&s, &th_split_writer), 0);
	cr_assert_eq(th_splitter_take(&s, (struct th_slice){frames.p, half}, &first), 0);
	cr_assert_gt(first.bytes.n, 90000);
	th_splitter_lean_on(&s, &first, 7);
	struct th_slice rest = {frames.p + half, frames.n - half};
	cr_assert_eq(th_splitter_take(&s, rest, &second), 0);
	cr_assert(second.leans);
	cr_assert_eq(second.base_first, 7);
	cr_assert_eq(second.base_bytes, half);
	cr_assert_lt(second.bytes.n, 1000);
	expect_back(&second, (struct th_slice){frames.p, half});
	th_splitter_lean_on(&s, &second, 8);
	rest.n = 40 + 24 + 8 + 16384;
	cr_assert_eq(th_splitter_take(&s, rest, &second), 0);
	cr_assert_not(second.leans, "16 KB are not worth it");
	expect_back(&second, (struct th_slice){NULL, 0});
	th_splitter_finish(&s);
}

/* What stands before a body is the header of its own frame, whose length and checksum a reader has
 * only when the frame is whole. One of these lengths looks like what goes on repeating there. */
Test(split, no_repeat_is_of_the_header_at_hand)
{
	enum {
		PERIOD = 200,
		BEFORE = 1000,
		LONGER = 2 * BEFORE
	};
	struct th_splitter s;
	struct th_split split;
	uint8_t said[BEFORE + LONGER + 256];
	fill(said, PERIOD, 4);
	for (size_t i = PERIOD; i < sizeof(said); i++) {
		said[i] = said[i - PERIOD];
	}
	for (size_t more = 0; more < 256; more++) {
		frames.n = 0;
		put(TH_FRAME_RES_DATA, 0, 1, 1, said, BEFORE);
		put(TH_FRAME_RES_DATA, 0, 1, 2, said + BEFORE, LONGER + more);
		cr_assert_eq(th_splitter_init(&s, &th_split_writer), 0);
		cr_assert_eq(
			th_splitter_take(&s, (struct th_slice){frames.p, frames.n}, &split), 0);
		cr_assert_lt(split.bytes.n, 2 * BEFORE, "it repeats");
		expect_back(&split, (struct th_slice){NULL, 0});
		th_splitter_finish(&s);
	}
}

Test(split, what_is_gone_from_memory_is_not_referred_to)
{
	enum {
		SAID = 8192,
		GONE = 3000
	};
	struct th_splitter s;
	struct th_split split;
	uint8_t said[SAID];
	fill(said, SAID, 5);
	put(TH_FRAME_RES_DATA, 0, 1, 1, said, SAID);
	put(TH_FRAME_RES_DATA, 0, 1, 2, said, SAID);
	cr_assert_eq(th_splitter_init(&s, &th_split_writer), 0);
	s.repeats.low = TH_FRAME_HEADER_BYTES + GONE;
	cr_assert_eq(th_splitter_take(&s, (struct th_slice){frames.p, frames.n}, &split), 0);
	cr_assert_gt(split.bytes.n, SAID + GONE);
	cr_assert_lt(split.bytes.n, SAID + GONE + 200);
	expect_back(&split, (struct th_slice){NULL, 0});
	th_splitter_finish(&s);
}

Test(split, leans_only_so_deep)
{
	struct th_splitter s;
	struct th_split split;
	static uint8_t said[100000];
	fill(said, sizeof(said), 3);
	put_turns(said, 1, 90000, 0);
	struct th_slice turn = {frames.p, frames.n};
	int in_a_row = 0, most = 0;
	cr_assert_eq(th_splitter_init(&s, &th_split_writer), 0);
	for (int i = 0; i < 2 * TH_SPLIT_LEAN_MAX; i++) {
		cr_assert_eq(th_splitter_take(&s, turn, &split), 0);
		in_a_row = split.leans ? in_a_row + 1 : 0;
		most = most > in_a_row ? most : in_a_row;
		th_splitter_lean_on(&s, &split, (uint64_t)i);
	}
	cr_assert_eq(most, TH_SPLIT_LEAN_MAX);
	th_splitter_finish(&s);
}

Test(split, takes_what_a_block_may_hold)
{
	struct th_splitter s;
	struct th_split split;
	struct th_split_limits limits = {ROOM, 1000, 5};
	static uint8_t noise[800];
	size_t n = 0, blocks = 0;
	fill(noise, sizeof(noise), 4);
	for (uint32_t i = 0; i < 20; i++) {
		put(TH_FRAME_RES_DATA, 0, 20 - i, i, noise, i * 30);
	}
	cr_assert_eq(th_splitter_init(&s, &limits), 0);
	for (; n < frames.n; blocks++) {
		struct th_slice rest = {frames.p + n, frames.n - n};
		cr_assert_eq(th_splitter_take(&s, rest, &split), 0);
		cr_assert_leq(split.count, 5);
		expect_back(&split, (struct th_slice){NULL, 0});
		n += split.frames.n;
		th_splitter_lean_on(&s, NULL, 0);
	}
	cr_assert_gt(blocks, 4);
	cr_assert_eq(th_splitter_take(&s, (struct th_slice){frames.p, 0}, &split), -ENODATA);
	frames.n = 0;
	put(TH_FRAME_RES_DATA, 0, 1, 1, noise, 5);
	frames.p[10] = 1;
	cr_assert_eq(th_splitter_take(&s, (struct th_slice){frames.p, frames.n}, &split), -EINVAL,
		"reserved bytes would be lost");
	th_splitter_finish(&s);
}

/* Every byte of a split block changed, or cut off: what comes out is what was there, or nothing. */
Test(split, gives_nothing_that_is_not_proven)
{
	struct th_splitter s;
	struct th_split split;
	static uint8_t said[2000];
	fill(said, sizeof(said), 5);
	put_turns(said, 3, 600, 200);
	cr_assert_eq(th_splitter_init(&s, &th_split_writer), 0);
	cr_assert_eq(th_splitter_take(&s, (struct th_slice){frames.p, frames.n}, &split), 0);
	lay_out(&split);
	uint8_t *out = malloc(frames.n);
	for (size_t i = 0; i < area_n; i++) {
		struct th_slice altered = th_guard((struct th_slice){area, area_n});
		((uint8_t *)(uintptr_t)altered.p)[i] ^= (uint8_t)(1 << i % 8);
		struct th_join j = {altered, split.count, {NULL, 0}};
		size_t n = th_join_frames(&j, out, frames.n);
		uint32_t count = 0;
		n = th_frames_scan((struct th_slice){out, n}, &count);
		cr_expect_eq(memcmp(out, frames.p, n), 0, "byte %zu", i);
		altered = th_guard((struct th_slice){area, i});
		struct th_join cut = {altered, split.count, {NULL, 0}};
		cr_expect_eq(th_join_frames(&cut, out, frames.n), 0, "cut at %zu", i);
	}
	free(out);
	th_splitter_finish(&s);
}
