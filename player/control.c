/* See control.h. Threads and blocking calls: agents have tens of connections, not tens of
 * thousands, and a recorded stall is then a thread that waits. The accepting thread does nothing
 * else, so that an agent's connect() never finds the queue full. */
#include "player/control.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "player/online.h"
#include "player/serve.h"
#include "player/trust.h"
#include "player/world.h"
#include "trace/departure.h"

#define STACK_BYTES (1u << 20)
#define HELLO_SECONDS 10

struct connection {
	struct th_control *control;
	int fd;
	struct connection *next, **at;
};

struct th_control {
	struct th_serving *serving;
	struct th_tree *tree;
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listener;
	pthread_t acceptor;
	pthread_attr_t attr;
	pthread_mutex_t lock;
	pthread_cond_t closed;
	struct connection *open;
	size_t n;
	bool stopping;
};

/* ---- hellos ---- */

static void set_timeout(int fd, int seconds)
{
	const struct timeval tv = {.tv_sec = seconds};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static bool read_hello(int fd, struct th_hello *h)
{
	set_timeout(fd, HELLO_SECONDS);
	ssize_t n;
	while ((n = recv(fd, h, sizeof(*h), MSG_WAITALL)) < 0 && errno == EINTR) {
	}
	set_timeout(fd, 0);
	return n == sizeof(*h) && h->magic == TH_HELLO_MAGIC &&
		memchr(h->name, 0, sizeof(h->name)) != NULL;
}

/* As our pid namespace has it, which the hello's own may not be. */
static pid_t peer_pid(int fd)
{
	struct ucred cred = {0};
	socklen_t n = sizeof(cred);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 ? cred.pid : 0;
}

static void reply(int fd, uint8_t answer)
{
	send(fd, &answer, 1, MSG_NOSIGNAL);
}

static void note_process(struct th_control *c, const struct th_hello *h, int fd)
{
	th_tree_add(c->tree, peer_pid(fd));
	if (th_lanes_add(c->serving->lanes, h->process, h->parent, h->pid)) {
		th_tally_process(c->serving->tally);
	}
	reply(fd, 0);
}

static void note_fenced_connect(struct th_control *c, const struct th_hello *h)
{
	char text[TH_PEER_TEXT_BYTES];
	/* c-ares connects a datagram socket to each address of a name, to sort them. */
	if (c->serving->live && th_online_resolved(c->serving->live, h->family, h->address)) {
		return;
	}
	th_peer_text(h, text);
	th_tally_fenced(c->serving->tally, TH_FENCED_CONNECT, h->process, text,
		"nothing recorded from there to answer with");
}

static void serve_stream(struct th_control *c, const struct th_hello *h, int fd)
{
	struct th_caller caller;
	th_tally_stream(c->serving->tally);
	th_order_stirred(c->serving->order);
	th_caller_init(&caller, c->serving, h, fd);
	th_serve(&caller);
	th_caller_finish(&caller);
}

static uint8_t reach(struct th_control *c, const struct th_hello *h, int fd)
{
	if (!th_online_now(c->serving)) {
		return TH_REACH_FENCED;
	}
	int error = th_online_reach(c->serving->live, h, fd);
	if (error) {
		char text[TH_PEER_TEXT_BYTES];
		th_peer_text(h, text);
		th_tally_live(c->serving->tally, h->process, text, strerrordesc_np(error), true);
	}
	return (uint8_t)error;
}

/* While nothing may go live yet, it is fenced as any other. */
static void resolve(struct th_control *c, const struct th_hello *h, int fd)
{
	struct th_resolved resolved = {.result = TH_RESOLVED_FENCED};
	if (th_online_now(c->serving)) {
		th_online_resolve(c->serving->live, h->name, &resolved);
	}
	send(fd, &resolved, sizeof(resolved), MSG_NOSIGNAL);
}

/* The files are beside the listener. */
static void answer_trust(struct th_control *c, const struct th_hello *h, int fd)
{
	th_auto_free uint8_t *ask = h->reason <= TH_TRUST_MAX ? malloc(h->reason + 1) : NULL;
	th_cleanup(th_buf_finish) struct th_buf answer = {0};
	const struct th_trust t = {c->directory, th_ca_der(c->serving->ca), NULL};
	set_timeout(fd, HELLO_SECONDS);
	if (!ask || recv(fd, ask, h->reason, MSG_WAITALL) != (ssize_t)h->reason) {
		return;
	}
	bool ok = th_trust_answer(&t, (struct th_slice){ask, h->reason}, &answer) == 0;
	uint32_t n = ok && answer.n <= TH_TRUST_MAX ? (uint32_t)answer.n : 0;
	send(fd, &n, sizeof(n), MSG_NOSIGNAL);
	send(fd, answer.p, n, MSG_NOSIGNAL);
}

static void handle(struct th_control *c, int fd)
{
	struct th_hello h;
	if (!read_hello(fd, &h)) {
		return;
	}
	switch (h.kind) {
	case TH_HELLO_STREAM:
		serve_stream(c, &h, fd);
		break;
	case TH_HELLO_PROCESS:
		note_process(c, &h, fd);
		break;
	case TH_HELLO_FENCED_CONNECT:
		note_fenced_connect(c, &h);
		break;
	case TH_HELLO_FENCED_LOOKUP:
		th_tally_fenced(c->serving->tally, TH_FENCED_LOOKUP, h.process, h.name,
			"the recording never looked it up");
		break;
	case TH_HELLO_LEFT:
		th_tally_left(
			c->serving->tally, h.process, h.name, th_departure_why((uint8_t)h.reason));
		break;
	case TH_HELLO_ENDED:
		reply(fd, th_resets_get(c->serving->resets, h.stream_id));
		break;
	case TH_HELLO_BOUND:
		th_bound_add(c->serving->bound, h.address);
		reply(fd, 0);
		break;
	case TH_HELLO_TRUST:
		answer_trust(c, &h, fd);
		break;
	case TH_HELLO_WHOSE:
		reply(fd, th_bound_has(c->serving->bound, h.address));
		break;
	case TH_HELLO_REACH:
		reply(fd, reach(c, &h, fd));
		break;
	case TH_HELLO_RESOLVE:
		resolve(c, &h, fd);
		break;
	default:
		break;
	}
}

/* ---- connections ---- */

static void enlist(struct th_control *c, struct connection *conn)
{
	conn->at = &c->open;
	conn->next = c->open;
	if (conn->next) {
		conn->next->at = &conn->next;
	}
	c->open = conn;
	c->n++;
}

static void delist(struct th_control *c, struct connection *conn)
{
	*conn->at = conn->next;
	if (conn->next) {
		conn->next->at = conn->at;
	}
	c->n--;
	pthread_cond_broadcast(&c->closed);
}

static void *serve_connection(void *arg)
{
	struct connection *conn = arg;
	struct th_control *c = conn->control;
	handle(c, conn->fd);
	pthread_mutex_lock(&c->lock);
	close(conn->fd); /* under the lock: th_control_stop() shuts down what is enlisted */
	delist(c, conn);
	pthread_mutex_unlock(&c->lock);
	free(conn);
	return NULL;
}

static void take(struct th_control *c, int fd)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	pthread_t thread;
	if (!conn) {
		close(fd);
		return;
	}
	*conn = (struct connection){.control = c, .fd = fd};
	pthread_mutex_lock(&c->lock);
	enlist(c, conn);
	if (c->stopping) {
		shutdown(fd, SHUT_RDWR); /* what it has said by now is read all the same */
	}
	if (pthread_create(&thread, &c->attr, serve_connection, conn) != 0) {
		close(fd);
		delist(c, conn);
		free(conn);
	}
	pthread_mutex_unlock(&c->lock);
}

static bool is_stopping(struct th_control *c)
{
	pthread_mutex_lock(&c->lock);
	bool stopping = c->stopping;
	pthread_mutex_unlock(&c->lock);
	return stopping;
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* A listener that was shut down (th_control_stop()) still gives the connections that wait in its
 * queue: a process says what was fenced without waiting for an answer, and may be gone by now. */
static void *accept_all(void *arg)
{
	struct th_control *c = arg;
	for (;;) {
		int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			take(c, fd);
		} else if (is_shortage(errno) && !is_stopping(c)) {
			usleep(10000); /* it waits in the queue until a descriptor is free */
		} else if (errno != EINTR && errno != ECONNABORTED) {
			break;
		}
	}
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa.sun_path)) {
		return -ENAMETOOLONG;
	}
	strcpy(sa.sun_path, path);
	th_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0) {
		return -errno;
	}
	int kept = fd;
	fd = -1;
	return kept;
}

int th_control_start(struct th_serving *serving, struct th_tree *tree, const char *path,
	struct th_control **ret_control)
{
	struct th_control *c = calloc(1, sizeof(*c));
	if (!c) {
		return -ENOMEM;
	}
	int fd = listen_at(path);
	if (fd < 0) {
		free(c);
		return fd;
	}
	*c = (struct th_control){.serving = serving, .tree = tree, .listener = fd};
	memcpy(c->directory, path, strrchr(path, '/') - path);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->closed, NULL);
	pthread_attr_init(&c->attr);
	pthread_attr_setstacksize(&c->attr, STACK_BYTES);
	pthread_attr_setdetachstate(&c->attr, PTHREAD_CREATE_DETACHED);
	int r = pthread_create(&c->acceptor, NULL, accept_all, c);
	if (r) {
		pthread_attr_destroy(&c->attr);
		close(fd);
		free(c);
		return -r;
	}
	*ret_control = c;
	return 0;
}

size_t th_control_open(struct th_control *c)
{
	pthread_mutex_lock(&c->lock);
	size_t n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

struct th_control *th_control_stop(struct th_control *c)
{
	if (!c) {
		return NULL;
	}
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	for (struct connection *conn = c->open; conn; conn = conn->next) {
		shutdown(conn->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&c->lock);
	shutdown(c->listener, SHUT_RDWR); /* wakes accept() */
	pthread_join(c->acceptor, NULL);
	pthread_mutex_lock(&c->lock);
	while (c->n) {
		pthread_cond_wait(&c->closed, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	close(c->listener);
	pthread_attr_destroy(&c->attr);
	pthread_cond_destroy(&c->closed);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}
