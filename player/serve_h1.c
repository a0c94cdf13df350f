/* HTTP/1 towards the agent (serve.h). A request is read whole into one buffer, answered with the
 * bytes that were recorded, and the connection then goes the way the recorded one went.
 *
 * What was read by one call is written by itself, so that the edges of a stream stay where they
 * were; with TLS they become records that leave in one system call. What was read only after the
 * agent had asked on waits until it does (h1_ahead.h). */
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "player/dialog.h"
#include "player/h1_ahead.h"
#include "player/h1_out.h"
#include "player/online.h"
#include "player/serve.h"
#include "trace/http.h"
#include "trace/tunnel.h"
#include "wire/http1.h"

#define READ_BYTES 16384
/* An agent that does not ask on where it did is not waited for longer than it took, and this. */
#define PATIENCE_NS 5000000000ull

struct session {
	struct th_caller *c;
	struct th_buf in; /* the request being read, and what came behind it */
	size_t at;	  /* of it, what the parser has taken */
	struct th_h1_parser parser;
	size_t head_n;
	enum th_h1_body body;
	bool whole;	 /* the request has been read to its end */
	bool continued;	 /* a 100 was sent that nobody has recorded */
	size_t interims; /* of the answer, already sent */
	struct th_h1_out out;
	struct th_h1_ahead ahead;
	uint64_t served;       /* bytes of this answer */
	struct th_ending idle; /* KEEP: how the peer went when nobody asked again */
};

/* ---- reading ---- */

/* More bytes behind those in `in`. False: the agent is gone. */
static bool read_more(struct session *s)
{
	if (th_h1_out_flush(&s->out) < 0 || !th_buf_room(&s->in, READ_BYTES)) {
		return false;
	}
	ssize_t n = th_stream_read(&s->c->stream, s->in.p + s->in.n, s->in.cap - s->in.n);
	s->in.n += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static struct th_slice unread(const struct session *s)
{
	return (struct th_slice){s->in.p + s->at, s->in.n - s->at};
}

static void begin_body(struct session *s)
{
	uint64_t length = 0;
	struct th_slice head = {s->in.p, s->head_n};
	s->body = th_h1_request_body(head, &length);
	th_h1_body(&s->parser, s->body, length);
	s->whole = s->body == TH_H1_BODY_NONE || s->body == TH_H1_BODY_TUNNEL ||
		(s->body == TH_H1_BODY_LENGTH && length == 0);
}

/* Takes what is there. False: it is no HTTP/1. */
static bool parse(struct session *s)
{
	bool had_head = s->head_n > 0;
	while (s->at < s->in.n && !s->whole) {
		struct th_h1_event ev;
		s->at += th_h1_next(&s->parser, unread(s), &ev);
		if (ev.kind == TH_H1_ERROR) {
			return false;
		}
		if (ev.kind == TH_H1_HEAD && ev.last) {
			s->head_n = s->at;
			begin_body(s);
			if (s->body == TH_H1_BODY_BAD) {
				return false;
			}
		} else if (ev.kind == TH_H1_BODY && ev.last) {
			s->whole = true;
		}
		if (!had_head && s->head_n) {
			return true; /* the caller looks at the head before the body */
		}
	}
	return true;
}

static void end_connection(struct session *s, const struct th_ending *e)
{
	th_h1_out_flush(&s->out);
	th_caller_end(s->c, e);
}

/* Ends the connection over bytes that nothing can be answered to. */
static bool not_http(struct session *s)
{
	th_tally_miss(s->c->serving->tally, s->c->hello.process, "bytes that are not HTTP/1",
		"the connection was closed");
	end_connection(s, &(struct th_ending){.after = TH_AFTER_NOTIFY});
	return false;
}

/* Waits for the next request no longer than the recorded peer did. False: it is over. */
static bool await_request(struct session *s)
{
	if (s->at < s->in.n || !s->idle.idle_ns || th_stream_has_input(&s->c->stream) ||
		th_h1_out_flush(&s->out) < 0) {
		return true;
	}
	struct pollfd pfd = {.fd = s->c->stream.fd, .events = POLLIN};
	uint64_t since = th_clock_mono(), left;
	while ((left = th_ending_idle_left(s->c->serving, &s->idle, th_clock_mono() - since)) > 0) {
		if (poll(&pfd, 1, (int)(left / 1000000 + 1)) != 0) {
			return true;
		}
	}
	struct th_ending e = s->idle;
	e.after = e.then;
	end_connection(s, &e);
	return false;
}

static bool read_head(struct session *s)
{
	if (s->at && s->at < s->in.n) {
		memmove(s->in.p, s->in.p + s->at, s->in.n - s->at);
	}
	s->in.n -= s->at;
	s->at = s->head_n = s->interims = 0;
	s->whole = s->continued = false;
	s->parser = (struct th_h1_parser){0};
	if (!await_request(s)) {
		return false;
	}
	for (;;) {
		if (!parse(s)) {
			return not_http(s);
		}
		if (s->head_n) {
			return true;
		}
		if (!read_more(s)) {
			return false;
		}
	}
}

static bool read_body(struct session *s)
{
	while (!s->whole) {
		if (!parse(s)) {
			return not_http(s);
		}
		if (!s->whole && !read_more(s)) {
			return false;
		}
	}
	return true;
}

static struct th_head request_head(const struct session *s)
{
	return (struct th_head){.bytes = {s->in.p, s->head_n}};
}

/* ---- answering ---- */

static bool pause_until(struct session *s, const struct th_timeline *t, uint64_t time)
{
	uint64_t ns = th_timeline_wait(t, time);
	if (ns == 0) {
		return true;
	}
	return th_h1_out_flush(&s->out) == 0 && th_stream_pause(&s->c->stream, ns);
}

/* Waits for more of what the agent sends; false: nothing comes for too long. */
static bool await_more(struct session *s)
{
	uint64_t ns = s->c->serving->silence_ns ? s->c->serving->silence_ns : PATIENCE_NS;
	struct pollfd pfd = {.fd = s->c->stream.fd, .events = POLLIN};
	return th_h1_out_flush(&s->out) < 0 || th_stream_has_input(&s->c->stream) ||
		poll(&pfd, 1, (int)(ns / 1000000)) != 0;
}

/* What was read at `time` is not given before the agent has asked on as it had by then. False: it
 * is gone. */
static bool await_requests(struct session *s, uint64_t time)
{
	size_t need = th_h1_ahead_by(&s->ahead, time);
	while (s->whole && th_h1_ahead_count(unread(s)) < need) {
		if (!await_more(s)) {
			if (s->served) {
				th_caller_strayed(s->c, s->ahead.next,
					"it never came; the recorded answer before it goes on");
			}
			s->ahead.at = s->c->serving->run->n_exchanges;
			s->ahead.sent = 0;
			return true;
		}
		if (!read_more(s)) {
			return false;
		}
	}
	return true;
}

/* A part of an answer that was read at `time`. */
static bool send_part(
	struct session *s, const struct th_timeline *t, uint64_t time, struct th_slice bytes)
{
	if (!th_h1_out_goes_on(&s->out, time) &&
		(th_h1_out_end_read(&s->out) < 0 || !await_requests(s, time) ||
			!pause_until(s, t, time))) {
		return false;
	}
	s->served += bytes.n;
	return th_h1_out_put(&s->out, time, bytes) == 0;
}

/* Interim answers from the first that was not sent yet. */
static bool send_interims(
	struct session *s, const struct th_exchange *x, const struct th_timeline *t, size_t until)
{
	for (; s->interims < until; s->interims++) {
		const struct th_interim *i = &x->interim[s->interims];
		if (!send_part(s, t, i->time, i->head.bytes)) {
			return false;
		}
	}
	return true;
}

static bool send_message(struct session *s, const struct th_message *m, const struct th_timeline *t)
{
	if (m->present && m->head.bytes.n && !send_part(s, t, m->began, m->head.bytes)) {
		return false;
	}
	for (size_t i = 0; i < m->n_pieces; i++) {
		if (!send_part(s, t, m->pieces[i].time, m->pieces[i].bytes)) {
			return false;
		}
	}
	return true;
}

/* When the agent was given the first part of an answer; UINT64_MAX: never. */
static uint64_t answer_began(const struct th_exchange *x)
{
	if (x->n_interim) {
		return x->interim[0].time;
	}
	return x->response.present ? x->response.began : UINT64_MAX;
}

/* The answer is out, but for what was read together with the one to the next request. */
static bool finish_sending(struct session *s)
{
	const struct th_exchange *next = s->ahead.next;
	bool goes_on = next && s->at < s->in.n && th_h1_out_goes_on(&s->out, answer_began(next));
	return goes_on || th_h1_out_flush(&s->out) == 0;
}

static bool send_answer(struct session *s, const struct th_exchange *x)
{
	struct th_timeline t = th_timeline_begin(s->c->serving, x);
	s->served = 0;
	s->ahead = th_h1_ahead_begin(s->c->serving->run, x);
	bool ok = send_interims(s, x, &t, x->n_interim) && send_message(s, &x->response, &t) &&
		finish_sending(s);
	th_tally_bytes(s->c->serving->tally, s->served);
	return ok;
}

/* What is not recorded. */
static bool put_now(struct session *s, struct th_slice bytes)
{
	return th_h1_out_flush(&s->out) == 0 && th_stream_write(&s->c->stream, bytes) == 0 &&
		th_stream_flush(&s->c->stream) == 0;
}

static bool send_miss(struct session *s, const char *body, bool with_body)
{
	struct th_buf out = {0};
	th_buf_fmt(&out,
		"HTTP/1.1 424 Failed Dependency\r\ncontent-type: application/json\r\n"
		"tracehook-miss: 1\r\ncontent-length: %zu\r\n\r\n",
		strlen(body));
	if (with_body) {
		th_buf_str(&out, body);
	}
	bool ok = !out.failed && put_now(s, th_buf_view(&out));
	th_buf_finish(&out);
	return ok;
}

/* ---- one request ---- */

/* No recorded exchange says what comes: to go live, the body is needed. */
static bool go_on(struct session *s)
{
	s->continued = th_online_now(s->c->serving);
	return !s->continued || put_now(s, TH_SLICE_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* A body that waits for 100 (RFC 9110 10.1.1): what did the recorded peer say to the head? True
 * and *ret_claim->x when the head alone was answered. */
static bool expectation(struct session *s, struct th_exchange *asked, struct th_claim *ret_claim)
{
	ret_claim->x = NULL;
	if (s->whole || !th_head_has_token(&asked->request.head, "expect", "100-continue") ||
		th_canon_request_head(asked, &s->c->canon) < 0) {
		return true;
	}
	const struct th_exchange *x = th_index_peek_head(
		s->c->serving->index, &s->c->canon, &s->c->asker);
	if (!x) {
		return go_on(s);
	}
	if (x->n_interim == 0) {
		if (x->request.body_bytes == 0 && x->response.head_done) {
			th_answer_find_early(s->c, asked, ret_claim);
		}
		return true;
	}
	size_t until = 0;
	while (until < x->n_interim && th_head_status(&x->interim[until].head) != 100) {
		until++;
	}
	struct th_timeline now = {.pace = 0};
	s->ahead = th_h1_ahead_begin(s->c->serving->run, x);
	return send_interims(s, x, &now, until < x->n_interim ? until + 1 : until) &&
		th_h1_out_flush(&s->out) == 0;
}

static void serve_upgraded(struct session *s, const struct th_exchange *x)
{
	struct th_head head = request_head(s);
	struct th_slice field = {NULL, 0};
	uint8_t settings[512];
	char text[684 + 1];
	th_head_get(&head, "http2-settings", &field);
	/* base64url without padding (RFC 7540 3.2.1), which EVP_DecodeBlock() wants otherwise. */
	size_t n = field.n < sizeof(text) - 4 ? field.n : 0;
	for (size_t i = 0; i < n; i++) {
		char c = (char)field.p[i];
		text[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	size_t padded = n;
	while (padded % 4) {
		text[padded++] = '=';
	}
	int got = EVP_DecodeBlock(settings, (const unsigned char *)text, (int)padded);
	size_t len = got > 0 ? (size_t)got - (padded - n) : 0;
	th_serve_h2_upgraded(s->c, x, (struct th_slice){settings, len}, unread(s));
}

/* After an answer of HTTP/1. True: the connection goes on. */
static bool finish_answer(struct session *s, const struct th_exchange *x)
{
	struct th_ending e = th_ending_of(s->c->serving, x);
	if (e.after == TH_AFTER_KEEP && !s->whole) {
		s->at = s->in.n; /* a refused body is not sent (RFC 9110 10.1.1) */
	}
	s->idle = e;
	if (e.after == TH_AFTER_KEEP) {
		return true;
	}
	end_connection(s, &e);
	return false;
}

/* After a 101, or a CONNECT that was granted. Bytes that were not recorded were TLS: what came
 * through it has exchanges of its own. */
static enum th_h1_next leave_http(struct session *s, const struct th_exchange *x)
{
	struct th_head head = request_head(s);
	struct th_timeline t = th_timeline_begin(s->c->serving, x);
	bool secret = x->request.n_pieces == 0 && x->response.n_pieces == 0 &&
		th_http_status(x) != 101;
	s->ahead = th_h1_ahead_begin(s->c->serving->run, x);
	if (!send_interims(s, x, &t, x->n_interim) || th_h1_out_flush(&s->out) < 0 ||
		th_dialog_begin(s->c, x, &head) < 0) {
		return TH_H1_NEXT_END;
	}
	if (!secret) {
		th_dialog_serve(s->c, x, unread(s));
	} else {
		th_buf_slice(&s->c->tunnel, head.bytes);
	}
	th_order_answered(s->c->serving->order, x);
	return secret ? TH_H1_NEXT_TUNNEL : TH_H1_NEXT_END;
}

static bool answer(struct session *s, const struct th_exchange *x, enum th_h1_next *ret_next)
{
	th_order_wait(s->c->serving->order, x);
	if (x->response.head.list) {
		struct th_timeline t = th_timeline_begin(s->c->serving, x);
		s->ahead = th_h1_ahead_begin(s->c->serving->run, x);
		if (send_interims(s, x, &t, x->n_interim) && th_h1_out_flush(&s->out) == 0) {
			serve_upgraded(s, x);
		}
		return false;
	}
	if (th_tunnel_is(x)) {
		*ret_next = leave_http(s, x);
		return false;
	}
	bool sent = send_answer(s, x);
	th_order_answered(s->c->serving->order, x);
	return sent && finish_answer(s, x);
}

/* 0: there is no request line. */
static uint8_t request_version(const struct session *s)
{
	struct th_slice method, target, version;
	if (!th_h1_request_line(
		    (struct th_slice){s->in.p, s->head_n}, &method, &target, &version)) {
		return 0;
	}
	return th_slice_eq(version, TH_SLICE_LIT("HTTP/1.0")) ? 10 : 11;
}

/* RFC 9112 9.3: a client that announced the end may read until it comes. */
static bool wants_close(const struct session *s, const struct th_head *head)
{
	return request_version(s) == 10 ? !th_head_has_token(head, "connection", "keep-alive")
					: th_head_has_token(head, "connection", "close");
}

static bool answer_miss(struct session *s, const char *body)
{
	struct th_slice method = {NULL, 0}, target;
	struct th_head head = request_head(s);
	if (!body) {
		end_connection(s, &(struct th_ending){.after = TH_AFTER_RESET, .code = ECONNRESET});
		return false;
	}
	th_head_request(&head, &method, &target);
	s->idle = (struct th_ending){.after = TH_AFTER_KEEP};
	bool sent = send_miss(s, body, !th_slice_eq(method, TH_SLICE_LIT("HEAD")));
	if (sent && wants_close(s, &head)) {
		end_connection(s, &(struct th_ending){.after = TH_AFTER_NOTIFY});
		return false;
	}
	return sent;
}

/* `body` as it came from the wire. */
static bool answer_live(struct session *s, struct th_slice body, enum th_h1_next *ret_next)
{
	th_auto_free char *line = th_answer_request_line(&s->c->canon);
	const struct th_online_request r = {.head = {s->in.p, s->head_n},
		.body = body,
		.early = unread(s),
		.line = line ? line : "a request",
		.version = s->c->asker.version,
		.continued = s->continued};
	s->idle = (struct th_ending){.after = TH_AFTER_KEEP};
	if (th_h1_out_flush(&s->out) < 0) {
		return false;
	}
	enum th_online_next next = th_online_h1(s->c, &r);
	if (next == TH_ONLINE_NEXT_TUNNEL) {
		*ret_next = TH_H1_NEXT_TUNNEL;
	}
	return next == TH_ONLINE_NEXT_KEEP;
}

/* The request is whole. */
static bool answer_request(struct session *s, struct th_exchange *asked, enum th_h1_next *ret_next)
{
	struct th_claim claim;
	struct th_piece piece;
	struct th_slice body = {s->in.p + s->head_n, s->at - s->head_n};
	th_auto_free char *miss = NULL;
	th_cleanup(th_buf_finish) struct th_buf raw = {0};
	if (s->c->serving->live) {
		th_buf_slice(&raw, body);
	}
	/* The redacted head is a copy and stays; the body is where it was read. */
	th_answer_body(s->c, asked, body, &piece);
	switch (th_answer_find(s->c, asked, &claim, &miss)) {
	case TH_FOUND_RECORDED:
		return answer(s, claim.x, ret_next);
	case TH_FOUND_LIVE:
		return !raw.failed && answer_live(s, th_buf_view(&raw), ret_next);
	default:
		return answer_miss(s, miss);
	}
}

/* False: the connection is over, or something else from here on. */
static bool serve_request(struct session *s, enum th_h1_next *ret_next)
{
	struct th_exchange asked;
	struct th_claim claim;
	if (!read_head(s)) {
		return false;
	}
	uint8_t version = request_version(s);
	if (!version) {
		return not_http(s);
	}
	if (!th_answer_head(s->c, request_head(s), version, &asked) ||
		!expectation(s, &asked, &claim)) {
		return false;
	}
	if (claim.x) {
		return answer(s, claim.x, ret_next);
	}
	return read_body(s) && answer_request(s, &asked, ret_next);
}

enum th_h1_next th_serve_h1(struct th_caller *c)
{
	struct session s = {.c = c, .out.stream = &c->stream};
	enum th_h1_next next = TH_H1_NEXT_END;
	while (serve_request(&s, &next)) {
	}
	th_h1_out_finish(&s.out);
	th_buf_finish(&s.in);
	return next;
}
