/* See stream.h. OpenSSL writes through a BIO of ours whose flush sends what was gathered: OpenSSL
 * flushes at the end of each handshake flight and after close_notify, and never in SSL_write(). */
#include "player/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define TAKEN_LOOK_NS 20000
#define TAKEN_LOOK_MAX_NS 1000000
#define NEVER_SENT 0xff77      /* type of an extension, for private use (RFC 8446 11) */
#define OUT_SOON (256u << 10)  /* gathered output is sent when it comes to this */
#define IN_AT_ONCE (96u << 10) /* an agent that resends its history writes many records */
#define ONE_RECORD (16u << 10) /* is enough for so many bytes */

static BIO_METHOD *out_method, *in_method;

/* As much as is sent at once, without a copy; what is not meets the same failure again. */
static size_t send_now(struct th_stream *s, const void *p, size_t n)
{
	ssize_t r = s->at_once && s->out.n == 0 ? send(s->fd, p, n, MSG_NOSIGNAL) : 0;
	return r > 0 ? (size_t)r : 0;
}

static void put_out(struct th_stream *s, const uint8_t *p, size_t n)
{
	size_t sent = send_now(s, p, n);
	th_buf_add(&s->out, p + sent, n - sent);
}

static int out_write(BIO *bio, const char *p, int n)
{
	struct th_stream *s = BIO_get_data(bio);
	s->said = true;
	if (!s->mute) {
		put_out(s, (const uint8_t *)p, (size_t)n);
	}
	return s->out.failed ? -1 : n;
}

static long out_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	if (cmd != BIO_CTRL_FLUSH) {
		return 0;
	}
	int r = th_stream_flush(BIO_get_data(bio));
	return r == 0 || r == -EAGAIN;
}

/* As OpenSSL's own for sockets, by the system call that is for sockets. */
static int in_read(BIO *bio, char *p, int n)
{
	const struct th_stream *s = BIO_get_data(bio);
	ssize_t r = recv(s->fd, p, (size_t)n, 0);
	BIO_clear_retry_flags(bio);
	if (r < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_read(bio);
	} else if (r == 0) {
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	}
	return (int)r;
}

static long in_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	return cmd == BIO_CTRL_EOF && BIO_test_flags(bio, BIO_FLAGS_IN_EOF);
}

static int create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static void make_methods(void)
{
	in_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tracehook input");
	BIO_meth_set_read(in_method, in_read);
	BIO_meth_set_ctrl(in_method, in_ctrl);
	BIO_meth_set_create(in_method, create);

	out_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tracehook output");
	BIO_meth_set_write(out_method, out_write);
	BIO_meth_set_ctrl(out_method, out_ctrl);
	BIO_meth_set_create(out_method, create);
}

static int put_tls(struct th_stream *s, SSL_CTX *ctx)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_methods);
	s->ssl = SSL_new(ctx);
	BIO *in = BIO_new(in_method);
	BIO *out = BIO_new(out_method);
	if (!s->ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	BIO_set_data(in, s);
	BIO_set_data(out, s);
	SSL_set0_rbio(s->ssl, in);
	SSL_set0_wbio(s->ssl, out);
	ERR_clear_error();
	return 0;
}

static void read_ahead(struct th_stream *s)
{
	SSL_set_read_ahead(s->ssl, 1);
	SSL_set_default_read_buffer_len(s->ssl, IN_AT_ONCE);
}

int th_stream_tls_client(struct th_stream *s, SSL_CTX *ctx)
{
	int r = put_tls(s, ctx);
	if (r == 0) {
		read_ahead(s);
	}
	return r;
}

int th_stream_tls(struct th_stream *s, SSL_CTX *ctx, void *arg)
{
	int r = put_tls(s, ctx);
	if (r < 0) {
		return r;
	}
	SSL_set_app_data(s->ssl, arg);
	th_tls_made_begin(s->ssl, &s->made);
	if (SSL_accept(s->ssl) != 1) {
		return -EPROTO;
	}
	s->data = th_tls_data_create(s->ssl, &s->made);
	if (!s->data) {
		read_ahead(s);
	}
	return 0;
}

void *th_stream_arg(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* OpenSSL has no call for an alert of one's own. But the callback that adds an extension to a
 * message may refuse, by an alert, and a server of TLS 1.3 may send one message at any time: a
 * session ticket. The extension is never sent. */
static int refuse(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
	size_t *out_n, X509 *x, size_t i, int *alert, void *arg)
{
	const struct th_stream *s = BIO_get_data(SSL_get_wbio(ssl));
	*alert = s->alert;
	return s->alert ? -1 : 0;
}

int th_stream_alerts(SSL_CTX *ctx)
{
	return SSL_CTX_add_custom_ext(ctx, NEVER_SENT, SSL_EXT_TLS1_3_NEW_SESSION_TICKET, refuse,
		       NULL, NULL, NULL, NULL) == 1
		? 0
		: -ENOMEM;
}

int th_stream_alert(struct th_stream *s, uint32_t number)
{
	if (s->data && number) {
		th_tls_data_alert(s->data, SSL3_AL_FATAL, (uint8_t)number, &s->out);
		(void)th_stream_flush(s);
		return 0;
	}
	s->said = false;
	s->alert = (int)number;
	ERR_clear_error();
	if (s->ssl && number && SSL_new_session_ticket(s->ssl) == 1) {
		(void)SSL_do_handshake(s->ssl);
	}
	ERR_clear_error();
	s->alert = 0;
	return s->said ? 0 : -ENOTSUP;
}

/* SSL_get_error() would take them for those of the call before it. Mostly there are none, and that
 * is sooner found out than the queue is wiped. */
static void forget_errors(void)
{
	if (ERR_peek_error()) {
		ERR_clear_error();
	}
}

ssize_t th_stream_read(struct th_stream *s, void *p, size_t n)
{
	if (!s->ssl) {
		ssize_t r;
		while ((r = recv(s->fd, p, n, 0)) < 0 && errno == EINTR) {
		}
		return r < 0 ? -errno : r;
	}
	if (s->data) {
		return th_tls_data_read(s->data, s->fd, p, n, &s->out);
	}
	forget_errors();
	int r = SSL_read(s->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (r > 0) {
		return r;
	}
	return SSL_get_error(s->ssl, r) == SSL_ERROR_WANT_READ ? -EAGAIN : 0;
}

bool th_stream_has_input(const struct th_stream *s)
{
	return s->data ? th_tls_data_has_input(s->data) : s->ssl && SSL_has_pending(s->ssl);
}

int th_stream_write(struct th_stream *s, struct th_slice bytes)
{
	if (bytes.n == 0) {
		return 0;
	}
	if (!s->ssl) {
		put_out(s, bytes.p, bytes.n);
	} else if (s->data) {
		th_tls_data_write(s->data, bytes, &s->out);
	} else {
		size_t done;
		if (SSL_write_ex(s->ssl, bytes.p, bytes.n, &done) != 1) {
			return -EPIPE;
		}
	}
	if (s->out.failed) {
		return -ENOMEM;
	}
	return s->out.n >= OUT_SOON && !s->unblocked ? th_stream_flush(s) : 0;
}

int th_stream_send(struct th_stream *s, struct th_slice bytes)
{
	s->at_once = !s->unblocked && bytes.n <= ONE_RECORD;
	int r = th_stream_write(s, bytes);
	s->at_once = false;
	return r < 0 ? r : th_stream_flush(s);
}

int th_stream_flush(struct th_stream *s)
{
	while (s->sent < s->out.n) {
		ssize_t r = send(s->fd, s->out.p + s->sent, s->out.n - s->sent, MSG_NOSIGNAL);
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
		s->sent += r > 0 ? (size_t)r : 0;
	}
	s->out.n = s->sent = 0;
	return 0;
}

bool th_stream_pause(struct th_stream *s, uint64_t ns)
{
	uint64_t now = th_clock_mono(), end = now + ns;
	int r = -1;
	while (now < end && r <= 0) {
		uint64_t left = end - now;
		struct timespec ts = {.tv_sec = (time_t)(left / 1000000000),
			.tv_nsec = (long)(left % 1000000000)};
		struct pollfd pfd = {.fd = s->fd}; /* only a hang-up, which needs no asking */
		r = ppoll(&pfd, 1, &ts, NULL);
		now = th_clock_mono();
	}
	return r <= 0;
}

bool th_stream_is_taken(const struct th_stream *s)
{
	int left = 0;
	return ioctl(s->fd, TIOCOUTQ, &left) != 0 || left == 0;
}

/* Nobody tells when; mostly it is at once. Who asks on has read. */
void th_stream_await_taken(struct th_stream *s, uint64_t ns)
{
	uint64_t until = th_clock_mono() + ns;
	struct timespec pause = {.tv_nsec = TAKEN_LOOK_NS};
	struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
	while (!th_stream_is_taken(s) && th_clock_mono() < until) {
		int r = ppoll(&pfd, 1, &pause, NULL);
		if (r > 0 && pfd.revents & (POLLHUP | POLLERR)) {
			return;
		}
		pfd.events = r > 0 ? 0 : pfd.events; /* it did not read before */
		pause.tv_nsec *= pause.tv_nsec < TAKEN_LOOK_MAX_NS ? 2 : 1;
	}
}

int th_stream_unblock(struct th_stream *s)
{
	int flags = fcntl(s->fd, F_GETFL);
	if (flags < 0 || fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		return -errno;
	}
	s->unblocked = true;
	return 0;
}

int th_stream_block(struct th_stream *s)
{
	int flags = fcntl(s->fd, F_GETFL);
	s->unblocked = false;
	return flags < 0 || fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

/* Is there input, or an end, before `until`? */
static bool comes_before(const struct th_stream *s, uint64_t until)
{
	struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
	int r = 0;
	for (uint64_t now; r <= 0 && (now = th_clock_mono()) < until;) {
		r = poll(&pfd, 1, (int)((until - now) / 1000000 % 1000000) + 1);
	}
	return r > 0;
}

bool th_stream_drain(struct th_stream *s, uint64_t ns)
{
	uint8_t junk[16384];
	uint64_t until = th_clock_mono() + ns;
	th_stream_block(s);
	for (;;) {
		if (ns && !comes_before(s, until)) {
			return false;
		}
		ssize_t r = recv(s->fd, junk, sizeof(junk), 0);
		if (r == 0 || (r < 0 && errno != EINTR)) {
			return true;
		}
	}
}

bool th_stream_await_end(struct th_stream *s, uint64_t ns)
{
	uint8_t junk[4096];
	uint64_t until = th_clock_mono() + ns;
	th_stream_block(s);
	while (th_stream_has_input(s) || comes_before(s, until)) {
		if (th_stream_read(s, junk, sizeof(junk)) <= 0) {
			return true;
		}
	}
	return false;
}

/* Without close_notify OpenSSL would not have the session resumed. */
static void say_close(struct th_stream *s)
{
	ERR_clear_error();
	if (s->data) {
		th_tls_data_alert(s->data, SSL3_AL_WARNING, SSL3_AD_CLOSE_NOTIFY, &s->out);
		SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN);
	} else if (s->ssl) {
		SSL_shutdown(s->ssl);
	}
}

void th_stream_notify(struct th_stream *s)
{
	uint8_t junk[4096];
	th_stream_block(s);
	say_close(s);
	if (th_stream_flush(s) == 0) {
		while (th_stream_read(s, junk, sizeof(junk)) > 0) {
		}
	}
	shutdown(s->fd, SHUT_WR);
	th_stream_drain(s, 0);
}

void th_stream_end(struct th_stream *s, bool notify)
{
	th_stream_block(s);
	if (notify) {
		say_close(s);
	}
	th_stream_flush(s);
	shutdown(s->fd, SHUT_WR);
	th_stream_drain(s, 0);
}

void th_stream_finish(struct th_stream *s)
{
	s->data = th_tls_data_destroy(s->data);
	SSL_free(s->ssl);
	s->ssl = NULL;
	th_buf_finish(&s->out);
}
