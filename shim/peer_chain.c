/* See peer_chain.h. The chain as it was sent, leaf first, DER, which OpenSSL keeps beside each
 * certificate: nothing is encoded here, and no error can come of it (P24). */
#include "shim/peer_chain.h"

#include "base/pool.h"

#define CHAIN_MAX 16
#define CHAIN_BYTES_MAX (64u << 10)

/* What is called in the library; BoringSSL, for one, has not all of it. */
struct functions {
	void *(*get_peer_cert_chain)(const struct ssl_st *ssl);
	int (*num)(const void *stack);
	void *(*value)(const void *stack, int i);
	int (*i2d)(const void *certificate, unsigned char **out);
};

static const char names[][TH_FUNCTION_NAME_MAX] = {
	"SSL_get_peer_cert_chain", "OPENSSL_sk_num", "OPENSSL_sk_value", "i2d_X509", ""};
TH_FUNCTIONS(chain_functions, struct functions, names);

static size_t size_of(const struct functions *f, const void *chain, int n)
{
	size_t size = 0;
	for (int i = 0; i < n; i++) {
		int one = f->i2d(f->value(chain, i), NULL);
		if (one <= 0) {
			return 0;
		}
		size += sizeof(uint32_t) + (size_t)one;
	}
	return size;
}

static void write_all(const struct functions *f, const void *chain, int n, struct th_out *out)
{
	for (int i = 0; i < n; i++) {
		const void *certificate = f->value(chain, i);
		th_out_u32(out, (uint32_t)f->i2d(certificate, NULL));
		unsigned char *at = out->p + out->n;
		out->n += (size_t)f->i2d(certificate, &at);
	}
}

void th_certificates_tell(
	const struct th_library *lib, const struct ssl_st *ssl, struct th_conn_ref conn)
{
	const struct functions *f = th_library_functions(&chain_functions, names, lib);
	const void *chain = f ? f->get_peer_cert_chain(ssl) : NULL;
	int n = chain ? f->num(chain) : 0;
	size_t size = n > 0 && n <= CHAIN_MAX ? size_of(f, chain, n) : 0;
	uint8_t *p = size && size <= CHAIN_BYTES_MAX ? th_pool_alloc(size) : NULL;
	if (p) {
		struct th_out out = {p, size, 0, false};
		write_all(f, chain, n, &out);
		th_conn_certificates(conn, (struct th_slice){p, out.n});
		th_pool_free(p, size);
	}
}
