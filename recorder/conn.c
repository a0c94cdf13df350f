/* The connections of the process: memory, handles, and their frames.
 *
 * A connection's memory is never given back, so a handle can always be asked whether it is still
 * good: its generation is compared under the connection's own lock. The CONN frame is written
 * late, when the first exchange begins or at the end, since only then SNI and ALPN are known and
 * it is known what the connection speaks; so every connection is in the capture, decoded or not.
 * Left out: connections that others opened (the server's side). */
#include "recorder/conn.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/pool.h"
#include "recorder/call_clock.h"
#include "recorder/certificates.h"
#include "recorder/emit.h"
#include "recorder/foreign.h"

static struct {
	struct th_lock lock;
	struct th_conn *_Atomic all; /* grows at its head only, so it is read without the lock */
	struct th_conn *free;
	uint32_t count;
} conns;

/* The connection with its lock taken, or NULL when the handle is stale. `bytes` would be lost. */
static inline __attribute__((always_inline)) struct th_conn *enter_inline(
	struct th_conn_ref ref, size_t bytes)
{
	struct th_conn *c = ref.conn;
	if (!c) {
		return NULL;
	}
	if (!th_trylock(&c->lock) && !th_lock_slowly(&c->lock)) {
		th_emit_lost(1, bytes, "a lock was not to be had");
		return NULL;
	}
	if (!c->open || c->generation != ref.generation) {
		th_unlock(&c->lock);
		return NULL;
	}
	return c;
}

static struct th_conn *enter(struct th_conn_ref ref, size_t bytes)
{
	return enter_inline(ref, bytes);
}

static struct th_conn *make_conn(void)
{
	struct th_conn *c = conns.count < TH_CONN_OPEN_MAX ? th_pool_alloc(sizeof(struct th_conn))
							   : NULL;
	if (c) {
		conns.count++;
		c->next = atomic_load_explicit(&conns.all, memory_order_relaxed);
		atomic_store_explicit(&conns.all, c, memory_order_release);
	}
	return c;
}

static struct th_conn *take_conn(void)
{
	if (!th_lock(&conns.lock)) {
		return NULL;
	}
	struct th_conn *c = conns.free;
	if (c) {
		conns.free = c->next_free;
	} else {
		c = make_conn();
	}
	th_unlock(&conns.lock);
	return c;
}

static void give_conn_back(struct th_conn *c)
{
	if (th_lock(&conns.lock)) {
		c->next_free = conns.free;
		conns.free = c;
		th_unlock(&conns.lock);
	}
}

static bool any_bytes(const struct th_conn *c)
{
	return th_conn_bytes_sent(c) || th_conn_bytes_received(c);
}

/* Everything but what the pool of connections itself needs. */
static void clear(struct th_conn *c, const struct th_conn_conf *conf)
{
	c->conf = *conf;
	th_feed_reset(c);
	c->inherited = c->announced = c->ended = c->send_failed = false;
	c->id = c->certificates = c->verdict = 0;
	c->met = TH_MET_TOLD;
	c->bytes_sent = c->bytes_received = 0;
	c->counted[0] = c->counted[1] = 0;
	c->unseen_sent = c->unseen_received = 0;
	c->end = TH_END_COMPLETE;
	c->end_code = 0;
	c->sni[0] = c->alpn[0] = 0;
	th_names_of(&conf->peer, c->name);
}

struct th_conn_ref th_conn_open(const struct th_conn_conf *conf)
{
	struct th_conn_ref none = {NULL, 0};
	struct th_conn *c = take_conn();
	if (!c || !th_lock(&c->lock)) {
		th_emit_lost(1, 0, "too many connections");
		return none;
	}
	th_foreign_start();
	clear(c, conf);
	c->open = true;
	struct th_conn_ref ref = {c, c->generation};
	th_unlock(&c->lock);
	return ref;
}

void th_conn_failed(const struct th_conn_conf *conf, int error)
{
	struct th_conn_about about = {.conf = conf, .error = error};
	char name[TH_NAME_MAX + 1];
	th_names_of(&conf->peer, name);
	about.name = name;
	th_emit_conn(&about);
}

static void copy_text(char *to, size_t size, struct th_slice s)
{
	size_t n = s.n < size ? s.n : size - 1;
	if (n) {
		memcpy(to, s.p, n);
	}
	to[n] = 0;
}

void th_conn_tls(struct th_conn_ref ref, struct th_slice sni, struct th_slice alpn)
{
	struct th_conn *c = enter(ref, 0);
	if (c) {
		copy_text(c->sni, sizeof(c->sni), sni);
		copy_text(c->alpn, sizeof(c->alpn), alpn);
		th_unlock(&c->lock);
	}
}

void th_conn_certificates(struct th_conn_ref ref, struct th_slice chain)
{
	struct th_conn *c = enter(ref, 0);
	if (c) {
		c->certificates = th_certificates_number(chain);
		th_unlock(&c->lock);
	}
}

void th_conn_verdict(struct th_conn_ref ref, uint32_t verdict)
{
	struct th_conn *c = enter(ref, 0);
	if (c) {
		c->verdict = verdict;
		th_unlock(&c->lock);
	}
}

void th_conn_connected(struct th_conn_ref ref)
{
	struct th_conn *c = enter(ref, 0);
	if (c) {
		c->conf.connected = c->conf.connected ? c->conf.connected : th_clock_now();
		th_unlock(&c->lock);
	}
}

bool th_conn_may_begin(struct th_conn_ref ref)
{
	struct th_conn *c = enter(ref, 0);
	bool may = c && th_feed_may_begin(c);
	if (c) {
		th_unlock(&c->lock);
	}
	return may;
}

bool th_conn_rewrite(struct th_conn_ref ref, struct th_slice in, struct th_rewrite *w)
{
	struct th_conn *c = enter(ref, 0);
	bool any = c && th_feed_may_begin(c) && th_feed_rewrite(c, in, w);
	if (c) {
		th_unlock(&c->lock);
	}
	return any;
}

/* For n bytes that are to be fed; locked, or NULL. */
static inline __attribute__((always_inline)) struct th_conn *enter_to_feed(
	struct th_conn_ref ref, size_t n, bool received)
{
	struct th_conn *c = enter_inline(ref, n);
	if (c && c->inherited) {
		th_foreign_note(c, received);
	}
	return c;
}

static void each(struct th_conn_ref ref, const struct iovec *iov, int count, size_t n,
	void (*feed)(struct th_conn *c, struct th_slice bytes))
{
	struct th_conn *c = enter_to_feed(ref, n, feed == th_feed_received);
	if (!c) {
		return;
	}
	for (int i = 0; i < count && n; i++) {
		size_t part = iov[i].iov_len < n ? iov[i].iov_len : n;
		feed(c, (struct th_slice){iov[i].iov_base, part});
		n -= part;
	}
	th_unlock(&c->lock);
}

/* The same of one piece, which is most of what there is. What nobody reads, as the records beneath
 * TLS, is only counted. */
static inline __attribute__((always_inline)) void one(
	struct th_conn_ref ref, const void *p, size_t n, bool received)
{
	struct th_conn *c = enter_to_feed(ref, n, received);
	if (!c) {
		return;
	}
	const bool read = c->tap || !c->decided;
	if (read) {
		th_call_clock_hold();
	}
	if (received) {
		th_feed_received(c, (struct th_slice){p, n});
	} else {
		th_feed_sent(c, (struct th_slice){p, n});
	}
	if (read) {
		th_call_clock_go();
	}
	th_unlock(&c->lock);
}

void th_conn_sent(struct th_conn_ref ref, const void *p, size_t n)
{
	one(ref, p, n, false);
}

void th_conn_received(struct th_conn_ref ref, const void *p, size_t n)
{
	one(ref, p, n, true);
}

bool th_conn_count(struct th_conn_ref ref, size_t n, bool received)
{
	struct th_conn *c = ref.conn;
	const uint64_t wanted = TH_CONN_COUNTING | ref.generation;
	if (!c || atomic_load_explicit(&c->counting, memory_order_relaxed) != wanted) {
		return false;
	}
	_Atomic uint64_t *sum = &c->counted[received];
	const uint64_t was = atomic_load_explicit(sum, memory_order_relaxed);
	atomic_store_explicit(sum, was + n, memory_order_relaxed);
	return true;
}

void th_conn_sent_v(struct th_conn_ref ref, const struct iovec *iov, int count, size_t n)
{
	th_call_clock_hold();
	each(ref, iov, count, n, th_feed_sent);
	th_call_clock_go();
}

void th_conn_received_v(struct th_conn_ref ref, const struct iovec *iov, int count, size_t n)
{
	th_call_clock_hold();
	each(ref, iov, count, n, th_feed_received);
	th_call_clock_go();
}

bool th_conn_is_http(struct th_conn_ref ref)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return false;
	}
	bool http = c->tap && c->speaks != TH_SPEAKS_DNS;
	th_unlock(&c->lock);
	return http;
}

bool th_conn_carries_tls(struct th_conn_ref ref)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return false;
	}
	bool tls = c->speaks == TH_SPEAKS_TLS ||
		(c->tap && c->tap->is_secret && c->tap->is_secret(c->state));
	th_unlock(&c->lock);
	return tls;
}

uint32_t th_conn_number(struct th_conn_ref ref)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return 0;
	}
	uint32_t number = c->announced ? c->id : 0;
	th_unlock(&c->lock);
	return number;
}

void th_conn_peer_end(struct th_conn_ref ref, enum th_end how, uint32_t code)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return;
	}
	if (!c->ended) {
		th_feed_end(c, how, code);
		c->ended = true;
		c->end = how;
		c->end_code = code;
	}
	th_unlock(&c->lock);
}

void th_conn_send_failed(struct th_conn_ref ref, enum th_end how, uint32_t code)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return;
	}
	if (!c->ended && !c->send_failed) {
		c->send_failed = true;
		c->end = how;
		c->end_code = code;
	}
	th_unlock(&c->lock);
}

void th_conn_met(struct th_conn_ref ref, uint16_t met)
{
	struct th_conn *c = enter(ref, 0);
	if (c) {
		c->met |= met;
		th_unlock(&c->lock);
	}
}

void th_conn_account(struct th_conn_ref ref, uint64_t sent, uint64_t taken)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return;
	}
	if (!c->inherited && !th_foreign_used(c)) {
		const uint64_t seen_sent = th_conn_bytes_sent(c);
		const uint64_t seen_received = th_conn_bytes_received(c);
		c->unseen_sent = sent > seen_sent ? sent - seen_sent : 0;
		c->unseen_received = taken > seen_received ? taken - seen_received : 0;
	}
	th_unlock(&c->lock);
}

/* What of a TLS connection is inherited is no use without its keys. */
static bool goes_on_unseen(const struct th_conn *c)
{
	bool own = !c->inherited || any_bytes(c);
	bool secret = c->tap && c->tap->is_secret && c->tap->is_secret(c->state);
	return own && !c->ended && !secret && th_feed_unfinished(c);
}

void th_conn_hand_on(struct th_conn_ref ref, bool kept)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return;
	}
	const bool goes_on = kept && goes_on_unseen(c);
	if (goes_on || c->unseen_sent || c->unseen_received) {
		const uint16_t met = c->met;
		const enum th_end end = c->end;
		c->met |= goes_on ? TH_MET_HANDED_ON : 0;
		c->end = c->ended || c->send_failed ? end : TH_END_LOCAL;
		th_emit_announce(c);
		th_emit_conn_end(c);
		c->met = met;
		c->end = end;
	}
	th_unlock(&c->lock);
}

/* The last frames of a connection. One that the process inherited and never used is not its; and
 * resolvers connect datagram sockets only to learn their own address. */
static void put_end(struct th_conn *c)
{
	if (c->ended || c->send_failed) { /* an end stays to be read */
		c->met &= (uint16_t)~TH_MET_UNREAD;
	}
	if (!c->ended) {
		c->end = c->send_failed ? c->end : TH_END_LOCAL;
		c->met |= c->send_failed ? TH_MET_SEND_FAILED : 0;
		th_feed_end(c, c->end, c->end_code);
	}
	bool counts = !c->inherited && c->conf.transport != TH_TRANSPORT_DATAGRAMS;
	if (!counts && !any_bytes(c)) {
		return;
	}
	th_emit_announce(c);
	th_emit_conn_end(c);
}

void th_conn_close(struct th_conn_ref ref)
{
	struct th_conn *c = enter(ref, 0);
	if (!c) {
		return;
	}
	put_end(c);
	th_feed_reset(c);
	c->open = false;
	c->generation++;
	th_unlock(&c->lock);
	give_conn_back(c);
}

/* An open connection becomes one that was not used yet. */
static void begin_anew(struct th_conn *c)
{
	th_feed_reset(c);
	c->inherited = true;
	c->announced = c->send_failed = false;
	c->met = TH_MET_TOLD;
	c->bytes_sent = c->bytes_received = 0;
	c->counted[0] = c->counted[1] = 0;
	c->unseen_sent = c->unseen_received = 0;
}

void th_conns_finish(void)
{
	struct th_conn *c = atomic_load_explicit(&conns.all, memory_order_acquire);
	for (; c; c = c->next) {
		if (!th_lock(&c->lock)) {
			continue;
		}
		if (c->open) {
			put_end(c);
			begin_anew(c);
		}
		th_unlock(&c->lock);
	}
}

/* What a thread of the parent's was working on at the fork may be half changed: it is left where
 * it is, and only forgotten. */
static void forget_state(struct th_conn *c)
{
	c->tap = c->next_tap = NULL;
	c->state = c->next_state = NULL;
	c->early = (struct th_gather){0};
}

void th_conns_forked(void)
{
	struct th_conn *c = atomic_load_explicit(&conns.all, memory_order_acquire);
	th_lock_reset(&conns.lock);
	for (; c; c = c->next) {
		if (atomic_load(&c->lock.word)) {
			forget_state(c);
		}
		th_lock_reset(&c->lock);
		if (c->open) {
			begin_anew(c);
			c->certificates = 0; /* written by the parent */
		}
	}
}
