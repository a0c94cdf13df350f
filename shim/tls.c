/* See tls.h.
 *
 * A connection begins with the handshake's completion or the first bytes that the application
 * moves, whichever we see: by then the name (SNI) and the protocol (ALPN) are known. Which socket
 * is under it is asked of the object, or else taken to be the one that the thread used last: true
 * when a handshake completes or bytes come out, since what caused that has just come through it. */
#include "shim/tls.h"

#include <errno.h>

#include "base/sys.h"
#include "recorder/rewrite.h"
#include "shim/arm.h"
#include "shim/log.h"
#include "shim/sock.h"

#define FILE_PIECE 8192

static struct th_fd *find_socket(int fd)
{
	struct th_fd *f = th_fd_get(fd);
	return f && atomic_load(&f->state) == TH_FD_OPEN ? f : th_sock_last();
}

/* Another session is above that socket: a guess by the thread's last socket was wrong. A program
 * that moves records by itself may read what its session still holds after the loop has read
 * another's socket (node). */
static bool is_anothers(const struct th_tls_entry *e, const struct th_fd *f)
{
	const struct th_tls_entry *other = f->tls;
	return other && other != e && other->inode == f->inode && atomic_load(&other->session);
}

static void bind_to(struct th_tls_entry *e, struct th_fd *f)
{
	if (f && f->inode != e->inode && !e->ended && !is_anothers(e, f)) {
		e->inode = f->inode;
		e->fd = th_fd_number(f);
		f->tls = e;
	}
}

bool th_tls_is_bound(const struct th_tls_entry *e)
{
	const struct th_fd *f = th_sock_last();
	return f && f->tls == e && f->inode == e->inode;
}

void th_tls_bind(struct th_tls_entry *e, int fd)
{
	bind_to(e, find_socket(fd));
}

void th_tls_begin(struct th_tls_entry *e, const struct th_tls_facts *facts)
{
	struct th_conn_conf conf = {0};
	struct th_fd *f = find_socket(facts->fd);
	const struct th_conn_conf *closed = f ? NULL : th_sock_closed_last();
	if (f || closed) {
		conf = f ? f->conf : *closed;
	}
	bind_to(e, f);
	conf.transport = facts->transport;
	e->conn = th_conn_open(&conf);
	th_conn_tls(e->conn, th_slice_str(facts->sni), facts->alpn);
	th_log("tls connection", facts->sni, conf.peer.port);
}

void th_tls_sent_file(const struct th_tls_entry *e, int in, off_t offset, size_t n)
{
	char piece[FILE_PIECE];
	while (n > 0) {
		long got = TH_SYS(SYS_pread64, in, piece, n < FILE_PIECE ? n : FILE_PIECE, offset);
		if (got <= 0) {
			return; /* changed under us: what was sent cannot be known */
		}
		th_conn_sent(e->conn, piece, (size_t)got);
		offset += got;
		n -= (size_t)got;
	}
}

/* A transport of the program's own may fail for now without telling the TLS library so, as tcl's
 * does: the program looks at errno itself and tries again. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == EINPROGRESS ||
		error == EALREADY;
}

struct th_tls_end th_tls_transport_end(int error)
{
	if (th_thread.outcome) {
		return (struct th_tls_end){(enum th_end)th_thread.outcome, th_thread.outcome_error};
	}
	if (is_passing(error)) {
		return (struct th_tls_end){TH_END_COMPLETE, 0};
	}
	if (error == 0) {
		return (struct th_tls_end){TH_END_FIN, 0};
	}
	bool reset = error == ECONNRESET || error == EPIPE;
	return (struct th_tls_end){reset ? TH_END_RESET : TH_END_ERROR, error};
}

uint32_t th_tls_why_cut(struct th_tls_end end)
{
	switch (end.how) {
	case TH_END_COMPLETE:
		return 0;
	case TH_END_FIN:
		return TH_TLS_CODE(TH_TLS_CLOSED, 0);
	default:
		return TH_TLS_CODE(TH_TLS_RESET, end.code ? end.code : ECONNRESET);
	}
}

void th_tls_ended(struct th_tls_entry *e, struct th_tls_end end, bool sending)
{
	if (sending && (end.how == TH_END_RESET || end.how == TH_END_ERROR)) {
		th_conn_send_failed(e->conn, end.how, (uint32_t)end.code);
	} else if (end.how != TH_END_COMPLETE) {
		th_conn_peer_end(e->conn, end.how, (uint32_t)end.code);
		e->ended = true; /* the socket has nothing to add */
	}
}

void th_tls_settle(struct th_tls_entry *e, uint64_t inode)
{
	if (!e || !inode || e->inode != inode || e->ended) {
		return;
	}
	uint8_t end = atomic_load(&e->end);
	if (end != TH_END_COMPLETE) {
		e->ended = true;
		th_conn_peer_end(e->conn, (enum th_end)end, atomic_load(&e->code));
	}
}

void th_tls_closed(struct th_tls_entry *e, uint64_t inode)
{
	th_tls_settle(e, inode);
	if (e && e->of_curl && inode && e->inode == inode) {
		th_tls_gone(e);
	}
}

/* Does the agent leave something unread? Who closes the socket first has told by then. */
static void look(const struct th_tls_entry *e)
{
	const struct th_fd *f = e->inode ? th_fd_get(e->fd) : NULL;
	if (f && f->inode == e->inode && th_sys_poll1(e->fd, POLLIN | POLLRDHUP, 0) > 0) {
		th_conn_met(e->conn, TH_MET_UNREAD);
	}
}

void th_tls_gone(struct th_tls_entry *e)
{
	if (th_arm_noticed()) {
		th_tls_settle(e, e->inode);
		look(e);
		th_conn_close(e->conn);
		th_rewrite_free(e->rewrite);
	}
	th_tls_table_remove(e);
}
