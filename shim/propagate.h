/* TRACEHOOK_PROPAGATE=1: sends what recorder/rewrite.h makes of the agent's bytes, and tells the
 * agent of its own bytes only: how many of them went, never more than it gave, never a call that
 * did less than such a call may.
 *
 * What is left of a rewritten piece is kept with the session or the socket until the agent comes
 * again with the same bytes, as it must: a TLS library demands that of a write that could not be
 * finished, and a stream of bytes leaves no other choice once a head has begun.
 *
 * Hooks ask th_propagates() first; the calls here make the real call themselves and record it. */
#ifndef SHIM_PROPAGATE_H
#define SHIM_PROPAGATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "shim/arm.h"
#include "shim/slot.h"

struct ssl_st;
struct gnutls_session_int;

extern _Atomic bool th_propagate_on;

static inline bool th_propagates(void)
{
	return atomic_load_explicit(&th_propagate_on, memory_order_relaxed);
}

/* After the recorder was started: as the environment says. */
void th_propagate_start(void);

/* A write of a TLS session: `call` is the library's, for n bytes at buf: > 0 and how many went, or
 * what the library returns when it fails; `note` records it. */
struct th_put {
	int (*call)(const struct th_put *p, const void *buf, size_t n, size_t *ret_n);
	void (*note)(const struct th_put *p, const void *buf, size_t n, int ret, size_t done);
	/* Before bytes that may be the session's first: <= 0, as `call`, when it is not ready for
	 * any. NULL: it always is. */
	int (*ready)(const struct th_put *p);
	struct th_site site;
	void *session;
	bool whole;		/* a call that succeeds has sent all */
	unsigned long extra[2]; /* the caller's own */
};

/* As p->call() of all n bytes, recorded. */
int th_propagate_put(const struct th_put *p, const void *buf, size_t n, size_t *ret_n);

/* A write to a socket: as sendmsg(); `real` is sendmsg's real function. */
typedef ssize_t th_sendmsg_fn(int fd, const struct msghdr *msg, int flags);
ssize_t th_propagate_send(th_sendmsg_fn *real, int fd, const struct msghdr *msg, int flags);

#endif
