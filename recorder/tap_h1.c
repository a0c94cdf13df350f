/* The HTTP/1 tap (RFC 9112): the vtable, tunnels, and the end of a connection.
 *
 * Requests queue up, responses answer them in order. The two sides are otherwise independent: a
 * response may come, and even end, while its request is still being sent. Calls are tapped after
 * they happened, so with two threads on a connection a response can be seen before its request; it
 * is held until then.
 *
 * A tunnel that carries TLS (CONNECT to a proxy) is not recorded: its bytes are useless without
 * the session, and a TLS tap has their plaintext. */
#include "recorder/tap_h1.h"

#include "recorder/emit.h"

#define TLS_HANDSHAKE 0x16

static void h1_init(void *state, struct th_conn *c)
{
	struct th_h1 *t = state;
	t->conn = c;
}

/* Under rules for bodies what goes through a tunnel is withheld. */
static void tunnel_data(struct th_h1 *t, uint8_t type, struct th_slice in)
{
	bool sent = type == TH_FRAME_REQ_DATA;
	struct th_hold *hold = sent ? &t->req_hold : &t->res_hold;
	const struct th_head none = {.bytes = {NULL, 0}};
	if (!hold->held) {
		th_hold_begin(
			hold, sent ? TH_REDACT_REQUEST : TH_REDACT_RESPONSE, &none, false, true);
	}
	th_hold_data(hold, th_h1_oldest(t)->id, type, 0, in);
}

void th_h1_tunnel_sent(struct th_h1 *t, struct th_slice in)
{
	if (t->tunnel == TH_H1_CONNECTED) {
		t->tunnel = in.p[0] == TLS_HANDSHAKE ? TH_H1_SECRET : TH_H1_THROUGH;
	}
	if (t->tunnel == TH_H1_THROUGH) {
		tunnel_data(t, TH_FRAME_REQ_DATA, in);
	}
}

void th_h1_tunnel_received(struct th_h1 *t, struct th_slice in)
{
	if (t->tunnel != TH_H1_SECRET) {
		tunnel_data(t, TH_FRAME_RES_DATA, in);
	}
}

bool th_h1_read_held(struct th_h1 *t)
{
	if (t->held.n == 0 || t->count == 0) {
		return true;
	}
	struct th_gather held = t->held;
	t->held = (struct th_gather){0};
	t->reading_held = true;
	bool ok = th_h1_read_responses(t, th_gather_slice(&held));
	t->reading_held = false;
	th_gather_free(&held);
	return ok;
}

bool th_h1_trailer(struct th_gather *g, struct th_hold *body, uint32_t exchange, uint8_t type,
	const struct th_h1_event *ev)
{
	struct th_slice section;
	if (!th_gather_join(g, ev->bytes, ev->last, TH_H1_HEAD_MAX, &section)) {
		th_emit_lost(1, g->n + ev->bytes.n, "no memory for a trailer");
		th_gather_free(g);
		return false;
	}
	if (!ev->last) {
		return true;
	}
	if (!th_hold_flush(body, exchange, type, true)) {
		th_emit_h1_trailer(exchange, type, TH_FRAME_LAST, section);
	}
	th_gather_free(g);
	return true;
}

void th_h1_end_body(struct th_gather *g, struct th_hold *body, uint32_t exchange, uint8_t type)
{
	if (!th_hold_flush(body, exchange, type, false) && g->n) {
		th_emit_h1_trailer(exchange, type, 0, th_gather_slice(g));
	}
	th_gather_free(g);
}

static bool h1_sent(void *state, struct th_slice in)
{
	struct th_h1 *t = state;
	if (t->tunnel) {
		th_h1_tunnel_sent(t, in);
		return true;
	}
	return th_h1_read_requests(t, in);
}

static bool h1_received(void *state, struct th_slice in)
{
	struct th_h1 *t = state;
	if (t->held.n) {
		return th_h1_hold(t, in);
	}
	return th_h1_read_responses(t, in);
}

static void h1_end(void *state, enum th_end how, uint32_t code)
{
	struct th_h1 *t = state;
	th_h1_end_request(t, how, code);
	while (t->count) {
		th_h1_end_response(t, how, code);
	}
	if (t->held.n) {
		th_emit_lost(1, t->held.n, "a response that nothing had asked for");
		th_gather_free(&t->held);
	}
	t->req = t->res = (struct th_h1_parser){0};
}

static void h1_finish(void *state)
{
	struct th_h1 *t = state;
	th_gather_free(&t->req_head);
	th_gather_free(&t->res_head);
	th_gather_free(&t->req_trailer);
	th_gather_free(&t->res_trailer);
	th_hold_free(&t->req_hold);
	th_hold_free(&t->res_hold);
	th_gather_free(&t->held);
	t->memory = th_h1_memory_destroy(t->memory);
}

static bool h1_is_busy(const void *state)
{
	const struct th_h1 *t = state;
	return t->count || t->sending || t->req_head.n;
}

static bool h1_is_secret(const void *state)
{
	return ((const struct th_h1 *)state)->tunnel == TH_H1_SECRET;
}

const struct th_tap th_tap_h1 = {
	.name = "HTTP/1",
	.speaks = TH_SPEAKS_HTTP1,
	.state_size = sizeof(struct th_h1),
	.recognise = th_h1_recognise,
	.init = h1_init,
	.is_busy = h1_is_busy,
	.is_secret = h1_is_secret,
	.may_begin = th_h1_may_begin,
	.rewrite = th_h1_rewrite,
	.sent = h1_sent,
	.received = h1_received,
	.end = h1_end,
	.finish = h1_finish,
};
