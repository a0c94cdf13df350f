/* Programs whose TLS cannot be tapped (own_tls.h, and Java VMs): they are made to trust a CA of
 * ours, and when such a process begins to speak TLS on a connection, the relay is put in between
 * (DESIGN 2.7). In a replay the player has that CA, and only the first is needed.
 *
 * Whatever cannot be had (no relay, no room), the connection is left as it is, and counted as not
 * decoded. */
#ifndef SHIM_RELAYING_H
#define SHIM_RELAYING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "shim/fd_table.h"

extern _Atomic bool th_relay_on;

/* In the constructor, when the process records or replays: for a program with TLS of its own. */
void th_relay_begin(void);

/* In a forked child that has become a process of its own. */
void th_relay_forked(const uint8_t span_id[8]);

/* For a Java VM about to be made: what its properties say, NULL where they say nothing. True: it is
 * to use the store at `ret_path`. */
struct th_relay_java {
	const char *home, *store, *password;
};
bool th_relay_java(const struct th_relay_java *java, char *ret_path, size_t cap);

/* ---- connections ---- */

/* Is something about to be sent that begins a TLS connection in this process? */
static inline bool th_relay_wants(int fd, const void *buf, size_t n)
{
	const uint8_t *p = buf;
	return atomic_load_explicit(&th_relay_on, memory_order_relaxed) && n > 5 && p[0] == 22 &&
		p[1] == 3 && p[5] == 1 && th_fd_tracked(fd);
}

static inline bool th_relay_wants_v(int fd, const struct iovec *iov, size_t count)
{
	return count > 0 && th_relay_wants(fd, iov->iov_base, iov->iov_len);
}

/* Then: puts the relay in between, so that it is sent there. Under the guard. */
void th_relay_take(int fd);

/* Is the descriptor one whose connection goes through the relay? */
bool th_relay_took(int fd);

/* Around epoll_ctl() while the relay is on: not while a socket is replaced, whose registrations
 * have to follow. `epfd` succeeded; -1: none did. */
bool th_relay_epoll_enter(void);
void th_relay_epoll_leave(bool entered, int epfd);
void th_relay_epoll_forked(void);

#endif
