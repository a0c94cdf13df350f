/* See serve.h. The first byte decides, since hosts share addresses and ports mean nothing: 0x16 is
 * a TLS handshake record, "PRI * HTTP/2.0" HTTP/2 with prior knowledge (RFC 9113 3.3), and
 * everything else HTTP/1. */
#include "player/serve.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "wire/http2.h"

#define TLS_HANDSHAKE 0x16

/* Waits for n bytes, or fewer when they cannot become `expected`. Returns how many there are. */
static size_t peek(int fd, uint8_t *p, size_t n, const char *expected)
{
	for (;;) {
		ssize_t r = recv(fd, p, n, MSG_PEEK);
		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r <= 0 || (size_t)r == n || memcmp(p, expected, (size_t)r) != 0) {
			return r > 0 ? (size_t)r : 0;
		}
		struct timespec pause = {.tv_nsec = 1000000}; /* a preface in pieces: rare */
		nanosleep(&pause, NULL);
	}
}

static bool begins_with_preface(struct th_caller *c)
{
	uint8_t first[sizeof(TH_H2_PREFACE) - 1];
	return peek(c->stream.fd, first, sizeof(first), TH_H2_PREFACE) == sizeof(first) &&
		memcmp(first, TH_H2_PREFACE, sizeof(first)) == 0;
}

static bool alpn_is_h2(const struct th_caller *c)
{
	const unsigned char *p;
	unsigned n;
	SSL_get0_alpn_selected(c->stream.ssl, &p, &n);
	return n == 2 && memcmp(p, "h2", 2) == 0;
}

void th_serve(struct th_caller *c)
{
	enum th_h1_next next = TH_H1_NEXT_TUNNEL;
	while (next == TH_H1_NEXT_TUNNEL) {
		uint8_t first;
		if (peek(c->stream.fd, &first, 1, "") == 0) {
			return;
		}
		if (c->stream.ssl) { /* TLS through TLS: an HTTPS proxy */
			th_stream_drain(&c->stream, 0);
			return;
		}
		bool tls = first == TLS_HANDSHAKE;
		if (tls && th_serve_tls(c) < 0) {
			th_stream_end(&c->stream, false);
			return;
		}
		if (tls ? alpn_is_h2(c) : begins_with_preface(c)) {
			th_serve_h2(c);
			return;
		}
		next = th_serve_h1(c);
	}
}
