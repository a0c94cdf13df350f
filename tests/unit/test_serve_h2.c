/* nghttp2's client asks; what it hears is written down as text. */
#include <criterion/criterion.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>

#include "base/clock.h"
#include "stage.h"

static struct stage *s;
static nghttp2_session *ng;
static char heard[1 << 16];
static size_t heard_n;

static void setup(void)
{
	s = stage_new();
}

static void teardown(void)
{
	nghttp2_session_del(ng);
	s = stage_free(s);
}

TestSuite(serve_h2, .init = setup, .fini = teardown, .timeout = 30);

/* ---- recording ---- */

static uint8_t arena[1 << 16];
static size_t arena_n;

/* "name: value" lines as a field list. */
static struct th_head list(const char *text)
{
	struct th_out out = {.p = arena + arena_n, .cap = sizeof(arena) - arena_n};
	while (*text) {
		const char *colon = strstr(text + 1, ": "), *end = strchr(text, '\n');
		th_out_u16(&out, (uint16_t)(colon - text));
		th_out_u32(&out, (uint32_t)(end - colon - 2));
		th_out_bytes(&out, text, (size_t)(colon - text));
		th_out_bytes(&out, colon + 2, (size_t)(end - colon - 2));
		text = end + 1;
	}
	struct th_head h = {.bytes = {arena + arena_n, out.n}, .list = true};
	arena_n += out.n;
	return h;
}

#define ASKED(path) ":method: GET\n:scheme: http\n:authority: a\n:path: " path "\n"

static struct th_exchange *record(const char *path, const char *response, const char *body)
{
	char asked[256];
	snprintf(asked, sizeof(asked), ":method: GET\n:scheme: http\n:authority: a\n:path: %s\n",
		path);
	struct th_exchange *x = made_exchange(s->m, s->connection, 1, "", NULL, "", body);
	x->request.head = list(asked);
	x->request.version = x->response.version = 20;
	x->response.head = list(response);
	return x;
}

/* ---- the client ---- */

static void hear(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	heard_n += (size_t)vsnprintf(heard + heard_n, sizeof(heard) - heard_n, fmt, ap);
	va_end(ap);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *f, const uint8_t *name,
	size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
	hear("%d %.*s: %.*s\n", f->hd.stream_id, (int)name_n, name, (int)value_n, value);
	return 0;
}

static int on_data(
	nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
	hear("%d data %.*s\n", id, (int)n, p);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	hear("%d closed %u\n", id, code);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
	if (f->hd.type == NGHTTP2_GOAWAY) {
		hear("goaway %d %u\n", f->goaway.last_stream_id, f->goaway.error_code);
	}
	return 0;
}

static void begin_at(enum th_on_miss on_miss, double pace)
{
	nghttp2_session_callbacks *cb;
	nghttp2_session_callbacks_new(&cb);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_client_new(&ng, cb, NULL);
	nghttp2_session_callbacks_del(cb);
	stage_begin(s, on_miss, pace);
	nghttp2_submit_settings(ng, NGHTTP2_FLAG_NONE, NULL, 0);
}

static void begin(enum th_on_miss on_miss)
{
	begin_at(on_miss, 0);
}

static void ask(const char *path)
{
	const char *fields[][2] = {
		{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", path}};
	nghttp2_nv nv[4];
	for (int i = 0; i < 4; i++) {
		nv[i] = (nghttp2_nv){(uint8_t *)fields[i][0], (uint8_t *)fields[i][1],
			strlen(fields[i][0]), strlen(fields[i][1]), 0};
	}
	cr_assert_gt(nghttp2_submit_request(ng, NULL, nv, 4, NULL, NULL), 0);
}

/* Talks until `text` was heard; false: the server ended before, or is silent for `ms`. */
static bool talk(const char *text, int ms)
{
	while (!strstr(heard, text)) {
		const uint8_t *p;
		ssize_t n;
		while ((n = nghttp2_session_mem_send(ng, &p)) > 0) {
			cr_assert_eq(send(s->client, p, (size_t)n, MSG_NOSIGNAL), n);
		}
		uint8_t buf[65536];
		struct pollfd pfd = {.fd = s->client, .events = POLLIN};
		if (poll(&pfd, 1, ms) != 1 || (n = recv(s->client, buf, sizeof(buf), 0)) <= 0) {
			return false;
		}
		cr_assert_eq(nghttp2_session_mem_recv(ng, buf, (size_t)n), n);
	}
	return true;
}

/* ---- ---- */

Test(serve_h2, gives_heads_pieces_and_trailers_as_recorded)
{
	struct th_exchange *x = record("/x", ":status: 200\nb: 1\na: 2\nb: 3\n", "one");
	made_piece(x, "two", 5);
	x->response.trailer = list("t: u\n");
	begin(TH_ON_MISS_FAIL);
	ask("/x");
	cr_assert(talk("closed", 5000));
	cr_expect_str_eq(heard,
		"1 :status: 200\n1 b: 1\n1 a: 2\n1 b: 3\n1 data one\n1 data two\n"
		"1 t: u\n1 closed 0\n");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 1);
}

Test(serve_h2, answers_without_a_body_and_interim_ones)
{
	struct th_exchange *x = record("/x", ":status: 204\n", NULL);
	x->interim[x->n_interim++] = (struct th_interim){
		.time = x->request.began, .head = list(":status: 103\nlink: l\n")};
	begin(TH_ON_MISS_FAIL);
	ask("/x");
	cr_assert(talk("closed", 5000));
	cr_expect_str_eq(heard, "1 :status: 103\n1 link: l\n1 :status: 204\n1 closed 0\n");
	stage_disconnect(s);
}

Test(serve_h2, streams_do_not_wait_for_each_other)
{
	made_end(record("/stalls", ":status: 200\n", "be"), TH_END_LOCAL, 0);
	record("/x", ":status: 200\n", "ok");
	begin(TH_ON_MISS_FAIL);
	ask("/stalls");
	ask("/x");
	cr_assert(talk("3 closed 0", 5000));
	cr_expect_not_null(strstr(heard, "1 data be\n"));
	cr_expect_not_null(strstr(heard, "3 data ok\n"));
	cr_expect_not(talk("1 closed", 200));
	stage_disconnect(s);
}

/* Recorded 100 ms apart: whatever the pace, the pieces stay pieces, and none comes too soon. */
static void expect_paced(double pace, uint64_t least)
{
	struct th_exchange *x = record("/x", ":status: 200\n", "one");
	made_piece(x, "two", 100000000);
	made_piece(x, "three", 100000000);
	begin_at(TH_ON_MISS_FAIL, pace);
	uint64_t began = th_clock_mono();
	ask("/x");
	cr_assert(talk("closed", 5000));
	cr_expect_geq(th_clock_mono() - began, least);
	cr_expect_str_eq(
		heard, "1 :status: 200\n1 data one\n1 data two\n1 data three\n1 closed 0\n");
	stage_disconnect(s);
}

Test(serve_h2, at_no_pace_pieces_stay_pieces)
{
	expect_paced(0, 0);
}

Test(serve_h2, at_the_recorded_pace)
{
	expect_paced(1, 200000000);
}

Test(serve_h2, at_a_scaled_pace)
{
	expect_paced(2, 400000000);
}

Test(serve_h2, silence_has_an_end_that_is_loud)
{
	made_end(record("/stalls", ":status: 200\n", "be"), TH_END_LOCAL, 0);
	record("/x", ":status: 200\n", "ok");
	begin(TH_ON_MISS_FAIL);
	s->serving.silence_ns = 1000000; /* an agent that stays is not kept waiting here */
	ask("/stalls");
	cr_assert(talk("1 closed 2", 5000));
	cr_expect_not_null(strstr(heard, "1 data be\n"));
	ask("/x");
	cr_assert(talk("3 closed 0", 5000), "only the stream is reset");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 1);
}

Test(serve_h2, a_miss_is_a_424_of_its_stream)
{
	record("/x", ":status: 200\n", "ok");
	begin(TH_ON_MISS_FAIL);
	ask("/y");
	ask("/x");
	cr_assert(talk("1 closed 0", 5000));
	cr_assert(talk("3 closed 0", 5000));
	cr_expect_not_null(strstr(heard,
		"1 :status: 424\n1 content-type: application/json\n"
		"1 tracehook-miss: 1\n"));
	cr_expect_not_null(strstr(heard, "1 data {\"error\":{\"type\":\"tracehook_no_match\""));
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 1);
}

Test(serve_h2, a_miss_may_reset_its_stream_only)
{
	record("/x", ":status: 200\n", "ok");
	begin(TH_ON_MISS_ABORT);
	ask("/y");
	ask("/x");
	cr_assert(talk("3 closed 0", 5000));
	cr_assert(talk("1 closed 2", 5000));
	stage_disconnect(s);
}

Test(serve_h2, a_reset_comes_after_the_bytes_before_it)
{
	made_end(record("/x", ":status: 200\n", "be"), TH_END_STREAM_RESET, 8);
	record("/y", ":status: 200\n", "ok");
	begin(TH_ON_MISS_FAIL);
	ask("/x");
	cr_assert(talk("closed", 5000));
	cr_expect_str_eq(heard, "1 :status: 200\n1 data be\n1 closed 8\n");
	ask("/y");
	cr_assert(talk("3 closed 0", 5000));
	stage_disconnect(s);
}

Test(serve_h2, a_connection_dies_when_all_of_it_was_given)
{
	made_end(record("/x", ":status: 200\n", "be"), TH_END_FIN, 0);
	record("/y", ":status: 200\n", "ok");
	s->connection->end = TH_END_FIN;
	begin(TH_ON_MISS_FAIL);
	ask("/x");
	cr_assert(talk("1 data be", 5000));
	ask("/y");
	cr_assert(talk("3 closed 0", 5000));
	cr_expect_not(talk("1 closed", 5000));
	cr_expect(stage_ends(s, 100));
	stage_disconnect(s);
}

Test(serve_h2, a_peer_that_went_later_than_others_were_asked_waits_for_that)
{
	record("/x", ":status: 200\n", "one");
	s->connection->end = TH_END_FIN;
	s->connection->end_time = 3000;
	struct th_connection *first = s->connection;
	s->connection = made_connection(s->m, first->process, 2);
	record("/y", ":status: 200\n", "two");
	s->connection = first;
	s->serving.silence_ns = 100000000;
	begin(TH_ON_MISS_FAIL);
	ask("/x");
	cr_assert(talk("1 closed 0", 5000));
	ask("/y");
	cr_assert(talk("3 data two", 5000));
	stage_disconnect(s);
}

Test(serve_h2, a_large_body_passes_through_small_windows)
{
	static char body[300001];
	memset(body, 'x', sizeof(body) - 1);
	record("/x", ":status: 200\n", body);
	begin(TH_ON_MISS_FAIL);
	ask("/x");
	size_t got = 0;
	while (!strstr(heard, "closed")) { /* the text would be too long: it is counted */
		heard_n = strstr(heard, "status") ? 0 : heard_n;
		const uint8_t *p;
		ssize_t n;
		while ((n = nghttp2_session_mem_send(ng, &p)) > 0) {
			cr_assert_eq(send(s->client, p, (size_t)n, MSG_NOSIGNAL), n);
		}
		uint8_t buf[8192];
		cr_assert_gt(n = recv(s->client, buf, sizeof(buf), 0), 0);
		heard_n = 0;
		heard[0] = 0;
		cr_assert_eq(nghttp2_session_mem_recv(ng, buf, (size_t)n), n);
		for (const char *x = heard; (x = strchr(x, 'x')); x++) {
			got++;
		}
	}
	cr_expect_eq(got, sizeof(body) - 1);
	stage_disconnect(s);
}

Test(serve_h2, bad_frames_end_the_connection)
{
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	static const char junk[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	cr_assert_eq(send(s->client, junk, sizeof(junk), 0), (ssize_t)sizeof(junk));
	stage_read(s, "never");
	stage_disconnect(s);
}
