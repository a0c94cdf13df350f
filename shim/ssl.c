/* See ssl.h.
 *
 * A connection begins with the first bytes that the application moves: before, there is nothing to
 * record, and by then the handshake has said the name (SNI) and the protocol (ALPN). Which socket
 * is under it is asked of the object, or else taken to be the one that the thread used last, since
 * the handshake's last bytes have just come through it.
 *
 * Left out: an SSL object freed by one of several owners (SSL_up_ref) ends its connection early;
 * what then still comes is a connection of its own. */
#include "shim/ssl.h"

#include <errno.h>
#include <string.h>

#include "base/lock.h"
#include "base/sys.h"
#include "shim/arm.h"
#include "shim/log.h"
#include "shim/sock.h"
#include "shim/ssl_table.h"

#define FILE_PIECE 8192

/* ---- the library ---- */

static struct known {
	_Atomic int state; /* 0: not looked at, 1: usable, -1: not */
	struct th_openssl api;
} known[TH_LIBRARIES_MAX];

static struct th_lock known_lock;

static bool look_up(const struct th_library *lib, struct th_openssl *api)
{
	api->get_error = th_library_symbol(lib, "SSL_get_error");
	api->get_fd = th_library_symbol(lib, "SSL_get_fd");
	api->is_server = th_library_symbol(lib, "SSL_is_server");
	api->get_servername = th_library_symbol(lib, "SSL_get_servername");
	api->get0_alpn_selected = th_library_symbol(lib, "SSL_get0_alpn_selected");
	api->peek_error = th_library_symbol(lib, "ERR_peek_error");
	return api->get_error && api->get_fd && api->is_server && api->get_servername &&
		api->get0_alpn_selected && api->peek_error;
}

static int learn(const struct th_library *lib, struct known *k)
{
	struct th_openssl api;
	int state = look_up(lib, &api) ? 1 : -1;
	th_log("openssl", state > 0 ? "usable" : "lacks functions that are needed", 0);
	if (th_lock(&known_lock)) {
		if (atomic_load(&k->state) == 0) {
			k->api = api;
			atomic_store_explicit(&k->state, state, memory_order_release);
		}
		th_unlock(&known_lock);
	}
	return atomic_load_explicit(&k->state, memory_order_acquire);
}

const struct th_openssl *th_openssl_of(const struct th_library *lib)
{
	if (!lib) {
		return NULL;
	}
	struct known *k = &known[th_library_index(lib)];
	int state = atomic_load_explicit(&k->state, memory_order_acquire);
	if (state == 0) {
		state = learn(lib, k);
	}
	return state > 0 ? &k->api : NULL;
}

/* ---- beginning ---- */

static void find_socket(const struct th_openssl *api, struct ssl_st *ssl, struct th_ssl_entry *e,
	struct th_conn_conf *conf)
{
	struct th_fd *f = th_fd_get(api->get_fd(ssl));
	if (!f || atomic_load(&f->state) != TH_FD_OPEN) {
		f = th_sock_last();
	}
	if (f) {
		*conf = f->conf;
		e->inode = f->inode;
		f->tls = e;
	}
	conf->transport = TH_TRANSPORT_OPENSSL;
}

static void begin(const struct th_openssl *api, struct ssl_st *ssl, struct th_ssl_entry *e)
{
	struct th_conn_conf conf = {0};
	const unsigned char *alpn = NULL;
	unsigned alpn_len = 0;
	find_socket(api, ssl, e, &conf);
	api->get0_alpn_selected(ssl, &alpn, &alpn_len);
	const char *sni = api->get_servername(ssl, 0);
	e->conn = th_conn_open(&conf);
	th_conn_tls(e->conn, th_slice_str(sni), (struct th_slice){alpn, alpn_len});
	th_log("tls connection", sni, conf.peer.port);
}

/* The entry of an object that has just moved bytes; NULL: not to be recorded. */
static struct th_ssl_entry *entry_of(const struct th_library *lib, struct ssl_st *ssl)
{
	struct th_ssl_entry *e = th_ssl_table_find(ssl);
	if (!e) {
		const struct th_openssl *api = th_openssl_of(lib);
		e = api ? th_ssl_table_add(ssl) : NULL;
		if (!e) {
			return NULL;
		}
		e->ignored = api->is_server(ssl);
		if (!e->ignored) {
			begin(api, ssl, e);
		}
	}
	return e->ignored ? NULL : e;
}

/* ---- bytes ---- */

void th_ssl_received(const struct th_library *lib, struct ssl_st *ssl, const void *buf, size_t n)
{
	struct th_ssl_entry *e = entry_of(lib, ssl);
	if (e) {
		th_conn_received(e->conn, buf, n);
	}
}

void th_ssl_sent(const struct th_library *lib, struct ssl_st *ssl, const void *buf, size_t n)
{
	struct th_ssl_entry *e = entry_of(lib, ssl);
	if (e) {
		th_conn_sent(e->conn, buf, n);
	}
}

void th_ssl_sent_file(
	const struct th_library *lib, struct ssl_st *ssl, int in, off_t offset, size_t n)
{
	char piece[FILE_PIECE];
	while (n > 0) {
		long got = TH_SYS(SYS_pread64, in, piece, n < FILE_PIECE ? n : FILE_PIECE, offset);
		if (got <= 0) {
			return; /* changed under us: what was sent cannot be known */
		}
		th_ssl_sent(lib, ssl, piece, (size_t)got);
		offset += got;
		n -= (size_t)got;
	}
}

/* ---- ends ---- */

struct ending {
	enum th_end how;
	int code;
};

/* The transport failed: the socket call inside it knows best, errno else. */
static struct ending end_of_transport(int error)
{
	if (th_thread.outcome) {
		return (struct ending){(enum th_end)th_thread.outcome, th_thread.outcome_error};
	}
	if (error == 0) {
		return (struct ending){TH_END_FIN, 0};
	}
	bool reset = error == ECONNRESET || error == EPIPE;
	return (struct ending){reset ? TH_END_RESET : TH_END_ERROR, error};
}

static struct ending end_of(const struct th_openssl *api, struct ssl_st *ssl, int ret, int error)
{
	switch (api->get_error(ssl, ret)) {
	case TH_SSL_ERROR_ZERO_RETURN:
		/* SSL_OP_IGNORE_UNEXPECTED_EOF (python) makes a plain end look like a notified one;
		 * the socket call inside tells them apart. */
		if (th_thread.outcome == TH_END_FIN) {
			return (struct ending){TH_END_FIN, 0};
		}
		return (struct ending){TH_END_NOTIFY, 0};
	case TH_SSL_ERROR_SYSCALL:
		return end_of_transport(error);
	case TH_SSL_ERROR_SSL:
		if ((api->peek_error() & TH_ERR_REASON_MASK) == TH_SSL_R_UNEXPECTED_EOF) {
			return (struct ending){TH_END_FIN, 0};
		}
		return (struct ending){TH_END_ERROR, 0};
	default:
		return (struct ending){TH_END_COMPLETE, 0}; /* wants more: no end */
	}
}

void th_ssl_failed(const struct th_library *lib, struct ssl_st *ssl, int ret, bool sending)
{
	int error = errno;
	struct th_ssl_entry *e = th_ssl_table_find(ssl);
	const struct th_openssl *api = e && !e->ignored ? th_openssl_of(lib) : NULL;
	if (!api) {
		return;
	}
	struct ending end = end_of(api, ssl, ret, error);
	if (sending && (end.how == TH_END_RESET || end.how == TH_END_ERROR)) {
		th_conn_send_failed(e->conn, end.how, (uint32_t)end.code);
	} else if (end.how != TH_END_COMPLETE) {
		th_conn_peer_end(e->conn, end.how, (uint32_t)end.code);
		e->inode = 0; /* the socket has nothing to add */
		atomic_store(&e->end, TH_END_COMPLETE);
	}
}

void th_ssl_gone(struct ssl_st *ssl)
{
	struct th_ssl_entry *e = th_ssl_table_find(ssl);
	if (!e) {
		return;
	}
	if (th_arm_noticed()) {
		/* A program that moves the records itself need not ask the object about the end. */
		uint8_t end = atomic_load(&e->end);
		if (end) {
			th_conn_peer_end(e->conn, (enum th_end)end, atomic_load(&e->code));
		}
		th_conn_close(e->conn);
	}
	th_ssl_table_remove(e);
}
