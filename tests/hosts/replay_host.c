/* Run under the library, with fake_player serving (replay.sh): sees the recorded world and nothing
 * else. One function per property; what does not hold is printed, and the exit code says so. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hosts/check.h"

static struct sockaddr_in v4(const char *address, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static int try_connect(int fd, const char *address, int port)
{
	struct sockaddr_in a = v4(address, port);
	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static int tcp(int flags)
{
	return socket(AF_INET, SOCK_STREAM | flags, 0);
}

static bool echoes(int fd, const char *word)
{
	char buf[64];
	size_t n = strlen(word);
	return send(fd, word, n, 0) == (ssize_t)n && recv(fd, buf, sizeof(buf), 0) == (ssize_t)n &&
		memcmp(buf, word, n) == 0;
}

/* ---- connections ---- */

static void a_recorded_peer_answers(void)
{
	int fd = tcp(SOCK_CLOEXEC);
	struct timeval tv = {.tv_sec = 3}, got;
	socklen_t n = sizeof(got);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	errno = EDOM;
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0);
	CHECK(errno == EDOM);
	CHECK(echoes(fd, "hello"));
	CHECK(try_connect(fd, "192.0.2.7", 443) == -1 && errno == EISCONN);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &n) == 0 && got.tv_sec == 3);
	close(fd);
}

static void it_looks_like_the_internet(void)
{
	int fd = tcp(0), v = 0, one = 1;
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0);
	CHECK(getpeername(fd, (struct sockaddr *)&a, &n) == 0 && n == sizeof(a));
	CHECK(a.sin_family == AF_INET && ntohs(a.sin_port) == 443);
	CHECK(a.sin_addr.s_addr == inet_addr("192.0.2.7"));
	CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0 && a.sin_family == AF_INET);
	CHECK(a.sin_port != 0 && a.sin_addr.s_addr == inet_addr("192.0.2.1"));
	n = sizeof(v);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &n) == 0 && v == AF_INET);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &n) == 0 && v == IPPROTO_TCP);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &n) == 0 && v == SOCK_STREAM);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &n) == 0 && v == 0);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, &n) == 0 && v == 1);
	v = 0;
	CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)) == 0);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, &n) == 0 && v == 0);
	CHECK(setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof(one)) == 0);
	CHECK(setsockopt(fd, IPPROTO_IP, IP_TOS, &one, sizeof(one)) == 0);
	struct tcp_info info;
	n = sizeof(info);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_state == 1);
	struct sockaddr small;
	n = 4;
	CHECK(getpeername(fd, &small, &n) == 0 && n == sizeof(a) && small.sa_family == AF_INET);
	close(fd);
}

static void the_guise_survives_dup_and_fork(void)
{
	int fd = tcp(0);
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	CHECK(try_connect(fd, "127.0.0.1", 8080) == 0);
	int copy = dup(fd);
	close(fd);
	CHECK(getpeername(copy, (struct sockaddr *)&a, &n) == 0 && ntohs(a.sin_port) == 8080);
	CHECK(getsockname(copy, (struct sockaddr *)&a, &n) == 0);
	CHECK(a.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	pid_t child = fork();
	if (child == 0) {
		failures = 0;
		CHECK(getpeername(copy, (struct sockaddr *)&a, &n) == 0 && a.sin_family == AF_INET);
		CHECK(echoes(copy, "child"));
		int own = tcp(0);
		CHECK(try_connect(own, "192.0.2.7", 443) == 0 && echoes(own, "mine"));
		fflush(stdout);
		_exit(failures);
	}
	int status = -1;
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	close(copy);
	int next = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(next == fd);
	CHECK(getpeername(next, (struct sockaddr *)&a, &n) == -1 && errno == ENOTCONN);
	close(next);
}

static void ipv6_works_and_mapped_is_ipv4(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(443)}, b;
	socklen_t n = sizeof(b);
	inet_pton(AF_INET6, "2001:db8::", &a.sin6_addr);
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && echoes(fd, "six"));
	CHECK(getsockname(fd, (struct sockaddr *)&b, &n) == 0 && b.sin6_family == AF_INET6);
	CHECK(n == sizeof(b) && b.sin6_port != 0);
	close(fd);
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &a.sin6_addr);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && echoes(fd, "mapped"));
	CHECK(getpeername(fd, (struct sockaddr *)&b, &n) == 0);
	CHECK(memcmp(&a.sin6_addr, &b.sin6_addr, 16) == 0);
	close(fd);
}

static int poll_events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	return poll(&p, 1, 2000) == 1 ? p.revents : 0;
}

static bool begin_connect(int fd, const char *address, int port)
{
	return try_connect(fd, address, port) == -1 && errno == EINPROGRESS;
}

static void non_blocking_connects_in_progress(void)
{
	int fd = tcp(SOCK_NONBLOCK), v = 1;
	socklen_t n = sizeof(v);
	char c;
	CHECK(begin_connect(fd, "192.0.2.7", 443));
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(recv(fd, &c, 1, 0) == -1 && errno == EAGAIN);
	CHECK(poll_events(fd) == POLLOUT);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &n) == 0 && v == 0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == -1 && errno == EISCONN);
	close(fd);
	struct sockaddr_in a = v4("192.0.2.7", 443);
	fd = tcp(SOCK_NONBLOCK);
	CHECK(sendto(fd, "fast", 4, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof(a)) == 4);
	CHECK(poll_events(fd) & POLLOUT);
	close(fd);
}

static void failures_come_as_recorded(void)
{
	int fd = tcp(0), v = 0;
	socklen_t n = sizeof(v);
	CHECK(try_connect(fd, "192.0.2.7", 81) == -1 && errno == ECONNREFUSED);
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && echoes(fd, "then"));
	close(fd);
	fd = tcp(SOCK_NONBLOCK);
	CHECK(try_connect(fd, "192.0.2.7", 82) == -1 && errno == ENETUNREACH);
	CHECK(try_connect(fd, "192.0.2.7", 81) == -1 && errno == EINPROGRESS);
	CHECK(poll_events(fd) & POLLERR);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &n) == 0 && v == AF_INET);
	CHECK(getpeername(fd, (struct sockaddr *)&(struct sockaddr_in){0}, &n) == -1);
	CHECK(errno == ENOTCONN);
	n = sizeof(v);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &n) == 0 && v == ECONNREFUSED);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &n) == 0 && v == 0);
	CHECK(begin_connect(fd, "192.0.2.7", 443));
	close(fd);
	fd = tcp(SOCK_NONBLOCK);
	char c;
	CHECK(try_connect(fd, "192.0.2.7", 81) == -1 && errno == EINPROGRESS);
	CHECK(recv(fd, &c, 1, 0) == -1 && errno == ECONNREFUSED);
	close(fd);
	fd = tcp(SOCK_NONBLOCK);
	CHECK(try_connect(fd, "192.0.2.7", 81) == -1 && errno == EINPROGRESS);
	CHECK(try_connect(fd, "192.0.2.7", 81) == -1 && errno == ECONNREFUSED);
	close(fd);
}

static void the_fence_stands(void)
{
	int fd = tcp(0);
	CHECK(try_connect(fd, "192.0.2.7", 444) == -1 && errno == ECONNREFUSED);
	CHECK(try_connect(fd, "198.51.100.1", 443) == -1 && errno == ECONNREFUSED);
	CHECK(try_connect(fd, "127.0.0.1", 1) == -1 && errno == ECONNREFUSED);
	close(fd);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = v4("127.0.0.1", 54);
	char x = 120;
	struct iovec iov = {.iov_base = &x, .iov_len = 1};
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr mm = {.msg_hdr = m};
	CHECK(connect(udp, (struct sockaddr *)&a, sizeof(a)) == 0); /* sends nothing */
	CHECK(send(udp, "x", 1, 0) == -1 && errno == ENETUNREACH);
	CHECK(write(udp, "x", 1) == -1 && errno == ENETUNREACH);
	CHECK(sendto(udp, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == -1);
	CHECK(errno == ENETUNREACH);
	CHECK(sendmsg(udp, &m, 0) == -1 && errno == ENETUNREACH);
	CHECK(sendmmsg(udp, &mm, 1, 0) == -1 && errno == ENETUNREACH);
	a.sin_family = AF_UNSPEC;
	CHECK(sendto(udp, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == -1);
	close(udp);
	CHECK(connect(-1, (struct sockaddr *)&a, sizeof(a)) == -1 && errno == EBADF);
	CHECK(connect(0, (struct sockaddr *)&a, sizeof(a)) == -1 && errno == ENOTSOCK);
}

/* A question for two.test's IPv4 addresses, and the answer in all ways of receiving. */
static void name_servers_are_played(void)
{
	static const char ask[] = "\0\7\1\0\0\1\0\0\0\0\0\0\3two\4test\0\0\1\0\1";
	struct sockaddr_in server = v4("192.0.2.53", 53), other = v4("192.0.2.54", 53), from = {0};
	socklen_t n = sizeof(from);
	unsigned char got[512];
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct iovec in = {.iov_base = got, .iov_len = sizeof(got)};
	struct mmsghdr mm = {
		.msg_hdr = {.msg_name = &from, .msg_namelen = n, .msg_iov = &in, .msg_iovlen = 1}};
	CHECK(sendto(udp, ask, sizeof(ask) - 1, 0, (void *)&server, sizeof(server)) ==
		sizeof(ask) - 1);
	CHECK(getpeername(udp, (void *)&from, &n) == -1 && errno == ENOTCONN);
	CHECK(recvfrom(udp, got, sizeof(got), 0, (void *)&from, &n) > (ssize_t)sizeof(ask));
	CHECK(n == sizeof(from) && from.sin_addr.s_addr == server.sin_addr.s_addr);
	CHECK(from.sin_port == htons(53) && memcmp(got, "\0\7\x81\x80\0\1\0", 7) == 0 && got[7]);
	CHECK(recv(udp, got, sizeof(got), 0) == -1 && errno == EAGAIN);
	CHECK(connect(udp, (void *)&other, sizeof(other)) == 0);
	CHECK(send(udp, ask, sizeof(ask) - 1, 0) == sizeof(ask) - 1);
	CHECK(write(udp, "junk", 4) == 4);
	CHECK(recvmmsg(udp, &mm, 1, 0, NULL) == 1 && mm.msg_len > sizeof(ask));
	CHECK(mm.msg_hdr.msg_namelen == sizeof(from) &&
		from.sin_addr.s_addr == other.sin_addr.s_addr);
	CHECK(read(udp, got, sizeof(got)) == -1 && errno == EAGAIN);
	other.sin_port = htons(54);
	CHECK(sendto(udp, ask, 1, 0, (void *)&other, sizeof(other)) == -1 && errno == ENETUNREACH);
	close(udp);
}

static void what_stays_on_the_machine_passes(void)
{
	int pair[2];
	char c = 0;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(send(pair[0], "u", 1, 0) == 1 && recv(pair[1], &c, 1, 0) == 1 && c == 'u');
	close(pair[0]);
	CHECK(recv(pair[1], &c, 1, 0) == 0);
	close(pair[1]);
	const char *port = getenv("FAKE_PASSED_PORT");
	int fd = tcp(0);
	if (port) {
		CHECK(try_connect(fd, "127.0.0.1", atoi(port)) == 0);
		CHECK(recv(fd, &c, 1, 0) == 1 && c == 'P');
		CHECK(recv(fd, &c, 1, 0) == 0);
	}
	close(fd);
}

static void fast_open_connects(void)
{
	struct sockaddr_in a = v4("192.0.2.7", 443);
	char buf[8];
	int fd = tcp(0);
	CHECK(sendto(fd, "fast", 4, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof(a)) == 4);
	CHECK(recv(fd, buf, sizeof(buf), 0) == 4);
	CHECK(sendto(fd, "more", 4, 0, (struct sockaddr *)&a, sizeof(a)) == 4);
	struct sockaddr_in from = {.sin_port = 1};
	socklen_t n = sizeof(from);
	CHECK(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &n) == 4 && n == 0);
	struct iovec iov = {.iov_base = buf, .iov_len = 4};
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1};
	CHECK(sendmsg(fd, &m, 0) == 4);
	CHECK(recvmsg(fd, &m, 0) == 4 && m.msg_namelen == 0);
	close(fd);
}

static void ends_come_as_recorded(void)
{
	char c;
	int fd = tcp(0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && send(fd, "reset", 5, 0) == 5);
	CHECK(recv(fd, &c, 0, 0) == 0);
	CHECK(read(fd, &c, 1) == -1 && errno == ECONNRESET);
	errno = EDOM;
	CHECK(read(fd, &c, 1) == 0 && errno == EDOM);
	close(fd);
	fd = tcp(0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && write(fd, "bye", 3) == 3);
	errno = EDOM;
	CHECK(recv(fd, &c, 1, 0) == 0 && errno == EDOM);
	close(fd);
}

static volatile sig_atomic_t pipes_broken;

static void note_broken_pipe(int number)
{
	pipes_broken++;
}

/* A descriptor that led to the player is another file's once it was closed. */
static void what_takes_the_number_is_itself(void)
{
	char buf[8];
	int fd = tcp(0), pipe_ends[2], pair[2];
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && echoes(fd, "x"));
	CHECK(pipe(pipe_ends) == 0 && dup2(pipe_ends[1], fd) == fd);
	errno = EDOM;
	CHECK(write(fd, "file", 4) == 4 && errno == EDOM);
	CHECK(read(pipe_ends[0], buf, sizeof(buf)) == 4 && memcmp(buf, "file", 4) == 0);
	close(fd);
	fd = tcp(0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && echoes(fd, "x"));
	CHECK(dup2(pipe_ends[1], fd) == fd);
	CHECK(send(fd, "file", 4, 0) == -1 && errno == ENOTSOCK);
	close(fd);
	fd = tcp(0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && echoes(fd, "x"));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && dup2(pair[0], fd) == fd);
	CHECK(write(fd, "pair", 4) == 4 && read(pair[1], buf, sizeof(buf)) == 4);
	close(pair[1]);
	signal(SIGPIPE, note_broken_pipe);
	CHECK(write(fd, "x", 1) == -1 && errno == EPIPE && pipes_broken == 1);
	CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE && pipes_broken == 1);
	CHECK(send(fd, "x", 1, 0) == -1 && errno == EPIPE && pipes_broken == 2);
	signal(SIGPIPE, SIG_DFL);
	close(fd);
	close(pair[0]);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static void epoll_keeps_what_was_registered(void)
{
	int ep = epoll_create1(0), fd = tcp(SOCK_NONBLOCK);
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = 77};
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	CHECK(begin_connect(fd, "192.0.2.7", 443));
	e.data.u64 = 0;
	CHECK(epoll_wait(ep, &e, 1, 2000) == 1 && e.data.u64 == 77 && (e.events & EPOLLOUT));
	e = (struct epoll_event){.events = EPOLLIN, .data.u64 = 78};
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e) == 0);
	CHECK(send(fd, "e", 1, 0) == 1);
	CHECK(epoll_wait(ep, &e, 1, 2000) == 1 && e.data.u64 == 78 && (e.events & EPOLLIN));
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) == 0);
	close(fd);
	fd = tcp(SOCK_NONBLOCK);
	e = (struct epoll_event){.events = EPOLLOUT, .data.u64 = 79};
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) == 0);
	CHECK(begin_connect(fd, "192.0.2.7", 443));
	CHECK(epoll_wait(ep, &e, 1, 0) == 0);
	close(fd);
	close(ep);
}

/* ---- names ---- */

static int look_up(const char *name, int family, int flags, const char *service, char *ret_list)
{
	struct addrinfo hints = {
		.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list = NULL;
	*ret_list = 0;
	int r = getaddrinfo(name, service, &hints, &list);
	for (struct addrinfo *a = r == 0 ? list : NULL; a; a = a->ai_next) {
		char text[64] = "";
		CHECK(a->ai_socktype == SOCK_STREAM);
		getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
		strcat(strcat(ret_list, text), " ");
	}
	if (r == 0) {
		CHECK(!(flags & AI_CANONNAME) || strcmp(list->ai_canonname, name) == 0);
		freeaddrinfo(list);
	}
	return r;
}

static void names_resolve_as_recorded(void)
{
	char l[256];
	CHECK(look_up("two.test", AF_UNSPEC, 0, "443", l) == 0);
	CHECK(strcmp(l, "192.0.2.9 192.0.2.8 ") == 0);
	CHECK(look_up("BOTH.test.", AF_UNSPEC, AI_ADDRCONFIG | AI_CANONNAME, NULL, l) == 0);
	CHECK(strcmp(l, "192.0.2.7 2001:db8:: ") == 0);
	CHECK(look_up("both.test", AF_INET6, AI_V4MAPPED, "https", l) == 0);
	CHECK(strcmp(l, "2001:db8:: ") == 0);
	CHECK(look_up("both.test", AF_INET6, AI_V4MAPPED | AI_ALL, NULL, l) == 0);
	CHECK(strcmp(l, "::ffff:192.0.2.7 2001:db8:: ") == 0);
	CHECK(look_up("two.test", AF_INET6, AI_V4MAPPED, NULL, l) == 0);
	CHECK(strcmp(l, "::ffff:192.0.2.9 ::ffff:192.0.2.8 ") == 0);
	CHECK(look_up("two.test", AF_INET6, 0, NULL, l) == EAI_NODATA);
	CHECK(look_up("gone.test", AF_UNSPEC, 0, NULL, l) == EAI_AGAIN);
	CHECK(look_up("unknown.test", AF_UNSPEC, 0, NULL, l) == EAI_NONAME);
	CHECK(look_up("two.test", AF_UNSPEC, 0, "no-such-service", l) == EAI_SERVICE);
	CHECK(look_up("two.test", 99, 0, NULL, l) == EAI_FAMILY);
	CHECK(look_up("two.test", AF_UNSPEC, AI_NUMERICHOST, NULL, l) == EAI_NONAME);
	CHECK(look_up("198.51.100.4", AF_UNSPEC, AI_ADDRCONFIG, NULL, l) == 0);
	CHECK(strcmp(l, "198.51.100.4 ") == 0);
	CHECK(look_up("localhost", AF_INET, AI_ADDRCONFIG, NULL, l) == 0);
	CHECK(strcmp(l, "127.0.0.1 ") == 0);
	CHECK(look_up(NULL, AF_INET, AI_PASSIVE, "80", l) == 0);
	CHECK(strcmp(l, "0.0.0.0 ") == 0);
	struct addrinfo *list = NULL;
	int n = 0;
	CHECK(getaddrinfo("two.test", "80", NULL, &list) == 0);
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		n++;
	}
	CHECK(n == 6);
	freeaddrinfo(list);
}

static void the_old_way_resolves_alike(void)
{
	struct hostent *h = gethostbyname("Two.test"), e, *found;
	CHECK(h && h->h_length == 4 && h->h_addrtype == AF_INET && !h->h_aliases[0]);
	CHECK(h && strcmp(h->h_name, "Two.test") == 0 && !h->h_addr_list[2]);
	CHECK(h && memcmp(h->h_addr_list[0], "\xc0\0\2\x9", 4) == 0);
	CHECK(!gethostbyname("gone.test") && h_errno == TRY_AGAIN);
	CHECK(!gethostbyname("unknown.test") && h_errno == HOST_NOT_FOUND);
	h = gethostbyname2("both.test", AF_INET6);
	CHECK(h && h->h_length == 16 && !h->h_addr_list[1]);
	CHECK(!gethostbyname2("two.test", AF_INET6) && h_errno == NO_DATA);
	h = gethostbyname("198.51.100.4");
	CHECK(h && memcmp(h->h_addr_list[0], "\xc6\x33\x64\x4", 4) == 0);
	char buffer[256];
	int herrno;
	size_t least = 0;
	while (least < sizeof(buffer) &&
		gethostbyname_r("two.test", &e, buffer + 1, least, &found, &herrno) == ERANGE) {
		CHECK(herrno == NETDB_INTERNAL && !found);
		least++;
	}
	CHECK(found == &e && least > 20 && least < 100);
	CHECK((char *)e.h_addr_list >= buffer && e.h_name + 9 <= buffer + 1 + least);
	CHECK(gethostbyname_r("gone.test", &e, buffer, 256, &found, &herrno) == 0);
	CHECK(!found && herrno == TRY_AGAIN);
	CHECK(gethostbyname2_r("both.test", AF_INET6, &e, buffer, 256, &found, &herrno) == 0);
	CHECK(found && e.h_addrtype == AF_INET6);
	CHECK(!gethostbyaddr("\xc0\0\2\x9", 4, AF_INET) && h_errno == HOST_NOT_FOUND);
}

/* ---- the fence is closed: nothing at all ---- */

static void everything_fails(void)
{
	char l[256];
	int fd = tcp(0);
	CHECK(try_connect(fd, "192.0.2.7", 443) == -1 && errno == ENETUNREACH);
	CHECK(try_connect(fd, "127.0.0.1", 8080) == -1 && errno == ENETUNREACH);
	CHECK(look_up("two.test", AF_UNSPEC, 0, NULL, l) == EAI_FAIL);
	CHECK(look_up("198.51.100.4", AF_UNSPEC, 0, NULL, l) == 0);
	CHECK(!gethostbyname("two.test") && h_errno == NO_RECOVERY);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = v4("127.0.0.1", 53);
	CHECK(sendto(udp, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == -1);
	CHECK(errno == ENETUNREACH);
}

/* ---- many at once, and a process of another kind ---- */

static void *connects_a_lot(void *arg)
{
	for (int i = 0; i < 200; i++) {
		int fd = tcp(0);
		struct sockaddr_in a;
		socklen_t n = sizeof(a);
		CHECK(try_connect(fd, "192.0.2.7", 443) == 0 && echoes(fd, arg));
		CHECK(getpeername(fd, (struct sockaddr *)&a, &n) == 0 && a.sin_family == AF_INET);
		close(fd);
	}
	return NULL;
}

static void threads_do_not_mix(void)
{
	static char words[][8] = {"one", "two", "three", "four"};
	pthread_t t[4];
	for (int i = 0; i < 4; i++) {
		CHECK(pthread_create(&t[i], NULL, connects_a_lot, words[i]) == 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
	}
}

static void a_vfork_child_changes_nothing(void)
{
	pid_t child = vfork();
	if (child == 0) {
		int fd = tcp(0);
		int r = try_connect(fd, "192.0.2.7", 443);
		close(fd);
		_exit(r == 0 ? 0 : 1);
	}
	int status = -1;
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void nothing_of_the_player_shows(void)
{
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
	for (int fd = 3; fd < 64; fd++) {
		CHECK(fcntl(fd, F_GETFD) == -1);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "closed") == 0) {
		everything_fails();
		return failures > 0;
	}
	nothing_of_the_player_shows();
	a_recorded_peer_answers();
	what_takes_the_number_is_itself(); /* before name servers are asked: then all is looked at
					    */
	it_looks_like_the_internet();
	the_guise_survives_dup_and_fork();
	ipv6_works_and_mapped_is_ipv4();
	non_blocking_connects_in_progress();
	failures_come_as_recorded();
	the_fence_stands();
	name_servers_are_played();
	what_stays_on_the_machine_passes();
	fast_open_connects();
	ends_come_as_recorded();
	epoll_keeps_what_was_registered();
	names_resolve_as_recorded();
	the_old_way_resolves_alike();
	threads_do_not_mix();
	a_vfork_child_changes_nothing();
	nothing_of_the_player_shows();
	return failures > 0;
}
