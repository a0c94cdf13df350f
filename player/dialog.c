/* See dialog.h.
 *
 * A WebSocket's messages are compared frame by frame, unmasked; text that is JSON is compared as
 * JSON. An agent that says something else than it did gets a Close frame (1011) that says so, since
 * there is no status code here. Its pings are answered, its pongs ignored.
 *
 * WebSocket over HTTP/2 (RFC 8441): h2_duplex.h. */
#include "player/dialog.h"

#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "capture/stand_in.h"
#include "player/explain.h"
#include "player/same_message.h"

#define PROTOCOL_FIELD "sec-websocket-protocol"		   /* RFC 6455 11.3.4 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */
#define ACCEPT_CHARS 28
#define INTERNAL_ERROR 1011 /* RFC 6455 7.4.1 */
#define READ_BYTES 16384
/* An agent that does not say what it said then is not waited for longer than it took, and this. */
#define PATIENCE_NS 5000000000ull

struct dialog {
	struct th_caller *c;
	const struct th_exchange *x;
	struct th_script script;
	struct th_buf in; /* from the agent, not yet understood */
	uint64_t said;	  /* by the agent, of what the script expects */
	size_t part;	  /* the next */
	uint64_t started;
	bool over;
};

/* ---- the head ---- */

static bool make_accept(struct th_slice key, char ret_text[ACCEPT_CHARS + 1])
{
	uint8_t text[128], sha1[EVP_MAX_MD_SIZE];
	unsigned n;
	if (key.n > sizeof(text) - strlen(ACCEPT_GUID)) {
		return false;
	}
	memcpy(text, key.p, key.n);
	memcpy(text + key.n, ACCEPT_GUID, strlen(ACCEPT_GUID));
	return EVP_Digest(text, key.n + strlen(ACCEPT_GUID), sha1, &n, EVP_sha1(), NULL) == 1 &&
		EVP_EncodeBlock((unsigned char *)ret_text, sha1, (int)n) == ACCEPT_CHARS;
}

/* The protocol that the agent offers where the recorded one offered `token`, which the peer chose;
 * empty: nowhere. A protocol's name may be a key (capture/secret.c), so the capture has tokens. */
static struct th_slice offered_for(
	const struct th_exchange *x, const struct th_head *asked, struct th_slice token)
{
	struct th_slice recorded, offered, a, b;
	const struct th_slice none = {NULL, 0};
	if (!th_head_get(&x->request.head, PROTOCOL_FIELD, &recorded) ||
		!th_head_get(asked, PROTOCOL_FIELD, &offered)) {
		return none;
	}
	while (th_list_next(&recorded, &a) && th_list_next(&offered, &b)) {
		if (th_slice_eq(a, token)) {
			return b;
		}
	}
	return none;
}

/* The recorded head, with the protocol's own name in it. */
static void begin_head(
	const struct th_exchange *x, const struct th_head *asked, struct th_buf *ret_head)
{
	const struct th_head *head = &x->response.head;
	const uint8_t *p = head->bytes.p, *end = p + head->bytes.n;
	struct th_slice token, name;
	if (th_head_get(head, PROTOCOL_FIELD, &token) && th_stand_in_is(token)) {
		name = offered_for(x, asked, token);
		th_buf_add(ret_head, p, (size_t)(token.p - p));
		th_buf_slice(ret_head, name.n ? name : token);
		p = token.p + token.n;
	}
	th_buf_add(ret_head, p, (size_t)(end - p));
}

int th_dialog_begin(struct th_caller *c, const struct th_exchange *x, const struct th_head *asked)
{
	th_cleanup(th_buf_finish) struct th_buf head = {0};
	struct th_slice key, value;
	char accept[ACCEPT_CHARS + 1];
	begin_head(x, asked, &head);
	if (head.failed) {
		return -ENOMEM;
	}
	struct th_head copy = {.bytes = th_buf_view(&head)};
	if (th_head_get(asked, "sec-websocket-key", &key) &&
		th_head_get(&copy, "sec-websocket-accept", &value) && value.n == ACCEPT_CHARS &&
		make_accept(key, accept)) {
		memcpy(head.p + (value.p - head.p), accept, ACCEPT_CHARS);
	}
	th_tally_bytes(c->serving->tally, head.n);
	int r = th_stream_write(&c->stream, th_buf_view(&head));
	return r < 0 ? r : th_stream_flush(&c->stream);
}

/* ---- what does not fit ---- */

static void note_miss(struct dialog *d, const char *why)
{
	th_auto_free char *line = th_answer_request_line(&d->c->canon);
	th_cleanup(th_buf_finish) struct th_buf text = {0};
	th_buf_fmt(&text, "message %llu of ", (unsigned long long)d->said + 1);
	th_buf_str(&text, line ? line : "a connection");
	th_buf_u8(&text, 0);
	th_tally_miss(d->c->serving->tally, d->c->hello.process,
		text.failed ? "a message" : (const char *)text.p, why);
}

static void send_control(struct dialog *d, uint8_t opcode, struct th_slice payload)
{
	uint8_t head[TH_WS_HEAD_MAX];
	th_cleanup(th_buf_finish) struct th_buf frame = {0};
	th_buf_add(&frame, head, th_ws_write_head(opcode, payload.n, head));
	th_buf_slice(&frame, payload);
	if (frame.failed || th_stream_write(&d->c->stream, th_buf_view(&frame)) < 0 ||
		th_stream_flush(&d->c->stream) < 0) {
		d->over = true;
	}
}

static void miss(struct dialog *d, const char *why)
{
	static const uint8_t reason[] = "\x03\xf3tracehook replay: not the recorded message";
	_Static_assert(INTERNAL_ERROR == 0x03f3, "the reason begins with it");
	note_miss(d, why);
	d->over = true;
	if (d->c->serving->on_miss == TH_ON_MISS_ABORT) {
		th_caller_end(
			d->c, &(struct th_ending){.after = TH_AFTER_RESET, .code = ECONNRESET});
		return;
	}
	if (d->script.websocket) {
		send_control(d, TH_WS_CLOSE, (struct th_slice){reason, sizeof(reason) - 1});
	}
	th_stream_end(&d->c->stream, true);
}

/* ---- what the agent says ---- */

static void explain_miss(struct dialog *d, const struct th_ws_frame *f, struct th_slice payload)
{
	th_cleanup(th_buf_finish) struct th_buf why = {0};
	if (d->said >= d->script.n_said) {
		th_buf_str(&why, "the recording has no further message; asked ");
		th_explain_quote(payload, 80, &why);
	} else {
		const struct th_said *then = &d->script.said[d->said];
		th_buf_str(&why, "asked ");
		th_explain_quote(payload, 80, &why);
		th_buf_str(&why, ", recorded ");
		th_explain_quote(then->payload, 80, &why);
		th_buf_str(&why, then->frame.opcode != f->opcode ? " of another kind" : "");
	}
	th_buf_u8(&why, 0);
	miss(d, why.failed ? "not the recorded message" : (const char *)why.p);
}

static void hear_frame(struct dialog *d, const struct th_ws_frame *f, struct th_slice payload)
{
	if (f->opcode == TH_WS_PING) {
		send_control(d, TH_WS_PONG, payload);
	} else if (f->opcode == TH_WS_PONG) {
		return;
	} else if (d->said < d->script.n_said &&
		th_same_message(&d->script.said[d->said], f, payload)) {
		d->said++;
	} else {
		explain_miss(d, f, payload);
	}
}

static void hear_frames(struct dialog *d)
{
	struct th_ws_frame f;
	size_t at = 0;
	int r = 0;
	while (!d->over &&
		(r = th_ws_head((struct th_slice){d->in.p + at, d->in.n - at}, &f)) == 1 &&
		f.length <= d->in.n - at - f.head_n) {
		uint8_t *payload = d->in.p + at + f.head_n;
		if (f.masked) {
			th_ws_mask(f.mask, 0, payload, f.length);
		}
		at += f.head_n + f.length;
		hear_frame(d, &f, (struct th_slice){payload, f.length});
	}
	if (!d->over && r < 0) {
		miss(d, "bytes that are not WebSocket");
	}
	memmove(d->in.p, d->in.p + at, d->in.n - at);
	d->in.n -= at;
}

static void hear_bytes(struct dialog *d)
{
	uint64_t left = d->script.client.n - d->said;
	if (d->in.n > left || memcmp(d->in.p, d->script.client.p + d->said, d->in.n) != 0) {
		miss(d, "other bytes than were recorded");
		return;
	}
	d->said += d->in.n;
	d->in.n = 0;
}

static void hear(struct dialog *d)
{
	if (d->in.n == 0) {
		return;
	}
	if (d->script.websocket) {
		hear_frames(d);
	} else {
		hear_bytes(d);
	}
}

/* ---- what the server said ---- */

static bool keep_pace(struct dialog *d, uint64_t time)
{
	const struct th_timeline t = {.start = d->started,
		.recorded_start = d->x->response.began,
		.pace = d->c->serving->pace};
	uint64_t ns = th_timeline_wait(&t, time);
	return ns == 0 ||
		(th_stream_flush(&d->c->stream) == 0 && th_stream_pause(&d->c->stream, ns));
}

/* All that is due. */
static void speak(struct dialog *d)
{
	const struct th_script *s = &d->script;
	bool ok = true;
	while (ok && d->part < s->n_parts && s->parts[d->part].need <= d->said) {
		const struct th_part *part = &s->parts[d->part++];
		th_tally_bytes(d->c->serving->tally, part->bytes.n);
		ok = keep_pace(d, part->time) && th_stream_write(&d->c->stream, part->bytes) == 0;
	}
	if (!ok || th_stream_flush(&d->c->stream) < 0) {
		d->over = true;
	}
}

/* Both sides of a WebSocket have said goodbye: the agent waits for the connection's end, and asks
 * nothing elsewhere before. */
static bool is_closed(const struct th_script *s)
{
	return s->n_said > 0 && s->said[s->n_said - 1].frame.opcode == TH_WS_CLOSE;
}

/* The peer went after a while (timeline.c); was that now, with the agent saying nothing more? */
static bool is_idle_over(struct dialog *d, const struct th_ending *e)
{
	struct pollfd pfd = {.fd = d->c->stream.fd, .events = POLLIN};
	uint64_t since = th_clock_mono(), left;
	if (is_closed(&d->script)) {
		return true;
	}
	while ((left = th_ending_idle_left(d->c->serving, e, th_clock_mono() - since)) > 0) {
		if (th_stream_has_input(&d->c->stream) ||
			poll(&pfd, 1, (int)(left / 1000000 + 1)) != 0) {
			return false;
		}
	}
	return true;
}

/* Nothing more to say or to hear: did the peer end the connection then? */
static bool ended(struct dialog *d)
{
	uint64_t all = d->script.websocket ? d->script.n_said : d->script.client.n;
	if (d->part < d->script.n_parts || d->said < all) {
		return false;
	}
	const struct th_closing closing = th_closing_of(d->x);
	struct th_ending e = th_ending_of(d->c->serving, d->x, &closing);
	if (e.after == TH_AFTER_KEEP && e.idle_ns && is_idle_over(d, &e)) {
		e.after = e.then;
	}
	if (e.after == TH_AFTER_KEEP || e.after == TH_AFTER_SILENT) {
		return false;
	}
	th_caller_end(d->c, &e);
	return true;
}

/* Waits for the agent to say something. False: it says nothing for too long. */
static bool await(struct dialog *d)
{
	if (d->part == d->script.n_parts || th_stream_has_input(&d->c->stream)) {
		return true;
	}
	uint64_t due = d->script.parts[d->part].time, from = d->x->response.began;
	uint64_t ns = PATIENCE_NS + (due > from ? due - from : 0);
	struct pollfd pfd = {.fd = d->c->stream.fd, .events = POLLIN};
	return poll(&pfd, 1, (int)(ns / 1000000 % INT32_MAX)) != 0;
}

static bool listen_on(struct dialog *d)
{
	if (!await(d)) {
		note_miss(d, "it never came; the recorded server goes on without it");
		d->said = d->script.parts[d->part].need;
		return true;
	}
	if (!th_buf_room(&d->in, READ_BYTES)) {
		return false;
	}
	ssize_t n = th_stream_read(&d->c->stream, d->in.p + d->in.n, d->in.cap - d->in.n);
	d->in.n += n > 0 ? (size_t)n : 0;
	return n > 0;
}

void th_dialog_serve(struct th_caller *c, const struct th_exchange *x, struct th_slice early)
{
	struct dialog d = {.c = c, .x = x, .started = th_clock_mono()};
	if (th_script_init(&d.script, x) < 0) {
		return;
	}
	th_buf_slice(&d.in, early);
	do {
		hear(&d);
		if (!d.over) {
			speak(&d);
		}
	} while (!d.over && !ended(&d) && listen_on(&d));
	th_buf_finish(&d.in);
	th_script_finish(&d.script);
}
