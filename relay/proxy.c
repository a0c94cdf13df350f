/* See proxy.h. Threads live as long as the process. Left out: proxies behind this one, and requests
 * for http:// URLs: HTTP_PROXY is not set. */
#include "relay/proxy.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/trust.h"
#include "relay/connect.h"
#include "relay/relayed.h"

#define HEAD_SECONDS 30
#define DRAIN_STEP_US 5000
#define DRAIN_STEPS 200
#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

struct th_proxy {
	struct th_relay_ends ends;
	X509_STORE *store;
	const char *directory;
	int listener;
	uint16_t port;
	_Atomic size_t open;
};

struct guest {
	struct th_proxy *proxy;
	int fd;
};

/* ---- one connection ---- */

static int dial(const struct th_connect *to)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL;
	int fd = -1;
	if (getaddrinfo(to->host, to->port, &hints, &all) != 0) {
		return -1;
	}
	for (struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			th_close_fd(&fd);
		}
	}
	freeaddrinfo(all);
	return fd;
}

static void say(int fd, const char *answer)
{
	(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

/* By the byte: what comes behind the head is not ours to take. */
static bool read_head(int fd, struct th_connect *ret_to)
{
	const struct timeval tv = {.tv_sec = HEAD_SECONDS};
	char head[TH_CONNECT_HEAD_MAX];
	size_t n = 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (n < sizeof(head) && recv(fd, head + n, 1, 0) == 1) {
		n++;
		if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0) {
			return th_connect_read((struct th_slice){(uint8_t *)head, n}, ret_to);
		}
	}
	return false;
}

static void watch(int epoll, int fd)
{
	struct epoll_event e = {.events = EDGES, .data.fd = fd};
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* Waits for either end, or not at all. */
static void await(int epoll, struct th_relayed *l, bool at_once)
{
	struct epoll_event events[2];
	int n = epoll_wait(epoll, events, 2, at_once ? 0 : -1);
	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == th_relayed_agent(l) &&
			(events[i].events & (EPOLLHUP | EPOLLERR))) {
			th_relayed_hung_up(l);
		}
	}
}

/* Takes both descriptors. */
static void relay(struct th_proxy *p, int agent, int server)
{
	const struct th_relay_hello hello = {.connected = 0};
	th_auto_close int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct th_relayed *l = th_relayed_create(&p->ends, &hello, agent, server);
	enum th_relayed_state s;
	if (!l || epoll < 0) {
		th_relayed_destroy(l);
		return;
	}
	watch(epoll, agent);
	watch(epoll, server);
	while ((s = th_relayed_drive(l)) != TH_RELAYED_OVER) {
		if (th_relayed_changed(l)) {
			watch(epoll, th_relayed_server(l));
		}
		await(epoll, l, s == TH_RELAYED_MORE);
	}
	th_relayed_destroy(l);
}

static void *serve(void *data)
{
	struct guest g = *(struct guest *)data;
	struct th_connect to;
	free(data);
	int server = -1;
	if (!read_head(g.fd, &to)) {
		say(g.fd,
			"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: "
			"close\r\n\r\n");
	} else if ((server = dial(&to)) < 0) {
		say(g.fd,
			"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: "
			"close\r\n\r\n");
	} else {
		say(g.fd, "HTTP/1.1 200 Connection established\r\n\r\n");
		relay(g.proxy, g.fd, server);
		g.fd = -1;
	}
	th_close_fd(&g.fd);
	atomic_fetch_sub(&g.proxy->open, 1);
	return NULL;
}

/* ---- all of them ---- */

static bool begin_thread(void *(*run)(void *), void *data)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, run, data);
	if (r == 0) {
		pthread_detach(thread);
	}
	return r == 0;
}

static void take_guest(struct th_proxy *p, int fd)
{
	struct guest *g = malloc(sizeof(*g));
	atomic_fetch_add(&p->open, 1);
	if (g) {
		*g = (struct guest){p, fd};
	}
	if (!g || !begin_thread(serve, g)) {
		free(g);
		close(fd);
		atomic_fetch_sub(&p->open, 1);
	}
}

static void *take_guests(void *data)
{
	struct th_proxy *p = data;
	for (;;) {
		int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			take_guest(p, fd);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return NULL;
		}
	}
}

static int listen_on_loopback(uint16_t *ret_port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, n) < 0 || listen(fd, SOMAXCONN) < 0 ||
		getsockname(fd, (struct sockaddr *)&sa, &n) < 0) {
		th_close_fd(&fd);
		return -1;
	}
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

struct th_proxy *th_proxy_create(const char *directory)
{
	struct th_proxy *p = calloc(1, sizeof(*p));
	if (!p) {
		return NULL;
	}
	p->directory = directory;
	p->ends = (struct th_relay_ends){.server = th_relayed_server_context(),
		.client = th_relayed_client_context(),
		.ca = th_ca_create(),
		.resets = th_resets_create(),
		.refused = th_refused_create(),
		.silent = true};
	p->store = X509_STORE_new();
	p->listener = listen_on_loopback(&p->port);
	if (!p->ends.server || !p->ends.client || !p->ends.ca || !p->ends.resets ||
		!p->ends.refused || !p->store || p->listener < 0) {
		return NULL; /* and the process ends */
	}
	SSL_CTX_set1_cert_store(p->ends.client, p->store);
	return p;
}

uint16_t th_proxy_port(const struct th_proxy *p)
{
	return p->port;
}

int th_proxy_trust(struct th_proxy *p, struct th_slice ask, struct th_buf *ret_answer)
{
	const struct th_trust t = {p->directory, th_ca_der(p->ends.ca), p->store};
	int r = th_trust_answer(&t, ask, ret_answer);
	th_trust_learn(&t, ask);
	return r;
}

int th_proxy_start(struct th_proxy *p)
{
	return begin_thread(take_guests, p) ? 0 : -EAGAIN;
}

void th_proxy_drain(struct th_proxy *p)
{
	for (int i = 0; i < DRAIN_STEPS && atomic_load(&p->open) > 0; i++) {
		usleep(DRAIN_STEP_US);
	}
}
