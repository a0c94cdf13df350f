/* Which descriptors are connections that this process opened, and what is known of them.
 *
 * A fixed table (P35), one slot per descriptor number, with a bit beside it so that the question
 * "tracked?" costs one load. An entry is a hint: the socket behind a number is compared by inode
 * when a new burst of traffic begins, since descriptors are closed behind our back (P34, P42). */
#ifndef SHIM_FD_TABLE_H
#define SHIM_FD_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "recorder/recorder.h"

#define TH_FD_MAX 65536 /* descriptors above are not followed */

struct th_rewrite;
struct th_tls_entry;

enum th_fd_state {
	TH_FD_FREE,
	TH_FD_PENDING, /* connect() goes on in the background; no connection yet */
	TH_FD_OPEN,
	TH_FD_NAMES, /* no connection: a UDP socket that asks name servers */
};

struct th_fd {
	_Atomic uint8_t state; /* enum th_fd_state */
	bool shared;	       /* another descriptor may stand for the same connection */
	bool sending;	       /* the last bytes went out: the burst goes on */
	bool shut;	       /* the agent shut down reading: no end is the peer's */
	uint64_t inode;
	struct th_conn_conf conf;
	struct th_conn_ref conn;
	struct th_rewrite *rewrite; /* begun and not all sent (propagate.h); NULL */
	struct th_tls_entry *tls;   /* the TLS object above it, if it is known; a hint */
};

extern _Atomic uint64_t th_fd_bits[TH_FD_MAX / 64];

static inline bool th_fd_tracked(int fd)
{
	return (unsigned)fd < TH_FD_MAX &&
		(atomic_load_explicit(&th_fd_bits[(unsigned)fd / 64], memory_order_relaxed) >>
			((unsigned)fd % 64)) &
		1;
}

extern struct th_fd th_fd_table[TH_FD_MAX];

/* The entry of a tracked descriptor; NULL: not tracked. */
static inline struct th_fd *th_fd_get(int fd)
{
	if (!th_fd_tracked(fd)) {
		return NULL;
	}
	struct th_fd *f = &th_fd_table[fd];
	return atomic_load_explicit(&f->state, memory_order_acquire) == TH_FD_FREE ? NULL : f;
}

/* The descriptor that an entry is for. */
int th_fd_number(const struct th_fd *f);

/* What was connected there before it was closed; NULL: it is in use again. */
const struct th_conn_conf *th_fd_closed(int fd);

/* A connection was made or begun on `fd`; what was there before is dropped. */
void th_fd_pending(int fd, const struct th_conn_conf *conf);
void th_fd_open(int fd, const struct th_conn_conf *conf);

/* A UDP socket begins to ask name servers. */
void th_fd_names(int fd);

/* A pending connect came to an end. */
void th_fd_connected(struct th_fd *f);
void th_fd_failed(int fd, int error);

/* Is the socket that we know still behind the number? If not it is dropped. */
bool th_fd_verify(int fd);

/* `to` stands for the same open socket as `from` now (dup); what `to` was is dropped. */
void th_fd_copy(int from, int to);

/* The descriptor is closed: ends the connection unless another descriptor holds it. */
void th_fd_drop(int fd);
void th_fd_drop_range(unsigned first, unsigned last);

/* The process is about to become another program (in its own memory, not a child's in it): tells
 * the recorder of each connection whether it stays open in it, and what went unseen. */
void th_fd_hand_on_all(void);

/* At the end of the process: asks of each connection that is still open what went unseen. */
void th_fd_account_all(void);

#endif
