/* The sent side of an HTTP/1 connection.
 *
 * A head is gathered whole, because it is redacted before it is written; a body is written as it
 * comes. With Expect: 100-continue a final response may take the body's place (RFC 9110 10.1.1):
 * then the next bytes sent are looked at, since they may be the next request as well as the body
 * after all. */
#include "base/text.h"
#include "recorder/emit.h"
#include "recorder/foreign.h"
#include "recorder/tap_h1.h"

#define METHOD_MAX 24

static bool is_method_char(uint8_t c)
{
	uint8_t l = th_lower(c);
	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* An origin-form, asterisk or absolute target (RFC 9112 3.2). */
static int is_target(struct th_slice in)
{
	const struct th_slice scheme = TH_SLICE_LIT("http");
	if (in.n && (in.p[0] == '/' || in.p[0] == '*')) {
		return 1;
	}
	size_t n = in.n < scheme.n ? in.n : scheme.n;
	if (!th_slice_ieq((struct th_slice){in.p, n}, (struct th_slice){scheme.p, n})) {
		return 0;
	}
	return n == scheme.n ? 1 : -1;
}

/* A method and the beginning of a target: enough to tell HTTP from other line protocols. */
int th_h1_recognise(struct th_slice in)
{
	size_t n = 0;
	in = th_h1_skip_empty_lines(in);
	while (n < in.n && n <= METHOD_MAX && is_method_char(in.p[n])) {
		n++;
	}
	if (n == in.n && n <= METHOD_MAX) {
		return -1;
	}
	struct th_slice method = {in.p, n};
	if (n == 0 || n > METHOD_MAX || in.p[n] != ' ' ||
		th_slice_eq(method, TH_SLICE_LIT("PRI"))) {
		return 0;
	}
	struct th_slice target = th_h1_rest(in, n + 1);
	if (th_slice_eq(method, TH_SLICE_LIT("CONNECT"))) {
		return target.n == 0 ? -1 : target.p[0] > ' ';
	}
	return is_target(target);
}

static uint8_t method_of(struct th_slice method)
{
	if (th_slice_eq(method, TH_SLICE_LIT("HEAD"))) {
		return TH_H1_HEAD_METHOD;
	}
	return th_slice_eq(method, TH_SLICE_LIT("CONNECT")) ? TH_H1_CONNECT_METHOD
							    : TH_H1_OTHER_METHOD;
}

/* A forked child, or the parent, has read what answers the questions before this one. */
static void forget_what_others_heard(struct th_h1 *t)
{
	uint8_t heard = th_foreign_heard(t->conn);
	while (t->count && heard != t->heard) {
		th_h1_end_response(t, TH_END_LOCAL, 0);
	}
	t->heard = heard;
}

static uint32_t begin_exchange(struct th_h1 *t, uint8_t method)
{
	forget_what_others_heard(t);
	uint32_t id = th_emit_begin(t->conn);
	uint32_t at = (t->first + t->count) % TH_H1_PIPELINE_MAX;
	t->asked[at] = (struct th_h1_asked){id, method};
	t->count++;
	return id;
}

struct start {
	uint8_t method, version; /* enum th_h1_method; as frames have it */
};

static bool read_start(struct th_slice head, struct start *ret_start)
{
	struct th_slice method, target, version;
	if (!th_h1_request_line(head, &method, &target, &version) || version.p[5] != '1') {
		return false;
	}
	*ret_start = (struct start){method_of(method), th_h1_version(version)};
	return true;
}

static bool waits_for_continue(const struct th_head *head)
{
	return !(head->lines && !head->lines->named[TH_LINES_EXPECT]) &&
		th_head_has_token(head, "expect", "100-continue");
}

/* What of the body came with the head: but a response that came before both is read between them.
 */
static struct th_slice body_with_head(
	const struct th_h1 *t, enum th_h1_body body, uint64_t length, struct th_slice rest)
{
	rest.n = t->held.n ? 0 : rest.n;
	return th_h1_body_with_head(TH_REDACT_REQUEST, body, length, rest);
}

/* `rest` is what came behind the head; *ret_taken of it are the body's, and written. */
static bool whole_head(struct th_h1 *t, const struct th_head *head, struct start start,
	struct th_slice rest, size_t *ret_taken)
{
	uint64_t length = 0;
	if (t->count == TH_H1_PIPELINE_MAX) {
		return false;
	}
	enum th_h1_body body = th_h1_request_framing(head, &length);
	bool bodiless = body == TH_H1_BODY_NONE || (body == TH_H1_BODY_LENGTH && length == 0);
	uint32_t id = begin_exchange(t, start.method);
	const struct th_slice first = body_with_head(t, body, length, rest);
	const bool whole = first.n && first.n == length;
	const struct th_emit_h1 emit = {.version = start.version,
		.flags = TH_FRAME_LAST | (bodiless ? TH_FRAME_BODILESS : 0),
		.head = *head,
		.memory = th_h1_remembered(t, TH_REDACT_REQUEST),
		.body = first,
		.body_flags = whole ? TH_FRAME_LAST : 0};
	t->again = true;
	th_emit_req_head_h1(t->conn, id, &emit);
	*ret_taken = first.n;
	if (first.n) {
		t->sending = whole ? 0 : id;
		t->expect = TH_H1_NOT_WAITING;
		th_h1_body(&t->req, whole ? TH_H1_BODY_NONE : body, length - first.n);
		return true;
	}
	if (!bodiless) {
		t->sending = id;
		t->expect = waits_for_continue(head) ? TH_H1_WAITING : TH_H1_NOT_WAITING;
		th_hold_begin(
			&t->req_hold, TH_REDACT_REQUEST, head, body == TH_H1_BODY_CHUNKED, false);
	}
	th_h1_body(&t->req, body, length);
	return body != TH_H1_BODY_BAD;
}

static bool head_piece(struct th_h1 *t, const struct th_h1_event *ev)
{
	struct th_slice piece = ev->bytes;
	struct th_head head = {.list = false};
	if (t->req_head.n == 0) {
		piece = th_h1_skip_empty_lines(piece);
	}
	if (!th_gather_join(&t->req_head, piece, ev->last, TH_H1_HEAD_MAX, &head.bytes)) {
		return false;
	}
	if (!ev->last) {
		return true;
	}
	struct start start;
	size_t none;
	bool ok = read_start(head.bytes, &start) &&
		whole_head(t, &head, start, (struct th_slice){NULL, 0}, &none);
	th_gather_free(&t->req_head);
	return ok;
}

static bool body_piece(struct th_h1 *t, const struct th_h1_event *ev)
{
	uint8_t flags = ev->last ? TH_FRAME_LAST : 0;
	bool ok = true;
	if (ev->trailer) {
		ok = th_h1_trailer(
			&t->req_trailer, &t->req_hold, t->sending, TH_FRAME_REQ_DATA, ev);
	} else {
		th_hold_data(&t->req_hold, t->sending, TH_FRAME_REQ_DATA, flags, ev->bytes);
	}
	t->expect = TH_H1_NOT_WAITING;
	t->sending = ok && ev->last ? 0 : t->sending;
	return ok;
}

/* A head with those lines, and what of its body is written with it: so many bytes are *ret_n. */
static bool plain_head(struct th_h1 *t, struct th_slice in, const struct th_lines *lines,
	struct start start, size_t *ret_n)
{
	const struct th_head head = {{in.p, lines->bytes}, false, lines};
	size_t taken = 0;
	bool ok = whole_head(t, &head, start, th_h1_rest(in, lines->bytes), &taken);
	*ret_n = lines->bytes + taken;
	return ok;
}

/* The same, beside those before it. */
static bool plain_head_again(struct th_h1 *t, struct th_slice in, size_t *ret_n)
{
	struct th_h1_memory *m = t->memory;
	const struct th_lines *lines = &m->asked.lines;
	struct start start = {m->method, m->version};
	if (!lines->start_same && !read_start((struct th_slice){in.p, lines->bytes}, &start)) {
		return false;
	}
	if (lines->fresh) {
		m->method = start.method;
		m->version = start.version;
	}
	return plain_head(t, in, lines, start, ret_n);
}

/* A head that is plain and whole, as most are; *ret_n are its bytes and those of its body that were
 * written with it, 0: it is not. */
static bool take_plain_head(struct th_h1 *t, struct th_slice in, size_t *ret_n)
{
	struct th_lines lines;
	*ret_n = 0;
	if (t->req_head.n || !th_h1_is_between(&t->req)) {
		return true;
	}
	if (t->again && !t->memory) {
		t->memory = th_h1_memory_create();
	}
	if (t->memory && th_lines_beside(&t->memory->asked, in)) {
		return plain_head_again(t, in, ret_n);
	}
	if (!t->memory && th_lines_of(in, &lines)) {
		struct start start;
		return read_start((struct th_slice){in.p, lines.bytes}, &start) &&
			plain_head(t, in, &lines, start, ret_n);
	}
	return true;
}

static bool take_part(struct th_h1 *t, struct th_slice in, size_t *ret_n)
{
	struct th_h1_event ev;
	*ret_n = th_h1_next(&t->req, in, &ev);
	return ev.kind == TH_H1_BODY ? body_piece(t, &ev)
				     : ev.kind == TH_H1_HEAD && head_piece(t, &ev);
}

static bool settle_refused(struct th_h1 *t, struct th_slice in);

/* A response that had overtaken its request is read at the end of the request's head, as if it had
 * come then: it may turn what is left into a tunnel's bytes, or a body that is not wanted. */
static bool read_messages(struct th_h1 *t, struct th_slice in)
{
	while (in.n && !t->tunnel && t->expect != TH_H1_REFUSED) {
		size_t n;
		bool ok = take_plain_head(t, in, &n) && (n || take_part(t, in, &n));
		if (!ok || !th_h1_read_held(t)) {
			return false;
		}
		in = th_h1_rest(in, n);
	}
	if (in.n && t->tunnel) {
		th_h1_tunnel_sent(t, in);
		return true;
	}
	return in.n == 0 || settle_refused(t, in);
}

/* Is the refused body sent after all, or is this the next request? Read as one of the two as soon
 * as there are bytes enough to tell. */
static bool settle_refused(struct th_h1 *t, struct th_slice in)
{
	struct th_slice all;
	if (!th_gather_join(&t->req_head, in, t->req_head.n == 0, TH_H1_HEAD_MAX, &all)) {
		return false;
	}
	int is_head = th_h1_recognise(all);
	if (is_head < 0) {
		return t->req_head.n || th_gather_add(&t->req_head, in, TH_H1_HEAD_MAX);
	}
	if (is_head) {
		th_hold_flush(&t->req_hold, t->sending, TH_FRAME_REQ_DATA, false);
		th_emit_end(t->sending, TH_FRAME_REQ_END, TH_END_LOCAL, 0);
		t->sending = 0;
		t->req = (struct th_h1_parser){0};
	}
	struct th_gather kept = t->req_head;
	t->req_head = (struct th_gather){0};
	t->expect = TH_H1_NOT_WAITING;
	bool ok = read_messages(t, all);
	th_gather_free(&kept);
	return ok;
}

bool th_h1_read_requests(struct th_h1 *t, struct th_slice in)
{
	return t->expect == TH_H1_REFUSED ? settle_refused(t, in) : read_messages(t, in);
}

void th_h1_end_request(struct th_h1 *t, enum th_end how, uint32_t code)
{
	if (t->sending && t->req_head.n) {
		th_hold_data(&t->req_hold, t->sending, TH_FRAME_REQ_DATA, 0,
			th_gather_slice(&t->req_head));
	} else if (t->req_head.n) {
		th_emit_lost(1, t->req_head.n, "a request head that was not finished");
	}
	if (t->sending) {
		th_h1_end_body(&t->req_trailer, &t->req_hold, t->sending, TH_FRAME_REQ_DATA);
		th_emit_end(t->sending, TH_FRAME_REQ_END, how, code);
	}
	t->sending = 0;
	t->expect = TH_H1_NOT_WAITING;
	th_gather_free(&t->req_head);
}
