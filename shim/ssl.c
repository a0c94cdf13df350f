/* See ssl.h, and tls.h for what is the same with GnuTLS.
 *
 * Left out: an SSL object freed by one of several owners (SSL_up_ref) ends its connection early;
 * what then still comes is a connection of its own. */
#include "shim/ssl.h"

#include <errno.h>

#include "shim/arm.h"
#include "shim/peer_chain.h"
#include "shim/tls.h"

/* What else is called in the library that a hooked call belongs to. */
struct th_openssl {
	int (*get_error)(const struct ssl_st *ssl, int ret);
	int (*get_fd)(const struct ssl_st *ssl);
	int (*is_server)(const struct ssl_st *ssl);
	const char *(*get_servername)(const struct ssl_st *ssl, int type);
	void (*get0_alpn_selected)(
		const struct ssl_st *ssl, const unsigned char **data, unsigned *len);
	unsigned long (*peek_error)(void);
	int (*get_shutdown)(const struct ssl_st *ssl);
	long (*get_verify_result)(const struct ssl_st *ssl);
};

/* In the order of struct th_openssl. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"SSL_get_error", "SSL_get_fd", "SSL_is_server",
	"SSL_get_servername", "SSL_get0_alpn_selected", "ERR_peek_error", "SSL_get_shutdown",
	"SSL_get_verify_result", ""};
TH_FUNCTIONS(functions, struct th_openssl, names);

static const struct th_openssl *openssl_of(const struct th_library *lib)
{
	return th_library_functions(&functions, names, lib);
}

bool th_ssl_follows(const struct th_library *lib)
{
	return openssl_of(lib) != NULL;
}

/* ---- beginning ---- */

static void begin(const struct th_openssl *api, struct ssl_st *ssl, struct th_tls_entry *e)
{
	const unsigned char *alpn = NULL;
	unsigned alpn_len = 0;
	api->get0_alpn_selected(ssl, &alpn, &alpn_len);
	th_tls_begin(e,
		&(struct th_tls_facts){.transport = TH_TRANSPORT_OPENSSL,
			.fd = api->get_fd(ssl),
			.sni = api->get_servername(ssl, 0),
			.alpn = {alpn, alpn_len}});
}

static void tell_verdict(
	const struct th_openssl *api, const struct ssl_st *ssl, struct th_conn_ref conn)
{
	long verdict = api->get_verify_result(ssl);
	if (verdict > 0) {
		th_conn_verdict(conn, TH_TLS_CODE(TH_TLS_OPENSSL, verdict));
	}
}

/* The entry of an object that has just moved bytes; NULL: not to be recorded. */
static struct th_tls_entry *entry_of(const struct th_library *lib, struct ssl_st *ssl)
{
	struct th_tls_entry *e = th_tls_table_find(ssl);
	if (!e) {
		const struct th_openssl *api = openssl_of(lib);
		e = api ? th_tls_table_add(ssl) : NULL;
		if (!e) {
			return NULL;
		}
		e->ignored = api->is_server(ssl);
		if (!e->ignored) {
			begin(api, ssl, e);
			th_certificates_tell(lib, ssl, e->conn);
			tell_verdict(api, ssl, e->conn);
		}
	}
	return e->ignored ? NULL : e;
}

void th_ssl_shaken(const struct th_library *lib, struct ssl_st *ssl)
{
	(void)entry_of(lib, ssl);
}

/* Not every copy that is part of a program has them. */
struct shaking {
	int (*is_init_finished)(const struct ssl_st *ssl);
	th_ssl_shake_fn *do_handshake;
	int (*is_server)(const struct ssl_st *ssl);
};
/* In the order of struct shaking. */
static const char shaking_names[][TH_FUNCTION_NAME_MAX] = {
	"SSL_is_init_finished", "SSL_do_handshake", "SSL_is_server", ""};
TH_FUNCTIONS(shaking_functions, struct shaking, shaking_names);

static const struct shaking *shaking_of(const struct th_library *lib)
{
	return th_library_functions(&shaking_functions, shaking_names, lib);
}

th_ssl_shake_fn *th_ssl_to_shake(const struct th_library *lib, struct ssl_st *ssl)
{
	const struct shaking *api = th_tls_table_find(ssl) ? NULL : shaking_of(lib);
	if (!api || api->is_server(ssl)) {
		return NULL;
	}
	if (api->is_init_finished(ssl)) {
		(void)entry_of(lib, ssl);
		return NULL;
	}
	return api->do_handshake;
}

/* ---- bytes ---- */

void th_ssl_received(const struct th_library *lib, struct ssl_st *ssl, const void *buf, size_t n)
{
	struct th_tls_entry *e = entry_of(lib, ssl);
	if (e && !th_tls_is_bound(e)) {
		th_tls_bind(e, openssl_of(lib)->get_fd(ssl));
	}
	if (e) {
		th_conn_received(e->conn, buf, n);
	}
}

void th_ssl_sent(const struct th_library *lib, struct ssl_st *ssl, const void *buf, size_t n)
{
	struct th_tls_entry *e = entry_of(lib, ssl);
	if (e) {
		th_conn_sent(e->conn, buf, n);
	}
}

void th_ssl_sent_file(
	const struct th_library *lib, struct ssl_st *ssl, int in, off_t offset, size_t n)
{
	struct th_tls_entry *e = entry_of(lib, ssl);
	if (e) {
		th_tls_sent_file(e, in, offset, n);
	}
}

/* ---- ends ---- */

static bool is_alert(uint32_t reason)
{
	return reason >= TH_SSL_R_ALERTS && reason < TH_SSL_R_ALERTS + 256;
}

static struct th_tls_end end_of_queue(uint32_t reason)
{
	if (reason == TH_SSL_R_UNEXPECTED_EOF) {
		return (struct th_tls_end){TH_END_FIN, 0};
	}
	if (is_alert(reason)) { /* TLS 1.3: what the server has against the client's certificate */
		return (struct th_tls_end){TH_END_ALERT, (int)(reason - TH_SSL_R_ALERTS)};
	}
	return (struct th_tls_end){TH_END_ERROR, 0};
}

static struct th_tls_end end_of(
	const struct th_openssl *api, struct ssl_st *ssl, int ret, int error)
{
	switch (api->get_error(ssl, ret)) {
	case TH_SSL_ERROR_ZERO_RETURN:
		/* SSL_OP_IGNORE_UNEXPECTED_EOF (python) makes a plain end look like a notified one;
		 * the socket call inside tells them apart. */
		if (th_thread.outcome == TH_END_FIN) {
			return (struct th_tls_end){TH_END_FIN, 0};
		}
		return (struct th_tls_end){TH_END_NOTIFY, 0};
	case TH_SSL_ERROR_SYSCALL:
		return th_tls_transport_end(error);
	case TH_SSL_ERROR_SSL:
		return end_of_queue((uint32_t)(api->peek_error() & TH_ERR_REASON_MASK));
	default:
		return (struct th_tls_end){TH_END_COMPLETE, 0}; /* wants more: no end */
	}
}

/* Why a handshake failed, from the error queue; 0: it did not. */
static uint32_t why_of_queue(const struct th_openssl *api, const struct ssl_st *ssl)
{
	uint32_t reason = (uint32_t)(api->peek_error() & TH_ERR_REASON_MASK);
	if (reason == TH_SSL_R_VERIFY_FAILED) {
		return TH_TLS_CODE(TH_TLS_OPENSSL, api->get_verify_result(ssl));
	}
	if (reason == TH_SSL_R_UNEXPECTED_EOF) {
		return TH_TLS_CODE(TH_TLS_CLOSED, 0);
	}
	if (reason == TH_SSL_R_WRONG_VERSION) {
		return TH_TLS_CODE(TH_TLS_NONE, 0);
	}
	if (is_alert(reason)) {
		return TH_TLS_CODE(TH_TLS_ALERT, reason - TH_SSL_R_ALERTS);
	}
	return TH_TLS_CODE(TH_TLS_OTHER, reason);
}

static uint32_t why_unshaken(
	const struct th_openssl *api, const struct ssl_st *ssl, int ret, int error)
{
	switch (api->get_error(ssl, ret)) {
	case TH_SSL_ERROR_SSL:
		return why_of_queue(api, ssl);
	case TH_SSL_ERROR_SYSCALL:
	case TH_SSL_ERROR_ZERO_RETURN:
		return th_tls_why_cut(th_tls_transport_end(error));
	default:
		return 0;
	}
}

/* A call that wanted to read, and has brought the handshake to its end on the way: the program may
 * end the session now, since it does not like the certificate (node). */
static bool is_shaken(const struct th_library *lib, const struct ssl_st *ssl)
{
	const struct shaking *api = shaking_of(lib);
	return api && api->is_init_finished(ssl);
}

void th_ssl_unshaken(const struct th_library *lib, struct ssl_st *ssl, int ret)
{
	int error = errno;
	const struct th_openssl *api = openssl_of(lib);
	if (!api || th_tls_table_find(ssl) || api->is_server(ssl)) {
		return;
	}
	uint32_t why = why_unshaken(api, ssl, ret, error);
	if (!why && is_shaken(lib, ssl)) {
		(void)entry_of(lib, ssl);
		return;
	}
	struct th_tls_entry *e = why ? th_tls_table_add(ssl) : NULL;
	if (e) {
		begin(api, ssl, e);
		th_conn_peer_end(e->conn, TH_END_TLS, why);
		e->ended = true;
	}
}

void th_ssl_failed(const struct th_library *lib, struct ssl_st *ssl, int ret, bool sending)
{
	int error = errno;
	struct th_tls_entry *e = th_tls_table_find(ssl);
	if (!e) {
		th_ssl_unshaken(lib, ssl, ret);
		return;
	}
	const struct th_openssl *api = e && !e->ignored ? openssl_of(lib) : NULL;
	if (!api) {
		return;
	}
	struct th_tls_end end = end_of(api, ssl, ret, error);
	if (end.how == TH_END_NOTIFY && (api->get_shutdown(ssl) & TH_SSL_SENT_SHUTDOWN)) {
		e->ended = true; /* an answer to the agent's own goodbye, as uvloop waits for */
		return;
	}
	th_tls_ended(e, end, sending);
}

void th_ssl_looked(struct ssl_st *ssl)
{
	struct th_tls_entry *e = th_tls_table_find(ssl);
	if (e && e->ended) {
		th_conn_met(e->conn, TH_MET_LOOKED);
	}
}

void th_ssl_gone(struct ssl_st *ssl)
{
	struct th_tls_entry *e = th_tls_table_find(ssl);
	if (e) {
		th_tls_gone(e);
	}
}
