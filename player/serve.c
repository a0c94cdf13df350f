/* See serve.h. The first byte decides, since hosts share addresses and ports mean nothing: 0x16 is
 * a TLS handshake record, "PRI * HTTP/2.0" HTTP/2 with prior knowledge (RFC 9113 3.3), a length and
 * a question DNS over TCP, and everything else HTTP/1. */
#include "player/serve.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "wire/http2.h"

#define TLS_HANDSHAKE 0x16
#define SILENCE_MS 10000 /* an HTTP client speaks first */

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

static bool is_recorded_peer(const struct th_caller *c)
{
	const struct th_peers *peers = &c->serving->peers;
	for (size_t i = 0; i < peers->n; i++) {
		const struct th_connection *r = peers->at[i];
		if (r->family == c->hello.family && r->port == c->hello.port &&
			memcmp(r->address, c->hello.address, sizeof(r->address)) == 0) {
			return true;
		}
	}
	return false;
}

/* A replay that may go live takes connections to peers it knows nothing of. Those that do not begin
 * like HTTP are told: nobody would answer them. */
static bool may_be_http(struct th_caller *c)
{
	struct pollfd pfd = {.fd = c->stream.fd, .events = POLLIN};
	uint8_t first;
	if (!c->serving->live || c->stream.ssl || is_recorded_peer(c)) {
		return true;
	}
	const char *why = "its server speaks first, or not at all: only HTTP goes live";
	if (poll(&pfd, 1, SILENCE_MS) != 0) {
		if (peek(c->stream.fd, &first, 1, "") == 0) {
			return true;
		}
		if (first == TLS_HANDSHAKE || isalpha(first)) {
			return true;
		}
		why = "it is not HTTP: only that goes live";
	}
	th_caller_miss_peer(c, why);
	th_caller_end(c, &(struct th_ending){.after = TH_AFTER_RESET, .code = ECONNRESET});
	return false;
}

void th_serve(struct th_caller *c)
{
	if (!may_be_http(c)) {
		return;
	}
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
		if (c->alert) {
			th_caller_end(
				c, &(struct th_ending){.after = TH_AFTER_ALERT, .code = c->alert});
			return;
		}
		if (tls ? alpn_is_h2(c) : begins_with_preface(c)) {
			th_serve_h2(c);
			return;
		}
		if (!tls && th_serve_is_dns(c)) {
			th_serve_dns(c);
			return;
		}
		next = th_serve_h1(c);
	}
}
