/* The HTTP/2 tap between two real endpoints: libnghttp2 as client and as server, with many streams
 * at once, bodies larger than the flow-control windows, padding, trailers, resets and changing
 * table sizes, while the tap sees the bytes in pieces of any size. */
#include <criterion/criterion.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "emit_double.h"

enum {
	REQUESTS = 400,
	AT_ONCE = 40,
	BODY_MAX = 90000,
};

static uint32_t seed = 7;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* One message body: its bytes are a function of where they are. */
struct body {
	uint32_t size, at;
	uint64_t sum; /* of what was handed out */
	bool trailer;
};

static struct body bodies[REQUESTS][2]; /* request, response */
static bool was_reset[REQUESTS];
static unsigned asked, answered;

/* Streams are asked one after the other, so the id says which request it is. */
static unsigned index_of(int32_t stream)
{
	return (unsigned)(stream - 1) / 2;
}

static ssize_t read_body(nghttp2_session *s, int32_t stream, uint8_t *buf, size_t n,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct body *b = source->ptr;
	size_t left = b->size - b->at;
	n = n < left ? n : left;
	for (size_t i = 0; i < n; i++) {
		buf[i] = (uint8_t)((b->at + i) * 7 + (uint32_t)stream);
	}
	b->sum = th_emit_digest(b->sum, buf, n);
	b->at += (uint32_t)n;
	if (b->at == b->size) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (b->trailer) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			nghttp2_nv nv = {(uint8_t *)"x-sum", (uint8_t *)"1", 5, 1, 0};
			nghttp2_submit_trailer(s, stream, &nv, 1);
		}
	}
	return (ssize_t)n;
}

static ssize_t pad(nghttp2_session *s, const nghttp2_frame *frame, size_t max, void *user)
{
	size_t n = frame->hd.length + rnd(4) * rnd(60);
	return (ssize_t)(n < max ? n : max);
}

static void ask(nghttp2_session *client)
{
	struct body *b = bodies[asked];
	char path[64];
	int n = snprintf(path, sizeof(path), "/%u/%0*u", asked, (int)rnd(40) + 1, asked);
	nghttp2_nv nv[] = {
		{(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
		{(uint8_t *)":scheme", (uint8_t *)"https", 7, 5, 0},
		{(uint8_t *)":authority", (uint8_t *)"example.com", 10, 11, 0},
		{(uint8_t *)":path", (uint8_t *)path, 5, (size_t)n, 0},
	};
	b[0] = (struct body){.size = rnd(3) ? rnd(3000) : rnd(BODY_MAX), .trailer = rnd(4) == 0};
	b[1] = (struct body){.size = rnd(3) ? rnd(3000) : rnd(BODY_MAX), .trailer = rnd(4) == 0};
	nghttp2_data_provider body = {{.ptr = &b[0]}, read_body};
	int32_t id = nghttp2_submit_request(client, NULL, nv, 4, rnd(3) ? &body : NULL, NULL);
	cr_assert_eq(index_of(id), asked);
	asked++;
}

static int server_frame(nghttp2_session *s, const nghttp2_frame *f, void *user)
{
	bool ended = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (!ended || (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA)) {
		return 0;
	}
	unsigned i = index_of(f->hd.stream_id);
	if (rnd(15) == 0) {
		was_reset[i] = true;
		return nghttp2_submit_rst_stream(s, 0, f->hd.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
	}
	nghttp2_nv nv[] = {{(uint8_t *)":status", (uint8_t *)"103", 7, 3, 0},
		{(uint8_t *)"x-some", (uint8_t *)"thing", 6, 5, 0}};
	if (rnd(3) == 0) {
		nghttp2_submit_headers(s, 0, f->hd.stream_id, NULL, nv, 2, NULL);
	}
	nv[0].value = (uint8_t *)"200";
	nghttp2_data_provider body = {{.ptr = &bodies[i][1]}, read_body};
	return nghttp2_submit_response(s, f->hd.stream_id, nv, 2, rnd(5) ? &body : NULL);
}

static int client_closed(nghttp2_session *s, int32_t stream, uint32_t code, void *user)
{
	answered++;
	return 0;
}

static nghttp2_session *session(bool client)
{
	nghttp2_session_callbacks *cb;
	nghttp2_session *s;
	cr_assert_eq(nghttp2_session_callbacks_new(&cb), 0);
	nghttp2_session_callbacks_set_select_padding_callback(cb, pad);
	if (client) {
		nghttp2_session_callbacks_set_on_stream_close_callback(cb, client_closed);
	} else {
		nghttp2_session_callbacks_set_on_frame_recv_callback(cb, server_frame);
	}
	cr_assert_eq(client ? nghttp2_session_client_new(&s, cb, NULL)
			    : nghttp2_session_server_new(&s, cb, NULL),
		0);
	nghttp2_session_callbacks_del(cb);
	const nghttp2_settings_entry e[] = {
		{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, client ? 16384 : 100},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
	cr_assert_eq(nghttp2_submit_settings(s, 0, e, 2), 0);
	return s;
}

/* Carries what `from` has to say to the tap, in pieces, and to `to`. */
static bool carry(nghttp2_session *from, nghttp2_session *to, void *tap, bool sent)
{
	const uint8_t *p;
	ssize_t n = nghttp2_session_mem_send(from, &p);
	cr_assert_geq(n, 0);
	for (ssize_t at = 0; at < n;) {
		size_t piece = 1 + rnd(rnd(3) ? 40 : 20000);
		piece = piece < (size_t)(n - at) ? piece : (size_t)(n - at);
		struct th_slice s = {p + at, piece};
		cr_assert(sent ? th_tap_h2.sent(tap, s) : th_tap_h2.received(tap, s));
		at += (ssize_t)piece;
	}
	cr_assert_eq(nghttp2_session_mem_recv(to, p, (size_t)n), n);
	return n > 0;
}

static void talk(nghttp2_session *client, nghttp2_session *server, void *tap)
{
	bool more = true;
	while (more) {
		while (asked < REQUESTS && asked - answered < AT_ONCE) {
			ask(client);
		}
		if (rnd(40) == 0) {
			const nghttp2_settings_entry e = {
				NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, rnd(30000)};
			nghttp2_submit_settings(rnd(2) ? client : server, 0, &e, 1);
		}
		more = carry(client, server, tap, true);
		more = carry(server, client, tap, false) || more;
	}
}

Test(tap_h2_sessions, two_real_endpoints)
{
	static struct th_conn conn;
	void *tap = calloc(1, th_tap_h2.state_size);
	th_emitted.quiet = true;
	th_tap_h2.init(tap, &conn);
	nghttp2_session *client = session(true), *server = session(false);
	talk(client, server, tap);
	cr_assert_eq(answered, REQUESTS);
	cr_assert_eq(th_emitted.exchanges, REQUESTS);
	th_emitted_check_ended();
	unsigned resets = 0;
	for (unsigned i = 0; i < REQUESTS; i++) {
		const __auto_type side = th_emitted.side[i + 1];
		for (int k = 0; k < 2; k++) {
			const struct body *b = &bodies[i][k];
			cr_assert_eq(side[k].body, b->at, "request %u", i);
			cr_assert_eq(side[k].sum, b->sum, "request %u", i);
		}
		resets += was_reset[i];
	}
	cr_assert_gt(resets, 5);
	cr_assert_eq(th_emitted.lost_events, 0);
	uint64_t frames = th_emitted.frames;
	th_tap_h2.end(tap, TH_END_LOCAL, 0);
	cr_assert_eq(th_emitted.frames, frames, "nothing was left open");
	th_tap_h2.finish(tap);
	free(tap);
	nghttp2_session_del(client);
	nghttp2_session_del(server);
}
