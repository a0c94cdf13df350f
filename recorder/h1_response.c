/* The received side of an HTTP/1 connection.
 *
 * What the agent has received must be in the capture before the agent can act on it, so the fields
 * of a final head are written as they come; they are gathered as well, to find the body's framing.
 * Held back are a field whose end has not come (it may hold a secret), a trailer section, the bytes
 * before the status code, which tells an interim response from the final one, and interim heads
 * until they are whole. Bytes that are no HTTP are written too, before the tap gives up: a replay
 * must be able to disappoint the agent in the same way. */
#include "capture/scrub_rules.h"
#include "recorder/emit.h"
#include "recorder/process.h"
#include "recorder/tap_h1.h"

#define STATUS_AT 9 /* "HTTP/1.1 200" */
#define STATUS_END 12

enum verdict {
	NOT_YET, /* the status code has not come */
	INTERIM,
	FINAL,
	NOT_HTTP,
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static enum verdict judge(struct th_slice head)
{
	static const char shape[] = "HTTP/1.x nnn"; /* x, n: a digit */
	if (head.n >= STATUS_END && th_le64(head.p + 1) == th_le64("TTP/1.1 ") &&
		head.p[0] == 'H' && head.p[9] >= '2' && head.p[9] <= '9' && is_digit(head.p[10]) &&
		is_digit(head.p[11])) {
		return FINAL; /* as most, told at once */
	}
	for (size_t i = 0; i < STATUS_END; i++) {
		if (i == head.n) {
			return NOT_YET;
		}
		bool digit = shape[i] == 'x' || shape[i] == 'n';
		if (digit ? !is_digit(head.p[i]) : head.p[i] != (uint8_t)shape[i]) {
			return NOT_HTTP;
		}
	}
	return head.p[STATUS_AT] == '1' ? INTERIM : FINAL;
}

static void pop(struct th_h1 *t)
{
	th_hold_free(&t->res_hold);
	t->first = (t->first + 1) % TH_H1_PIPELINE_MAX;
	t->count--;
	t->until_close = false;
}

static void head_done(struct th_h1 *t)
{
	th_gather_free(&t->res_head);
	t->res_written = 0;
	t->res_interim = false;
}

/* Writes what of the head is not yet written, and what comes of the body with it. */
static void write_head_with(struct th_h1 *t, uint8_t type, uint8_t flags,
	const struct th_head *head, struct th_slice body, uint8_t body_flags)
{
	const struct th_slice all = head->bytes;
	const struct th_emit_h1 emit = {
		.version = all.n > 7 ? th_h1_version(all) : 11,
		.flags = flags,
		.head = {th_h1_rest(all, t->res_written), false,
			t->res_written ? NULL : head->lines},
		.memory = th_h1_remembered(t, TH_REDACT_RESPONSE),
		.body = body,
		.body_flags = body_flags,
	};
	if (emit.head.bytes.n || flags) {
		th_emit_res_head_h1(th_h1_oldest(t)->id, type, &emit);
	}
	t->res_written = (uint32_t)all.n;
}

static void write_head(struct th_h1 *t, uint8_t type, uint8_t flags, const struct th_head *head)
{
	write_head_with(t, type, flags, head, (struct th_slice){NULL, 0}, 0);
}

static void write_piece(struct th_h1 *t, uint8_t type, struct th_slice bytes)
{
	write_head(t, type, 0, &(struct th_head){.bytes = bytes});
}

/* The part of an unfinished head that consists of whole fields: a field may still be continued as
 * long as what follows its line has not begun (RFC 9112 5.2), a status line cannot. */
static struct th_slice whole_fields(struct th_slice head)
{
	size_t n = head.n;
	if (memchr(head.p, '\n', n) == head.p + n - 1) {
		return head;
	}
	while (n > 1 && (head.p[n - 2] != '\n' || head.p[n - 1] == ' ' || head.p[n - 1] == '\t')) {
		n--;
	}
	return (struct th_slice){head.p, n > 1 ? n - 1 : 0};
}

static struct th_slice method_text(const struct th_h1_asked *asked)
{
	static const struct th_slice texts[] = {
		[TH_H1_OTHER_METHOD] = {(const uint8_t *)"GET", 3},
		[TH_H1_HEAD_METHOD] = {(const uint8_t *)"HEAD", 4},
		[TH_H1_CONNECT_METHOD] = {(const uint8_t *)"CONNECT", 7},
	};
	return texts[asked->method];
}

static void open_tunnel(struct th_h1 *t)
{
	bool connect = th_h1_oldest(t)->method == TH_H1_CONNECT_METHOD;
	t->tunnel = connect ? TH_H1_CONNECTED : TH_H1_THROUGH;
	if (t->req_head.n) { /* the client did not wait for the answer */
		struct th_gather early = t->req_head;
		t->req_head = (struct th_gather){0};
		th_h1_tunnel_sent(t, th_gather_slice(&early));
		th_gather_free(&early);
	}
}

/* `rest` is what came behind the head; *ret_taken of it are the body's, and written. */
static bool final_head(
	struct th_h1 *t, const struct th_head *head, struct th_slice rest, size_t *ret_taken)
{
	const struct th_h1_asked *asked = th_h1_oldest(t);
	uint64_t length = 0;
	enum th_h1_body body = th_h1_response_framing(head, method_text(asked), &length);
	bool bodiless = body == TH_H1_BODY_NONE || (body == TH_H1_BODY_LENGTH && length == 0);
	const struct th_slice first = th_h1_body_with_head(TH_REDACT_RESPONSE, body, length, rest);
	const bool whole = first.n && first.n == length;
	write_head_with(t, TH_FRAME_RES_HEAD, TH_FRAME_LAST | (bodiless ? TH_FRAME_BODILESS : 0),
		head, first, whole ? TH_FRAME_LAST : 0);
	*ret_taken = first.n;
	th_h1_body(&t->res, whole ? TH_H1_BODY_NONE : body, length - first.n);
	if (asked->id == t->sending && t->expect == TH_H1_WAITING) {
		t->expect = TH_H1_REFUSED;
	}
	if (bodiless || whole) {
		pop(t);
	} else if (body == TH_H1_BODY_TUNNEL) {
		open_tunnel(t);
	} else {
		th_hold_begin(
			&t->res_hold, TH_REDACT_RESPONSE, head, body == TH_H1_BODY_CHUNKED, false);
	}
	t->until_close = body == TH_H1_BODY_UNTIL_CLOSE;
	return body != TH_H1_BODY_BAD;
}

static bool final_head_alone(struct th_h1 *t, const struct th_head *head)
{
	size_t none;
	return final_head(t, head, (struct th_slice){NULL, 0}, &none);
}

/* A 1xx head. `rest` are the bytes behind it. */
static bool interim_head(struct th_h1 *t, const struct th_head *head, struct th_slice rest)
{
	uint32_t id = th_h1_oldest(t)->id;
	uint16_t status = th_head_status(head);
	bool upgraded = status == 101 && th_head_has_token(head, "upgrade", "h2c") &&
		t->count == 1 && !t->sending && !t->reading_held &&
		th_conn_switch(t->conn, TH_SPEAKS_HTTP2, id, rest);
	if (status == 101 && !upgraded) {
		return final_head_alone(t, head);
	}
	write_head(t, TH_FRAME_RES_INFO, TH_FRAME_LAST, head);
	th_h1_body(&t->res, TH_H1_BODY_NONE, 0);
	if (upgraded) {
		pop(t);
	} else if (status == 100 && id == t->sending) {
		t->expect = TH_H1_NOT_WAITING;
	}
	return true;
}

static bool head_piece(struct th_h1 *t, const struct th_h1_event *ev, struct th_slice rest)
{
	struct th_head head = {.list = false};
	if (!th_gather_join(&t->res_head, ev->bytes, ev->last, TH_H1_HEAD_MAX, &head.bytes)) {
		th_emit_lost(1, ev->bytes.n, "no memory for a response head");
		return false;
	}
	enum verdict v = judge(head.bytes);
	if (v == NOT_HTTP || (v == NOT_YET && ev->last)) {
		write_piece(t, TH_FRAME_RES_HEAD, head.bytes);
		return false;
	}
	t->res_interim = v == INTERIM;
	if (v == FINAL && !ev->last && whole_fields(head.bytes).n > t->res_written) {
		write_piece(t, TH_FRAME_RES_HEAD, whole_fields(head.bytes));
	}
	if (!ev->last) {
		return true;
	}
	bool ok = v == INTERIM ? interim_head(t, &head, rest) : final_head_alone(t, &head);
	head_done(t);
	return ok;
}

/* Where the lines of a plain head are; NULL: it is not plain, or not all there. */
static const struct th_lines *lines_of(struct th_h1 *t, struct th_slice in, struct th_lines *room)
{
	struct th_lines_model *model = t->memory ? t->memory->answered : NULL;
	if (!model) {
		return th_lines_of(in, room) ? room : NULL;
	}
	return th_lines_beside(model, in) ? &model->lines : NULL;
}

/* A final head that is plain and whole, as most are; *ret_n are its bytes and those of its body
 * that were written with it, 0: it is not. */
static bool take_plain_head(struct th_h1 *t, struct th_slice in, size_t *ret_n)
{
	struct th_lines room;
	const struct th_lines *lines = NULL;
	*ret_n = 0;
	if (!t->res_head.n && judge(in) == FINAL && th_h1_is_between(&t->res)) {
		lines = lines_of(t, in, &room);
	}
	if (!lines) {
		return true;
	}
	const struct th_head head = {{in.p, lines->bytes}, false, lines};
	size_t taken = 0;
	bool ok = final_head(t, &head, th_h1_rest(in, lines->bytes), &taken);
	*ret_n = lines->bytes + taken;
	head_done(t);
	return ok;
}

static bool body_piece(struct th_h1 *t, const struct th_h1_event *ev)
{
	uint8_t flags = ev->last ? TH_FRAME_LAST : 0;
	uint32_t id = th_h1_oldest(t)->id;
	bool ok = true;
	if (ev->trailer) {
		ok = th_h1_trailer(&t->res_trailer, &t->res_hold, id, TH_FRAME_RES_DATA, ev);
	} else {
		th_hold_data(&t->res_hold, id, TH_FRAME_RES_DATA, flags, ev->bytes);
	}
	if (ok && ev->last) {
		pop(t);
	}
	return ok;
}

/* The agent was given bytes that cannot be followed; they are written as what they stand for. Of a
 * head that is too long the line at whose end nobody looks any more is not known to hold no secret:
 * it is only counted. */
static void write_bad(struct th_h1 *t, struct th_slice in)
{
	if (!t->count || !in.n) {
		return;
	}
	if (t->res_head.n > t->res_written) {
		th_emit_lost(1, t->res_head.n - t->res_written + in.n, "a response head too long");
	} else if (th_hold_hides(TH_REDACT_RESPONSE)) {
		th_emit_lost(1, in.n, "what is no HTTP was not to be written");
	} else if (t->res_head.n || t->res_written) {
		th_emit_res_head_h1(th_h1_oldest(t)->id, TH_FRAME_RES_HEAD,
			&(struct th_emit_h1){.version = 11, .head.bytes = in});
	} else {
		th_emit_data(th_h1_oldest(t)->id, TH_FRAME_RES_DATA, 0, in);
	}
}

static bool before_head(const struct th_h1 *t)
{
	return t->res.state == 0 && t->res_head.n == 0;
}

static bool take_part(struct th_h1 *t, struct th_slice in, size_t *ret_n)
{
	struct th_h1_event ev;
	*ret_n = th_h1_next(&t->res, in, &ev);
	return ev.kind == TH_H1_BODY
		? body_piece(t, &ev)
		: ev.kind == TH_H1_HEAD && head_piece(t, &ev, th_h1_rest(in, *ret_n));
}

static bool next_part(struct th_h1 *t, struct th_slice *in)
{
	size_t n = 0;
	bool ok = !before_head(t) || take_plain_head(t, *in, &n);
	ok = ok && (n || take_part(t, *in, &n));
	*in = th_h1_rest(*in, n);
	if (!ok) {
		write_bad(t, *in);
	}
	return ok;
}

bool th_h1_hold(struct th_h1 *t, struct th_slice in)
{
	if (!th_gather_add(&t->held, in, TH_H1_HELD_MAX)) {
		return false;
	}
	if (judge(th_gather_slice(&t->held)) == NOT_HTTP) {
		th_gather_free(&t->held);
		return false;
	}
	return true;
}

bool th_h1_read_responses(struct th_h1 *t, struct th_slice in)
{
	while (in.n && !t->tunnel && !t->conn->next_tap) {
		if (before_head(t)) {
			in = th_h1_skip_empty_lines(in);
		}
		if (before_head(t) && t->count == 0) {
			return th_h1_hold(t, in);
		}
		if (in.n && !next_part(t, &in)) {
			return false;
		}
	}
	if (in.n && t->tunnel) {
		th_h1_tunnel_received(t, in);
	}
	return true;
}

void th_h1_end_response(struct th_h1 *t, enum th_end how, uint32_t code)
{
	uint32_t id = th_h1_oldest(t)->id;
	bool as_it_should = (t->until_close || t->tunnel) &&
		(how == TH_END_FIN || how == TH_END_NOTIFY);
	if (t->res_head.n > t->res_written) {
		write_piece(t, t->res_interim ? TH_FRAME_RES_INFO : TH_FRAME_RES_HEAD,
			th_gather_slice(&t->res_head));
	}
	th_h1_end_body(&t->res_trailer, &t->res_hold, id, TH_FRAME_RES_DATA);
	th_emit_end(id, TH_FRAME_RES_END, as_it_should ? TH_END_COMPLETE : how,
		as_it_should ? 0 : code);
	head_done(t);
	pop(t);
	t->tunnel = TH_H1_NO_TUNNEL;
}
