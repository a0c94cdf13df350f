#include "shim/beneath.h"

#include "shim/propagate.h"
#include "shim/relaying.h"
#include "shim/tls_table.h"

/* An entry whose connection is there. */
static inline struct th_fd *open_entry(int fd)
{
	struct th_fd *f = (unsigned)fd < TH_FD_MAX ? &th_fd_table[fd] : NULL;
	return f && atomic_load_explicit(&f->state, memory_order_acquire) == TH_FD_OPEN ? f : NULL;
}

/* Counts, in the process whose recorder it is. */
static inline bool count(int fd, struct th_fd *f, ssize_t ret, bool sending)
{
	if (!th_arm_records() || !th_arm_noticed() ||
		!th_conn_count(f->conn, (size_t)ret, !sending)) {
		return false;
	}
	f->sending = sending;
	th_sock_note(fd, TH_END_COMPLETE, 0);
	return true;
}

bool th_beneath_take(int fd, ssize_t ret)
{
	struct th_fd *f = open_entry(fd);
	return f && count(fd, f, ret, false);
}

/* In a plain recording: nothing replays, refuses, rewrites or diverts what is sent. */
bool th_beneath_owns(int fd)
{
	const struct th_fd *f = open_entry(fd);
	return f && th_arm_is(TH_ARM_RECORD) && !th_arm_config.closed && !th_propagates() &&
		!atomic_load_explicit(&th_relay_on, memory_order_relaxed) && th_sock_is_sessions(f);
}

bool th_beneath_give(int fd, ssize_t ret)
{
	struct th_fd *f = open_entry(fd);
	return f && count(fd, f, ret, true);
}
