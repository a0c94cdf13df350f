/* When and how an answer is given: recorded gaps by the pace, and recorded ends (answer.h). */
#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/text.h"
#include "player/answer.h"
#include "player/h1_early.h"

/* A peer that closes so soon after its last byte meant to; later it only tidied up. */
#define SOON_NS 1000000000ull
/* With no pace asked for, recorded idleness is not sat out for longer than this. */
#define IDLE_MAX_NS 5000000000ull
/* Nor longer for what the agent asked in the meantime then, which it may not ask now. */
#define LATE_MAX_NS 3000000000ull
#define LATE_LOOK_NS 20000000ull
#define SOON_LOOK_NS 1000000ull
#define SILENCE_LEAST_NS 5000000000ull
/* Nobody gives up waiting for an answer so soon. */
#define NO_WAIT_NS 50000000ull

struct th_timeline th_timeline_begin(const struct th_serving *s, const struct th_exchange *x)
{
	uint64_t from = x->request.ended ? x->request.ended : x->request.began;
	return (struct th_timeline){.start = s->pace > 0 ? th_clock_mono() : 0,
		.recorded_start = from,
		.pace = s->pace};
}

uint64_t th_timeline_wait(const struct th_timeline *t, uint64_t time)
{
	if (t->pace <= 0 || time <= t->recorded_start) {
		return 0;
	}
	double gap = (double)(time - t->recorded_start) * t->pace;
	uint64_t due = t->start + (gap < 1e18 ? (uint64_t)gap : (uint64_t)1e18);
	uint64_t now = th_clock_mono();
	return due > now ? due - now : 0;
}

/* A recorded end of a peer's direction; KEEP when it was the agent that ended it. After a
 * close_notify the socket may have stayed open until the agent closed it, as asyncio does. */
static struct th_ending ending(
	struct th_serving *s, const struct th_connection *conn, enum th_end end, uint32_t code)
{
	const struct th_connection *under = th_sockets_under(th_index_sockets(s->index), conn);
	bool stayed = under && under->ended && under->end == TH_END_LOCAL;
	switch (end) {
	case TH_END_FIN:
		return (struct th_ending){.after = TH_AFTER_FIN};
	case TH_END_NOTIFY:
		return (struct th_ending){.after = stayed ? TH_AFTER_NOTIFY_ONLY : TH_AFTER_NOTIFY};
	case TH_END_RESET:
	case TH_END_ERROR:
		return (struct th_ending){
			.after = TH_AFTER_RESET, .code = code ? code : ECONNRESET};
	case TH_END_ALERT:
		return (struct th_ending){.after = TH_AFTER_ALERT, .code = code};
	default:
		return (struct th_ending){.after = TH_AFTER_KEEP};
	}
}

static bool message_complete(const struct th_message *m)
{
	return m->head_done && ((m->finished && m->end == TH_END_COMPLETE) || m->bodiless);
}

/* How long an agent may wait for what never came: twice as long as it did, and some. */
static uint64_t patience_of(const struct th_serving *s, const struct th_exchange *x)
{
	uint64_t least = s->silence_ns ? s->silence_ns : SILENCE_LEAST_NS;
	const struct th_message *m = &x->response;
	uint64_t last = x->request.ended, gave_up = last;
	if (m->head.bytes.n) { /* more than its end */
		last = m->n_pieces ? m->pieces[m->n_pieces - 1].time : m->began;
	}
	if (m->finished) {
		gave_up = m->ended;
	} else if (x->connection && x->connection->ended) {
		gave_up = x->connection->end_time;
	}
	return least + (gave_up > last ? 2 * (gave_up - last) : 0);
}

static bool is_told(const struct th_connection *conn)
{
	return conn->met & TH_MET_TOLD;
}

static bool left_unread(const struct th_connection *conn)
{
	return is_told(conn) && conn->end == TH_END_LOCAL && (conn->met & TH_MET_UNREAD);
}

/* The agent closed a connection that it found something on, and opened another: pools look before
 * they ask on. Who was done with the server may have left something unread, too. */
static bool was_replaced(const struct th_serving *s, const struct th_connection *conn)
{
	const struct th_run *run = s->run;
	for (size_t i = 0; left_unread(conn) && i < run->n_connections; i++) {
		const struct th_connection *r = run->connections[i];
		if (r->process == conn->process && r->connect_began >= conn->end_time &&
			th_peers_same_address(r, conn)) {
			return true;
		}
	}
	return false;
}

/* Programs that know of no other interim answer than 100 (Python's http.client) take it for the
 * final one. They keep the connection, find something unread there when they want to use it again,
 * and drop it: an end is to be there by then. Who closes later may have waited for the answer. */
static bool took_interim(const struct th_exchange *x)
{
	const struct th_connection *conn = x->connection;
	if (x->response.head.bytes.n || x->n_interim == 0 || x->request.end != TH_END_COMPLETE ||
		!conn || !conn->ended || conn->end != TH_END_LOCAL) {
		return false;
	}
	const struct th_interim *last = &x->interim[x->n_interim - 1];
	bool soon = conn->end_time - last->time < NO_WAIT_NS;
	return th_head_status(&last->head) != 100 &&
		(left_unread(conn) || (!is_told(conn) && soon));
}

/* The message is cut, or was never begun. */
static struct th_ending ending_of_cut(struct th_serving *s, const struct th_exchange *x)
{
	const struct th_message *m = &x->response;
	const struct th_connection *conn = x->connection;
	struct th_ending e = {.after = TH_AFTER_KEEP};
	if (m->finished && m->end != TH_END_UNPARSED) {
		e = ending(s, x->connection, m->end, m->end_code);
	} else if (conn && conn->ended) { /* the end of what was no HTTP, too */
		e = ending(s, conn, conn->end, conn->end_code);
	}
	if (e.after == TH_AFTER_KEEP) { /* the agent gave up, or was killed, before the peer did */
		e.after = TH_AFTER_SILENT;
		e.cut = x;
		e.patience_ns = patience_of(s, x);
	}
	return e;
}

/* Without TLS an end follows the last byte by a system call of its own, and an agent that asks on
 * in between would be told of a failure that it never met: there the old connection is asked on. */
static bool is_tls(const struct th_connection *conn)
{
	return is_told(conn) && conn->transport != TH_TRANSPORT_PLAIN;
}

/* When the agent came upon the end it did not wait for it, but meant to ask on; so it is there as
 * soon as all was asked of this server that had been by then. */
static struct th_ending met_at_once(
	struct th_serving *s, const struct th_connection *conn, struct th_ending e)
{
	e.at_once = e.after != TH_AFTER_KEEP;
	if (e.at_once && th_index_left_there(s->index, conn, conn->end_time)) {
		e.then = e.after;
		e.after = TH_AFTER_KEEP;
		e.idle_ns = 1;
		e.idle_until = conn->end_time;
		e.there = conn;
	}
	return e;
}

struct th_ending th_ending_of_connection(
	struct th_serving *s, const struct th_connection *conn, uint64_t last)
{
	struct th_ending e = {.after = TH_AFTER_KEEP};
	if (!conn || !conn->ended) {
		return e;
	}
	bool replaced = is_tls(conn) && was_replaced(s, conn);
	bool met = is_tls(conn) && (conn->met & (TH_MET_SEND_FAILED | TH_MET_LOOKED));
	e = ending(s, conn, conn->end, conn->end_code);
	e.after = replaced ? TH_AFTER_NOTIFY : e.after; /* something to see, whatever it was */
	e.refuses = true;				/* nobody was sending */
	if (replaced || met) {
		return met_at_once(s, conn, e);
	}
	uint64_t gap = conn->end_time > last ? conn->end_time - last : 0;
	if (e.after != TH_AFTER_KEEP &&
		(gap > SOON_NS || th_index_left_before(s->index, conn->end_time))) {
		e.then = e.after;
		e.after = TH_AFTER_KEEP;
		e.idle_ns = gap < IDLE_MAX_NS ? gap + 1 : IDLE_MAX_NS;
		e.idle_until = conn->end_time;
	}
	return e;
}

uint64_t th_ending_idle_left(struct th_serving *s, const struct th_ending *e, uint64_t waited)
{
	if (waited < e->idle_ns) {
		return e->idle_ns - waited;
	}
	uint64_t most = s->silence_ns ? s->silence_ns : LATE_MAX_NS;
	bool left = e->there ? th_index_left_there(s->index, e->there, e->idle_until)
			     : th_index_left_before(s->index, e->idle_until);
	return left && waited < e->idle_ns + most ? e->there ? SOON_LOOK_NS : LATE_LOOK_NS : 0;
}

/* The agent gave the answer up and asked on: what the connection came to belongs to the last
 * request on it, unless that does not come. */
static struct th_ending ending_if_none_follows(
	const struct th_serving *s, const struct th_exchange *x, const struct th_ending *e)
{
	struct th_ending keep = *e;
	keep.after = TH_AFTER_KEEP;
	keep.then = e->after;
	keep.idle_ns = patience_of(s, x);
	return keep;
}

struct th_ending th_ending_of(
	struct th_serving *s, const struct th_exchange *x, const struct th_closing *closing)
{
	const struct th_message *m = &x->response;
	const bool until_close = closing->until;
	if (!message_complete(m) && !until_close) {
		struct th_ending e = ending_of_cut(s, x);
		if (x->connection && th_index_left_on(s->index, x->connection)) {
			return ending_if_none_follows(s, x, &e);
		}
		return took_interim(x) ? (struct th_ending){.after = TH_AFTER_NOTIFY} : e;
	}
	if (until_close && m->finished && m->end == TH_END_LOCAL) {
		return (struct th_ending){
			.after = TH_AFTER_SILENT, .patience_ns = patience_of(s, x), .cut = x};
	}
	struct th_ending e = {.after = TH_AFTER_KEEP};
	if (x->connection && th_index_left_on(s->index, x->connection) == 0) {
		e = th_ending_of_connection(s, x->connection, m->ended);
	}
	if (e.after == TH_AFTER_KEEP && until_close && m->finished) {
		bool with_it = m->end == TH_END_COMPLETE && x->connection && x->connection->ended;
		e = with_it ? ending(s, x->connection, x->connection->end, 0)
			    : ending(s, x->connection, m->end, m->end_code);
	}
	if (e.after == TH_AFTER_KEEP && (until_close || closing->said)) {
		e = (struct th_ending){.after = TH_AFTER_NOTIFY};
	}
	return e;
}

struct th_ending th_ending_of_stream(struct th_serving *s, const struct th_exchange *x)
{
	const struct th_message *m = &x->response;
	if (message_complete(m)) {
		return (struct th_ending){.after = TH_AFTER_KEEP};
	}
	if (m->finished && (m->end == TH_END_STREAM_RESET || m->end == TH_END_GOAWAY)) {
		return (struct th_ending){.after = TH_AFTER_KEEP};
	}
	return ending_of_cut(s, x);
}

static void note_miss_of(
	struct th_caller *c, const struct th_exchange *x, const char *part, const char *why)
{
	char what[96], id[2 * TH_SPAN_ID_BYTES + 1] = "";
	th_hex_encode(id, x->span_id, TH_SPAN_ID_BYTES);
	snprintf(what, sizeof(what), "the rest of %s #%zu (span %.8s)", part, x->order + 1, id);
	th_tally_miss(c->serving->tally, c->hello.process, what, why);
}

void th_caller_silent_too_long(struct th_caller *c, const struct th_exchange *x)
{
	note_miss_of(c, x, "the answer to",
		"nothing more of it was recorded, and the agent waits longer than it did then");
}

void th_caller_strayed(struct th_caller *c, const struct th_exchange *x, const char *why)
{
	note_miss_of(c, x, "request", why);
}

/* The recording has no answer, because the agent left, or because another process read it: an agent
 * that stays must not hang for it. */
static void be_silent(struct th_caller *c, const struct th_ending *e)
{
	if (th_stream_flush(&c->stream) < 0) {
		return;
	}
	if (th_stream_await_end(&c->stream, e->patience_ns)) {
		th_stream_end(&c->stream, true); /* some wait for the answer to their goodbye */
		return;
	}
	th_caller_silent_too_long(c, e->cut);
	th_resets_add(c->serving->resets, c->hello.stream_id, ECONNRESET);
	th_stream_end(&c->stream, false);
}

void th_caller_refuse(struct th_caller *c, const struct th_exchange *x)
{
	const struct th_message *m = &x->request;
	bool failed = m->finished && (m->end == TH_END_RESET || m->end == TH_END_ERROR);
	if (failed && th_h1_early_answer_began(x) > m->ended) {
		th_resets_add(c->serving->resets, c->hello.stream_id, (uint8_t)m->end_code);
		shutdown(c->stream.fd, SHUT_RD);
	}
}

/* Where TLS does not let us say the alert, what the agent meets instead is not to pass for it. */
static void say_alert(struct th_caller *c, uint32_t number)
{
	char what[64];
	th_stream_block(&c->stream);
	if (th_stream_alert(&c->stream, number) < 0) {
		snprintf(what, sizeof(what), "the server's TLS alert %u", number);
		th_tally_miss(c->serving->tally, c->hello.process, what,
			"it cannot be given again, but by TLS 1.3");
		th_resets_add(c->serving->resets, c->hello.stream_id, ECONNRESET);
	}
	th_stream_end(&c->stream, false);
}

void th_caller_end(struct th_caller *c, const struct th_ending *e)
{
	switch (e->after) {
	case TH_AFTER_KEEP:
		return;
	case TH_AFTER_SILENT:
		be_silent(c, e);
		return;
	case TH_AFTER_RESET:
		th_resets_add(c->serving->resets, c->hello.stream_id, (uint8_t)e->code);
		if (e->refuses) {
			shutdown(c->stream.fd, SHUT_RD);
		}
		th_stream_end(&c->stream, false);
		return;
	case TH_AFTER_ALERT:
		say_alert(c, e->code);
		return;
	case TH_AFTER_NOTIFY_ONLY:
		th_stream_notify(&c->stream);
		return;
	default:
		th_stream_end(&c->stream, e->after == TH_AFTER_NOTIFY);
	}
}
