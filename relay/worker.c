/* See relay.h. One loop over epoll, edge by edge: a connection is driven until it waits, or has had
 * its turn and goes to the end of the queue. What is freed while events of the same round may still
 * name it is freed after the round.
 *
 * Left out: migration of connections between workers; a forked child that uses its parent's
 * connection keeps the parent's worker. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/trust.h"
#include "recorder/recorder.h"
#include "relay/relay.h"
#include "relay/relayed.h"

#define EVENTS 64
#define ASK_SECONDS 5
#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

enum role {
	LISTENER,
	AGENT_GONE, /* the process's pidfd */
	TOLD_TO_END,
	GUEST, /* a connection that has not said what it is */
	AGENT_END,
	SERVER_END,
};

struct client;

struct watch {
	enum role role;
	int fd;
	struct client *client;
};

/* A guest, and what became of it. */
struct client {
	struct watch own, server;
	struct th_relayed *relayed; /* NULL: a guest yet */
	bool queued, dead;
	struct client *next_queued, *next_dead;
};

struct worker {
	const struct th_relay_worker *w;
	struct th_relay_ends ends;
	X509_STORE *store;
	int epoll;
	struct watch listener, gone, told;
	struct client *queue, **queue_end, *dead;
	size_t n;
	bool agent_gone, recorded;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ---- watching ---- */

static bool watch(struct worker *k, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};
	return epoll_ctl(k->epoll, EPOLL_CTL_ADD, w->fd, &e) == 0;
}

static void enqueue(struct worker *k, struct client *c)
{
	if (!c->queued && !c->dead) {
		c->queued = true;
		c->next_queued = NULL;
		*k->queue_end = c;
		k->queue_end = &c->next_queued;
	}
}

static struct client *dequeue(struct worker *k)
{
	struct client *c = k->queue;
	if (c) {
		k->queue = c->next_queued;
		k->queue_end = k->queue ? k->queue_end : &k->queue;
		c->queued = false;
	}
	return c;
}

/* ---- clients ---- */

static void bury(struct worker *k, struct client *c)
{
	if (c->dead) {
		return;
	}
	if (c->relayed) {
		c->relayed = th_relayed_destroy(c->relayed);
	} else {
		close(c->own.fd);
	}
	c->dead = true;
	c->next_dead = k->dead;
	k->dead = c;
	k->n--;
}

static void free_dead(struct worker *k)
{
	struct client **at = &k->dead;
	while (*at) {
		struct client *c = *at;
		if (c->queued) {
			at = &c->next_dead;
			continue;
		}
		*at = c->next_dead;
		free(c);
	}
}

static void drive(struct worker *k, struct client *c)
{
	enum th_relayed_state s = th_relayed_drive(c->relayed);
	if (s == TH_RELAYED_OVER) {
		bury(k, c);
		return;
	}
	if (th_relayed_changed(c->relayed)) {
		c->server.fd = th_relayed_server(c->relayed);
		(void)watch(k, &c->server, EDGES);
	}
	if (s == TH_RELAYED_MORE) {
		enqueue(k, c);
	}
}

static void take_guest(struct worker *k, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	c->own = (struct watch){GUEST, fd, c};
	k->n++;
	if (!watch(k, &c->own, EDGES)) {
		bury(k, c);
	}
}

static void take_guests(struct worker *k)
{
	int fd;
	while ((fd = accept4(k->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		take_guest(k, fd);
	}
}

/* ---- what guests say ---- */

/* A hello, whole; of a stream the rest of it, which was sent along, and the descriptor. -EAGAIN:
 * nothing yet; -EPROTO. */
static int read_hello(int fd, struct th_relay_hello *h, int *ret_passed)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec v = {&h->hello, sizeof(h->hello)};
	struct msghdr m = {.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		memcpy(ret_passed, CMSG_DATA(c), sizeof(int));
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return -EAGAIN;
	}
	if (n != sizeof(h->hello) || h->hello.magic != TH_HELLO_MAGIC) {
		return -EPROTO;
	}
	ssize_t rest = sizeof(*h) - sizeof(h->hello);
	return h->hello.kind != TH_HELLO_STREAM ||
			recv(fd, &h->connect_began, (size_t)rest, MSG_DONTWAIT) == rest
		? 0
		: -EPROTO;
}

static void set_timeout(int fd)
{
	const struct timeval tv = {.tv_sec = ASK_SECONDS};
	int flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static void say_trust(const struct th_trust *t, int fd, struct th_slice ask)
{
	th_cleanup(th_buf_finish) struct th_buf answer = {0};
	bool ok = th_trust_answer(t, ask, &answer) == 0 && answer.n <= TH_TRUST_MAX;
	uint32_t length = ok ? (uint32_t)answer.n : 0;
	if (send(fd, &length, sizeof(length), MSG_NOSIGNAL) == (ssize_t)sizeof(length) && length) {
		(void)send(fd, answer.p, length, MSG_NOSIGNAL);
	}
}

/* Waits for the rest of the ask: it was sent at once, and the process that asks is about to begin.
 * It goes on while we learn; its first connection comes behind. */
static void answer_trust(struct worker *k, int fd, size_t n)
{
	th_auto_free uint8_t *ask = n <= TH_TRUST_MAX ? malloc(n + 1) : NULL;
	const struct th_trust t = {k->w->conf->directory, th_ca_der(k->w->ca), k->store};
	set_timeout(fd);
	if (ask && recv(fd, ask, n, MSG_WAITALL) == (ssize_t)n) {
		say_trust(&t, fd, (struct th_slice){ask, n});
		th_trust_learn(&t, (struct th_slice){ask, n});
	}
}

static void begin_link(
	struct worker *k, struct client *c, const struct th_relay_hello *h, int server)
{
	c->own.role = AGENT_END;
	c->relayed = th_relayed_create(&k->ends, h, c->own.fd, server);
	if (!c->relayed) {
		c->own.fd = -1;
		bury(k, c);
		return;
	}
	c->server = (struct watch){SERVER_END, server, c};
	if (!watch(k, &c->server, EDGES)) {
		bury(k, c);
		return;
	}
	enqueue(k, c);
}

static void hear_guest(struct worker *k, struct client *c)
{
	struct th_relay_hello h = {.hello.kind = 0};
	int passed = -1;
	int r = read_hello(c->own.fd, &h, &passed);
	if (r == -EAGAIN) {
		return;
	}
	bool whole = r == 0;
	if (whole && h.hello.kind == TH_HELLO_STREAM && passed >= 0) {
		begin_link(k, c, &h, passed);
		return;
	}
	if (whole && h.hello.kind == TH_HELLO_ENDED) {
		uint8_t how = th_resets_get(k->ends.resets, h.hello.stream_id);
		(void)send(c->own.fd, &how, 1, MSG_NOSIGNAL);
	} else if (whole && h.hello.kind == TH_HELLO_TRUST) {
		answer_trust(k, c->own.fd, h.hello.reason);
	}
	th_close_fd(&passed);
	bury(k, c);
}

/* ---- the loop ---- */

static void hear(struct worker *k, struct watch *w, uint32_t events)
{
	struct signalfd_siginfo info;
	struct client *c = w->client;
	switch (w->role) {
	case LISTENER:
		take_guests(k);
		break;
	case AGENT_GONE:
		k->agent_gone = true;
		epoll_ctl(k->epoll, EPOLL_CTL_DEL, w->fd, NULL);
		break;
	case TOLD_TO_END:
		k->agent_gone = read(w->fd, &info, sizeof(info)) > 0 || k->agent_gone;
		break;
	case GUEST:
		if (!c->dead) {
			hear_guest(k, c);
		}
		break;
	default:
		if (!c->dead) {
			if (w->role == AGENT_END && (events & (EPOLLHUP | EPOLLERR))) {
				th_relayed_hung_up(c->relayed);
			}
			enqueue(k, c);
		}
	}
}

/* Each that could go on has one turn. */
static void serve_queue(struct worker *k)
{
	struct client *last = NULL, *c;
	for (struct client *q = k->queue; q; q = q->next_queued) {
		last = q;
	}
	while (last && (c = dequeue(k)) != NULL) {
		bool done = c == last;
		if (!c->dead) {
			drive(k, c);
		}
		if (done) {
			return;
		}
	}
}

static void loop(struct worker *k)
{
	struct epoll_event events[EVENTS];
	while (!k->agent_gone || k->n) {
		int n = epoll_wait(k->epoll, events, EVENTS, k->queue ? 0 : -1);
		for (int i = 0; i < n; i++) {
			hear(k, events[i].data.ptr, events[i].events);
		}
		serve_queue(k);
		free_dead(k);
		if (n < 0 && errno != EINTR) {
			return;
		}
	}
}

/* ---- beginning ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	strcpy(sa.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
		(bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int start_recorder(const struct th_relay_worker *w)
{
	struct th_process_conf process = {.capture = w->conf->capture,
		.redact_off = w->conf->redact_off,
		.hash_bodies = w->conf->hash_bodies,
		.rules = w->conf->rules,
		.state_home = getenv("XDG_STATE_HOME"),
		.home = getenv("HOME"),
		.argv0 = "tracehook relay",
		.relayed = w->hello->process};
	memcpy(process.trace_id, w->conf->trace_id, sizeof(process.trace_id));
	memcpy(process.parent_span_id, w->hello->parent, sizeof(process.parent_span_id));
	return th_recorder_start(&process);
}

static bool make_ends(struct worker *k)
{
	struct th_relay_ends *e = &k->ends;
	*e = (struct th_relay_ends){.server = th_relayed_server_context(),
		.client = th_relayed_client_context(),
		.ca = k->w->ca,
		.resets = th_resets_create(),
		.refused = th_refused_create()};
	k->store = X509_STORE_new();
	if (!e->server || !e->client || !e->resets || !e->refused || !k->store) {
		return false;
	}
	SSL_CTX_set1_cert_store(e->client, k->store);
	return true;
}

static int signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool begin(struct worker *k)
{
	char hex[2 * TH_SPAN_ID_BYTES + 1] = "";
	th_hex_encode(hex, k->w->hello->process, TH_SPAN_ID_BYTES);
	int n = snprintf(k->path, sizeof(k->path), "%s/%s", k->w->conf->directory, hex);
	k->queue_end = &k->queue;
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	k->gone = (struct watch){AGENT_GONE, (int)syscall(SYS_pidfd_open, k->w->pid, 0), NULL};
	k->told = (struct watch){TOLD_TO_END, signals(), NULL};
	if (n < 0 || (size_t)n >= sizeof(k->path) || k->epoll < 0 || k->gone.fd < 0 ||
		!make_ends(k) || start_recorder(k->w) < 0) {
		return false;
	}
	k->listener = (struct watch){LISTENER, listen_at(k->path), NULL};
	return k->listener.fd >= 0 && watch(k, &k->listener, EPOLLIN) &&
		watch(k, &k->gone, EPOLLIN) && watch(k, &k->told, EPOLLIN);
}

static void raise_limit(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int th_relay_worker_run(const struct th_relay_worker *w)
{
	static struct worker k;
	uint8_t ready = 0;
	k.w = w;
	raise_limit();
	if (!begin(&k)) {
		return EXIT_FAILURE;
	}
	(void)send(w->ready, &ready, 1, MSG_NOSIGNAL);
	close(w->ready);
	loop(&k);
	unlink(k.path);
	th_recorder_finish();
	return EXIT_SUCCESS;
}
