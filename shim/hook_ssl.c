/* OpenSSL: what the application reads and writes is the plaintext. Only the application's own calls
 * are recorded (slot.h): libssl calls itself through the same symbols. Contract of all: Q (errno
 * and error queue as the real call left them), out-parameters read on success only (P43).
 *
 * Not hooked: SSL_read_early_data and SSL_accept (servers only), SSL_shutdown (the peer may go on
 * sending). */
#include "shim/arm.h"
#include "shim/hook.h"
#include "shim/openssl_api.h"
#include "shim/propagate.h"
#include "shim/ssl.h"
#include "shim/ssl_refs.h"

/* What goes through the session's socket now is the session's (beneath.h). */
static inline void begin(const struct ssl_st *ssl)
{
	th_thread.outcome = 0;
	th_thread.session = (uint32_t)(uintptr_t)ssl;
}

static void was_read(
	const struct th_library *lib, struct ssl_st *ssl, int ret, const void *buf, size_t n)
{
	if (ret <= 0) {
		th_ssl_failed(lib, ssl, ret, false);
	} else if (n > 0) {
		th_ssl_received(lib, ssl, buf, n);
	}
}

static void was_written(
	const struct th_library *lib, struct ssl_st *ssl, int ret, const void *buf, size_t n)
{
	if (ret <= 0) {
		th_ssl_failed(lib, ssl, ret, true);
	} else if (n > 0) {
		th_ssl_sent(lib, ssl, buf, n);
	}
}

/* Writing nothing is how some drive a handshake (openssl s_client). SSL_write() returns 0 when it
 * is complete, which SSL_get_error() takes for an end; of SSL_write_ex() 0 tells nothing. */
static void was_nothing_written(const struct th_library *lib, struct ssl_st *ssl, int ret)
{
	if (ret < 0) {
		th_ssl_failed(lib, ssl, ret, true);
	} else {
		th_ssl_shaken(lib, ssl);
	}
}

static void was_shaken(const struct th_library *lib, struct ssl_st *ssl, int ret)
{
	if (ret == 1) {
		th_ssl_shaken(lib, ssl);
	} else {
		th_ssl_unshaken(lib, ssl, ret);
	}
}

TH_LIB_HOOK(int, SSL_connect, (struct ssl_st * ssl))
{
	struct th_site site = TH_SITE(SSL_connect);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, SSL_connect)(ssl);
	TH_RECORD(site.application, was_shaken(site.lib, ssl, ret));
	return ret;
}

TH_LIB_HOOK(int, SSL_do_handshake, (struct ssl_st * ssl))
{
	struct th_site site = TH_SITE(SSL_do_handshake);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, SSL_do_handshake)(ssl);
	TH_RECORD(site.application, was_shaken(site.lib, ssl, ret));
	return ret;
}

TH_LIB_HOOK(int, SSL_read, (struct ssl_st * ssl, void *buf, int num))
{
	struct th_site site = TH_SITE(SSL_read);
	begin(ssl);
	int ret = TH_REAL_AT(site, SSL_read)(ssl, buf, num);
	th_thread.session = 0;
	TH_RECORD(site.application, was_read(site.lib, ssl, ret, buf, (size_t)ret));
	return ret;
}

TH_LIB_HOOK(int, SSL_read_ex, (struct ssl_st * ssl, void *buf, size_t num, size_t *readbytes))
{
	struct th_site site = TH_SITE(SSL_read_ex);
	begin(ssl);
	int ret = TH_REAL_AT(site, SSL_read_ex)(ssl, buf, num, readbytes);
	th_thread.session = 0;
	TH_RECORD(site.application, was_read(site.lib, ssl, ret, buf, ret > 0 ? *readbytes : 0));
	return ret;
}

/* What was peeked at will be read; but who peeks may learn of the end that way. */
static void was_peeked(const struct th_library *lib, struct ssl_st *ssl, int ret)
{
	if (ret <= 0) {
		th_ssl_failed(lib, ssl, ret, false);
		th_ssl_looked(ssl);
	}
}

TH_LIB_HOOK(int, SSL_peek, (struct ssl_st * ssl, void *buf, int num))
{
	struct th_site site = TH_SITE(SSL_peek);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, SSL_peek)(ssl, buf, num);
	TH_RECORD(site.application, was_peeked(site.lib, ssl, ret));
	return ret;
}

TH_LIB_HOOK(int, SSL_peek_ex, (struct ssl_st * ssl, void *buf, size_t num, size_t *readbytes))
{
	struct th_site site = TH_SITE(SSL_peek_ex);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, SSL_peek_ex)(ssl, buf, num, readbytes);
	TH_RECORD(site.application, was_peeked(site.lib, ssl, ret));
	return ret;
}

/* ---- sending; TRACEHOOK_PROPAGATE: as propagate.c has it ---- */

static void note_put(const struct th_put *p, const void *buf, size_t n, int ret, size_t done)
{
	was_written(p->site.lib, p->session, ret, buf, done);
}

/* SSL_write() completes a handshake that is not complete; what it then would send at once has to be
 * known to be the first by then. Its result is the same. */
static int ready(const struct th_put *p)
{
	int errno_was = errno, ret = 1;
	th_ssl_shake_fn *shake = NULL;
	TH_RECORD(true, shake = th_ssl_to_shake(p->site.lib, p->session));
	errno = errno_was;
	if (shake) {
		th_thread.outcome = 0;
		ret = shake(p->session) == 1 ? 1 : -1;
		TH_RECORD(true, was_shaken(p->site.lib, p->session, ret));
	}
	return ret;
}

static int put(const struct th_put *p, const void *buf, size_t n, size_t *ret_n)
{
	int (*real)(struct ssl_st *, const void *, int) = p->site.real;
	th_thread.outcome = 0;
	int ret = real(p->session, buf, (int)n);
	*ret_n = ret > 0 ? (size_t)ret : 0;
	return ret;
}

static int put_ex(const struct th_put *p, const void *buf, size_t n, size_t *ret_n)
{
	int (*real)(struct ssl_st *, const void *, size_t, size_t *) = p->site.real;
	th_thread.outcome = 0;
	return real(p->session, buf, n, ret_n);
}

TH_LIB_HOOK(int, SSL_write, (struct ssl_st * ssl, const void *buf, int num))
{
	struct th_site site = TH_SITE(SSL_write);
	if (th_propagates() && site.application && num > 0) {
		const struct th_put p = {put, note_put, ready, site, ssl, true, {0}};
		size_t sent = 0;
		int done = th_propagate_put(&p, buf, (size_t)num, &sent);
		return done > 0 ? (int)sent : done;
	}
	begin(ssl);
	int ret = TH_REAL_AT(site, SSL_write)(ssl, buf, num);
	th_thread.session = 0;
	TH_RECORD(site.application && num, was_written(site.lib, ssl, ret, buf, (size_t)ret));
	TH_RECORD(site.application && !num, was_nothing_written(site.lib, ssl, ret));
	return ret;
}

TH_LIB_HOOK(int, SSL_write_ex, (struct ssl_st * ssl, const void *buf, size_t num, size_t *written))
{
	struct th_site site = TH_SITE(SSL_write_ex);
	if (th_propagates() && site.application && num > 0) {
		const struct th_put p = {put_ex, note_put, ready, site, ssl, true, {0}};
		return th_propagate_put(&p, buf, num, written) > 0;
	}
	begin(ssl);
	int ret = TH_REAL_AT(site, SSL_write_ex)(ssl, buf, num, written);
	th_thread.session = 0;
	TH_RECORD(site.application && num,
		was_written(site.lib, ssl, ret, buf, ret > 0 ? *written : 0));
	return ret;
}

/* It calls SSL_write_ex(), which is seen by itself where the library is part of the program. */
TH_LIB_HOOK(int, SSL_write_early_data,
	(struct ssl_st * ssl, const void *buf, size_t num, size_t *written))
{
	struct th_site site = TH_SITE(SSL_write_early_data);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, SSL_write_early_data)(ssl, buf, num, written);
	TH_RECORD(site.application && !site.inside,
		was_written(site.lib, ssl, ret, buf, ret > 0 ? *written : 0));
	return ret;
}

/* Kernel TLS: the bytes never come through the process, so they are read from the file again. */
TH_LIB_HOOK(
	ssize_t, SSL_sendfile, (struct ssl_st * ssl, int fd, off_t offset, size_t size, int flags))
{
	struct th_site site = TH_SITE(SSL_sendfile);
	th_thread.outcome = 0;
	ssize_t ret = TH_REAL_AT(site, SSL_sendfile)(ssl, fd, offset, size, flags);
	TH_RECORD(site.application && ret > 0,
		th_ssl_sent_file(site.lib, ssl, fd, offset, (size_t)ret));
	return ret;
}

TH_LIB_HOOK(int, SSL_clear, (struct ssl_st * ssl))
{
	struct th_site site = TH_SITE(SSL_clear);
	TH_UPKEEP(site.application, th_ssl_gone(ssl));
	return TH_REAL_AT(site, SSL_clear)(ssl);
}

/* Who takes a further reference calls SSL_free() once more. */
TH_LIB_HOOK(int, SSL_up_ref, (struct ssl_st * ssl))
{
	int ret = TH_REAL(SSL_up_ref)(ssl);
	TH_UPKEEP(ret == 1, th_ssl_refs_taken(ssl));
	return ret;
}

TH_LIB_HOOK(void, SSL_free, (struct ssl_st * ssl))
{
	TH_UPKEEP(ssl != NULL && !th_ssl_refs_left(ssl), th_ssl_gone(ssl));
	TH_REAL(SSL_free)(ssl);
}
