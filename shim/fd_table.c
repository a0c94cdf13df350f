/* See fd_table.h. Fields of an entry are written by whoever opens or closes the descriptor; that
 * this does not race with its use is the agent's own duty, as it is for the descriptor itself. */
#include "shim/fd_table.h"

#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/sys.h"
#include "recorder/rewrite.h"
#include "shim/arm.h"
#include "shim/name_server.h"
#include "shim/tcp_bytes.h"
#include "shim/tls.h"

struct th_fd th_fd_table[TH_FD_MAX];
_Atomic uint64_t th_fd_bits[TH_FD_MAX / 64];
static _Atomic unsigned high; /* one above the highest number ever tracked */

static void set_bit(unsigned fd, bool on)
{
	uint64_t bit = 1ull << (fd % 64);
	if (on) {
		atomic_fetch_or(&th_fd_bits[fd / 64], bit);
	} else {
		atomic_fetch_and(&th_fd_bits[fd / 64], ~bit);
	}
}

static uint64_t inode_of(int fd)
{
	struct stat st;
	return th_sys_fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

static void raise_high(unsigned fd)
{
	unsigned was = atomic_load(&high);
	while (was < fd + 1 && !atomic_compare_exchange_weak(&high, &was, fd + 1)) {
	}
}

static void publish(int fd, enum th_fd_state state)
{
	atomic_store_explicit(&th_fd_table[fd].state, (uint8_t)state, memory_order_release);
	set_bit((unsigned)fd, true);
	raise_high((unsigned)fd);
}

int th_fd_number(const struct th_fd *f)
{
	return (int)(f - th_fd_table);
}

const struct th_conn_conf *th_fd_closed(int fd)
{
	bool closed = fd >= 0 && fd < TH_FD_MAX &&
		atomic_load(&th_fd_table[fd].state) == TH_FD_FREE;
	return closed ? &th_fd_table[fd].conf : NULL;
}

static struct th_fd *renew(int fd, const struct th_conn_conf *conf)
{
	if (fd < 0 || fd >= TH_FD_MAX) {
		return NULL;
	}
	th_fd_drop(fd);
	struct th_fd *f = &th_fd_table[fd];
	f->shared = f->sending = f->shut = false;
	f->tls = NULL;
	f->rewrite = NULL;
	f->inode = inode_of(fd);
	f->conf = *conf;
	f->conn = (struct th_conn_ref){NULL, 0};
	return f;
}

void th_fd_pending(int fd, const struct th_conn_conf *conf)
{
	struct th_fd *f = renew(fd, conf);
	if (f) {
		publish(fd, TH_FD_PENDING);
	}
}

void th_fd_open(int fd, const struct th_conn_conf *conf)
{
	struct th_fd *f = renew(fd, conf);
	if (f) {
		f->conn = th_conn_open(conf);
		publish(fd, TH_FD_OPEN);
	}
}

void th_fd_names(int fd)
{
	const struct th_conn_conf none = {0};
	if (renew(fd, &none)) {
		publish(fd, TH_FD_NAMES);
	}
}

void th_fd_connected(struct th_fd *f)
{
	f->conf.connected = th_clock_now();
	f->conn = th_conn_open(&f->conf);
	atomic_store_explicit(&f->state, TH_FD_OPEN, memory_order_release);
}

static void forget(int fd)
{
	atomic_store(&th_fd_table[fd].state, TH_FD_FREE);
	set_bit((unsigned)fd, false);
}

void th_fd_failed(int fd, int error)
{
	struct th_fd *f = th_fd_get(fd);
	if (f) {
		th_conn_failed(&f->conf, error);
		forget(fd);
	}
}

bool th_fd_verify(int fd)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f) {
		return false;
	}
	if (inode_of(fd) == f->inode) {
		return true;
	}
	th_fd_drop(fd);
	return false;
}

static bool same_socket(const struct th_fd *a, const struct th_fd *b)
{
	return a->inode == b->inode && a->conn.conn == b->conn.conn &&
		a->conn.generation == b->conn.generation;
}

void th_fd_copy(int from, int to)
{
	struct th_fd *f = th_fd_get(from);
	if (from == to) {
		return;
	}
	th_fd_drop(to);
	if (!f || to < 0 || to >= TH_FD_MAX) {
		return;
	}
	f->shared = true;
	struct th_fd *t = &th_fd_table[to];
	t->shared = true;
	t->sending = f->sending;
	t->shut = f->shut;
	t->inode = f->inode;
	t->conf = f->conf;
	t->conn = f->conn;
	t->tls = f->tls;
	t->rewrite = NULL;
	publish(to, atomic_load(&f->state));
}

/* What went past us, by calls that are not hooked: the socket knows. */
static void account(int fd, const struct th_fd *f)
{
	uint64_t sent, taken;
	if (f->conn.conn && inode_of(fd) == f->inode && th_tcp_bytes(fd, &sent, &taken)) {
		th_conn_account(f->conn, sent, taken);
	}
}

/* What the agent would have seen, had it read on. */
static void look(int fd, const struct th_fd *f)
{
	if (f->conn.conn && th_sys_poll1(fd, POLLIN | POLLRDHUP, 0) > 0) {
		th_conn_met(f->conn, TH_MET_UNREAD);
		th_tls_table_met(f->tls, f->inode, TH_MET_UNREAD);
	}
}

void th_fd_account_all(void)
{
	unsigned end = atomic_load(&high);
	for (unsigned i = 0; i < end; i++) {
		struct th_fd *f = th_fd_get((int)i);
		if (f && atomic_load(&f->state) == TH_FD_OPEN) {
			account((int)i, f);
		}
	}
}

static bool stays_open(int fd, const struct th_fd *f)
{
	long flags = TH_SYS(SYS_fcntl, fd, F_GETFD);
	return flags >= 0 && !(flags & FD_CLOEXEC) && inode_of(fd) == f->inode;
}

void th_fd_hand_on_all(void)
{
	unsigned end = atomic_load(&high);
	for (unsigned i = 0; i < end; i++) {
		struct th_fd *f = th_fd_get((int)i);
		if (f && atomic_load(&f->state) == TH_FD_OPEN) {
			account((int)i, f);
			th_conn_hand_on(f->conn, stays_open((int)i, f));
		}
	}
}

static bool held_elsewhere(int fd)
{
	unsigned end = atomic_load(&high);
	for (unsigned i = 0; i < end; i++) {
		struct th_fd *other = (int)i == fd ? NULL : th_fd_get((int)i);
		if (other && same_socket(other, &th_fd_table[fd])) {
			return true;
		}
	}
	return false;
}

void th_fd_drop(int fd)
{
	struct th_fd *f = th_fd_get(fd);
	if (!f) {
		return;
	}
	/* A forked child that does not record lets go of its parent's connection in silence. */
	if (th_arm_noticed() && (!f->shared || !held_elsewhere(fd))) {
		if (atomic_load(&f->state) == TH_FD_PENDING) {
			/* Nobody waited for it to the end: for the agent it timed out. */
			th_conn_failed(&f->conf, ETIMEDOUT);
		} else if (atomic_load(&f->state) == TH_FD_NAMES) {
			th_name_server_gave_up(fd);
		} else {
			look(fd, f);
			th_tls_closed(f->tls, f->inode);
			account(fd, f);
			th_conn_close(f->conn);
		}
	}
	if (th_arm_noticed()) {
		th_rewrite_free(f->rewrite);
	}
	bool was_open = atomic_load(&f->state) == TH_FD_OPEN;
	forget(fd);
	if (th_thread.last_socket == fd + 1) {
		th_thread.last_socket = 0;
		th_thread.last_closed = was_open ? fd + 1 : 0;
	}
}

void th_fd_drop_range(unsigned first, unsigned last)
{
	unsigned end = atomic_load(&high);
	for (unsigned i = first; i < end && i <= last; i++) {
		th_fd_drop((int)i);
	}
}
