/* The bench's server: answers the calls of a workload, in order, on each connection.
 *
 *     bench_server WORKLOAD [CERT KEY] [piece=N] [gap_us=N] [body=N] [quickack=1] [unix=PATH]
 *
 * Prints its port, or nothing with unix=. With CERT it speaks TLS. piece: the response in parts of
 * N bytes; with gap_us first its head, and then parts of N that far apart, each of which says when
 * it was sent (bench_net.h). body: instead of the workload's answers one of N bytes. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/bench_net.h"

#define PACED_MAX 4096 /* bytes of an event */

static struct bench_workload work;
static SSL_CTX *tls;
static size_t piece = SIZE_MAX, gap_us, body, quickack;

static struct th_slice take(struct th_slice *from, size_t n)
{
	struct th_slice taken = {from->p, n < from->n ? n : from->n};
	from->p += taken.n;
	from->n -= taken.n;
	return taken;
}

static bool answer_pieces(struct bench_stream *s, struct th_slice answer)
{
	while (answer.n > 0) {
		struct th_slice part = take(&answer, piece);
		if (!bench_write(s, part.p, part.n)) {
			return false;
		}
	}
	return true;
}

static bool write_stamped(struct bench_stream *s, struct th_slice part)
{
	char copy[PACED_MAX], digits[BENCH_STAMP_DIGITS + 1];
	memcpy(copy, part.p, part.n);
	char *id = memmem(copy, part.n, BENCH_STAMP_AFTER, sizeof(BENCH_STAMP_AFTER) - 1);
	snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)bench_now());
	if (id) {
		memcpy(id + sizeof(BENCH_STAMP_AFTER) - 1, digits, BENCH_STAMP_DIGITS);
	}
	return bench_write(s, copy, part.n);
}

static bool answer_paced(struct bench_stream *s, struct th_slice answer)
{
	const uint8_t *end = memmem(answer.p, answer.n, "\r\n\r\n", 4);
	struct th_slice head = take(&answer, end ? (size_t)(end - answer.p) + 4 : 0);
	bool good = bench_write(s, head.p, head.n);
	while (answer.n > 0 && good) {
		usleep((useconds_t)gap_us);
		good = write_stamped(s, take(&answer, piece < PACED_MAX ? piece : PACED_MAX));
	}
	return good;
}

static bool answer_call(struct bench_stream *s, size_t i)
{
	struct th_slice answer = work.messages[2 * (i % work.n) + 1];
	return gap_us ? answer_paced(s, answer) : answer_pieces(s, answer);
}

static bool answer_body(struct bench_stream *s)
{
	static char block[1 << 16];
	char head[128];
	int n = snprintf(
		head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
	bool good = bench_write(s, head, (size_t)n);
	for (size_t left = body; left > 0 && good;) {
		size_t part = left < sizeof(block) ? left : sizeof(block);
		for (size_t i = 0; i < part; i += 64) {
			memcpy(block + i, &left, sizeof(left)); /* no block is like another */
		}
		good = bench_write(s, block, part);
		left -= part;
	}
	return good;
}

/* A client that writes head and body apart would wait 40 ms for the kernel's acknowledgement. */
static bool read_message(struct bench_stream *s)
{
	if (quickack) {
		setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
	}
	return bench_read_message(s);
}

static void *serve(void *arg)
{
	struct bench_stream *s = arg;
	bool good = !s->ssl || SSL_accept(s->ssl) == 1;
	for (size_t i = 0; good && read_message(s); i++) {
		good = body ? answer_body(s) : answer_call(s, i);
	}
	if (s->ssl) {
		SSL_shutdown(s->ssl);
		SSL_free(s->ssl);
	}
	close(s->fd);
	free(s);
	return NULL;
}

static void accept_one(int listener)
{
	struct bench_stream *s = calloc(1, sizeof(*s));
	pthread_t thread;
	s->fd = accept(listener, NULL, NULL);
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (tls) {
		s->ssl = SSL_new(tls);
		SSL_set_fd(s->ssl, s->fd);
	}
	if (s->fd < 0 || pthread_create(&thread, NULL, serve, s) != 0) {
		bench_die("accept");
	}
	pthread_detach(thread);
}

static int listen_inet(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
		bench_die("listen");
	}
	printf("%d\n", ntohs(a.sin_port));
	return fd;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0) {
		bench_die(path);
	}
	puts("ready");
	return fd;
}

static bool option(const char *argument, const char *name, size_t *ret_value)
{
	size_t n = strlen(name);
	if (strncmp(argument, name, n) != 0) {
		return false;
	}
	*ret_value = strtoul(argument + n, NULL, 10);
	return true;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int certificate = 0;
	if (argc < 2) {
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	bench_workload_open(argv[1], &work);
	for (int i = 2; i < argc; i++) {
		if (strncmp(argv[i], "unix=", 5) == 0) {
			path = argv[i] + 5;
		} else if (!option(argv[i], "piece=", &piece) &&
			!option(argv[i], "gap_us=", &gap_us) && !option(argv[i], "body=", &body) &&
			!option(argv[i], "quickack=", &quickack) && !certificate) {
			certificate = i++;
		}
	}
	if (certificate) {
		tls = SSL_CTX_new(TLS_server_method());
		SSL_CTX_use_certificate_file(tls, argv[certificate], SSL_FILETYPE_PEM);
		SSL_CTX_use_PrivateKey_file(tls, argv[certificate + 1], SSL_FILETYPE_PEM);
	}
	int listener = path ? listen_unix(path) : listen_inet();
	fflush(stdout);
	for (;;) {
		accept_one(listener);
	}
}
