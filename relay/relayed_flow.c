/* See relayed.h: what passes once both ends have shaken hands, or where nobody but they does. */
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "relay/relayed_parts.h"

#define ROUNDS 64		 /* pieces before others have their turn */
#define PREWARM_NS 2000000000ull /* who leaves sooner without a word did not like what it saw */

/* The socket's end, without a goodbye. What else breaks TLS off, an alert for instance, is a reset
 * to the other end. */
static bool is_bare_end(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/* Bytes; 0: an end; -EAGAIN. */
static ssize_t read_tls(struct th_relay_end *e)
{
	size_t n = 0;
	ERR_clear_error();
	errno = 0;
	if (SSL_read_ex(e->ssl, e->piece, sizeof(e->piece), &n) == 1) {
		return (ssize_t)n;
	}
	int system = errno, error = SSL_get_error(e->ssl, 0);
	if (th_relay_wants_more(error)) {
		return -EAGAIN;
	}
	e->input = error == SSL_ERROR_ZERO_RETURN ? TH_RELAY_NOTIFIED : TH_RELAY_CLOSED;
	e->error = error == SSL_ERROR_SYSCALL		   ? system
		: error == SSL_ERROR_SSL && !is_bare_end() ? ECONNRESET
							   : 0;
	return 0;
}

static ssize_t read_plain(struct th_relay_end *e)
{
	ssize_t n = recv(e->fd, e->piece, sizeof(e->piece), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return -EAGAIN;
	}
	if (n <= 0) {
		e->input = TH_RELAY_CLOSED;
		e->error = n < 0 ? errno : 0;
	}
	return n > 0 ? n : 0;
}

/* Behind a goodbye there is nothing but the end. */
static void await_close(struct th_relay_end *e)
{
	ssize_t n;
	while ((n = recv(e->fd, e->piece, sizeof(e->piece), MSG_DONTWAIT)) > 0) {
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		e->input = TH_RELAY_CLOSED;
		e->error = n < 0 ? errno : 0;
	}
}

static void note_read(struct th_relayed *l, struct th_relay_end *from, size_t n)
{
	from->at = 0;
	from->n = n;
	from->spoke = true;
	if (l->met && from == &l->agent && th_refusal_read(&l->refusal, from->piece, n) &&
		l->refusal.said == TH_REFUSAL_REFUSED) {
		th_relayed_note_failure(l, TH_TLS_OPENSSL, (unsigned)l->fault);
	}
	if (l->met) {
		return;
	}
	if (from == &l->agent) {
		th_conn_sent(l->conn, from->piece, n);
	} else {
		th_conn_received(l->conn, from->piece, n);
	}
}

static void note_end(struct th_relayed *l, const struct th_relay_end *from)
{
	if (from == &l->agent || l->met) {
		return;
	}
	enum th_end how = from->input == TH_RELAY_NOTIFIED ? TH_END_NOTIFY
		: from->error == ECONNRESET		   ? TH_END_RESET
		: from->error				   ? TH_END_ERROR
							   : TH_END_FIN;
	th_conn_peer_end(l->conn, how, (uint32_t)from->error);
}

/* What is left is handed on. 0, or -EAGAIN. */
static int write_on(struct th_relay_end *from, struct th_relay_end *to)
{
	while (from->at < from->n && !to->broken) {
		size_t n = 0, left = from->n - from->at;
		ssize_t r;
		if (to->ssl) {
			ERR_clear_error();
			r = SSL_write_ex(to->ssl, from->piece + from->at, left, &n);
			if (r != 1 && th_relay_wants_more(SSL_get_error(to->ssl, (int)r))) {
				return -EAGAIN;
			}
			to->broken = r != 1;
		} else {
			r = send(to->fd, from->piece + from->at, left, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (r < 0 && (errno == EAGAIN || errno == EINTR)) {
				return -EAGAIN;
			}
			to->broken = r < 0;
			n = r > 0 ? (size_t)r : 0;
		}
		from->at += n;
	}
	from->at = from->n = 0;
	return 0;
}

static void reset(int fd)
{
	const struct linger now = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* The other end learns what became of this one. */
static void tell_end(struct th_relayed *l, struct th_relay_end *from, struct th_relay_end *to)
{
	if (!from->told_notify && from->input != TH_RELAY_FLOWS && from->ssl &&
		(SSL_get_shutdown(from->ssl) & SSL_RECEIVED_SHUTDOWN) && to->ssl && !to->broken) {
		from->told_notify = SSL_shutdown(to->ssl) >= 0;
	}
	if (from->input != TH_RELAY_CLOSED || from->told) {
		return;
	}
	from->told = true;
	if (from->error && from == &l->server) {
		th_resets_add(l->ends->resets, l->hello.hello.stream_id, (uint8_t)from->error);
		shutdown(to->fd, SHUT_RDWR);
		to->broken = true;
		to->input = TH_RELAY_CLOSED;
	} else if (from->error) {
		reset(to->fd);
		l->hung_up = true;
	} else {
		shutdown(to->fd, SHUT_WR);
	}
}

/* True: there may be more at once. */
static bool pump(struct th_relayed *l, struct th_relay_end *from, struct th_relay_end *to)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (write_on(from, to) < 0) {
			return false;
		}
		if (from->input == TH_RELAY_FLOWS) {
			ssize_t n = from->ssl ? read_tls(from) : read_plain(from);
			if (n < 0) {
				return false;
			}
			if (n > 0) {
				note_read(l, from, (size_t)n);
				continue;
			}
			note_end(l, from);
		}
		if (from->input == TH_RELAY_NOTIFIED) {
			await_close(from);
		}
		tell_end(l, from, to);
		return false;
	}
	return true;
}

static bool is_over(const struct th_relayed *l)
{
	bool agent = l->agent.input == TH_RELAY_CLOSED && l->agent.told;
	bool server = l->server.input == TH_RELAY_CLOSED && l->server.told;
	return (agent && (server || l->hung_up || l->agent.broken)) || (server && l->agent.broken);
}

/* It accepted us, or left at once without a word: then it did not. */
static void judge(struct th_relayed *l)
{
	struct th_refused *r = l->ends->refused;
	if (l->agent.spoke) {
		th_refused_accepted(r, l->asked.sni);
	} else if (th_clock_mono() - l->opened < PREWARM_NS &&
		!th_refused_was_accepted(r, l->asked.sni)) {
		th_refused_add(r, l->asked.sni);
		th_conn_peer_end(l->conn, TH_END_TLS, TH_TLS_CODE(TH_TLS_RELAY, 0));
	}
}

enum th_relayed_state th_relayed_flow(struct th_relayed *l)
{
	bool more = pump(l, &l->agent, &l->server);
	more = pump(l, &l->server, &l->agent) || more;
	if (l->agent.ssl && (l->agent.spoke || l->agent.input == TH_RELAY_CLOSED)) {
		judge(l);
	}
	if (is_over(l)) {
		return TH_RELAYED_OVER;
	}
	return more ? TH_RELAYED_MORE : TH_RELAYED_WAITS;
}
