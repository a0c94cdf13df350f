/* The functions of OpenSSL that tls_forms.c calls, got by dlsym() on a handle as plug-ins and
 * language bindings do (P5): hidden functions of the program's own that jump to where the pointers
 * lead. The library is the one that TLS_BY_NAME names; of the version TLS_BY_VERSION, if that is
 * set, by dlvsym(). x86-64 only. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define FUNCTIONS(F) \
	F(ASN1_INTEGER_set) \
	F(BIO_ctrl) \
	F(BIO_free_all) \
	F(BIO_get_data) \
	F(BIO_get_new_index) \
	F(BIO_meth_free) \
	F(BIO_meth_new) \
	F(BIO_meth_set_ctrl) \
	F(BIO_meth_set_read) \
	F(BIO_meth_set_write) \
	F(BIO_method_type) \
	F(BIO_new) \
	F(BIO_new_ssl_connect) \
	F(BIO_puts) \
	F(BIO_read) \
	F(BIO_s_mem) \
	F(BIO_set_data) \
	F(BIO_set_init) \
	F(BIO_write) \
	F(ERR_clear_error) \
	F(ERR_get_error) \
	F(ERR_peek_error) \
	F(EVP_PKEY_Q_keygen) \
	F(EVP_PKEY_free) \
	F(EVP_sha256) \
	F(SSL_CTX_new) \
	F(SSL_CTX_set_alpn_protos) \
	F(SSL_CTX_set_alpn_select_cb) \
	F(SSL_CTX_use_PrivateKey) \
	F(SSL_CTX_use_certificate) \
	F(SSL_accept) \
	F(SSL_connect) \
	F(SSL_ctrl) \
	F(SSL_do_handshake) \
	F(SSL_free) \
	F(SSL_get_error) \
	F(SSL_get_rbio) \
	F(SSL_get_wbio) \
	F(SSL_is_init_finished) \
	F(SSL_new) \
	F(SSL_peek) \
	F(SSL_peek_ex) \
	F(SSL_read) \
	F(SSL_read_ex) \
	F(SSL_set_bio) \
	F(SSL_set_connect_state) \
	F(SSL_set_fd) \
	F(SSL_set_info_callback) \
	F(SSL_shutdown) \
	F(SSL_up_ref) \
	F(SSL_write) \
	F(SSL_write_ex) \
	F(TLS_client_method) \
	F(TLS_server_method) \
	F(X509_free) \
	F(X509_get_serialNumber) \
	F(X509_getm_notAfter) \
	F(X509_getm_notBefore) \
	F(X509_gmtime_adj) \
	F(X509_new) \
	F(X509_set_pubkey) \
	F(X509_sign)

/* clang-format off */
#define JUMP(name) \
	__attribute__((used)) static void *to_##name; \
	__asm__(".pushsection .text\n.globl " #name "\n.hidden " #name "\n.type " #name ", @function\n" \
		#name ": jmpq *to_" #name "(%rip)\n.popsection");
/* clang-format on */
FUNCTIONS(JUMP)

#define ROW(name) {#name, &to_##name},
static const struct {
	const char *name;
	void **to;
} rows[] = {FUNCTIONS(ROW)};

__attribute__((constructor)) static void load(void)
{
	const char *file = getenv("TLS_BY_NAME"), *version = getenv("TLS_BY_VERSION");
	void *lib = dlopen(file ? file : "libssl.so.3", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *name = rows[i].name;
		*rows[i].to = !lib ? NULL : version ? dlvsym(lib, name, version) : dlsym(lib, name);
		if (!*rows[i].to) {
			printf("%s: %s\n", rows[i].name, dlerror());
			exit(1);
		}
	}
}
