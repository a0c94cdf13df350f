/* See sock.h.
 *
 * A connection that is still under way completes by whatever the agent learns first: a second
 * connect(), getsockopt(SO_ERROR), or bytes that move. Each thread remembers the socket it used
 * last and how that call ended: a TLS library that reads through callbacks of the application
 * gives us nothing else to go by. */
#include "shim/sock.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "base/sys.h"
#include "shim/log.h"
#include "shim/name_server.h"

#define FILE_PIECE 8192

/* ---- connecting ---- */

bool th_sock_wanted(const struct sockaddr *addr, socklen_t len)
{
	return addr && len >= (socklen_t)sizeof(addr->sa_family) &&
		(addr->sa_family == AF_INET || addr->sa_family == AF_INET6 ||
			addr->sa_family == AF_UNIX);
}

static bool is_of_type(int fd, int wanted)
{
	int type = 0;
	socklen_t n = sizeof(type);
	return th_sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == wanted;
}

static bool has_peer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);
	return TH_SYS(SYS_getpeername, fd, &peer, &n) == 0;
}

static void connect_failed(int fd, const struct th_conn_conf *conf, int error)
{
	struct th_fd *f = th_fd_get(fd);
	if (f && atomic_load(&f->state) == TH_FD_PENDING) {
		th_fd_failed(fd, error);
	} else {
		th_conn_failed(conf, error);
	}
}

/* The agent asks again after a connect that was under way. */
static void connect_again(int fd)
{
	struct th_fd *f = th_fd_get(fd);
	if (f && atomic_load(&f->state) == TH_FD_PENDING) {
		th_fd_connected(f);
	}
}

void th_sock_connect(int fd, const struct sockaddr *addr, socklen_t len, int ret, uint64_t began)
{
	int error = ret < 0 ? errno : 0;
	bool is_unix = addr->sa_family == AF_UNIX;
	if (is_unix) {
		th_recorder_unix(addr, len);
	}
	struct th_conn_conf conf = {
		.transport = TH_TRANSPORT_PLAIN,
		.peer = th_address_of(addr, len),
		.connect_began = began,
	};
	bool queue_full = is_unix && error == EAGAIN; /* nothing has begun */
	if (th_sock_telling(addr, len) && !error) {
		th_sock_tells(fd, addr, len);
	}
	if (!is_of_type(fd, SOCK_STREAM) || error == EALREADY || error == EBADF ||
		error == EFAULT || queue_full) {
		return;
	}
	(void)th_fd_verify(fd); /* an older socket of that number may still be in the table */
	th_log("connect", error ? "failed or under way" : "made", error ? error : fd);
	if (error == EISCONN) {
		connect_again(fd);
	} else if (error == EINPROGRESS || error == EINTR) {
		th_fd_pending(fd, &conf);
	} else if (error) {
		connect_failed(fd, &conf, error);
	} else if (th_fd_get(fd) && atomic_load(&th_fd_get(fd)->state) == TH_FD_PENDING) {
		connect_again(fd);
	} else {
		conf.connected = th_clock_now();
		th_fd_open(fd, &conf);
	}
}

static bool asks_names(const struct th_fd *f)
{
	return atomic_load(&f->state) == TH_FD_NAMES;
}

static bool takes_datagrams(const struct th_fd *f)
{
	return f->conf.transport == TH_TRANSPORT_DATAGRAMS;
}

/* What else goes out of a socket with QUIC, or of one with questions, is counted with it. */
void th_sock_tells(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct th_fd *f = th_fd_verify(fd) ? th_fd_get(fd) : NULL;
	if ((f && (asks_names(f) || takes_datagrams(f))) || !is_of_type(fd, SOCK_DGRAM)) {
		return;
	}
	if (th_sock_port(addr, len) == 53) {
		th_fd_names(fd);
		return;
	}
	uint64_t now = th_clock_now();
	th_fd_open(fd,
		&(struct th_conn_conf){.transport = TH_TRANSPORT_DATAGRAMS,
			.peer = th_address_of(addr, len),
			.connect_began = now,
			.connected = now});
}

void th_sock_asked(int fd, int error)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f || atomic_load(&f->state) != TH_FD_PENDING) {
		return;
	}
	if (error) {
		th_fd_failed(fd, error);
	} else if (has_peer(fd)) { /* no error may also mean: not yet */
		th_fd_connected(f);
	}
}

/* ---- what every call on a tracked socket tells ---- */

static enum th_end end_of_error(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
	case EINPROGRESS:
	case EALREADY:
	case ENOTCONN:
	case EMSGSIZE:
	case EFAULT:
	case EINVAL:
	case ENOMEM:
	case ENOBUFS:
		return TH_END_COMPLETE; /* no end at all */
	case ECONNRESET:
	case EPIPE:
		return TH_END_RESET;
	default:
		return TH_END_ERROR;
	}
}

static void peer_ended(struct th_fd *f, enum th_end how, int error)
{
	th_conn_peer_end(f->conn, how, (uint32_t)error);
	th_tls_table_ended(f->tls, f->inode, how, (uint32_t)error);
}

/* A call failed with errno. After a send that failed there may be an answer left to read. */
static void call_failed(int fd, struct th_fd *f, bool sending)
{
	int error = errno;
	enum th_end end = end_of_error(error);
	th_sock_note(fd, end, error);
	if (end == TH_END_COMPLETE) {
		return;
	}
	if (atomic_load(&f->state) == TH_FD_PENDING) {
		th_fd_failed(fd, error);
	} else if (sending) {
		th_conn_send_failed(f->conn, end, (uint32_t)error);
	} else {
		peer_ended(f, end, error);
	}
}

/* Bytes moved: a pending connection is there. False: it is not ours any more. */
static bool moved(int fd, struct th_fd *f, bool sending)
{
	if (sending && !f->sending && !th_sock_is_sessions(f) && !th_fd_verify(fd)) {
		return false;
	}
	f->sending = sending;
	if (atomic_load(&f->state) == TH_FD_PENDING) {
		th_fd_connected(f);
	}
	th_sock_note(fd, TH_END_COMPLETE, 0);
	return true;
}

/* ---- receiving ---- */

/* True: `ret` bytes are to be recorded. */
static bool receive(int fd, struct th_fd **ret_f, ssize_t ret, size_t asked)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f || asks_names(f)) {
		return false;
	}
	if (ret < 0) {
		call_failed(fd, f, false);
		return false;
	}
	if (ret == 0) {
		if (asked > 0 && !f->shut && !takes_datagrams(f) && th_fd_verify(fd)) {
			th_sock_note(fd, TH_END_FIN, 0);
			peer_ended(f, TH_END_FIN, 0);
		}
		return false;
	}
	*ret_f = f;
	return moved(fd, f, false);
}

/* Bytes of a connection that is simply there, as mostly: what receive() comes to then. */
static inline bool comes(int fd, struct th_fd *f)
{
	if (!f || atomic_load_explicit(&f->state, memory_order_acquire) != TH_FD_OPEN) {
		return false;
	}
	f->sending = false;
	th_sock_note(fd, TH_END_COMPLETE, 0);
	return true;
}

/* A datagram: true if that is all there is to it. */
static bool answered(int fd, const void *buf, size_t room, ssize_t ret)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f || !asks_names(f)) {
		return false;
	}
	if (ret > 0 && th_fd_verify(fd)) {
		size_t n = (size_t)ret < room ? (size_t)ret : room;
		th_name_server_answered(TH_DNS_BY_DATAGRAM, buf, n, NULL);
	}
	return true;
}

void th_sock_received(int fd, const void *buf, ssize_t ret, size_t asked)
{
	struct th_fd *f = th_fd_get(fd);
	if (ret > 0 && comes(fd, f)) {
		th_conn_received(f->conn, buf, (size_t)ret);
		return;
	}
	if (answered(fd, buf, asked, ret)) {
		return;
	}
	if (receive(fd, &f, ret, asked)) {
		th_conn_received(f->conn, buf, (size_t)ret);
	}
}

static size_t room_of(const struct iovec *iov, int count)
{
	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len > 0) {
			return 1; /* enough to know that something was asked for */
		}
	}
	return 0;
}

void th_sock_received_v(int fd, const struct iovec *iov, int count, ssize_t ret)
{
	struct th_fd *f;
	/* Nobody takes an answer in pieces. */
	if (count > 0 && answered(fd, iov->iov_base, iov->iov_len, ret)) {
		return;
	}
	if (receive(fd, &f, ret, ret == 0 ? room_of(iov, count) : 1)) {
		th_conn_received_v(f->conn, iov, count, (size_t)ret);
	}
}

void th_sock_discarded(int fd, ssize_t ret)
{
	struct th_fd *f;
	if (receive(fd, &f, ret, 1)) {
		th_conn_peer_end(f->conn, TH_END_UNPARSED, 0);
	}
}

void th_sock_peeked(int fd, ssize_t ret, size_t asked)
{
	struct th_fd *f;
	(void)receive(fd, &f, ret, asked);
	f = ret <= 0 ? th_fd_get(fd) : NULL;
	if (f && th_thread.last_socket == fd + 1 && th_thread.outcome) {
		th_conn_met(f->conn, TH_MET_LOOKED);
		th_tls_table_met(f->tls, f->inode, TH_MET_LOOKED);
	}
}

/* ---- sending ---- */

/* A datagram: true if that is all there is to it. */
static inline bool asked(int fd, const void *buf, ssize_t ret)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f || !asks_names(f)) {
		return false;
	}
	if (ret > 0) {
		th_name_server_asked(fd, buf, (size_t)ret);
	}
	return true;
}

static inline bool send_done(int fd, struct th_fd **ret_f, ssize_t ret)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f || asks_names(f)) {
		return false;
	}
	if (ret < 0) {
		call_failed(fd, f, true);
		return false;
	}
	*ret_f = f;
	return ret > 0 && moved(fd, f, true);
}

void th_sock_sent(int fd, const void *buf, ssize_t ret)
{
	struct th_fd *f;
	if (asked(fd, buf, ret)) {
		return;
	}
	if (send_done(fd, &f, ret)) {
		th_conn_sent(f->conn, buf, (size_t)ret);
	}
}

void th_sock_sent_v(int fd, const struct iovec *iov, int count, ssize_t ret)
{
	struct th_fd *f;
	if (count > 0 && asked(fd, iov->iov_base, ret)) {
		return; /* nobody sends a question in pieces */
	}
	if (send_done(fd, &f, ret)) {
		th_conn_sent_v(f->conn, iov, count, (size_t)ret);
	}
}

void th_sock_sent_file(int fd, int in, off_t offset, ssize_t ret)
{
	struct th_fd *f;
	char piece[FILE_PIECE];
	if (!send_done(fd, &f, ret)) {
		return;
	}
	if (offset < 0) {
		offset = (off_t)TH_SYS(SYS_lseek, in, 0, SEEK_CUR) - ret;
	}
	while (ret > 0) {
		size_t want = ret < FILE_PIECE ? (size_t)ret : FILE_PIECE;
		long got = TH_SYS(SYS_pread64, in, piece, want, offset);
		if (got <= 0) {
			return; /* changed under us: what was sent cannot be known */
		}
		th_conn_sent(f->conn, piece, (size_t)got);
		offset += got;
		ret -= got;
	}
}

struct th_fd *th_sock_last(void)
{
	struct th_fd *f = th_fd_get(th_thread.last_socket - 1);
	return f && atomic_load(&f->state) == TH_FD_OPEN ? f : NULL;
}

const struct th_conn_conf *th_sock_closed_last(void)
{
	return th_fd_closed(th_thread.last_closed - 1);
}
