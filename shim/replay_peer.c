/* See replay_peer.h. An object that looks into its session is the agent's, used by one thread at a
 * time, so changing the chain races with nobody.
 *
 * Left out: what a verification callback sees is the player's, since that is what is verified. */
#include "shim/replay_peer.h"

#include <openssl/ssl.h>
#include <openssl/stack.h>

#include "shim/replay_link.h"

struct functions {
	__typeof__(&SSL_is_server) SSL_is_server;
	__typeof__(&SSL_get_peer_cert_chain) SSL_get_peer_cert_chain;
	__typeof__(&OPENSSL_sk_num) OPENSSL_sk_num;
	__typeof__(&OPENSSL_sk_value) OPENSSL_sk_value;
	__typeof__(&OPENSSL_sk_shift) OPENSSL_sk_shift;
	__typeof__(&X509_up_ref) X509_up_ref;
	__typeof__(&X509_free) X509_free;
	__typeof__(&d2i_X509) d2i_X509;
	__typeof__(&X509_NAME_cmp) X509_NAME_cmp;
	__typeof__(&X509_get_issuer_name) X509_get_issuer_name;
	__typeof__(&X509_get_subject_name) X509_get_subject_name;
};

static const char names[][TH_FUNCTION_NAME_MAX] = {"SSL_is_server", "SSL_get_peer_cert_chain",
	"OPENSSL_sk_num", "OPENSSL_sk_value", "OPENSSL_sk_shift", "X509_up_ref", "X509_free",
	"d2i_X509", "X509_NAME_cmp", "X509_get_issuer_name", "X509_get_subject_name", ""};
TH_FUNCTIONS(per_library, struct functions, names);

static bool is_players(const struct functions *f, const X509 *leaf)
{
	struct th_slice der = th_world_ca(th_link_world());
	const unsigned char *p = der.p;
	X509 *ca = f->d2i_X509(NULL, &p, (long)der.n);
	bool is = ca &&
		f->X509_NAME_cmp(f->X509_get_issuer_name(leaf), f->X509_get_subject_name(ca)) == 0;
	f->X509_free(ca);
	return is;
}

/* The chain without the player's leaf; NULL: nothing was recorded, or this is no client. */
static const OPENSSL_STACK *recorded_chain(const struct functions *f, const struct ssl_st *ssl)
{
	OPENSSL_STACK *chain = f->SSL_is_server(ssl)
		? NULL
		: (OPENSSL_STACK *)f->SSL_get_peer_cert_chain(ssl);
	int n = chain ? f->OPENSSL_sk_num(chain) : 0;
	if (n > 1 && is_players(f, f->OPENSSL_sk_value(chain, 0))) {
		f->X509_free(f->OPENSSL_sk_shift(chain));
		n--;
	} else if (n == 1 && is_players(f, f->OPENSSL_sk_value(chain, 0))) {
		n = 0;
	}
	return n > 0 ? chain : NULL;
}

void th_replay_peer_chain(struct th_site site, const struct ssl_st *ssl)
{
	TH_KEEP_ERRNO;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	if (f) {
		(void)recorded_chain(f, ssl);
	}
}

struct x509_st *th_replay_peer(
	struct th_site site, const struct ssl_st *ssl, struct x509_st *real, bool counted)
{
	TH_KEEP_ERRNO;
	const struct functions *f = real ? th_library_functions(&per_library, names, site.lib)
					 : NULL;
	const OPENSSL_STACK *chain = f ? recorded_chain(f, ssl) : NULL;
	if (!chain) {
		return real;
	}
	X509 *leaf = f->OPENSSL_sk_value(chain, 0);
	if (counted) {
		f->X509_up_ref(leaf);
		f->X509_free(real);
	}
	return leaf;
}

struct stack_st_X509 *th_replay_peer_verified(
	struct th_site site, const struct ssl_st *ssl, struct stack_st_X509 *real)
{
	TH_KEEP_ERRNO;
	const struct functions *f = real ? th_library_functions(&per_library, names, site.lib)
					 : NULL;
	const OPENSSL_STACK *chain = f ? recorded_chain(f, ssl) : NULL;
	return chain ? (struct stack_st_X509 *)chain : real;
}
