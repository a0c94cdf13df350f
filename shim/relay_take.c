/* Putting the relay into a connection (relaying.h): the connection itself is handed over, and the
 * descriptor becomes a socket to the relay that looks like it (replay_guise.h). So the agent has
 * connected by itself, with its own errors and times, and only then another speaks on its behalf.
 *
 * It is done when the first bytes of TLS are about to be sent: by then the agent knows that it is
 * connected, and nobody else uses the descriptor. Who waits for it by epoll would go on waiting for
 * the connection; so it is taken out there and put in again, as the kernel says that it stands
 * (proc(5), fdinfo). Meanwhile no other thread's epoll_ctl() runs, lest it meets a descriptor that
 * is not registered, or is forgotten; that call returns at once, so a lock is held across it. Left
 * out: io_uring; a descriptor that has been duplicated, of which only one could be replaced. */
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/lock.h"
#include "base/sys.h"
#include "base/text.h"
#include "recorder/process.h"
#include "shim/arm.h"
#include "shim/log.h"
#include "shim/relaying.h"
#include "shim/replay_guise.h"
#include "shim/replay_link.h"
#include "shim/replay_option.h"
#include "shim/replay_swap.h"

#define POLLS_MAX 64	     /* epoll descriptors of a process; with more nothing is replaced */
#define REGISTRATIONS_MAX 16 /* of one socket */
#define INFO_BYTES 65536

static struct {
	struct th_lock lock;
	int fd[POLLS_MAX];
	size_t n;
	_Atomic bool unknown; /* there may be others */
	char info[INFO_BYTES];
} polls;

struct registration {
	int epfd;
	struct epoll_event event;
};

struct registrations {
	struct registration at[REGISTRATIONS_MAX];
	size_t n;
	bool failed;
};

bool th_relay_epoll_enter(void)
{
	return th_lock(&polls.lock);
}

static void note(int epfd)
{
	for (size_t i = 0; i < polls.n; i++) {
		if (polls.fd[i] == epfd) {
			return;
		}
	}
	if (polls.n < POLLS_MAX) {
		polls.fd[polls.n++] = epfd;
	} else {
		atomic_store(&polls.unknown, true);
	}
}

void th_relay_epoll_leave(bool entered, int epfd)
{
	if (!entered) {
		atomic_store(&polls.unknown, true);
		return;
	}
	if (epfd >= 0) {
		note(epfd);
	}
	th_unlock(&polls.lock);
}

void th_relay_epoll_forked(void)
{
	th_lock_reset(&polls.lock);
}

/* ---- what is registered ---- */

static uint64_t number(const char **p, unsigned base)
{
	uint64_t v = 0;
	while (**p == ' ' || **p == '\t') {
		(*p)++;
	}
	for (;; (*p)++) {
		unsigned c = (unsigned char)**p, digit;
		digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
		if (digit >= base) {
			return v;
		}
		v = v * base + digit;
	}
}

static bool field(const char **p, const char *name, unsigned base, uint64_t *ret_value)
{
	const char *at = memmem(*p, strcspn(*p, "\n"), name, strlen(name));
	if (!at) {
		return false;
	}
	*p = at + strlen(name);
	*ret_value = number(p, base);
	return true;
}

/* "tfd: 5 events: 19 data: 7f0000000005 pos:0 ino:3a6 sdev:9" */
static void read_line(const char *line, int epfd, int fd, struct registrations *ret)
{
	uint64_t tfd, events, data;
	if (!field(&line, "tfd:", 10, &tfd) || !field(&line, "events:", 16, &events) ||
		!field(&line, "data:", 16, &data) || tfd != (uint64_t)fd) {
		return;
	}
	if (ret->n == REGISTRATIONS_MAX) {
		ret->failed = true;
		return;
	}
	ret->at[ret->n++] = (struct registration){
		epfd, {.events = (uint32_t)events, .data.u64 = data}};
}

static long read_info(int epfd)
{
	static const char start[] = "/proc/self/fdinfo/";
	char path[sizeof(start) + 12];
	memcpy(path, start, sizeof(start) - 1);
	th_put_decimal(path + sizeof(start) - 1, (uint32_t)epfd);
	int fd = th_sys_open(path, O_RDONLY, 0);
	long n = 0, r = fd;
	while (fd >= 0 && n < INFO_BYTES - 1 &&
		(r = th_sys_read(fd, polls.info + n, (size_t)(INFO_BYTES - 1 - n))) > 0) {
		n += r;
	}
	if (fd >= 0) {
		th_sys_close(fd);
	}
	polls.info[n] = '\0';
	return r < 0 ? 0 : n;
}

static void find_in(int epfd, int fd, struct registrations *ret)
{
	long n = read_info(epfd);
	ret->failed = ret->failed || n == INFO_BYTES - 1;
	for (const char *line = polls.info; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line == 't') {
			read_line(line, epfd, fd, ret);
		}
		if (!*line) {
			return;
		}
	}
}

/* Under the lock. */
static struct registrations find_all(int fd)
{
	struct registrations found = {.failed = atomic_load(&polls.unknown)};
	for (size_t i = 0; i < polls.n && !found.failed; i++) {
		find_in(polls.fd[i], fd, &found);
	}
	return found;
}

static bool can_be_found(int fd)
{
	if (!th_lock(&polls.lock)) {
		return false;
	}
	bool failed = find_all(fd).failed;
	th_unlock(&polls.lock);
	return !failed;
}

/* ---- replacing ---- */

static bool read_peer(int fd, struct th_relay_hello *h, struct th_guise *g)
{
	socklen_t n = sizeof(g->peer), room = sizeof(g->local);
	if (TH_SYS(SYS_getpeername, fd, &g->peer, &n) < 0 ||
		TH_SYS(SYS_getsockname, fd, &g->local, &room) < 0) {
		return false;
	}
	struct th_address a = th_address_of(&g->peer.any, n);
	h->hello.family = a.family;
	h->hello.port = a.port;
	memcpy(h->hello.address, a.bytes, sizeof(h->hello.address));
	return a.family == 4 || a.family == 6;
}

static void leave_polls(int fd, const struct registrations *r)
{
	for (size_t i = 0; i < r->n; i++) {
		TH_SYS(SYS_epoll_ctl, r->at[i].epfd, EPOLL_CTL_DEL, fd, &r->at[i].event);
	}
}

static void enter_polls(int fd, const struct registrations *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct epoll_event e = r->at[i].event;
		TH_SYS(SYS_epoll_ctl, r->at[i].epfd, EPOLL_CTL_ADD, fd, &e);
	}
}

/* What is registered is found only now: another thread may have changed it while the relay was
 * dialled. */
static int replace(int fd, int new, const struct th_guise *g)
{
	bool locked = th_lock(&polls.lock);
	struct registrations polled = find_all(fd);
	leave_polls(fd, &polled);
	int r = th_swap(fd, new, g);
	enter_polls(fd, &polled);
	if (locked) {
		th_unlock(&polls.lock);
	}
	return r;
}

static int take(int fd, const struct th_fd *f, uint64_t *ret_inode)
{
	struct th_relay_hello h = {
		.connect_began = f->conf.connect_began, .connected = f->conf.connected};
	struct th_guise g = {.fd = fd, .connected = true};
	h.hello = th_link_hello(TH_HELLO_STREAM, NULL, 0);
	if (!can_be_found(fd) || !read_peer(fd, &h, &g)) {
		return -ENOTSUP;
	}
	th_link_number(&h.hello);
	g.stream_id = h.hello.stream_id;
	th_option_carry_over(fd, &g);
	int flags = th_sys_fcntl(fd, F_GETFL, 0); /* the relay changes them */
	int new = th_link_dial_passing(&h, fd);
	if (new < 0) {
		return new;
	}
	*ret_inode = th_guise_inode(new);
	int r = replace(fd, new, &g);
	if (flags >= 0) {
		th_sys_fcntl(fd, F_SETFL, flags & (O_NONBLOCK | O_ASYNC));
	}
	return r;
}

void th_relay_take(int fd)
{
	struct th_fd *f = th_fd_verify(fd) ? th_fd_get(fd) : NULL;
	uint64_t inode = 0;
	if (!f || f->shared || f->conf.peer.family == 1 || th_guise_of(fd) ||
		th_conn_carries_tls(f->conn)) {
		return;
	}
	if (atomic_load(&f->state) == TH_FD_PENDING) {
		th_fd_connected(f);
	}
	int r = take(fd, f, &inode);
	th_log(r < 0 ? "not relayed" : "relayed", "fd", r < 0 ? r : fd);
	if (r == 0) {
		f->inode = inode;
	}
}

bool th_relay_took(int fd)
{
	return atomic_load_explicit(&th_relay_on, memory_order_relaxed) && th_guise_of(fd);
}
