/* What the socket hooks tell the recorder: the logic behind hook_connect.c, hook_recv.c,
 * hook_send.c and hook_close.c. All of it runs under the guard (hook.h); errno is what the real
 * call left where that is said, and may be changed. */
#ifndef SHIM_SOCK_H
#define SHIM_SOCK_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "shim/arm.h"
#include "shim/fd_table.h"
#include "shim/tls_table.h"

/* Might connecting to `addr` be worth recording? (Internet, Unix.) */
bool th_sock_wanted(const struct sockaddr *addr, socklen_t len);

/* connect() returned `ret` (errno set); it began at `began`. */
void th_sock_connect(int fd, const struct sockaddr *addr, socklen_t len, int ret, uint64_t began);

/* The port of an internet address; 0: it is none. */
static inline unsigned th_sock_port(const struct sockaddr *sa, socklen_t len)
{
	_Static_assert(
		offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
		"the port is at one place");
	bool internet = sa && len >= sizeof(struct sockaddr_in) &&
		(sa->sa_family == AF_INET || sa->sa_family == AF_INET6);
	return internet ? ntohs(((const struct sockaddr_in *)sa)->sin_port) : 0;
}

/* Is a datagram to there one that we look at: a question to a name server, or QUIC? */
static inline bool th_sock_telling(const struct sockaddr *sa, socklen_t len)
{
	unsigned port = th_sock_port(sa, len);
	return port == 53 || port == 443;
}

/* Something is sent to `addr`, of which th_sock_telling() is true. */
void th_sock_tells(int fd, const struct sockaddr *addr, socklen_t len);

/* getsockopt(SO_ERROR) said `error`. */
void th_sock_asked(int fd, int error);

/* A call that receives returned `ret` (errno set) for a buffer of `asked` bytes. */
void th_sock_received(int fd, const void *buf, ssize_t ret, size_t asked);
void th_sock_received_v(int fd, const struct iovec *iov, int count, ssize_t ret);
/* What was received was thrown away unseen (MSG_TRUNC): the connection cannot be followed. */
void th_sock_discarded(int fd, ssize_t ret);
/* The same for a call that looked without taking (MSG_PEEK): only ends count. */
void th_sock_peeked(int fd, ssize_t ret, size_t asked);

/* A call that sends returned `ret` (errno set). */
void th_sock_sent(int fd, const void *buf, ssize_t ret);
void th_sock_sent_v(int fd, const struct iovec *iov, int count, ssize_t ret);
/* sendfile() sent `ret` bytes of the file `in`; offset: where they began, -1: before its position.
 */
void th_sock_sent_file(int fd, int in, off_t offset, ssize_t ret);

/* The thread used a socket, and this is what the call told: TH_END_COMPLETE, it goes on. */
static inline void th_sock_note(int fd, enum th_end outcome, int error)
{
	th_thread.last_socket = fd + 1;
	th_thread.last_closed = 0;
	th_thread.outcome = (uint8_t)outcome;
	th_thread.outcome_error = error;
}

/* Does the TLS session that was found to use this socket write to it? Of those bytes only their
 * number is kept, and the agent would be sending secrets to a stranger were it another socket. */
static inline bool th_sock_is_sessions(const struct th_fd *f)
{
	return th_thread.session && f->tls && f->tls->inode == f->inode &&
		(uint32_t)(uintptr_t)atomic_load_explicit(&f->tls->session, memory_order_acquire) ==
		th_thread.session;
}

/* The calling thread's last socket, if it is connected: for TLS that does not say its descriptor.
 */
struct th_fd *th_sock_last(void);

/* What connection that was, if the thread has closed it since; NULL: it has not. */
const struct th_conn_conf *th_sock_closed_last(void);

#endif
