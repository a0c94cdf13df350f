/* The frame layer: every frame kind, in one piece and cut at every byte, and what is refused. */
#include "wire/http2.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"

/* What the callbacks saw, as text; pieces of one DATA frame run together. */
struct log {
	char p[4096];
	size_t n;
	bool in_data;
	int refuse; /* what headers() returns */
};

#define LOG(l, ...) \
	((l)->n += (size_t)snprintf((l)->p + (l)->n, sizeof((l)->p) - (l)->n, __VA_ARGS__))

static void on_data(
	void *ctx, uint32_t stream, struct th_slice piece, bool last_piece, bool end_stream)
{
	struct log *l = ctx;
	if (!l->in_data) {
		LOG(l, "data %u ", stream);
	}
	LOG(l, "%.*s", (int)piece.n, piece.p);
	l->in_data = !last_piece;
	if (last_piece) {
		LOG(l, "%s\n", end_stream ? " END" : "");
	}
}

static int on_headers(
	void *ctx, uint32_t stream, uint32_t promised, struct th_slice block, bool end_stream)
{
	struct log *l = ctx;
	LOG(l, "headers %u,%u %.*s%s\n", stream, promised, (int)block.n, block.p,
		end_stream ? " END" : "");
	return l->refuse;
}

static void on_rst(void *ctx, uint32_t stream, uint32_t code)
{
	LOG((struct log *)ctx, "rst %u %u\n", stream, code);
}

static void on_setting(void *ctx, uint16_t id, uint32_t value)
{
	LOG((struct log *)ctx, "setting %u %u\n", id, value);
}

static void on_ack(void *ctx)
{
	LOG((struct log *)ctx, "ack\n");
}

static void on_goaway(void *ctx, uint32_t last_stream, uint32_t code)
{
	LOG((struct log *)ctx, "goaway %u %u\n", last_stream, code);
}

static const struct th_h2_callbacks callbacks = {
	on_data, on_headers, on_rst, on_setting, on_ack, on_goaway};

/* ---- making frames ---- */

struct wire {
	uint8_t p[8192];
	size_t n;
};

static void put(struct wire *w, const void *p, size_t n)
{
	cr_assert_leq(w->n + n, sizeof(w->p));
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void frame(
	struct wire *w, uint8_t type, uint8_t flags, uint32_t stream, const char *payload, size_t n)
{
	uint8_t h[9] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8),
		(uint8_t)stream};
	put(w, h, sizeof(h));
	put(w, payload, n);
}

#define FRAME(w, type, flags, stream, literal) \
	frame(w, type, flags, stream, literal, sizeof(literal) - 1)

static struct wire begun(void)
{
	struct wire w = {.n = 0};
	FRAME(&w, TH_H2_SETTINGS, 0, 0, "");
	return w;
}

static int feed(const struct wire *w, bool client, size_t step, struct log *l)
{
	struct th_h2_parser p;
	*l = (struct log){.refuse = l->refuse};
	th_h2_init(&p, &callbacks, l, client);
	int r = 0;
	for (size_t at = 0; at < w->n; at += step) {
		size_t n = w->n - at < step ? w->n - at : step;
		r = th_h2_feed(&p, th_guard((struct th_slice){w->p + at, n}));
	}
	th_h2_finish(&p);
	return r;
}

static void expect(const struct wire *w, bool client, const char *want)
{
	struct log l = {0};
	for (size_t step = 1; step <= w->n; step++) {
		cr_assert_eq(feed(w, client, step, &l), 0, "step %zu", step);
		cr_assert_str_eq(l.p, want, "step %zu: %s", step, l.p);
	}
}

static void expect_error(const struct wire *w, bool client, int error)
{
	struct log l = {0};
	for (size_t step = 1; step <= w->n; step++) {
		cr_assert_eq(feed(w, client, step, &l), error, "step %zu: %s", step, l.p);
	}
}

/* ---- what is understood ---- */

Test(http2, a_client_direction)
{
	struct wire w = {.n = 0};
	put(&w, TH_H2_PREFACE, 24);
	FRAME(&w, TH_H2_SETTINGS, 0, 0, "\0\1\0\0\x20\0\0\2\0\0\0\0");
	FRAME(&w, TH_H2_WINDOW_UPDATE, 0, 0, "\0\0\1\0");
	FRAME(&w, TH_H2_HEADERS, 4, 1, "block");
	FRAME(&w, TH_H2_DATA, 0, 1, "one");
	FRAME(&w, TH_H2_DATA, 1, 1, "two");
	FRAME(&w, TH_H2_SETTINGS, 1, 0, "");
	FRAME(&w, TH_H2_HEADERS, 5, 0x80000003, "more");
	FRAME(&w, TH_H2_RST_STREAM, 0, 3, "\0\0\0\x8");
	expect(&w, true,
		"setting 1 8192\nsetting 2 0\nheaders 1,0 block\ndata 1 one\ndata 1 two END\nack\n"
		"headers 3,0 more END\nrst 3 8\n");
}

Test(http2, padding_and_priority_are_taken_off)
{
	struct wire w = begun();
	FRAME(&w, TH_H2_HEADERS, 4 | 8 | 0x20, 1,
		"\3\x80\0\0\5\x10"
		"block"
		"\0\0\0");
	FRAME(&w, TH_H2_HEADERS, 4 | 0x20, 1,
		"\0\0\0\5\x10"
		"b");
	FRAME(&w, TH_H2_DATA, 8, 1, "\4data\0\0\0\0");
	FRAME(&w, TH_H2_DATA, 8, 1, "\0data");
	FRAME(&w, TH_H2_DATA, 8 | 1, 1, "\2\0\0");
	FRAME(&w, TH_H2_PUSH_PROMISE, 8 | 4, 1, "\1\0\0\0\2pushed\0");
	expect(&w, false,
		"headers 1,0 block\nheaders 1,0 b\ndata 1 data\ndata 1 data\ndata 1  END\n"
		"headers 1,2 pushed\n");
}

Test(http2, header_blocks_are_joined)
{
	struct wire w = begun();
	FRAME(&w, TH_H2_HEADERS, 1, 1, "one");
	FRAME(&w, TH_H2_CONTINUATION, 0, 1, "");
	FRAME(&w, TH_H2_CONTINUATION, 0, 1, "two");
	FRAME(&w, TH_H2_CONTINUATION, 4, 1, "three");
	FRAME(&w, TH_H2_PUSH_PROMISE, 0, 1,
		"\0\0\0\4"
		"a");
	FRAME(&w, TH_H2_CONTINUATION, 4, 1, "b");
	FRAME(&w, TH_H2_HEADERS, 0, 3, "");
	FRAME(&w, TH_H2_CONTINUATION, 4, 3, "");
	expect(&w, false, "headers 1,0 onetwothree END\nheaders 1,4 ab\nheaders 3,0 \n");
}

Test(http2, empty_data_is_told_once)
{
	struct wire w = begun();
	FRAME(&w, TH_H2_DATA, 0, 1, "");
	FRAME(&w, TH_H2_DATA, 1, 1, "");
	expect(&w, false, "data 1 \ndata 1  END\n");
}

Test(http2, what_is_of_no_interest_is_skipped)
{
	struct wire w = begun();
	FRAME(&w, TH_H2_PING, 0, 0, "12345678");
	FRAME(&w, TH_H2_PRIORITY, 0, 1, "12345");
	FRAME(&w, 0x0a, 0xff, 0, "alt-svc");
	FRAME(&w, 0xff, 0xff, 7, "");
	FRAME(&w, TH_H2_GOAWAY, 0, 0,
		"\x80\0\0\5\0\0\0\xb"
		"debug data");
	expect(&w, false, "goaway 5 11\n");
}

Test(http2, a_frame_of_sixteen_mebibytes)
{
	static const uint8_t piece[1 << 16];
	struct th_h2_parser p;
	struct log l = {0};
	static const struct th_h2_callbacks none;
	th_h2_init(&p, &none, &l, false);
	struct wire w = begun();
	put(&w, "\xff\xff\xff\0\1\0\0\0\1", 9);
	cr_assert_eq(th_h2_feed(&p, (struct th_slice){w.p, w.n}), 0);
	for (unsigned i = 0; i < 255; i++) {
		cr_assert_eq(th_h2_feed(&p, (struct th_slice){piece, sizeof(piece)}), 0);
	}
	cr_assert_eq(p.left, 0xffff);
	cr_assert_null(p.block, "no body is held");
	th_h2_finish(&p);
}

/* ---- what is refused ---- */

Test(http2, not_the_preface)
{
	struct wire w = {.n = 0};
	put(&w, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", 24);
	expect_error(&w, true, -EBADMSG);
}

Test(http2, settings_must_come_first)
{
	struct wire w = {.n = 0};
	put(&w, "HTTP/1.1 400 Bad Request\r\n", 26);
	expect_error(&w, false, -EBADMSG);
	w.n = 0;
	FRAME(&w, TH_H2_SETTINGS, 1, 0, "");
	expect_error(&w, false, -EBADMSG);
}

struct bad {
	uint8_t type, flags;
	uint32_t stream;
	const char *payload;
	size_t n;
};

#define BAD(type, flags, stream, literal) \
	{ \
		type, flags, stream, literal, sizeof(literal) - 1 \
	}

Test(http2, frames_that_break_the_rules)
{
	static const struct bad all[] = {
		BAD(TH_H2_DATA, 0, 0, "x"),
		BAD(TH_H2_HEADERS, 4, 0, "x"),
		BAD(TH_H2_RST_STREAM, 0, 0, "1234"),
		BAD(TH_H2_PUSH_PROMISE, 4, 0, "1234"),
		BAD(TH_H2_PRIORITY, 0, 0, "12345"),
		BAD(TH_H2_SETTINGS, 0, 1, ""),
		BAD(TH_H2_PING, 0, 1, "12345678"),
		BAD(TH_H2_GOAWAY, 0, 1, "12345678"),
		BAD(TH_H2_SETTINGS, 0, 0, "12345"),
		BAD(TH_H2_SETTINGS, 1, 0, "123456"),
		BAD(TH_H2_PING, 0, 0, "1234567"),
		BAD(TH_H2_RST_STREAM, 0, 1, "123"),
		BAD(TH_H2_RST_STREAM, 0, 1, "12345"),
		BAD(TH_H2_WINDOW_UPDATE, 0, 1, "123"),
		BAD(TH_H2_GOAWAY, 0, 0, "1234567"),
		BAD(TH_H2_PUSH_PROMISE, 4, 1, "123"),
		BAD(TH_H2_HEADERS, 4 | 0x20, 1, "1234"),
		BAD(TH_H2_DATA, 8, 1, ""),
		BAD(TH_H2_DATA, 8, 1, "\4abc"),
		BAD(TH_H2_HEADERS, 4 | 8, 1, "\2a"),
		BAD(TH_H2_HEADERS, 4 | 8 | 0x20, 1, "\1\0\0\0\5\x10"),
		BAD(TH_H2_PUSH_PROMISE, 4 | 8, 1, "\1\0\0\0\2"),
		BAD(TH_H2_CONTINUATION, 4, 1, "x"),
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct wire w = begun();
		frame(&w, all[i].type, all[i].flags, all[i].stream, all[i].payload, all[i].n);
		struct log l = {0};
		cr_assert_eq(feed(&w, false, w.n, &l), -EBADMSG, "case %zu", i);
		cr_assert_eq(feed(&w, false, 1, &l), -EBADMSG, "case %zu by bytes", i);
		cr_assert_eq(l.n, 0, "case %zu: %s", i, l.p);
	}
}

Test(http2, nothing_comes_between_the_frames_of_a_block)
{
	static const uint8_t others[] = {TH_H2_DATA, TH_H2_HEADERS, TH_H2_WINDOW_UPDATE, 0x77};
	for (size_t i = 0; i < sizeof(others); i++) {
		struct wire w = begun();
		FRAME(&w, TH_H2_HEADERS, 0, 1, "one");
		FRAME(&w, others[i], 4, 1, "1234");
		expect_error(&w, false, -EBADMSG);
	}
	struct wire w = begun();
	FRAME(&w, TH_H2_HEADERS, 0, 1, "one");
	FRAME(&w, TH_H2_CONTINUATION, 4, 3, "two");
	expect_error(&w, false, -EBADMSG);
}

Test(http2, an_endless_header_block)
{
	static const uint8_t piece[16384];
	struct th_h2_parser p;
	struct log l = {0};
	th_h2_init(&p, &callbacks, &l, false);
	struct wire w = begun();
	put(&w, "\0\x40\0\1\0\0\0\0\1", 9);
	int r = th_h2_feed(&p, (struct th_slice){w.p, w.n});
	unsigned i = 0;
	for (; r == 0 && i < 100; i++) {
		r = th_h2_feed(&p, (struct th_slice){piece, sizeof(piece)});
		r = r ? r : th_h2_feed(&p, TH_SLICE_LIT("\0\x40\0\x9\0\0\0\0\1"));
	}
	cr_assert_eq(r, -E2BIG);
	cr_assert_eq(i, TH_H2_BLOCK_MAX / sizeof(piece) + 1);
	th_h2_finish(&p);
}

Test(http2, a_refused_block_stops_the_parser)
{
	struct wire w = begun();
	FRAME(&w, TH_H2_HEADERS, 4, 1, "one");
	FRAME(&w, TH_H2_DATA, 1, 1, "two");
	struct log l = {.refuse = -E2BIG};
	cr_assert_eq(feed(&w, false, w.n, &l), -E2BIG);
	cr_assert_str_eq(l.p, "headers 1,0 one\n");
	cr_assert_eq(feed(&w, false, 1, &l), -E2BIG);
}
