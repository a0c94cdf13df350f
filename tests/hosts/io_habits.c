/* Asks the double the same in every way that there is of using a socket, one exchange per way, so
 * that each can be seen recorded and replayed (tests/e2e/io_habits.sh).
 *
 *     io_habits [interfaces] HOST PORT [NAME] | interfaces
 *
 * A habit is how to connect, how to send and how to receive. All bytes after the answer's head are
 * printed. With NAME, only that one is done: it is what the children here are executed for.
 * "interfaces" prints what getifaddrs() says, with the addresses that lead beyond loopback.
 *
 * A limit is never what ends a wait, but in one habit, which has its bytes by then. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX 8192

struct habit {
	const char *name;
	int (*dial)(void);
	ssize_t (*put)(int fd, const char *p, size_t n);
	ssize_t (*take)(int fd, char *p, size_t n);
};

static char **arguments;
static struct sockaddr_storage peer;
static socklen_t peer_n;
static int waiter = -1; /* the habit's epoll */

static void check(bool held, const char *what)
{
	if (!held) {
		printf("%s: %s\n", what, strerror(errno));
		exit(1);
	}
}

/* ---- connecting ---- */

static int fresh(int flags)
{
	return socket(peer.ss_family, SOCK_STREAM | flags, 0);
}

static int reach(int fd)
{
	return connect(fd, (struct sockaddr *)&peer, peer_n);
}

static int dial(void)
{
	int fd = fresh(SOCK_CLOEXEC);
	check(reach(fd) == 0, "connect");
	return fd;
}

static void connected(int fd)
{
	int error = -1;
	socklen_t n = sizeof(error);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
	printf("so_error %d\n", error);
}

static int dial_selecting(void)
{
	int fd = fresh(SOCK_NONBLOCK);
	int r = reach(fd);
	check(r == 0 || errno == EINPROGRESS, "connect");
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	check(select(fd + 1, NULL, &set, NULL, NULL) == 1, "select");
	connected(fd);
	return fd;
}

/* Which events come, by the data that the socket was registered with. */
static unsigned wait_for(unsigned events)
{
	struct epoll_event e = {0};
	do {
		check(epoll_wait(waiter, &e, 1, -1) == 1, "epoll_wait");
		check(e.data.u64 == 0x1234567890abcdefU, "the data of the registration");
	} while (!(e.events & events));
	return e.events;
}

static int dial_registered(unsigned how)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | how, .data.u64 = 0x1234567890abcdefU};
	waiter = epoll_create1(EPOLL_CLOEXEC);
	int fd = fresh(SOCK_NONBLOCK | SOCK_CLOEXEC);
	check(epoll_ctl(waiter, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl add");
	int r = reach(fd);
	check(r == 0 || errno == EINPROGRESS, "connect");
	wait_for(EPOLLOUT);
	connected(fd);
	e.events = EPOLLIN | how;
	check(epoll_ctl(waiter, EPOLL_CTL_MOD, fd, &e) == 0, "epoll_ctl mod");
	return fd;
}

static int dial_level(void)
{
	return dial_registered(0);
}

static int dial_edge(void)
{
	return dial_registered(EPOLLET);
}

static int dial_later(void)
{
	return fresh(SOCK_CLOEXEC);
}

static int dial_lazily(void)
{
	int on = 1, fd = fresh(SOCK_CLOEXEC);
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	check(reach(fd) == 0, "connect");
	return fd;
}

static int dial_patiently(void)
{
	int fd = fresh(SOCK_CLOEXEC);
	struct timeval limit = {.tv_sec = 50};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	check(reach(fd) == 0, "connect");
	return fd;
}

static int dial_after_closefrom(void)
{
	int old = dial();
	closefrom(3);
	check(fcntl(old, F_GETFD) == -1, "closefrom closes");
	return dial();
}

static int dial_after_close_range(void)
{
	int old = dial();
	close_range(3, ~0U, 0);
	check(fcntl(old, F_GETFD) == -1, "close_range closes");
	return dial();
}

/* The child lives in this process's memory until it is another program. */
static int dial_across_vfork(void)
{
	int fd = dial(), status = -1;
	fflush(stdout);
	pid_t child = vfork();
	if (child == 0) {
		closefrom(3);
		execl("/proc/self/exe", "io_habits", arguments[1], arguments[2], "plain", NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	check(status == 0, "the child of vfork");
	return fd;
}

/* ---- sending ---- */

static ssize_t put(int fd, const char *p, size_t n)
{
	return send(fd, p, n, MSG_NOSIGNAL);
}

static ssize_t put_by_write(int fd, const char *p, size_t n)
{
	return write(fd, p, n);
}

static ssize_t put_and_close(int fd, const char *p, size_t n)
{
	ssize_t sent = put(fd, p, n);
	check(shutdown(fd, SHUT_WR) == 0, "shutdown");
	return sent;
}

static ssize_t put_vector(int fd, const char *p, size_t n)
{
	struct iovec v[3] = {{(char *)p, 2}, {NULL, 0}, {(char *)p + 2, n - 2}};
	return writev(fd, v, 3);
}

static ssize_t put_messages(int fd, const char *p, size_t n)
{
	struct iovec v[2] = {{(char *)p, 5}, {(char *)p + 5, n - 5}};
	struct mmsghdr m[2] = {{.msg_hdr = {.msg_iov = &v[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &v[1], .msg_iovlen = 1}}};
	errno = EDOM;
	check(sendmmsg(fd, m, 2, 0) == 2 && errno == EDOM, "sendmmsg");
	return m[0].msg_len + m[1].msg_len;
}

static ssize_t put_file(int fd, const char *p, size_t n)
{
	int file = memfd_create("request", MFD_CLOEXEC);
	off_t at = 3;
	check(pwrite(file, p, n, at) == (ssize_t)n, "pwrite");
	ssize_t sent = sendfile(fd, file, &at, n);
	check(at == sent + 3, "the offset after sendfile");
	close(file);
	return sent;
}

static ssize_t put_fast(int fd, const char *p, size_t n)
{
	return sendto(fd, p, n, MSG_FASTOPEN, (struct sockaddr *)&peer, peer_n);
}

/* ---- receiving ---- */

static ssize_t take(int fd, char *p, size_t n)
{
	return recv(fd, p, n, 0);
}

static ssize_t take_by_read(int fd, char *p, size_t n)
{
	return read(fd, p, n < 7 ? n : 7);
}

static ssize_t take_registered(int fd, char *p, size_t n)
{
	ssize_t got;
	while ((got = read(fd, p, n)) < 0 && errno == EAGAIN) {
		wait_for(EPOLLIN);
	}
	return got;
}

static ssize_t take_polling(int fd, char *p, size_t n)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	ssize_t got;
	while ((got = recv(fd, p, n, MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
		poll(&wanted, 1, -1);
	}
	return got;
}

/* What is looked at stays, and can be looked at again. */
static ssize_t take_peeked(int fd, char *p, size_t n)
{
	char once[16], twice[16];
	ssize_t seen = recv(fd, once, sizeof(once), MSG_PEEK);
	check(seen >= 0, "recv, peeking");
	check(recv(fd, twice, (size_t)seen, MSG_PEEK | MSG_WAITALL) == seen, "peeking again");
	ssize_t got = recv(fd, p, n, 0);
	check(got >= seen && memcmp(once, twice, (size_t)seen) == 0 &&
			memcmp(once, p, (size_t)seen) == 0,
		"what was looked at is what comes");
	return got;
}

static ssize_t take_vector(int fd, char *p, size_t n)
{
	struct iovec v[3] = {{p, 1}, {NULL, 0}, {p + 1, n - 1}};
	return readv(fd, v, 3);
}

static ssize_t take_messages(int fd, char *p, size_t n)
{
	struct iovec v[2] = {{p, n / 2}, {p + n / 2, n / 2}};
	struct mmsghdr m[2] = {{.msg_hdr = {.msg_iov = &v[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &v[1], .msg_iovlen = 1}}};
	int r = recvmmsg(fd, m, 2, MSG_WAITFORONE, NULL);
	check(r >= 1, "recvmmsg");
	unsigned second = r == 2 ? m[1].msg_len : 0;
	memmove(p + m[0].msg_len, p + n / 2, second);
	return (ssize_t)(m[0].msg_len + second);
}

static ssize_t take_message(int fd, char *p, size_t n)
{
	struct iovec v = {p, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	return recvmsg(fd, &m, 0);
}

/* Once the event is there, to the end of its chunk, patience is short. */
static ssize_t take_impatiently(int fd, char *p, size_t n)
{
	static char *begin;
	struct timeval limit = {.tv_usec = 50000};
	begin = begin ? begin : p;
	if (memmem(begin, (size_t)(p - begin), "\n\n\r\n", 4)) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	}
	return recv(fd, p, n, 0);
}

/* ---- all of them ---- */

static const struct habit habits[] = {
	{"plain", dial, put, take},
	{"read-write", dial, put_by_write, take_by_read},
	{"non-blocking", dial_selecting, put, take_polling},
	{"epoll-before", dial_level, put, take_registered},
	{"epoll-edge-before", dial_edge, put, take_registered},
	{"peek", dial, put, take_peeked},
	{"sendfile", dial, put_file, take},
	{"vectors", dial, put_vector, take_vector},
	{"messages", dial, put_messages, take_messages},
	{"message", dial, put, take_message},
	{"half-close", dial, put_and_close, take},
	{"fast-open", dial_later, put_fast, take},
	{"fast-open-option", dial_lazily, put, take},
	{"timeout", dial_patiently, put, take_impatiently},
	{"closefrom", dial_after_closefrom, put, take},
	{"close-range", dial_after_close_range, put, take},
	{"vfork", dial_across_vfork, put, take},
};

static size_t receive(const struct habit *h, int fd, char *answer)
{
	size_t at = 0;
	ssize_t n;
	while ((n = h->take(fd, answer + at, ANSWER_MAX - at)) > 0) {
		at += (size_t)n;
	}
	printf("end %zd %s\n", n, n < 0 ? strerror(errno) : "");
	return at;
}

static void ask(const struct habit *h)
{
	char request[256], answer[ANSWER_MAX + 1];
	printf("%s\n", h->name);
	int fd = h->dial();
	int n = snprintf(request, sizeof(request),
		"GET %s%s HTTP/1.1\r\nHost: double\r\nConnection: close\r\n\r\n",
		h->take == take_impatiently ? "/t/stall?n=1&" : "/t/echo?", h->name);
	check(h->put(fd, request, (size_t)n) == n, "sending");
	size_t got = receive(h, fd, answer);
	answer[got] = '\0';
	char *body = strstr(answer, "\r\n\r\n");
	printf("%.12s\n%s\n", answer, body ? body + 4 : "no head");
	close(fd);
	close(waiter);
	waiter = -1;
	fflush(stdout);
}

static void show_interfaces(void)
{
	struct ifaddrs *all = NULL;
	check(getifaddrs(&all) == 0, "getifaddrs");
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		int family = i->ifa_addr ? i->ifa_addr->sa_family : 0;
		char address[NI_MAXHOST] = "";
		if ((family == AF_INET || family == AF_INET6) && !(i->ifa_flags & IFF_LOOPBACK)) {
			getnameinfo(i->ifa_addr,
				family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6),
				address + 1, sizeof(address) - 1, NULL, 0, NI_NUMERICHOST);
			address[0] = ' ';
		}
		printf("%s %d%s\n", i->ifa_name, family, address);
	}
	freeifaddrs(all);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "interfaces") == 0) {
		show_interfaces();
		argc--;
		argv++;
	}
	if (argc == 1) {
		return 0;
	}
	struct addrinfo *found = NULL,
			hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	if (argc < 3 || getaddrinfo(argv[1], argv[2], &hints, &found)) {
		return 64;
	}
	memcpy(&peer, found->ai_addr, found->ai_addrlen);
	peer_n = found->ai_addrlen;
	freeaddrinfo(found);
	arguments = argv;
	for (size_t i = 0; i < sizeof(habits) / sizeof(*habits); i++) {
		if (argc < 4 || strcmp(argv[3], habits[i].name) == 0) {
			ask(&habits[i]);
		}
	}
	return 0;
}
