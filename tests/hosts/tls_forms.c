/* OpenSSL in all the ways a client may drive it, against a server in a thread of the same process
 * (whose side must not be recorded). Linked into tls_main, and loaded by tls_local where nobody
 * but its own loader can see libssl (P1). Every door is used that libssl has, and its calls to
 * itself are not told twice (P41). */
#include "tls_forms.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "peer.h"

static SSL_CTX *client_ctx, *server_ctx;

/* ---- the server: echoes; "F" ends with close_notify, "C" without, "R" resets ---- */

static void server_talk(SSL *ssl, int fd)
{
	char buf[4096];
	int n;
	while ((n = SSL_read(ssl, buf, sizeof(buf))) > 0 && SSL_write(ssl, buf, n) == n) {
		if (buf[0] == 'F') {
			SSL_shutdown(ssl);
			return;
		}
		if (buf[0] == 'C') {
			return;
		}
		if (buf[0] == 'R') {
			SSL_read(ssl, buf, 1); /* until the client has its echo and says so */
			const struct linger hard = {.l_onoff = 1};
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
			return;
		}
	}
}

static void *server_thread(void *arg)
{
	int fd = (int)(long)arg;
	SSL *ssl = SSL_new(server_ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		server_talk(ssl, fd);
	}
	SSL_free(ssl);
	close(fd);
	ERR_clear_error();
	return NULL;
}

static void *server_accept(void *arg)
{
	int fd;
	while ((fd = accept((int)(long)arg, NULL, NULL)) >= 0) {
		pthread_t t;
		pthread_create(&t, NULL, server_thread, (void *)(long)fd);
		pthread_detach(t);
	}
	return NULL;
}

static void make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(server_ctx, cert);
	SSL_CTX_use_PrivateKey(server_ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int pick_alpn(SSL *ssl, const unsigned char **out, unsigned char *len,
	const unsigned char *in, unsigned n, void *arg)
{
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static struct sockaddr_in begin_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	pthread_t t;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server_ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_alpn_select_cb(server_ctx, pick_alpn, NULL);
	make_certificate();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 16)) {
		abort();
	}
	getsockname(fd, (struct sockaddr *)&a, &n);
	pthread_create(&t, NULL, server_accept, (void *)(long)fd);
	pthread_detach(t);
	return a;
}

/* ---- the client ---- */

static struct sockaddr_in server;

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0) {
		abort();
	}
	return fd;
}

static SSL *begin(int fd, const char *sni)
{
	SSL *ssl = SSL_new(client_ctx);
	SSL_set_tlsext_host_name(ssl, sni);
	if (fd >= 0) {
		SSL_set_fd(ssl, fd);
		printf("%s connect %d\n", sni, SSL_connect(ssl));
	}
	return ssl;
}

static void end(SSL *ssl, int fd)
{
	SSL_free(ssl);
	close(fd);
	ERR_clear_error();
}

static void say_end(SSL *ssl, int ret)
{
	int error = SSL_get_error(ssl, ret);
	unsigned long queue = ERR_peek_error();
	printf("ret %d error %d reason %d queued %d\n", ret, error, ERR_GET_REASON(queue),
		ERR_get_error() != 0);
}

static void classic(void)
{
	char buf[64];
	int fd = dial();
	SSL *ssl = begin(fd, "classic.test");
	SSL_write(ssl, "classic", 7);
	printf("peek %d\n", SSL_peek(ssl, buf, 3));
	int n = SSL_read(ssl, buf, sizeof(buf));
	printf("%.*s\n", n, buf);
	SSL_write(ssl, "F", 1);
	SSL_read(ssl, buf, sizeof(buf));
	say_end(ssl, SSL_read(ssl, buf, sizeof(buf)));
	end(ssl, fd);
}

static void newer(void)
{
	char buf[64];
	size_t n = 99;
	int fd = dial();
	SSL *ssl = begin(fd, "newer.test");
	printf("write_ex %d", SSL_write_ex(ssl, "C-newer", 7, &n));
	printf(" %zu\n", n);
	printf("peek_ex %d\n", SSL_peek_ex(ssl, buf, 3, &n));
	printf("read_ex %d", SSL_read_ex(ssl, buf, sizeof(buf), &n));
	printf(" %zu\n", n);
	n = 99;
	int ret = SSL_read_ex(ssl, buf, sizeof(buf), &n);
	say_end(ssl, ret);
	end(ssl, fd);
}

static void reset(void)
{
	char buf[64];
	int fd = dial();
	SSL *ssl = begin(fd, "reset.test");
	SSL_write(ssl, "R", 1);
	SSL_read(ssl, buf, sizeof(buf));
	SSL_write(ssl, "x", 1);
	int ret = SSL_read(ssl, buf, sizeof(buf));
	printf("ret %d error %d\n", ret, SSL_get_error(ssl, ret));
	end(ssl, fd);
}

/* The program moves the records itself; the object never learns a descriptor (P36). */
static void pump(SSL *ssl, int fd, int wait)
{
	char raw[8192];
	int n;
	while ((n = BIO_read(SSL_get_wbio(ssl), raw, sizeof(raw))) > 0) {
		send(fd, raw, (size_t)n, 0);
	}
	if (wait && (n = (int)recv(fd, raw, sizeof(raw), 0)) > 0) {
		BIO_write(SSL_get_rbio(ssl), raw, n);
	}
}

static void memory(void)
{
	char buf[64];
	int fd = dial(), n;
	SSL *ssl = begin(-1, "memory.test");
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl);
	while (SSL_do_handshake(ssl) != 1) {
		pump(ssl, fd, 1);
	}
	SSL_write(ssl, "memory", 6);
	while ((n = SSL_read(ssl, buf, sizeof(buf))) <= 0) {
		pump(ssl, fd, 1);
	}
	printf("memory %.*s\n", n, buf);
	end(ssl, fd);
}

/* Where reading completes the handshake, and the program is told of that by a callback, in which it
 * closes the socket: it does not like the certificate (node). */
static int unread_fd;

static void dislike(const SSL *ssl, int where, int ret)
{
	if ((where & SSL_CB_HANDSHAKE_DONE) && unread_fd >= 0) {
		close(unread_fd);
		unread_fd = -1;
	}
}

static void unread(void)
{
	char buf[64];
	unread_fd = dial();
	SSL *ssl = begin(-1, "unread.test");
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl);
	SSL_set_info_callback(ssl, dislike);
	while (SSL_read(ssl, buf, sizeof(buf)) <= 0 && unread_fd >= 0) {
		pump(ssl, unread_fd, 1);
	}
	printf("unread %d\n", SSL_is_init_finished(ssl));
	SSL_free(ssl);
	ERR_clear_error();
}

static void filter(void)
{
	char buf[64], where[64];
	SSL *ssl = NULL;
	BIO *bio = BIO_new_ssl_connect(client_ctx);
	BIO_get_ssl(bio, &ssl);
	SSL_set_tlsext_host_name(ssl, "filter.test");
	snprintf(where, sizeof(where), "127.0.0.1:%d", ntohs(server.sin_port));
	BIO_set_conn_hostname(bio, where);
	printf("BIO connect %ld\n", BIO_do_connect(bio));
	BIO_write(bio, "filter", 6);
	int n = BIO_read(bio, buf, sizeof(buf));
	printf("%.*s\n", n, buf);
	printf("type %d\n", BIO_method_type(bio) == BIO_TYPE_SSL);
	BIO_puts(bio, "F");
	printf("read %d", BIO_read(bio, buf, sizeof(buf)));
	printf(" %d\n", BIO_read(bio, buf, sizeof(buf)));
	BIO_free_all(bio);
	ERR_clear_error();
}

/* A BIO that has nothing yet, and says so by errno alone (tcl's TLS package). */
static int shy_read(BIO *bio, char *buf, int n)
{
	int *state = BIO_get_data(bio);
	if (state[1]-- == 1) {
		errno = EAGAIN;
		return -1;
	}
	return (int)recv(state[0], buf, (size_t)n, 0);
}

static int shy_write(BIO *bio, const char *buf, int n)
{
	return (int)send(*(int *)BIO_get_data(bio), buf, (size_t)n, 0);
}

static long shy_ctrl(BIO *bio, int what, long number, void *p)
{
	return what == BIO_CTRL_FLUSH;
}

static void shy(void)
{
	char buf[64];
	int state[2] = {dial(), 0}, n;
	SSL *ssl = begin(-1, "shy.test");
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shy");
	BIO_meth_set_read(method, shy_read);
	BIO_meth_set_write(method, shy_write);
	BIO_meth_set_ctrl(method, shy_ctrl);
	BIO *bio = BIO_new(method);
	BIO_set_data(bio, state);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	printf("shy connect %d\n", SSL_connect(ssl));
	SSL_write(ssl, "shy", 3);
	state[1] = 1;
	n = SSL_read(ssl, buf, sizeof(buf));
	printf("shy %d %d\n", n, SSL_get_error(ssl, n));
	n = SSL_read(ssl, buf, sizeof(buf));
	printf("shy %.*s\n", n, buf);
	end(ssl, state[0]);
	BIO_meth_free(method);
}

/* P24: errors queued by the program before a call are still there, and only they. */
static void queue(void)
{
	char buf[8];
	int fd = dial();
	SSL *ssl = begin(fd, "queue.test");
	SSL_write(ssl, "C", 1);
	SSL_read(ssl, buf, sizeof(buf));
	SSL_read(ssl, buf, sizeof(buf));
	int n = 0;
	while (ERR_get_error()) {
		n++;
	}
	printf("queued %d\n", n);
	end(ssl, fd);
}

/* Two owners, one of which goes first (LuaSec). */
static void shared(void)
{
	char buf[64];
	int fd = dial();
	SSL *ssl = begin(fd, "shared.test");
	printf("up_ref %d %d\n", SSL_up_ref(ssl), SSL_up_ref(ssl));
	SSL_free(ssl);
	SSL_write(ssl, "one", 3);
	SSL_read(ssl, buf, sizeof(buf));
	SSL_free(ssl);
	SSL_write(ssl, "two", 3);
	SSL_read(ssl, buf, sizeof(buf));
	end(ssl, fd);
}

int tls_forms_run(void)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	server = begin_server();
	client_ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_alpn_protos(client_ctx, alpn, sizeof(alpn) - 1);
	classic();
	newer();
	reset();
	memory();
	unread();
	filter();
	shy();
	queue();
	shared();
	return 0;
}
