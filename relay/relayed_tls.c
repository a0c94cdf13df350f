/* See relayed.h: OpenSSL's contexts, and what it asks of us during a handshake. */
#include "relay/relayed_parts.h"

static struct th_relayed *of_ssl(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* Everything is let pass here. An expired leaf is told to the agent by the dates of ours. */
static int note_fault(int ok, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct th_relayed *l = of_ssl(ssl);
	int error = X509_STORE_CTX_get_error(ctx);
	bool expired = error == X509_V_ERR_CERT_HAS_EXPIRED &&
		X509_STORE_CTX_get_error_depth(ctx) == 0;
	if (!ok && !expired && !l->fault) {
		l->fault = error ? error : X509_V_ERR_UNSPECIFIED;
	}
	return 1;
}

static int note_wish(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
	of_ssl(ssl)->wants_certificate = true;
	return 0;
}

static int same_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
	const unsigned char *in, unsigned in_n, void *arg)
{
	const unsigned char *chosen;
	unsigned n;
	SSL_get0_alpn_selected(of_ssl(ssl)->server.ssl, &chosen, &n);
	if (n == 0 || n > 255) {
		return SSL_TLSEXT_ERR_NOACK;
	}
	*out = chosen;
	*out_n = (unsigned char)n;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	if (ctx) {
		SSL_CTX_set_mode(ctx,
			SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	}
	return ctx;
}

SSL_CTX *th_relayed_server_context(void)
{
	SSL_CTX *ctx = context(TLS_server_method());
	if (ctx) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
		SSL_CTX_set_alpn_select_cb(ctx, same_protocol, NULL);
	}
	return ctx;
}

SSL_CTX *th_relayed_client_context(void)
{
	SSL_CTX *ctx = context(TLS_client_method());
	if (ctx) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, note_fault);
		SSL_CTX_set_client_cert_cb(ctx, note_wish);
	}
	return ctx;
}
