/* See upstream.h. Everything waits with poll() on two descriptors, the server's and the agent's, so
 * that neither a silent server nor the end of the replay keeps a thread for ever.
 *
 * Left out: Happy Eyeballs (RFC 8305). A name's addresses are tried in their order. */
#include "player/upstream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "capture/frame.h"
#include "player/world.h"
#include "wire/http1.h"

#define CONNECT_MS 30000
#define TUNNEL_HEAD_MAX (64u << 10)

/* ---- waiting ---- */

static int wait_for(int fd, short events, int agent, int ms)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = agent}};
	for (;;) {
		int r = poll(fds, 2, ms);
		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r <= 0) {
			return r < 0 ? -errno : -ETIMEDOUT;
		}
		if (fds[1].revents) {
			return -ECANCELED;
		}
		return 1;
	}
}

int th_upstream_await(const struct th_upstream *u, int agent)
{
	return th_stream_has_input(&u->stream) ? 1 : wait_for(u->stream.fd, POLLIN, agent, -1);
}

/* ---- TCP ---- */

/* The descriptor, or a negative errno. */
static int connect_address(const struct sockaddr *sa, socklen_t n, int agent)
{
	const int on = 1;
	int error = 0;
	socklen_t size = sizeof(error);
	th_auto_close int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, sa, n) < 0 && errno != EINPROGRESS) {
		return -errno;
	}
	int r = wait_for(fd, POLLOUT, agent, CONNECT_MS);
	if (r < 0) {
		return r;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		return error ? -error : -errno;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0) {
		return -errno;
	}
	int kept = fd;
	fd = -1;
	return kept;
}

int th_upstream_connect(const struct th_hello *peer, int agent)
{
	const struct th_hello *h = peer;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(h->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(h->port)};
	if (h->family != 4 && h->family != 6) {
		return -EAFNOSUPPORT;
	}
	if (h->family == 4) {
		memcpy(&v4.sin_addr, h->address, 4);
		return connect_address((struct sockaddr *)&v4, sizeof(v4), agent);
	}
	memcpy(&v6.sin6_addr, h->address, 16);
	return connect_address((struct sockaddr *)&v6, sizeof(v6), agent);
}

/* The name's addresses of today, not the night's in which it was recorded. */
static int connect_name(const struct th_upstream_way *way, char *why)
{
	char name[256], port[8];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	snprintf(name, sizeof(name), "%.*s", (int)way->name.n, (const char *)way->name.p);
	snprintf(port, sizeof(port), "%u", way->peer->port);
	int r = getaddrinfo(name, port, &hints, &list);
	if (r != 0) {
		snprintf(why, TH_UPSTREAM_WHY_BYTES, "%.100s: %s", name, gai_strerror(r));
		return -EHOSTUNREACH;
	}
	r = -EHOSTUNREACH;
	for (struct addrinfo *a = list; a && r < 0 && r != -ECANCELED; a = a->ai_next) {
		r = connect_address(a->ai_addr, a->ai_addrlen, way->agent);
	}
	freeaddrinfo(list);
	return r;
}

static int connect_tcp(struct th_upstream *u, const struct th_upstream_way *way, char *why)
{
	int r = way->fd >= 0  ? way->fd
		: way->name.n ? connect_name(way, why)
			      : th_upstream_connect(way->peer, way->agent);
	if (r >= 0) {
		u->stream.fd = r;
	}
	return r < 0 ? r : 0;
}

/* ---- CONNECT ---- */

/* The proxy's answer, byte by byte: what is behind it is the tunnel's. */
static int read_granted(struct th_upstream *u, int agent)
{
	th_cleanup(th_buf_finish) struct th_buf head = {0};
	struct th_h1_parser parser = {0};
	struct th_h1_event ev = {0};
	while (!(ev.kind == TH_H1_HEAD && ev.last)) {
		uint8_t byte;
		int r = th_upstream_await(u, agent);
		if (r < 0) {
			return r;
		}
		if (th_stream_read(&u->stream, &byte, 1) != 1 || head.n == TUNNEL_HEAD_MAX) {
			return -ECONNRESET;
		}
		th_buf_u8(&head, byte);
		th_h1_next(&parser, (struct th_slice){&byte, 1}, &ev);
		if (ev.kind == TH_H1_ERROR || head.failed) {
			return -ECONNRESET;
		}
	}
	struct th_head answer = {.bytes = th_buf_view(&head)};
	return th_head_status(&answer) / 100 == 2 ? 0 : -EACCES;
}

static int ask_proxy(struct th_upstream *u, const struct th_upstream_way *way, char *why)
{
	if (way->tunnel.n == 0) {
		return 0;
	}
	int r = th_stream_write(&u->stream, way->tunnel);
	r = r < 0 ? r : th_stream_flush(&u->stream);
	r = r < 0 ? r : read_granted(u, way->agent);
	if (r == -EACCES) {
		snprintf(why, TH_UPSTREAM_WHY_BYTES, "the proxy did not grant the CONNECT");
	}
	return r;
}

/* ---- TLS ---- */

SSL_CTX *th_upstream_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx) {
		SSL_CTX_set_default_verify_paths(ctx);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); /* verified, but not our decision */
		SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	}
	return ctx;
}

/* Whom the certificate has to be for. */
static void expect_name(SSL *ssl, const struct th_upstream_way *way)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	if (*way->sni) {
		SSL_set_tlsext_host_name(ssl, way->sni);
		SSL_set1_host(ssl, way->sni);
	} else {
		X509_VERIFY_PARAM_set1_ip(
			param, way->peer->address, way->peer->family == 4 ? 4 : 16);
	}
}

static int shake_hands(struct th_upstream *u, int agent)
{
	int r = th_stream_unblock(&u->stream);
	while (r == 0) {
		ERR_clear_error();
		int done = SSL_connect(u->stream.ssl);
		r = th_stream_flush(&u->stream);
		if (done == 1) {
			break;
		}
		if ((r < 0 && r != -EAGAIN) ||
			SSL_get_error(u->stream.ssl, done) != SSL_ERROR_WANT_READ) {
			return -EPROTO;
		}
		short events = (short)(POLLIN | (r == -EAGAIN ? POLLOUT : 0));
		r = wait_for(u->stream.fd, events, agent, CONNECT_MS);
		r = r > 0 ? 0 : r;
	}
	return r < 0 ? r : th_stream_block(&u->stream);
}

/* Alerts are numbered as reasons of their own (ssl.h: SSL_AD_REASON_OFFSET). */
static int say_failed(struct th_upstream *u, char *why)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);
	bool alert = ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
		reason < SSL_AD_REASON_OFFSET + 256;
	u->verdict = alert ? TH_TLS_CODE(TH_TLS_ALERT, (unsigned)reason - SSL_AD_REASON_OFFSET)
			   : TH_TLS_CODE(TH_TLS_CLOSED, 0);
	snprintf(why, TH_UPSTREAM_WHY_BYTES, "the TLS handshake failed: %s",
		error ? ERR_reason_error_string(error) : "the server closed the connection");
	ERR_clear_error();
	return -EPROTO;
}

static void keep_chain(struct th_upstream *u)
{
	const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(u->stream.ssl);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		uint8_t *der = NULL, length[4];
		int n = i2d_X509(sk_X509_value(chain, i), &der);
		if (n > 0) {
			struct th_out out = {.p = length, .cap = sizeof(length)};
			th_out_u32(&out, (uint32_t)n);
			th_buf_add(&u->chain, length, sizeof(length));
			th_buf_add(&u->chain, der, (size_t)n);
		}
		OPENSSL_free(der);
	}
}

static int begin_tls(struct th_upstream *u, const struct th_upstream_way *way, char *why)
{
	int r = th_stream_tls_client(&u->stream, way->tls);
	if (r < 0) {
		return r;
	}
	expect_name(u->stream.ssl, way);
	if (way->alpn.n) {
		SSL_set_alpn_protos(u->stream.ssl, way->alpn.p, (unsigned)way->alpn.n);
	}
	r = shake_hands(u, way->agent);
	if (r == -EPROTO) {
		return say_failed(u, why);
	}
	long fault = r == 0 ? SSL_get_verify_result(u->stream.ssl) : X509_V_OK;
	u->verdict = fault == X509_V_OK ? 0 : TH_TLS_CODE(TH_TLS_OPENSSL, (unsigned)fault);
	keep_chain(u);
	return r;
}

/* ---- all of it ---- */

int th_upstream_open(
	struct th_upstream *u, const struct th_upstream_way *way, char why[TH_UPSTREAM_WHY_BYTES])
{
	*u = (struct th_upstream){.stream = {.fd = -1}};
	why[0] = '\0';
	int r = connect_tcp(u, way, why);
	r = r < 0 ? r : ask_proxy(u, way, why);
	r = r < 0 || !way->tls ? r : begin_tls(u, way, why);
	if (r < 0) {
		if (!why[0]) {
			snprintf(why, TH_UPSTREAM_WHY_BYTES, "%s", strerror(-r));
		}
		uint32_t verdict = u->verdict;
		u->open = true;
		th_upstream_close(u);
		u->verdict = verdict;
		return r;
	}
	u->open = true;
	return 0;
}

bool th_upstream_alive(struct th_upstream *u)
{
	uint8_t byte;
	bool alive;
	if (!u->stream.ssl) {
		alive = recv(u->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
			errno == EAGAIN;
	} else if (th_stream_unblock(&u->stream) < 0) {
		alive = false;
	} else { /* tickets of TLS 1.3 may wait there, so a poll does not tell */
		ERR_clear_error();
		int r = SSL_peek(u->stream.ssl, &byte, 1);
		alive = r <= 0 && SSL_get_error(u->stream.ssl, r) == SSL_ERROR_WANT_READ;
		th_stream_block(&u->stream);
	}
	return alive;
}

/* After an alert OpenSSL has RECEIVED_SHUTDOWN, too: its errors tell the two apart. */
ssize_t th_upstream_read(struct th_upstream *u, void *p, size_t n)
{
	errno = 0;
	ssize_t r = th_stream_read(&u->stream, p, n);
	if (r != 0 || !u->stream.ssl) {
		return r;
	}
	int why = errno;
	unsigned long error = ERR_peek_error();
	if (error) {
		const char *reason = ERR_reason_error_string(error);
		u->fault = reason ? reason : "TLS broke off";
		ERR_clear_error();
		return -EPROTO;
	}
	return why == ECONNRESET ? -ECONNRESET : 0;
}

void th_upstream_close(struct th_upstream *u)
{
	if (!u->open) {
		return;
	}
	if (u->stream.fd >= 0) {
		close(u->stream.fd);
	}
	th_stream_finish(&u->stream);
	th_buf_finish(&u->chain);
	*u = (struct th_upstream){.stream = {.fd = -1}};
}
