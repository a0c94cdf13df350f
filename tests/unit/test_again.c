#include "capture/again.h"

#include "tests/unit/guard.h"
#include "tests/unit/scratch.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/crc32c.h"
#include "capture/fold.h"
#include "capture/reader.h"
#include "capture/writer.h"

TestSuite(again, .init = scratch_setup, .fini = scratch_teardown);

static struct th_writer w;

/* ---- what was put, and what is read ---- */

#define PUT_MAX 2000

struct put {
	uint32_t id;
	uint8_t type, flags;
	uint8_t *p;
	size_t n;
};

static struct put all[PUT_MAX];
static size_t n_puts;
static bool somebody_else; /* has put them */

static void put(uint8_t type, uint8_t flags, uint32_t id, const void *p, size_t n)
{
	struct iovec part = {(void *)(uintptr_t)p, n};
	uint8_t *copy = malloc(n + 1);
	memcpy(copy, p, n);
	cr_assert_lt(n_puts, PUT_MAX);
	all[n_puts++] = (struct put){id, type, flags, copy, n};
	if (!somebody_else) {
		cr_assert_eq(th_writer_put(&w, type, flags, id, 1000 + n_puts, &part, 1), 0);
	}
}

/* A request's body, in frames of at most so many bytes. */
static void put_body(uint32_t id, const uint8_t *p, size_t n, size_t at_once)
{
	put(TH_FRAME_REQ_HEAD, TH_FRAME_LAST, id, "a head", 6);
	for (size_t at = 0; at < n; at += at_once) {
		size_t part = n - at < at_once ? n - at : at_once;
		put(TH_FRAME_REQ_DATA, at + part == n ? TH_FRAME_LAST : 0, id, p + at, part);
	}
	put(TH_FRAME_RES_DATA, TH_FRAME_LAST, id, "an answer", 9);
}

static void expect_all(const char *when)
{
	struct th_reader *r = NULL;
	struct th_frame f;
	size_t n = 0, damaged = 0;
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		const struct put *p = &all[n];
		cr_assert_lt(n, n_puts, "%s", when);
		cr_assert(f.seq == n && f.id == p->id && f.type == p->type && f.flags == p->flags &&
				f.time == 1001 + n,
			"%s: frame %zu", when, n);
		cr_assert_eq(f.payload.n, p->n, "%s: frame %zu", when, n);
		cr_assert_eq(memcmp(f.payload.p, p->p, p->n), 0, "%s: frame %zu", when, n);
		n++;
	}
	cr_assert_eq(n, n_puts, "%s: %zu of %zu frames", when, n, n_puts);
	th_reader_damage(r, &damaged);
	cr_assert_eq(damaged, 0, "%s", when);
	th_reader_close(r);
}

static void expect_all_live_and_folded(void)
{
	expect_all("live");
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(scratch_files(), 1);
	expect_all("folded");
}

/* ---- bodies ---- */

static uint8_t body[1u << 20];
static unsigned seed = 5;

static void fill(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		body[i] = (uint8_t)(rand_r(&seed) >> 7);
	}
}

static size_t room_of(size_t begin)
{
	return w.tail - begin;
}

/* Turns of which each has all before it, but for an end that differs. */
static void converse(int turns, uint32_t id, size_t at_once)
{
	size_t n = 3000;
	fill(0, n);
	for (int i = 0; i < turns; i++) {
		fill(n, n + 700);
		n += 700;
		memcpy(body + n, "]}", 2);
		put_body(id++, body, n + 2, at_once);
	}
}

Test(again, a_history_is_written_once)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	converse(40, 1, sizeof(body));
	cr_assert_lt(w.tail, 3000 + 40 * 700 + 40 * 40 * 12 + 40 * 300, "and not 700 KB");
	expect_all_live_and_folded();
}

Test(again, also_in_several_frames)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	converse(40, 1, 4096);
	cr_assert_lt(w.tail, 200000, "%zu", w.tail);
	expect_all_live_and_folded();
}

Test(again, more_turns_than_there_are_pieces)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	converse(3 * TH_AGAIN_PIECES, 1, sizeof(body));
	cr_assert_lt(w.live_count, 3);
	expect_all_live_and_folded();
}

Test(again, conversations_that_take_turns)
{
	static uint8_t history[4][40000];
	size_t n = 8000;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	fill(0, n);
	for (int i = 0; i < 4; i++) {
		memcpy(history[i], body, n);
	}
	size_t begin = w.tail;
	for (uint32_t turn = 0; turn < 20; turn++) {
		for (uint32_t i = 0; i < 4; i++) {
			fill(0, 500);
			memcpy(history[i] + n, body, 500);
			put_body(1 + 4 * turn + i, history[i], n + 500, sizeof(history[i]));
		}
		n += 500;
	}
	cr_assert_lt(room_of(begin), 120000, "%zu", room_of(begin));
	expect_all_live_and_folded();
}

/* Bodies of several exchanges at once, pieces of each by turns. */
Test(again, exchanges_whose_frames_alternate)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	fill(0, 60000);
	for (uint32_t turn = 0; turn < 6; turn++) {
		for (size_t at = 0; at < 60000; at += 10000) {
			for (uint32_t i = 1; i <= 5; i++) {
				body[59000 + i] = (uint8_t)turn;
				put(TH_FRAME_REQ_DATA, 0, 5 * turn + i, body + at, 10000);
			}
		}
	}
	cr_assert_lt(w.tail, 900000, "%zu, and not 1.8 MB", w.tail);
	expect_all_live_and_folded();
}

/* Whatever is sent is what is read: bodies that share a beginning of any length, in pieces of any
 * size, past windows of the live file. */
Test(again, anything_comes_back)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t id = 1; id <= 150; id++) {
		size_t n = (size_t)rand_r(&seed) % 60000;
		size_t from = (size_t)rand_r(&seed) % (n + 1);
		fill(from, from + (size_t)rand_r(&seed) % (n - from + 1));
		put_body(id, body, n, 1 + (size_t)rand_r(&seed) % 30000 + n / 6);
	}
	expect_all_live_and_folded();
}

/* Nothing of what is kept is mapped behind the window's end. */
Test(again, a_window_that_moved_on)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t id = 1; id <= 12; id++) {
		converse(3, 10 * id, sizeof(body));
		fill(300000, 500000);
		put(TH_FRAME_RES_DATA, 0, 10 * id, body + 300000, 200000);
		put_body(10 * id + 5, body, 4000, sizeof(body));
	}
	expect_all_live_and_folded();
}

/* A file whose frames stand for many more bytes is left before its folder takes long. */
Test(again, what_one_file_stands_for_is_bounded)
{
	const size_t n = TH_FRAME_PAYLOAD_MAX;
	struct iovec part = {body, n};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	fill(0, n);
	for (uint32_t id = 1; w.live_count < 3; id++) {
		cr_assert_leq((id - 1) * n, 2 * (size_t)TH_LIVE_MAX);
		cr_assert_eq(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, id, 1, &part, 1), 0);
	}
	cr_assert_lt(w.tail, TH_LIVE_MAX / 8);
}

Test(again, what_a_killed_writer_left)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		cr_assert_eq(th_writer_init(&w, scratch_path), 0);
		converse(30, 1, 20000);
		kill(getpid(), SIGKILL);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status));
	somebody_else = true;
	converse(30, 1, 20000);
	expect_all("killed");
	cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 1);
	cr_assert_eq(scratch_files(), 1);
	expect_all("folded by another");
}

Test(again, an_encrypted_file_is_of_version_1)
{
	struct th_live_header h = {.flags = TH_FILE_ENCRYPTED}, got;
	uint8_t bytes[TH_LIVE_HEADER_BYTES];
	th_live_header_encode(bytes, &h);
	cr_assert_eq(th_le16(bytes + 8), 1);
	h.flags = TH_FILE_REFERS;
	th_live_header_encode(bytes, &h);
	cr_assert_eq(th_le16(bytes + 8), 2);
	cr_assert_eq(th_le16(bytes + 10), 0);
	cr_assert_eq(th_live_header_decode(bytes, &got), 0);
	cr_assert_eq(got.flags, TH_FILE_REFERS);
}

/* ---- references that are not as the format says ---- */

#define FIRST 2000 /* bytes of the frame that is referred to */
#define SECOND_AT (TH_LIVE_HEADER_BYTES + TH_FRAME_HEADER_BYTES + FIRST)
#define OWN 10

struct made {
	uint8_t p[8192];
	size_t n;
};

static void add_frame(struct made *m, uint8_t type, uint8_t flags, const void *p, size_t n)
{
	const struct th_frame_header h = {.type = type, .flags = flags, .id = 1, .time = 5};
	uint8_t *at = m->p + m->n;
	uint32_t length = (uint32_t)(TH_FRAME_HEADER_BYTES + n);
	th_frame_encode(at, &h);
	memcpy(at + TH_FRAME_HEADER_BYTES, p, n);
	uint64_t commit = th_frame_commit(length, th_crc32c(0, at + 8, length - 8));
	memcpy(at, &commit, sizeof(commit));
	m->n += th_frame_room(length);
}

/* A live file of two frames, the second with references and OWN bytes; how many are sound. */
static uint32_t frames_of(uint8_t type, const uint32_t *words, size_t n, struct th_slice *ret_last)
{
	static struct made m;
	static uint8_t out[1u << 20];
	uint8_t payload[256];
	size_t at = TH_LIVE_HEADER_BYTES;
	uint32_t count;
	m = (struct made){.n = TH_LIVE_HEADER_BYTES};
	fill(0, FIRST);
	add_frame(&m, TH_FRAME_REQ_DATA, 0, body, FIRST);
	cr_assert_eq(m.n, SECOND_AT);
	memcpy(payload, words, n * sizeof(*words));
	memcpy(payload + n * sizeof(*words), "0123456789", OWN);
	add_frame(&m, type, TH_FRAME_REFERS | TH_FRAME_LAST, payload, n * sizeof(*words) + OWN);
	struct th_slice file = th_guard((struct th_slice){m.p, m.n});
	size_t measured = th_again_whole(file, &at, NULL, SIZE_MAX, &count);
	at = TH_LIVE_HEADER_BYTES;
	size_t put_there = th_again_whole(file, &at, out, measured, &count);
	cr_assert_eq(put_there, measured);
	const size_t first = th_frame_room(TH_FRAME_HEADER_BYTES + FIRST);
	*ret_last = (struct th_slice){out + first, measured - first};
	return count;
}

static uint32_t frames_with(const uint32_t *words, size_t n)
{
	struct th_slice last;
	return frames_of(TH_FRAME_REQ_DATA, words, n, &last);
}

Test(again, references_among_own_bytes)
{
	const uint32_t words[] = {2, 304, 4, SECOND_AT - FIRST, 200, 1, SECOND_AT - 94, 94};
	struct th_slice last;
	struct th_frame_header h;
	bool ok = false;
	cr_assert_eq(frames_of(TH_FRAME_REQ_DATA, words, 8, &last), 2);
	cr_assert_eq(th_frame_decode(last, &h, &ok), 1);
	cr_assert(ok && h.length == TH_FRAME_HEADER_BYTES + 304 && h.flags == TH_FRAME_LAST);
	const uint8_t *p = last.p + TH_FRAME_HEADER_BYTES;
	cr_assert_eq(memcmp(p, "0123", 4), 0);
	cr_assert_eq(memcmp(p + 4, body, 200), 0);
	cr_assert_eq(memcmp(p + 204, "4", 1), 0);
	cr_assert_eq(memcmp(p + 205, body + FIRST - 94, 94), 0);
	cr_assert_eq(memcmp(p + 299, "56789", 5), 0);
}

Test(again, references_that_lead_elsewhere)
{
	const uint32_t from = SECOND_AT - FIRST;
	const uint32_t good[] = {1, 110, 0, from, 100};
	const struct {
		const char *what;
		size_t at;
		uint32_t value;
	} bad[] = {
		{"no reference", 0, 0},
		{"more than there are", 0, 3},
		{"very many", 0, UINT32_MAX},
		{"another size", 1, 111},
		{"a size that is too small", 1, 109},
		{"one that no frame has", 1, UINT32_MAX},
		{"more own bytes than there are", 2, 11},
		{"very many own bytes", 2, UINT32_MAX},
		{"into the header", 3, TH_LIVE_HEADER_BYTES - 1},
		{"into itself", 3, SECOND_AT - 99},
		{"behind itself", 3, SECOND_AT + 200},
		{"far away", 3, UINT32_MAX},
		{"nothing", 4, 0},
		{"longer than what is left", 4, 111},
		{"very long", 4, UINT32_MAX},
	};
	cr_assert_eq(frames_with(good, 5), 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint32_t words[5];
		memcpy(words, good, sizeof(words));
		words[bad[i].at] = bad[i].value;
		cr_assert_eq(frames_with(words, 5), 1, "%s", bad[i].what);
	}
	for (size_t n = 0; n < 5; n++) {
		cr_assert_eq(frames_with(good, n), 1, "%zu words", n);
	}
	struct th_slice last;
	cr_assert_eq(frames_of(TH_FRAME_RES_DATA, good, 5, &last), 2, "only a request refers");
	cr_assert_eq(last.p[9], TH_FRAME_REFERS | TH_FRAME_LAST);
	cr_assert_eq(memcmp(last.p + TH_FRAME_HEADER_BYTES, good, sizeof(good)), 0);
}

/* In one of version 1 the flag says nothing. */
Test(again, a_file_of_version_1)
{
	struct th_live_header h = {.writer = 7};
	struct made m = {.n = TH_LIVE_HEADER_BYTES};
	char live_path[128];
	const uint8_t payload[] = {1, 2, 3};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	memcpy(h.file_id, w.file_id, sizeof(h.file_id));
	th_live_header_encode(m.p, &h);
	add_frame(&m, TH_FRAME_REQ_DATA, TH_FRAME_REFERS, payload, sizeof(payload));
	cr_assert_eq(th_live_name(live_path, sizeof(live_path), scratch_path, 7, 1), 0);
	scratch_write(live_path, m.p, m.n);
	struct th_reader *r = NULL;
	struct th_frame f;
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.payload.n, sizeof(payload));
	cr_assert_eq(memcmp(f.payload.p, payload, sizeof(payload)), 0);
	th_reader_close(r);
}
