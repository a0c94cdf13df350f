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
#include "player/h1_early.h"
#include "player/h1_session.h"
#include "player/online.h"
#include "player/serve.h"
#include "trace/http.h"

/* An agent that does not ask on where it did is not waited for longer. */
#define PATIENCE_NS 5000000000ull
#define PATIENCE_LEAST_NS 1000000000ull
#define LOOK_NS 20000000ull /* between looks at what other connections are asked */

/* A request that may have been answered before its body was over (h1_early.h) is claimed by what
 * there is of it. False: the connection is over. */
static bool read_body_or_claim(struct th_h1_session *s, struct th_claim *ret_claim)
{
	size_t need = s->readable ? th_answer_early_need(s->c, 0) : SIZE_MAX;
	if (!s->in.whole && !th_h1_in_take(&s->in)) {
		return th_h1_session_not_http(s);
	}
	/* All of it may be there at once, of which the recorded agent could not send all. */
	for (;;) {
		struct th_slice body = th_h1_in_body(&s->in);
		if (body.n >= need) {
			if (th_answer_find_begun(s->c, body, ret_claim)) {
				return true;
			}
			need = th_answer_early_need(s->c, body.n + 1);
		}
		if (s->in.whole) {
			return true;
		}
		if (!th_h1_session_part(s)) {
			return false;
		}
	}
}

static struct th_head request_head(const struct th_h1_session *s)
{
	return (struct th_head){.bytes = th_h1_in_head(&s->in)};
}

/* ---- answering ---- */

static bool pause_until(struct th_h1_session *s, const struct th_timeline *t, uint64_t time)
{
	uint64_t ns = th_timeline_wait(t, time);
	if (ns == 0) {
		return true;
	}
	return th_h1_out_flush(&s->out) == 0 && th_stream_pause(&s->c->stream, ns);
}

/* Waits for more of what the agent sends; false: nothing came. */
static bool comes_within(struct th_h1_session *s, uint64_t ns)
{
	struct pollfd pfd = {.fd = s->c->stream.fd, .events = POLLIN};
	return th_h1_out_flush(&s->out) < 0 || th_stream_has_input(&s->c->stream) ||
		poll(&pfd, 1, (int)(ns / 1000000)) != 0;
}

static bool await_more(struct th_h1_session *s)
{
	uint64_t ns = s->c->serving->silence_ns;
	return comes_within(s, ns ? ns : PATIENCE_NS);
}

/* How long until it has asked on: not much longer than it took to, when it was recorded. */
static uint64_t patience_until(const struct th_h1_session *s, uint64_t time)
{
	uint64_t began = s->ahead.x->request.began, took = time > began ? time - began : 0;
	uint64_t ns = 2 * took > PATIENCE_LEAST_NS ? 2 * took : PATIENCE_LEAST_NS;
	ns = ns < PATIENCE_NS ? ns : PATIENCE_NS;
	return s->c->serving->silence_ns ? s->c->serving->silence_ns : ns;
}

/* Has it asked for as much as by then, here or on another connection? */
static bool has_asked(const struct th_h1_session *s, size_t need)
{
	if (need == 0 || !s->in.whole) {
		return true;
	}
	size_t here = th_h1_ahead_count(th_h1_in_unread(&s->in));
	return here >= need || here >= th_h1_ahead_unasked(&s->ahead, s->c->serving->index);
}

/* What was read at `time` is not given before the agent has asked on as it had by then. False: it
 * is gone. */
static bool await_requests(struct th_h1_session *s, uint64_t time)
{
	size_t need = th_h1_ahead_by(&s->ahead, time);
	uint64_t patience = patience_until(s, time), since = th_clock_mono();
	while (!has_asked(s, need)) {
		if (comes_within(s, patience < LOOK_NS ? patience : LOOK_NS)) {
			since = th_clock_mono();
			if (!th_h1_session_more(s)) {
				return false;
			}
		} else if (th_clock_mono() - since >= patience) {
			if (s->served) {
				th_caller_strayed(s->c, s->ahead.next,
					"it never came; the recorded answer before it goes on");
			}
			s->ahead.at = s->c->serving->run->n_exchanges;
			s->ahead.sent = 0;
			return true;
		}
	}
	return true;
}

/* Nor before it has sent as much of the body as it had by then. */
static bool await_body(struct th_h1_session *s, uint64_t time)
{
	size_t need = s->early ? th_h1_early_sent_by(s->early, time) : 0;
	while (!s->in.whole && s->in.at - s->in.head_n < need) {
		if (s->in.at == s->in.buf.n && !await_more(s)) {
			th_caller_strayed(s->c, s->early,
				"it never came; the recorded server goes on without it");
			s->early = NULL;
			return true;
		}
		if (!th_h1_session_part(s)) {
			return false;
		}
	}
	return true;
}

/* Nor before answers that had ended by then have been given elsewhere. */
static bool await_turn(struct th_h1_session *s, uint64_t time)
{
	if (s->served && th_h1_out_flush(&s->out) < 0) {
		return false;
	}
	th_order_wait_part(s->c->serving->order, s->ahead.x, time);
	return true;
}

/* A part of an answer that was read at `time`. */
static bool send_part(
	struct th_h1_session *s, const struct th_timeline *t, uint64_t time, struct th_slice bytes)
{
	if (!th_h1_out_goes_on(&s->out, time) &&
		(th_h1_out_end_read(&s->out) < 0 || !await_turn(s, time) || !await_body(s, time) ||
			!await_requests(s, time) || !pause_until(s, t, time))) {
		return false;
	}
	s->served += bytes.n;
	return th_h1_out_put(&s->out, time, bytes) == 0;
}

/* Interim answers from the first that was not sent yet. */
static bool send_interims(struct th_h1_session *s, const struct th_exchange *x,
	const struct th_timeline *t, size_t until)
{
	for (; s->interims < until; s->interims++) {
		const struct th_interim *i = &x->interim[s->interims];
		if (!send_part(s, t, i->time, i->head.bytes)) {
			return false;
		}
	}
	return true;
}

static bool send_message(
	struct th_h1_session *s, const struct th_message *m, const struct th_timeline *t)
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

/* The answer is out, but for what was read together with the one to the next request. */
static bool finish_sending(struct th_h1_session *s, const struct th_ending *e)
{
	const struct th_exchange *next = s->ahead.next;
	if (e->at_once && e->after != TH_AFTER_KEEP) { /* it leaves with its end */
		return th_h1_out_last(&s->out) == 0;
	}
	bool goes_on = next && s->in.at < s->in.buf.n &&
		th_h1_out_goes_on(&s->out, th_h1_early_answer_began(next));
	return goes_on || th_h1_out_flush(&s->out) == 0;
}

static bool send_answer(
	struct th_h1_session *s, const struct th_exchange *x, const struct th_ending *e)
{
	struct th_timeline t = th_timeline_begin(s->c->serving, x);
	s->served = 0;
	s->ahead = th_h1_ahead_begin(s->c->serving->run, x);
	bool ok = send_interims(s, x, &t, x->n_interim) && send_message(s, &x->response, &t) &&
		finish_sending(s, e);
	th_tally_bytes(s->c->serving->tally, s->served);
	return ok;
}

/* What is not recorded. */
static bool put_now(struct th_h1_session *s, struct th_slice bytes)
{
	return th_h1_out_flush(&s->out) == 0 && th_stream_write(&s->c->stream, bytes) == 0 &&
		th_stream_flush(&s->c->stream) == 0;
}

static bool send_miss(struct th_h1_session *s, const char *body, bool with_body)
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
static bool go_on(struct th_h1_session *s)
{
	s->continued = th_online_now(s->c->serving);
	return !s->continued || put_now(s, TH_SLICE_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* A body that waits for 100 (RFC 9110 10.1.1): what did the recorded peer say to the head? */
static bool expectation(struct th_h1_session *s, struct th_exchange *asked)
{
	if (s->in.whole || !s->known.expects || !s->readable) {
		return true;
	}
	const struct th_exchange *x = th_index_peek_head(
		s->c->serving->index, &s->c->canon, &s->c->asker);
	if (!x) {
		return go_on(s);
	}
	if (x->n_interim == 0) {
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

static void serve_upgraded(struct th_h1_session *s, const struct th_exchange *x)
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
	th_serve_h2_upgraded(s->c, x, (struct th_slice){settings, len}, th_h1_in_unread(&s->in));
}

/* Did requests follow on the connection that have not been asked yet? */
static bool asks_on(const struct th_h1_session *s, const struct th_exchange *x)
{
	return s->in.whole ||
		(x->connection && th_index_left_on(s->c->serving->index, x->connection));
}

/* The answer sent before is read, or nobody is left to read it. */
static void settle(struct th_h1_session *s)
{
	if (s->given) {
		th_order_answered(s->c->serving->order, s->given);
	}
	s->given = NULL;
}

/* Who asks on has read the answer before, if it had then; that needs no look at the socket. What
 * was there already when the answer was sent may have been asked without reading it. */
static void settle_what_is_read(struct th_h1_session *s, const struct th_exchange *x)
{
	const struct th_exchange *before = s->given;
	if (before && s->alone && before->connection && before->connection == x->connection &&
		before->response.finished && before->response.ended <= x->request.began) {
		settle(s);
	}
}

/* Whether the agent has read the answer is looked at when somebody waits for that, if the
 * connection goes on; if it ends, that must not come before. Gives how it goes on. */
static struct th_ending await_taken(
	struct th_h1_session *s, const struct th_exchange *x, const struct th_closing *closing)
{
	struct th_order *order = s->c->serving->order;
	bool interim_only = x->n_interim && !x->response.head.bytes.n; /* its end comes with it */
	bool all = !s->out.held.n && !interim_only;
	bool alone = !s->given || th_order_is_taken(order, &s->taking);
	struct th_ending e = th_ending_of(s->c->serving, x, closing);
	if (alone && all && s->in.whole && e.after == TH_AFTER_KEEP) {
		settle(s);
		s->taking.fd = s->c->stream.fd;
		s->given = x;
		th_order_given(order, x, &s->taking);
		return e;
	}
	if (all && !e.at_once) {
		th_stream_await_taken(&s->c->stream, TH_ORDER_PATIENCE_NS);
	}
	settle(s);
	th_order_answered(order, x);
	return th_ending_of(s->c->serving, x, closing);
}

/* After an answer of HTTP/1. True: the connection goes on. */
static bool finish_answer(
	struct th_h1_session *s, const struct th_exchange *x, const struct th_ending *e)
{
	bool sent_on = x->request.finished && x->request.end == TH_END_COMPLETE;
	s->early = NULL;
	s->idle = *e;
	if (e->after == TH_AFTER_KEEP && sent_on) {
		th_index_fetch(s->c->serving->index, x);
		return th_h1_session_body(s);
	}
	if (e->after == TH_AFTER_KEEP && asks_on(s, x)) {
		s->in.at = s->in.buf.n; /* a refused body is not sent (RFC 9110 10.1.1) */
		return true;
	}
	if (e->after == TH_AFTER_KEEP) { /* not at once: the agent stops when it sees the answer */
		(void)th_stream_drain(&s->c->stream, 0);
		return false;
	}
	th_h1_session_end(s, e);
	return false;
}

/* After a 101, or a CONNECT that was granted. Bytes that were not recorded were TLS: what came
 * through it has exchanges of its own. */
static enum th_h1_next leave_http(struct th_h1_session *s, const struct th_exchange *x)
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
		th_dialog_serve(s->c, x, th_h1_in_unread(&s->in));
	} else {
		th_buf_slice(&s->c->tunnel, head.bytes);
	}
	th_order_answered(s->c->serving->order, x);
	return secret ? TH_H1_NEXT_TUNNEL : TH_H1_NEXT_END;
}

static bool answer(struct th_h1_session *s, const struct th_exchange *x, enum th_h1_next *ret_next)
{
	s->early = th_h1_early_is(x) ? x : NULL;
	if (!s->in.whole) {
		th_caller_refuse(s->c, x);
	}
	settle_what_is_read(s, x);
	th_order_wait(s->c->serving->order, x);
	if (x->response.head.list) {
		struct th_timeline t = th_timeline_begin(s->c->serving, x);
		s->ahead = th_h1_ahead_begin(s->c->serving->run, x);
		if (send_interims(s, x, &t, x->n_interim) && th_h1_out_flush(&s->out) == 0) {
			serve_upgraded(s, x);
		}
		return false;
	}
	const struct th_closing closing = th_index_closing(s->c->serving->index, x);
	if (closing.tunnel) {
		*ret_next = leave_http(s, x);
		return false;
	}
	struct th_ending e = th_ending_of(s->c->serving, x, &closing);
	if (!send_answer(s, x, &e)) {
		th_order_answered(s->c->serving->order, x);
		return false;
	}
	e = await_taken(s, x, &closing);
	return finish_answer(s, x, &e);
}

/* 0: there is no request line. */
static uint8_t request_version(const struct th_h1_session *s)
{
	struct th_slice method, target, version;
	if (!th_h1_request_line(th_h1_in_head(&s->in), &method, &target, &version)) {
		return 0;
	}
	return th_slice_eq(version, TH_SLICE_LIT("HTTP/1.0")) ? 10 : 11;
}

/* RFC 9112 9.3: a client that announced the end may read until it comes. */
static bool wants_close(const struct th_h1_session *s, const struct th_head *head)
{
	return request_version(s) == 10 ? !th_head_has_token(head, "connection", "keep-alive")
					: th_head_has_token(head, "connection", "close");
}

static bool answer_miss(struct th_h1_session *s, const char *body)
{
	struct th_slice method = {NULL, 0}, target;
	struct th_head head = request_head(s);
	if (!body) {
		th_h1_session_end(
			s, &(struct th_ending){.after = TH_AFTER_RESET, .code = ECONNRESET});
		return false;
	}
	th_head_request(&head, &method, &target);
	s->idle = (struct th_ending){.after = TH_AFTER_KEEP};
	bool sent = send_miss(s, body, !th_slice_eq(method, TH_SLICE_LIT("HEAD")));
	if (sent && wants_close(s, &head)) {
		th_h1_session_end(s, &(struct th_ending){.after = TH_AFTER_NOTIFY});
		return false;
	}
	return sent;
}

/* `body` as it came from the wire. */
static bool answer_live(struct th_h1_session *s, struct th_slice body, enum th_h1_next *ret_next)
{
	th_auto_free char *line = th_answer_request_line(&s->c->canon);
	const struct th_online_request r = {.head = th_h1_in_head(&s->in),
		.body = body,
		.early = th_h1_in_unread(&s->in),
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
static bool answer_request(
	struct th_h1_session *s, struct th_exchange *asked, enum th_h1_next *ret_next)
{
	struct th_claim claim;
	struct th_piece piece;
	struct th_slice body = th_h1_in_body(&s->in);
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

/* A head that is not the one before. False: as below. */
static bool begin_new(struct th_h1_session *s, struct th_exchange *ret_asked)
{
	uint8_t version = request_version(s);
	if (!version) {
		return th_h1_session_not_http(s);
	}
	if (!th_answer_head(s->c, request_head(s), version, ret_asked)) {
		return false;
	}
	s->known = (struct th_h1_known){.version = version,
		.expects = th_head_has_token(&ret_asked->request.head, "expect", "100-continue"),
		.plain = s->in.body == TH_H1_BODY_NONE ||
			(s->in.body == TH_H1_BODY_LENGTH && s->c->asked_line.end)};
	return true;
}

static bool begin_request(struct th_h1_session *s, struct th_exchange *ret_asked)
{
	return s->again ? th_answer_head_known(s->c, th_h1_in_head(&s->in), &s->like,
				  s->known.version, ret_asked)
			: begin_new(s, ret_asked);
}

/* False: the connection is over, or something else from here on. */
static bool serve_request(struct th_h1_session *s, enum th_h1_next *ret_next)
{
	struct th_exchange asked;
	struct th_claim claim = {.x = NULL};
	if (!th_h1_session_head(s) || !begin_request(s, &asked)) {
		return false;
	}
	s->readable = !s->in.whole && th_answer_read_head(s->c, &asked);
	if (!expectation(s, &asked) || !read_body_or_claim(s, &claim)) {
		return false;
	}
	return claim.x ? answer(s, claim.x, ret_next) : answer_request(s, &asked, ret_next);
}

enum th_h1_next th_serve_h1(struct th_caller *c)
{
	struct th_h1_session s = {.c = c, .out.stream = &c->stream};
	enum th_h1_next next = TH_H1_NEXT_END;
	while (serve_request(&s, &next)) {
	}
	settle(&s);
	th_h1_out_finish(&s.out);
	th_buf_finish(&s.in.buf);
	return next;
}
