/* Questions to a name server over TCP (RFC 7766): each message has its length before it, two bytes.
 * Programs ask so when an answer is too long for UDP, some always. No exchange comes of it: an
 * answer is one frame, once it is whole; a question that was never answered is told at the end.
 *
 * Left out: DNS over TLS, which another tap would have to tell from other protocols, and transfers
 * of zones, whose further messages repeat no question. */
#include <strings.h>

#include "recorder/emit.h"
#include "wire/dns.h"

#define WAITING_MAX \
	16 /* questions without an answer yet; further ones are not told as unanswered */
#define LENGTH_BYTES 2

struct dns {
	struct th_conn *conn;
	struct th_gather asked, said;
	struct th_dns_question waiting[WAITING_MAX];
	size_t n_waiting;
};

static void dns_init(void *state, struct th_conn *c)
{
	((struct dns *)state)->conn = c;
}

/* False: it only began like a question. */
static bool dns_ask(struct dns *t, struct th_slice message)
{
	struct th_dns_question q;
	if (th_dns_read_query(message, &q) < 0) {
		return false;
	}
	th_emit_announce(t->conn);
	if (t->n_waiting < WAITING_MAX) {
		t->waiting[t->n_waiting++] = q;
	}
	return true;
}

static void stop_waiting(struct dns *t, const struct th_dns_question *q)
{
	for (size_t i = 0; i < t->n_waiting; i++) {
		if (t->waiting[i].type == q->type && strcasecmp(t->waiting[i].name, q->name) == 0) {
			t->waiting[i] = t->waiting[--t->n_waiting];
			return;
		}
	}
}

static bool dns_answer(struct dns *t, struct th_slice message)
{
	struct th_dns_answer a;
	if (th_dns_read_answer(message, &a) == 0) {
		stop_waiting(t, &a.question);
		th_recorder_name_server(TH_DNS_BY_STREAM, &a, message, NULL);
	} else {
		th_emit_lost(1, message.n, "what a name server said beside answers");
	}
	return true;
}

/* Takes whole messages off the front. */
static bool feed(struct dns *t, struct th_gather *g, struct th_slice in,
	bool (*take)(struct dns *t, struct th_slice message))
{
	/* A message and a piece that ends anywhere in the next one; pieces are bounded by reads. */
	if (!th_gather_add(g, in, 4u * TH_DNS_STREAM_MAX)) {
		return false;
	}
	size_t at = 0;
	while (g->n - at >= LENGTH_BYTES) {
		size_t n = (size_t)(g->p[at] << 8 | g->p[at + 1]);
		if (g->n - at - LENGTH_BYTES < n) {
			break;
		}
		if (!take(t, (struct th_slice){g->p + at + LENGTH_BYTES, n})) {
			return false;
		}
		at += LENGTH_BYTES + n;
	}
	memmove(g->p, g->p + at, g->n - at);
	g->n -= (uint32_t)at;
	return true;
}

static bool dns_sent(void *state, struct th_slice in)
{
	struct dns *t = state;
	return feed(t, &t->asked, in, dns_ask);
}

static bool dns_received(void *state, struct th_slice in)
{
	struct dns *t = state;
	return feed(t, &t->said, in, dns_answer);
}

static void dns_end(void *state, enum th_end how, uint32_t code)
{
	struct dns *t = state;
	(void)how;
	(void)code;
	while (t->n_waiting) {
		const struct th_dns_question *q = &t->waiting[--t->n_waiting];
		th_recorder_no_answer(TH_DNS_BY_STREAM, q->name, q->type);
	}
}

static void dns_finish(void *state)
{
	struct dns *t = state;
	th_gather_free(&t->asked);
	th_gather_free(&t->said);
}

/* No request of HTTP's is ever in it. */
static bool dns_may_begin(const void *state)
{
	(void)state;
	return false;
}

static bool dns_rewrite(const void *state, struct th_slice in, struct th_rewrite *w)
{
	(void)state;
	(void)in;
	(void)w;
	return false;
}

const struct th_tap th_tap_dns = {
	.name = "DNS",
	.speaks = TH_SPEAKS_DNS,
	.state_size = sizeof(struct dns),
	.recognise = th_dns_stream_begins,
	.init = dns_init,
	.may_begin = dns_may_begin,
	.rewrite = dns_rewrite,
	.sent = dns_sent,
	.received = dns_received,
	.end = dns_end,
	.finish = dns_finish,
};
