/* What the player writes OpenSSL reads, and the other way round, whatever the cipher, and however
 * the records come. */
#include "player/tls_data.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "player/ca.h"
#include "player/stream.h"

#define MOST 200000

static struct th_ca *ca;
static SSL_CTX *server, *client;
static SSL *ssl; /* the client's, between two memories */
static BIO *in, *out;
static int ends[2]; /* the server's, ours */
static pthread_t thread;
static struct th_stream stream;
static size_t read_at_once; /* by the server */
static uint32_t alert;	    /* the server says it instead of an answer */
static bool is_ours;	    /* the records are not OpenSSL's */

/* Says all that it hears, until the client goes. */
static void *serve(void *arg)
{
	static uint8_t heard[MOST];
	ssize_t n = 0;
	stream = (struct th_stream){.fd = ends[0]};
	if (th_stream_tls(&stream, server, NULL) == 0) {
		is_ours = stream.data != NULL;
		while (!alert && (n = th_stream_read(&stream, heard, read_at_once)) > 0) {
			th_stream_write(&stream, (struct th_slice){heard, (size_t)n});
			if (!th_stream_has_input(&stream)) {
				th_stream_flush(&stream);
			}
		}
		cr_expect_eq(n, 0);
	}
	if (alert) {
		cr_expect_eq(th_stream_alert(&stream, alert), 0);
	}
	th_stream_end(&stream, !alert);
	th_stream_finish(&stream);
	return NULL;
}

static void setup(void)
{
	const char *name = "api.example.test";
	ca = th_ca_create();
	server = SSL_CTX_new(TLS_server_method());
	client = SSL_CTX_new(TLS_client_method());
	X509 *leaf = th_ca_leaf(ca, &(struct th_ca_subject){.names = &name, .n_names = 1});
	cr_assert_eq(SSL_CTX_use_certificate(server, leaf), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey(server, th_ca_leaf_key(ca)), 1);
	cr_assert_eq(th_stream_alerts(server), 0);
	th_tls_made_watch(server);
	read_at_once = 16384;
	alert = 0;
}

static void teardown(void)
{
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	ca = th_ca_destroy(ca);
}

TestSuite(tls_data, .init = setup, .fini = teardown);

/* What the client has said reaches the server in parts of so many bytes. */
static void say(size_t part)
{
	char *p;
	long n = BIO_get_mem_data(out, &p);
	for (long at = 0; at < n; at += (long)part) {
		size_t some = (size_t)(n - at) < part ? (size_t)(n - at) : part;
		cr_assert_eq(send(ends[1], p + at, some, MSG_NOSIGNAL), (ssize_t)some);
	}
	(void)BIO_reset(out);
}

static void hear(void)
{
	static uint8_t bytes[65536];
	ssize_t n = recv(ends[1], bytes, sizeof(bytes), 0);
	if (n > 0) {
		cr_assert_eq(BIO_write(in, bytes, (int)n), n);
	} else {
		BIO_set_mem_eof_return(in, 0);
	}
}

static void begin(void)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ssl = SSL_new(client);
	in = BIO_new(BIO_s_mem());
	out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, in, out);
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	while (SSL_connect(ssl) != 1) {
		say(SIZE_MAX / 4);
		hear();
	}
	say(SIZE_MAX / 4);
}

/* Its answer, of n bytes, is what was said. */
static void expect_back(const uint8_t *said, size_t n)
{
	static uint8_t back[MOST];
	size_t got = 0;
	while (got < n) {
		int r = SSL_read(ssl, back + got, (int)(n - got));
		if (r <= 0) {
			cr_assert_eq(SSL_get_error(ssl, r), SSL_ERROR_WANT_READ);
			say(SIZE_MAX / 4);
			hear();
		}
		got += r > 0 ? (size_t)r : 0;
	}
	cr_expect_arr_eq(back, said, n);
}

static void talk(size_t n, size_t part)
{
	static uint8_t said[MOST];
	for (size_t i = 0; i < n; i++) {
		said[i] = (uint8_t)(i * 31 + n);
	}
	cr_assert_eq(SSL_write(ssl, said, (int)n), (int)n);
	say(part);
	expect_back(said, n);
}

/* Both say goodbye. */
static void end(void)
{
	uint8_t byte;
	SSL_shutdown(ssl);
	say(SIZE_MAX / 4);
	int r;
	while ((r = SSL_read(ssl, &byte, 1)) <= 0 && SSL_get_error(ssl, r) == SSL_ERROR_WANT_READ) {
		hear();
	}
	cr_expect_eq(SSL_get_error(ssl, r), SSL_ERROR_ZERO_RETURN);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	SSL_free(ssl);
}

Test(tls_data, each_cipher_and_size)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
		cr_assert_eq(SSL_CTX_set_ciphersuites(client, suites[i]), 1);
		begin();
		talk(1, SIZE_MAX / 4);
		talk(16384, SIZE_MAX / 4);
		talk(16385, SIZE_MAX / 4);
		talk(60000, SIZE_MAX / 4);
		end();
		cr_expect(is_ours, "%s", suites[i]);
	}
}

Test(tls_data, what_is_not_known_here_stays_with_openssl)
{
	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	begin();
	talk(20000, SIZE_MAX / 4);
	end();
	cr_expect_not(is_ours);
}

Test(tls_data, small_records_stay_with_openssl)
{
	SSL_CTX_set_tlsext_max_fragment_length(client, TLSEXT_max_fragment_length_1024);
	begin();
	talk(20000, SIZE_MAX / 4);
	end();
	cr_expect_not(is_ours);
}

Test(tls_data, records_come_in_any_parts)
{
	begin();
	talk(90, 1);
	talk(16384, 1000);
	talk(40000, 16411);
	end();
}

Test(tls_data, what_does_not_fit_is_kept)
{
	read_at_once = 7;
	begin();
	talk(1, SIZE_MAX / 4);
	talk(1000, SIZE_MAX / 4);
	end();
}

Test(tls_data, keys_are_renewed_as_often_as_the_client_wants)
{
	begin();
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		talk(500, 3);
		talk(500, SIZE_MAX / 4);
		cr_assert_eq(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		talk(500, SIZE_MAX / 4);
	}
	end();
}

Test(tls_data, sessions_are_resumed)
{
	begin();
	talk(10, SIZE_MAX / 4);
	SSL_SESSION *session = SSL_get1_session(ssl);
	end();
	cr_assert(SSL_SESSION_is_resumable(session), "its tickets were read");
	SSL_SESSION_free(session);
}

Test(tls_data, an_alert_is_the_last_word)
{
	uint8_t byte;
	int r;
	alert = SSL_AD_INTERNAL_ERROR;
	begin();
	while ((r = SSL_read(ssl, &byte, 1)) <= 0 && SSL_get_error(ssl, r) == SSL_ERROR_WANT_READ) {
		hear();
	}
	cr_expect_eq(SSL_get_error(ssl, r), SSL_ERROR_SSL);
	cr_expect_eq(
		ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_INTERNAL_ERROR);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	SSL_free(ssl);
}

/* A record of 30 bytes with one bit turned: in its head, its data, its type, its tag; nothing of it
 * is handed on. */
Test(tls_data, what_was_changed_on_the_way_ends_it)
{
	static const size_t places[] = {0, 1, 3, 4, 5, 34, 35, 36, 51};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const size_t at = places[i];
		uint8_t said[30] = {1};
		char *p;
		begin();
		cr_assert_eq(SSL_write(ssl, said, sizeof(said)), (int)sizeof(said));
		cr_assert_eq(BIO_get_mem_data(out, &p), 5 + 30 + 1 + 16);
		p[at] ^= 4;
		say(SIZE_MAX / 4);
		shutdown(ends[1], SHUT_WR);
		hear(); /* tickets, or the end */
		uint8_t byte;
		int r;
		while ((r = SSL_read(ssl, &byte, 1)) <= 0 &&
			SSL_get_error(ssl, r) == SSL_ERROR_WANT_READ) {
			hear();
		}
		cr_expect_leq(r, 0, "at %zu", at);
		close(ends[1]);
		pthread_join(thread, NULL);
		close(ends[0]);
		SSL_free(ssl);
	}
}
