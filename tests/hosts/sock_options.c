/* Says what a connection answers to each socket option there is, so that a replay can be compared
 * with its recording (tests/e2e/io_habits.sh): programs ask for ones that TCP does not have to find
 * out what they were given (Qt asks each socket for SCTP_INITMSG).
 *
 *     sock_options HOST PORT
 *
 * First those that were set before and after connect(), with their values, then all by number,
 * without (they depend on the machine's settings), then one HTTP exchange. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMES 64
#define SOL_UDP_ 17
#define SOL_SCTP_ 132
#define SOL_TLS_ 282
#define SOL_MPTCP_ 284

static const int levels[] = {
	IPPROTO_IP, IPPROTO_TCP, SOL_UDP_, IPPROTO_IPV6, SOL_SCTP_, SOL_TLS_, SOL_MPTCP_};

static void check(bool held, const char *what)
{
	if (!held) {
		perror(what);
		exit(1);
	}
}

/* Of which the answer depends on how this very connection goes. */
static bool is_private(int level, int name)
{
	static const struct {
		int level, name;
	} list[] = {{IPPROTO_TCP, TCP_MAXSEG}, {IPPROTO_TCP, TCP_INFO},
		{IPPROTO_TCP, TCP_WINDOW_CLAMP}, {IPPROTO_TCP, TCP_QUICKACK},
		{IPPROTO_TCP, TCP_CC_INFO}, {IPPROTO_TCP, TCP_SAVED_SYN},
		{IPPROTO_TCP, TCP_TIMESTAMP}, {IPPROTO_TCP, 35 /* TCP_ZEROCOPY_RECEIVE */},
		{IPPROTO_IP, 9 /* IP_PKTOPTIONS */}, {IPPROTO_IP, 14 /* IP_MTU */},
		{IPPROTO_IP, 52 /* IP_PROTOCOL */}, {IPPROTO_IPV6, 1 /* IPV6_ADDRFORM */},
		{IPPROTO_IPV6, 24 /* IPV6_MTU */}, {IPPROTO_IPV6, 61 /* IPV6_PATHMTU */}};
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		if (list[i].level == level && list[i].name == name) {
			return true;
		}
	}
	return false;
}

static void say(int fd, int level, int name, bool with_value)
{
	unsigned char value[256];
	socklen_t n = sizeof(value);
	memset(value, 0xee, sizeof(value));
	errno = 0;
	int r = getsockopt(fd, level, name, value, &n);
	printf("%d/%d %d %s %u:", level, name, r, strerror(errno), r == 0 ? n : 0);
	for (socklen_t i = 0; with_value && r == 0 && i < n && i < sizeof(value); i++) {
		printf(" %02x", value[i]);
	}
	printf("\n");
}

static void set(int fd, int level, int name, int value)
{
	errno = 0;
	int r = setsockopt(fd, level, name, &value, sizeof(value));
	printf("set %d/%d to %d: %d %s\n", level, name, value, r, strerror(errno));
	say(fd, level, name, true);
}

static void set_after(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 0);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 7);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, -1);
	set(fd, IPPROTO_TCP, 9999, 1);
	set(fd, IPPROTO_IP, IP_TOS, 0x10);
	set(fd, SOL_SCTP_, 2 /* SCTP_INITMSG */, 1);
	set(fd, SOL_TLS_, 1 /* TLS_TX */, 1);
	say(fd, IPPROTO_TCP, TCP_KEEPIDLE, true);
	say(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, true);
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *ai;
	check(getaddrinfo(host, port, &hints, &ai) == 0, "address");
	int fd = socket(ai->ai_family, SOCK_STREAM, 0);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 33);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 4000);
	check(connect(fd, ai->ai_addr, ai->ai_addrlen) == 0, "connect");
	freeaddrinfo(ai);
	return fd;
}

static void exchange(int fd)
{
	static const char request[] =
		"GET /t/echo?options HTTP/1.1\r\nHost: double\r\nConnection: close\r\n\r\n";
	char answer[4096];
	check(write(fd, request, sizeof(request) - 1) == sizeof(request) - 1, "write");
	ssize_t n = read(fd, answer, sizeof(answer) - 1);
	check(n > 0, "read");
	answer[n] = '\0';
	printf("%.15s\n", answer);
}

int main(int argc, char **argv)
{
	check(argc == 3, "arguments");
	int fd = dial(argv[1], argv[2]);
	set_after(fd);
	for (size_t l = 0; l < sizeof(levels) / sizeof(*levels); l++) {
		for (int name = 0; name < NAMES; name++) {
			if (!is_private(levels[l], name)) {
				say(fd, levels[l], name, false);
			}
		}
	}
	exchange(fd);
	return 0;
}
