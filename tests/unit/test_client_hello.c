/* relay/client_hello.c, with OpenSSL as the client. */
#include "relay/client_hello.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/ssl.h>

#include "tests/unit/guard.h"

static uint8_t hello[16384];
static size_t hello_n;

/* What OpenSSL says first, into `hello`. */
static void speak(const char *sni, const char *alpn, int newest)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_set_max_proto_version(ssl, newest);
	if (sni) {
		SSL_set_tlsext_host_name(ssl, sni);
	}
	if (alpn) {
		SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	}
	SSL_connect(ssl);
	hello_n = (size_t)BIO_read(out, hello, sizeof(hello));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static int read_guarded(size_t n, struct th_client_hello *ret_hello)
{
	return th_client_hello_read(th_guard((struct th_slice){hello, n}), ret_hello);
}

Test(client_hello, says_what_the_client_asks_for)
{
	struct th_client_hello h = {.alpn_n = 99};
	speak("api.example", "\2h2\10http/1.1", TLS1_3_VERSION);
	cr_assert_eq(read_guarded(hello_n, &h), 0);
	cr_assert_str_eq(h.sni, "api.example");
	cr_assert_eq(h.alpn_n, 12);
	cr_assert_arr_eq(h.alpn, "\2h2\10http/1.1", 12);
	cr_assert_eq(h.oldest, TLS1_2_VERSION);
	cr_assert_eq(h.newest, TLS1_3_VERSION);
}

Test(client_hello, has_no_name_and_no_protocol)
{
	struct th_client_hello h;
	speak(NULL, NULL, TLS1_2_VERSION);
	cr_assert_eq(read_guarded(hello_n, &h), 0);
	cr_assert_str_empty(h.sni);
	cr_assert_eq(h.alpn_n, 0);
	cr_assert_eq(h.newest, TLS1_2_VERSION);
}

Test(client_hello, waits_for_more_at_every_byte)
{
	struct th_client_hello h = {.oldest = 7};
	speak("api.example", "\2h2", TLS1_3_VERSION);
	for (size_t n = 0; n < hello_n; n++) {
		cr_assert_eq(read_guarded(n, &h), -EAGAIN, "at %zu", n);
	}
	cr_assert_eq(h.oldest, 7);
}

Test(client_hello, may_come_in_several_records)
{
	struct th_client_hello h;
	uint8_t one[sizeof(hello)];
	speak("api.example", "\2h2", TLS1_3_VERSION);
	size_t body = hello_n - 5, n = 0;
	memcpy(one, hello, hello_n);
	for (size_t at = 0; at < body; at += 50) {
		size_t part = body - at < 50 ? body - at : 50;
		const uint8_t header[] = {22, 3, 1, 0, (uint8_t)part};
		memcpy(hello + n, header, sizeof(header));
		memcpy(hello + n + sizeof(header), one + 5 + at, part);
		n += sizeof(header) + part;
	}
	cr_assert_eq(read_guarded(n, &h), 0);
	cr_assert_str_eq(h.sni, "api.example");
	cr_assert_eq(read_guarded(n - 1, &h), -EAGAIN);
}

Test(client_hello, is_told_from_anything_else)
{
	struct th_client_hello h;
	memcpy(hello, "GET / HTTP/1.1\r\n\r\n", 18);
	cr_assert_eq(read_guarded(18, &h), -EPROTO);
	speak("api.example", NULL, TLS1_3_VERSION);
	hello[5] = 2;
	cr_assert_eq(read_guarded(hello_n, &h), -EPROTO);
	/* Lengths that lie: nothing is read behind the end. */
	speak("api.example", "\2h2", TLS1_3_VERSION);
	for (size_t i = 9; i < hello_n; i++) {
		uint8_t kept = hello[i];
		hello[i] ^= 0xff;
		(void)read_guarded(hello_n, &h);
		hello[i] = kept;
	}
}
