#include "shim/propagate.h"

#include <errno.h>
#include <string.h>

#include "recorder/rewrite.h"
#include "shim/hook.h"
#include "shim/sock.h"
#include "shim/tls_table.h"

#define PARTS_MAX 64 /* of a vector; a longer one is left alone */
#define NOT_FOLLOWED (MSG_OOB | MSG_FASTOPEN | MSG_ZEROCOPY)

_Atomic bool th_propagate_on;

void th_propagate_start(void)
{
	if (th_arm_config.propagate) {
		th_rewrite_start(th_arm_config.tracestate, th_arm_config.baggage);
		atomic_store(&th_propagate_on, true);
	}
}

/* ---- TLS sessions ---- */

static struct th_rewrite *begin(const struct th_put *p, const void *buf, size_t n)
{
	const struct iovec v = {(void *)(uintptr_t)buf, n};
	struct th_rewrite *w = NULL;
	if (!th_tap_enter()) {
		return NULL;
	}
	struct th_tls_entry *e = th_tls_table_find(p->session);
	if (e && !e->ignored) {
		w = e->rewrite = th_rewrite_of(e->conn, &v, 1);
	}
	th_tap_leave();
	return w;
}

static void drop(struct th_tls_entry *e)
{
	if (e->rewrite && th_tap_enter()) {
		th_rewrite_free(e->rewrite);
		th_tap_leave();
	}
	e->rewrite = NULL;
}

static int put(const struct th_put *p, const void *buf, size_t n, size_t *ret_n)
{
	size_t done = 0;
	int ret = p->call(p, buf, n, &done);
	TH_RECORD(true, p->note(p, buf, n, ret, done));
	*ret_n = done;
	return ret;
}

/* Until all of it is gone: nothing of it is told before. */
static int put_rewritten(const struct th_put *p, struct th_rewrite *w)
{
	int ret = 1;
	while (w->sent < w->n && ret > 0) {
		size_t done = 0;
		ret = put(p, w->p + w->sent, w->n - w->sent, &done);
		w->sent += ret > 0 ? done : 0;
	}
	return ret;
}

/* What stands behind it, for a library that sends all or nothing. */
static int put_rest(const struct th_put *p, struct th_rewrite *w, const void *buf, size_t n)
{
	int ret = 1;
	w->given = w->given ? w->given : w->taken;
	while (p->whole && w->given < n && ret > 0) {
		size_t done = 0;
		ret = put(p, (const char *)buf + w->given, n - w->given, &done);
		w->given += ret > 0 ? done : 0;
	}
	return ret;
}

/* A retry with less than was begun is the agent's mistake: the library says so. With nothing at all
 * it means the same again (GnuTLS). */
int th_propagate_put(const struct th_put *p, const void *buf, size_t n, size_t *ret_n)
{
	int saved = errno;
	struct th_tls_entry *e = th_tls_table_find(p->session);
	struct th_rewrite *w = e ? e->rewrite : NULL;
	if (!w && p->ready) {
		int ready = p->ready(p);
		if (ready <= 0) {
			return ready;
		}
	}
	w = w || !buf ? w : begin(p, buf, n);
	errno = saved;
	if (!w || (buf && (n < w->taken || n < w->given))) {
		return put(p, buf, n, ret_n);
	}
	e = th_tls_table_find(p->session);
	int ret = put_rewritten(p, w);
	if (ret > 0 && buf) {
		ret = put_rest(p, w, buf, n);
	}
	if (ret <= 0) {
		return ret;
	}
	*ret_n = w->given ? w->given : w->taken;
	drop(e);
	errno = saved;
	return ret;
}

/* ---- sockets ---- */

/* `v` without its first `skip` bytes, behind `first`; how many parts. */
static size_t join(
	struct iovec *ret_v, struct iovec first, const struct iovec *v, size_t count, size_t skip)
{
	size_t n = 0;
	ret_v[n++] = first;
	for (size_t i = 0; i < count; i++) {
		size_t less = v[i].iov_len < skip ? v[i].iov_len : skip;
		skip -= less;
		if (v[i].iov_len > less) {
			ret_v[n++] = (struct iovec){
				(char *)v[i].iov_base + less, v[i].iov_len - less};
		}
	}
	return n;
}

static size_t size_of(const struct msghdr *msg)
{
	size_t n = 0;
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		n += msg->msg_iov[i].iov_len;
	}
	return n;
}

/* How much of what is left to send stands for no more than n bytes of the agent's. */
static size_t covered(const struct th_rewrite *w, size_t n)
{
	size_t end = w->n;
	while (end > w->sent && th_rewrite_given(w, end) - w->given > n) {
		end--;
	}
	return end - w->sent;
}

static struct th_rewrite *begin_on(int fd, struct th_fd *f, const struct msghdr *msg)
{
	struct th_rewrite *w = NULL;
	if (th_tap_enter()) {
		if (th_fd_verify(fd)) {
			w = th_rewrite_of(f->conn, msg->msg_iov, (int)msg->msg_iovlen);
			f->rewrite = w;
		}
		th_tap_leave();
	}
	return w;
}

static void forget(struct th_fd *f)
{
	struct th_rewrite *w = f->rewrite;
	f->rewrite = NULL;
	TH_RECORD(w != NULL, th_rewrite_free(w));
}

/* `ret` bytes went: how many of the agent's. */
static ssize_t went(struct th_fd *f, size_t own, size_t ret)
{
	struct th_rewrite *w = f->rewrite;
	size_t before = w->given;
	w->sent += ret < own ? ret : own;
	w->given = th_rewrite_given(w, w->sent);
	ssize_t told = (ssize_t)(w->given - before + (ret > own ? ret - own : 0));
	if (w->sent == w->n || !th_rewrite_bound(w, w->sent)) {
		forget(f);
	}
	return told;
}

/* One real call. */
static ssize_t send_some(th_sendmsg_fn *real, int fd, const struct msghdr *msg, int flags,
	size_t total, size_t *ret_own)
{
	struct iovec v[PARTS_MAX + 1];
	const struct th_rewrite *w = th_fd_get(fd)->rewrite;
	size_t own = covered(w, total);
	const struct iovec first = {(void *)(uintptr_t)(w->p + w->sent), own};
	struct msghdr m = *msg;
	m.msg_iov = v;
	m.msg_iovlen = join(v, first, msg->msg_iov, msg->msg_iovlen,
		th_rewrite_given(w, w->sent + own) - w->given);
	ssize_t ret = real(fd, &m, flags);
	TH_RECORD(true, th_sock_sent_v(fd, v, (int)m.msg_iovlen, ret));
	*ret_own = own;
	return ret;
}

static ssize_t send_rewritten(
	th_sendmsg_fn *real, int fd, const struct msghdr *msg, int flags, size_t total)
{
	struct th_fd *f = th_fd_get(fd);
	ssize_t told = 0;
	while (told == 0 && f->rewrite) { /* of what was added alone nobody can be told */
		size_t own = 0;
		ssize_t ret = send_some(real, fd, msg, flags, total, &own);
		if (ret < 0) {
			int saved = errno;
			if (f->rewrite && f->rewrite->sent == 0) {
				forget(f);
			}
			errno = saved;
			return ret;
		}
		told = f->rewrite ? went(f, own, (size_t)ret) : ret;
	}
	return told;
}

ssize_t th_propagate_send(th_sendmsg_fn *real, int fd, const struct msghdr *msg, int flags)
{
	int saved = errno;
	struct th_fd *f = th_fd_get(fd);
	size_t total = size_of(msg);
	bool wanted = f && atomic_load(&f->state) == TH_FD_OPEN && total > 0 &&
		msg->msg_iovlen <= PARTS_MAX && !(flags & NOT_FOLLOWED);
	if (wanted && !f->rewrite) {
		wanted = begin_on(fd, f, msg) != NULL;
	}
	errno = saved;
	if (wanted) {
		return send_rewritten(real, fd, msg, flags, total);
	}
	ssize_t ret = real(fd, msg, flags);
	TH_RECORD(true, th_sock_sent_v(fd, msg->msg_iov, (int)msg->msg_iovlen, ret));
	return ret;
}
