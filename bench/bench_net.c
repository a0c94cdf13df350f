/* Messages have a Content-Length or are chunked and end with "0\r\n\r\n", which no chunk of the
 * workloads holds; others have no body. That is all HTTP that is needed here, and costs little, so
 * that the row "direct" is fast. */
#include "bench/bench_net.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void bench_die(const char *what)
{
	perror(what);
	exit(1);
}

void bench_workload_open(const char *path, struct bench_workload *ret_workload)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		bench_die(path);
	}
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	struct th_in in = {p, (size_t)st.st_size, p == MAP_FAILED};
	struct th_slice *messages = NULL;
	size_t n = 0;
	while (in.n > 0 && !in.failed) {
		messages = realloc(messages, (n + 1) * sizeof(*messages));
		messages[n++] = th_in_bytes(&in, th_in_u32(&in));
	}
	close(fd);
	if (in.failed || n == 0 || n % 2) {
		bench_die(path);
	}
	*ret_workload = (struct bench_workload){messages, n / 2};
}

bool bench_write(struct bench_stream *s, const void *p, size_t n)
{
	const uint8_t *from = p;
	while (n > 0) {
		int most = n < 1 << 20 ? (int)n : 1 << 20;
		ssize_t done = s->ssl ? SSL_write(s->ssl, from, most)
				      : write(s->fd, from, (size_t)most);
		if (done <= 0) {
			return false;
		}
		from += done;
		n -= (size_t)done;
	}
	return true;
}

uint64_t bench_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* All events whose stamps are in these bytes have come now. */
static void note_events(struct bench_late *late, const uint8_t *p, size_t n)
{
	static const char mark[] = BENCH_STAMP_AFTER;
	const uint64_t now = bench_now();
	const uint8_t *end = p + n, *at;
	while ((at = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1))) {
		char digits[BENCH_STAMP_DIGITS + 1] = "";
		p = at + sizeof(mark) - 1;
		if (end - p < BENCH_STAMP_DIGITS || late->n == BENCH_EVENTS_MAX) {
			return;
		}
		memcpy(digits, p, BENCH_STAMP_DIGITS);
		late->ns[late->n++] = now - strtoull(digits, NULL, 16);
	}
}

static bool fill(struct bench_stream *s)
{
	size_t room = sizeof(s->buffer) - s->n;
	ssize_t n = s->ssl ? SSL_read(s->ssl, s->buffer + s->n, (int)room)
			   : read(s->fd, s->buffer + s->n, room);
	if (n > 0 && s->late) {
		note_events(s->late, s->buffer + s->n, (size_t)n);
	}
	s->n += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void use(struct bench_stream *s, size_t n)
{
	s->n -= n;
	memmove(s->buffer, s->buffer + n, s->n);
}

/* Bytes of the body, 0 for none, -1: chunked. Ends the head with a zero byte. */
static long body_length(struct bench_stream *s, size_t head)
{
	s->buffer[head - 1] = '\0';
	const char *field = strcasestr((const char *)s->buffer, "\ncontent-length:");
	if (field) {
		return atol(field + 16);
	}
	return strcasestr((const char *)s->buffer, "\ntransfer-encoding:") ? -1 : 0;
}

static bool skip(struct bench_stream *s, size_t n)
{
	while (n > s->n) {
		n -= s->n;
		s->n = 0;
		if (!fill(s)) {
			return false;
		}
	}
	use(s, n);
	return true;
}

/* Keeps the last bytes, lest the end lie across two reads. */
static bool skip_chunks(struct bench_stream *s)
{
	static const char end[] = "\r\n0\r\n\r\n";
	for (;;) {
		uint8_t *p = memmem(s->buffer, s->n, end, sizeof(end) - 1);
		if (p) {
			use(s, (size_t)(p - s->buffer) + sizeof(end) - 1);
			return true;
		}
		if (s->n > sizeof(end)) {
			use(s, s->n - sizeof(end));
		}
		if (!fill(s)) {
			return false;
		}
	}
}

int bench_read_message(struct bench_stream *s)
{
	uint8_t *end;
	while (!(end = memmem(s->buffer, s->n, "\r\n\r\n", 4))) {
		if (s->n == sizeof(s->buffer) || !fill(s)) {
			return 0;
		}
	}
	size_t head = (size_t)(end - s->buffer) + 4;
	long body = body_length(s, head);
	use(s, head);
	return body < 0 ? skip_chunks(s) : skip(s, (size_t)body);
}
