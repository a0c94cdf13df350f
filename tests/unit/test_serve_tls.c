/* Which cipher the player's TLS chooses: the one that the client wants most, as servers do that
 * leave it to OpenSSL. Another one would be seen in the agent's output, however little it costs. */
#include <criterion/criterion.h>
#include <openssl/ssl.h>

#include "player/ca.h"
#include "player/serve.h"

static struct th_ca *ca;
static SSL_CTX *server;

static void setup(void)
{
	const char *name = "api.example.test";
	ca = th_ca_create();
	server = th_serve_tls_context();
	cr_assert(ca && server);
	SSL_CTX_set_client_hello_cb(server, NULL, NULL); /* no connection's: there is no caller */
	SSL_CTX_set_cert_cb(server, NULL, NULL);
	SSL_CTX_set_num_tickets(
		server, 0); /* nor a stream, whose alert may take a ticket's place */
	X509 *leaf = th_ca_leaf(ca, &(struct th_ca_subject){.names = &name, .n_names = 1});
	cr_assert_eq(SSL_CTX_use_certificate(server, leaf), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey(server, th_ca_leaf_key(ca)), 1);
}

static void teardown(void)
{
	SSL_CTX_free(server);
	ca = th_ca_destroy(ca);
}

TestSuite(serve_tls, .init = setup, .fini = teardown);

/* What a client that offers these, in this order, comes to speak; "": nothing. */
static const char *chosen(int version, const char *suites)
{
	static char name[64];
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	bool old = version == TLS1_2_VERSION;
	SSL_CTX_set_max_proto_version(ctx, version);
	cr_assert_eq(
		old ? SSL_CTX_set_cipher_list(ctx, suites) : SSL_CTX_set_ciphersuites(ctx, suites),
		1);
	SSL *ends[2] = {SSL_new(ctx), SSL_new(server)};
	BIO *ways[2];
	cr_assert_eq(BIO_new_bio_pair(&ways[0], 0, &ways[1], 0), 1);
	for (int i = 0; i < 2; i++) {
		SSL_set_bio(ends[i], ways[i], ways[i]);
	}
	SSL_set_connect_state(ends[0]);
	SSL_set_accept_state(ends[1]);
	for (int i = 0; i < 10; i++) {
		(void)SSL_do_handshake(ends[i % 2]);
	}
	bool done = SSL_is_init_finished(ends[0]) && SSL_is_init_finished(ends[1]);
	snprintf(name, sizeof(name), "%s", done ? SSL_get_cipher_name(ends[0]) : "");
	SSL_free(ends[0]);
	SSL_free(ends[1]);
	SSL_CTX_free(ctx);
	return name;
}

Test(serve_tls, the_client_chooses)
{
	cr_expect_str_eq(chosen(TLS1_3_VERSION,
				 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
				 "TLS_AES_128_GCM_SHA256"),
		"TLS_AES_256_GCM_SHA384");
	cr_expect_str_eq(chosen(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"),
		"TLS_AES_128_GCM_SHA256");
	cr_expect_str_eq(
		chosen(TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"),
		"TLS_CHACHA20_POLY1305_SHA256");
	cr_expect_str_eq(chosen(TLS1_2_VERSION,
				 "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"),
		"ECDHE-ECDSA-AES128-GCM-SHA256");
	cr_expect_str_eq(chosen(TLS1_2_VERSION,
				 "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"),
		"ECDHE-ECDSA-AES256-GCM-SHA384");
}

Test(serve_tls, nothing_that_is_offered_alone_is_refused)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	static const char *const old[] = {"ECDHE-ECDSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES256-SHA384",
		"ECDHE-ECDSA-AES128-SHA"};
	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
		cr_expect_str_eq(chosen(TLS1_3_VERSION, suites[i]), suites[i]);
	}
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) {
		cr_expect_str_eq(chosen(TLS1_2_VERSION, old[i]), old[i]);
	}
}
