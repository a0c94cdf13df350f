/* From a connection's bytes to its tap.
 *
 * Only the first bytes sent decide what a connection speaks. What the peer said before that is
 * kept (bounded) and given to the tap before them: a server may speak first, and a thread that
 * reads may be seen before the thread that wrote, since calls are tapped after they happened. */
#include <string.h>

#include "base/pool.h"
#include "recorder/conn.h"
#include "recorder/emit.h"

/* In the order in which they are asked: one that needs more bytes makes the later ones wait. */
static const struct th_tap *const taps[] = {&th_tap_h2, &th_tap_h1, &th_tap_dns};

#define TLS_HANDSHAKE 0x16 /* RFC 8446 5.1; the next byte is 3 in all versions */
#define TLS_MAJOR 3

static void drop_tap(struct th_conn *c)
{
	if (c->tap) {
		c->tap->finish(c->state);
		th_pool_free(c->state, c->tap->state_size);
	}
	c->tap = NULL;
	c->state = NULL;
}

static void *make_state(const struct th_tap *tap, struct th_conn *c)
{
	void *state = th_pool_alloc(tap->state_size);
	if (state) {
		tap->init(state, c);
	}
	return state;
}

bool th_conn_switch(struct th_conn *c, uint8_t speaks, uint32_t exchange, struct th_slice rest)
{
	for (size_t i = 0; i < sizeof(taps) / sizeof(taps[0]); i++) {
		if (taps[i]->speaks != speaks || !taps[i]->adopt) {
			continue;
		}
		c->next_state = make_state(taps[i], c);
		if (!c->next_state) {
			return false;
		}
		taps[i]->adopt(c->next_state, exchange);
		c->next_tap = taps[i];
		c->next_bytes = rest;
		return true;
	}
	return false;
}

static void give_up(struct th_conn *c, const char *why)
{
	if (c->tap) {
		c->tap->end(c->state, TH_END_UNPARSED, 0);
		drop_tap(c);
	}
	if (!c->announced) {
		c->speaks = TH_SPEAKS_OTHER; /* it only looked like the tap's protocol */
		return;
	}
	c->undecoded_why = why;
}

/* The new tap takes the rest of the piece; it may not switch again. */
static void finish_switch(struct th_conn *c)
{
	drop_tap(c);
	c->tap = c->next_tap;
	c->state = c->next_state;
	c->speaks = c->tap->speaks;
	c->next_tap = NULL;
	c->next_state = NULL;
	if (c->next_bytes.n && !c->tap->received(c->state, c->next_bytes)) {
		give_up(c, "not the protocol that was switched to");
	}
}

static void give(struct th_conn *c, bool sent, struct th_slice bytes)
{
	if (!c->tap || bytes.n == 0) {
		c->undecoded += bytes.n;
		return;
	}
	bool ok = sent ? c->tap->sent(c->state, bytes) : c->tap->received(c->state, bytes);
	if (!ok) {
		give_up(c, "not what its protocol allows");
	} else if (c->next_tap) {
		finish_switch(c);
	}
}

static int recognise(struct th_slice first, const struct th_tap **ret_tap)
{
	for (size_t i = 0; i < sizeof(taps) / sizeof(taps[0]); i++) {
		int r = taps[i]->recognise(first);
		if (r != 0) {
			*ret_tap = taps[i];
			return r;
		}
	}
	return 0;
}

/* TLS records and strangers are only counted. */
static void decide_other(struct th_conn *c)
{
	bool tls = c->first_len >= 2 && c->first[0] == TLS_HANDSHAKE && c->first[1] == TLS_MAJOR;
	c->decided = true;
	c->speaks = tls ? TH_SPEAKS_TLS : TH_SPEAKS_OTHER;
	c->counting = c->inherited ? 0 : TH_CONN_COUNTING | c->generation;
	th_gather_free(&c->early);
}

static void decide_tap(struct th_conn *c, const struct th_tap *tap)
{
	c->decided = true;
	c->speaks = tap->speaks;
	c->state = make_state(tap, c);
	c->tap = c->state ? tap : NULL;
	if (!c->tap) {
		c->undecoded_why = "no memory for a connection";
	}
}

/* Keeps what fits of `bytes` and looks at the beginning; true when it told what is spoken. */
static bool decide(struct th_conn *c, struct th_slice bytes)
{
	const struct th_tap *tap;
	size_t room = sizeof(c->first) - c->first_len;
	size_t n = bytes.n < room ? bytes.n : room;
	memcpy(c->first + c->first_len, bytes.p, n);
	c->first_len += (uint8_t)n;
	int r = recognise((struct th_slice){c->first, c->first_len}, &tap);
	bool maybe_tls = c->first_len == 1 && c->first[0] == TLS_HANDSHAKE;
	if ((r < 0 && c->first_len < sizeof(c->first)) || maybe_tls) {
		return false;
	}
	if (r > 0) {
		decide_tap(c, tap);
	} else {
		decide_other(c);
	}
	return true;
}

static void feed_first(struct th_conn *c, struct th_slice bytes)
{
	size_t before = c->first_len;
	if (!decide(c, bytes)) {
		return;
	}
	struct th_gather early = c->early;
	c->early = (struct th_gather){0};
	bool anothers = c->inherited &&
		c->tap == &th_tap_h1; /* whose server does not speak first */
	if (anothers && early.n) {
		th_emit_lost(1, early.n, "what answered another process's request");
	} else {
		give(c, false, th_gather_slice(&early));
	}
	th_gather_free(&early);
	give(c, true, (struct th_slice){c->first, before});
	give(c, true, bytes);
}

void th_feed_sent(struct th_conn *c, struct th_slice bytes)
{
	c->bytes_sent += bytes.n;
	if (c->ended || bytes.n == 0) {
		return;
	}
	if (c->decided && !c->tap) {
		c->undecoded += bytes.n;
	} else if (c->decided) {
		give(c, true, bytes);
	} else {
		feed_first(c, bytes);
	}
}

void th_feed_received(struct th_conn *c, struct th_slice bytes)
{
	c->bytes_received += bytes.n;
	if (c->ended || bytes.n == 0) {
		return;
	}
	if (c->decided && !c->tap) {
		c->undecoded += bytes.n;
	} else if (c->decided) {
		give(c, false, bytes);
	} else if (!th_gather_add(&c->early, bytes, TH_CONN_EARLY_MAX)) {
		decide_other(c);
	}
}

/* An HTTP/2 server greets without being asked (RFC 9113 3.4). An agent that leaves then, since it
 * does not like the certificate, say, has spoken no other protocol but none. */
static bool is_unasked_http2(const struct th_conn *c)
{
	return c->bytes_sent == 0 && strcmp(c->alpn, "h2") == 0;
}

/* Of a connection that a forked child inherited others have sent what is not known here. */
bool th_feed_may_begin(const struct th_conn *c)
{
	if (c->ended || c->inherited || c->send_failed) {
		return false;
	}
	return c->decided ? c->tap && c->tap->may_begin(c->state) : c->first_len == 0;
}

bool th_feed_unfinished(const struct th_conn *c)
{
	return c->decided ? c->tap && c->tap->is_busy && c->tap->is_busy(c->state) : true;
}

bool th_feed_rewrite(const struct th_conn *c, struct th_slice in, struct th_rewrite *w)
{
	const struct th_tap *tap = c->tap;
	if (!c->decided && (in.n == 0 || recognise(in, &tap) <= 0)) {
		return false;
	}
	return tap->rewrite(c->state, in, w);
}

void th_feed_end(struct th_conn *c, enum th_end how, uint32_t code)
{
	if (c->tap) {
		c->tap->end(c->state, how, code);
	}
	if (!c->decided && c->bytes_sent + c->bytes_received && !is_unasked_http2(c)) {
		decide_other(c);
	}
	if (c->undecoded_why && c->undecoded) {
		th_emit_lost(1, c->undecoded, c->undecoded_why);
		c->undecoded = 0;
	}
}

void th_feed_reset(struct th_conn *c)
{
	bool datagrams = c->conf.transport == TH_TRANSPORT_DATAGRAMS;
	drop_tap(c);
	th_gather_free(&c->early);
	c->decided = datagrams;
	c->counting = 0;
	c->speaks = datagrams ? TH_SPEAKS_OTHER : TH_SPEAKS_NOTHING;
	c->first_len = 0;
	c->undecoded = 0;
	c->undecoded_why = NULL;
}
