/* See replay_peer_gnutls.h. The player's leaf has the names of the recorded one, and its dates if
 * it had expired when it was recorded, so it answers for it (player/ca.c).
 *
 * Pairs are only ever added, without a lock: nothing to reset in a forked child, nothing held when
 * a signal comes. When there is no room, the agent sees the player's leaf.
 *
 * Left out: what a verification's own output callback sees is the player's, since that is what is
 * verified; revocation (a stapled OCSP answer is not replayed). */
#include "shim/replay_peer_gnutls.h"

#include <string.h>

#include "base/pool.h"
#include "shim/replay_link.h"

#define SHOWN_MAX 64 /* certificates; of a server farm, several per name */

struct functions {
	int (*crt_init)(struct gnutls_x509_crt_int **ret_cert);
	int (*crt_import)(
		struct gnutls_x509_crt_int *cert, const struct th_gnutls_datum *data, int format);
	void (*crt_deinit)(struct gnutls_x509_crt_int *cert);
	unsigned (*crt_check_issuer)(
		struct gnutls_x509_crt_int *cert, struct gnutls_x509_crt_int *issuer);
	unsigned (*crt_equals2)(
		struct gnutls_x509_crt_int *cert, const struct th_gnutls_datum *der);
	time_t (*crt_expiration)(struct gnutls_x509_crt_int *cert);
	time_t (*crt_activation)(struct gnutls_x509_crt_int *cert);
	const struct th_gnutls_datum *(*get_peers)(
		const struct gnutls_session_int *s, unsigned *ret_n);
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"gnutls_x509_crt_init", "gnutls_x509_crt_import",
	"gnutls_x509_crt_deinit", "gnutls_x509_crt_check_issuer", "gnutls_x509_crt_equals2",
	"gnutls_x509_crt_get_expiration_time", "gnutls_x509_crt_get_activation_time",
	"gnutls_certificate_get_peers", ""};
TH_FUNCTIONS(per_library, struct functions, names);

/* Recorded, and the player's leaf in front of it; the bytes follow. */
struct shown {
	struct th_gnutls_datum recorded, leaf;
};
static _Atomic(struct shown *) all_shown[SHOWN_MAX];

static struct gnutls_x509_crt_int *import(
	const struct functions *f, const struct th_gnutls_datum *der)
{
	struct gnutls_x509_crt_int *cert;
	if (f->crt_init(&cert) < 0) {
		return NULL;
	}
	if (f->crt_import(cert, der, TH_GNUTLS_X509_FMT_DER) < 0) {
		f->crt_deinit(cert);
		return NULL;
	}
	return cert;
}

static void release(const struct functions *f, struct gnutls_x509_crt_int *cert)
{
	if (cert) {
		f->crt_deinit(cert);
	}
}

/* By names and key identifiers. */
static bool is_players(const struct functions *f, const struct th_gnutls_datum *der)
{
	struct th_slice ca_der = th_world_ca(th_link_world());
	struct th_gnutls_datum datum = {(unsigned char *)ca_der.p, (unsigned)ca_der.n};
	struct gnutls_x509_crt_int *ca = import(f, &datum), *cert = import(f, der);
	bool is = ca && cert && f->crt_check_issuer(cert, ca) == 1;
	release(f, ca);
	release(f, cert);
	return is;
}

/* ---- what was shown ---- */

static bool equal(const struct th_gnutls_datum *a, const struct th_gnutls_datum *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static struct shown *make_shown(
	const struct th_gnutls_datum *leaf, const struct th_gnutls_datum *recorded)
{
	struct shown *s = th_pool_alloc(sizeof(*s) + leaf->size + recorded->size);
	if (s) {
		unsigned char *at = (unsigned char *)(s + 1);
		s->leaf = (struct th_gnutls_datum){at, leaf->size};
		s->recorded = (struct th_gnutls_datum){at + leaf->size, recorded->size};
		memcpy(s->leaf.data, leaf->data, leaf->size);
		memcpy(s->recorded.data, recorded->data, recorded->size);
	}
	return s;
}

/* Finds its place without a lock; what another thread puts there meanwhile may be the same. */
static bool remember(const struct functions *f, const struct th_gnutls_datum *leaf,
	const struct th_gnutls_datum *recorded)
{
	struct shown *mine = NULL;
	for (size_t i = 0; i < SHOWN_MAX; i++) {
		struct shown *there = atomic_load_explicit(&all_shown[i], memory_order_acquire);
		if (!there && !mine) {
			mine = is_players(f, leaf) ? make_shown(leaf, recorded) : NULL;
			if (!mine) {
				return false;
			}
		}
		if (!there && atomic_compare_exchange_strong(&all_shown[i], &there, mine)) {
			return true;
		}
		if (equal(&there->leaf, leaf) && equal(&there->recorded, recorded)) {
			th_pool_free(mine, sizeof(*mine) + leaf->size + recorded->size);
			return true;
		}
	}
	th_pool_free(mine, sizeof(*mine) + leaf->size + recorded->size);
	return false;
}

const struct th_gnutls_datum *th_replay_gnutls_peers(
	struct th_site site, const struct th_gnutls_datum *real, unsigned *n)
{
	TH_KEEP_ERRNO;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	if (!f || !real || *n < 2 || !remember(f, &real[0], &real[1])) {
		return real;
	}
	*n -= 1;
	return real + 1;
}

struct gnutls_x509_crt_int *th_replay_gnutls_leaf(
	struct th_site site, struct gnutls_x509_crt_int *cert)
{
	TH_KEEP_ERRNO;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	for (size_t i = 0; f && cert && i < SHOWN_MAX; i++) {
		const struct shown *s = atomic_load_explicit(&all_shown[i], memory_order_acquire);
		if (!s) {
			return NULL;
		}
		if (f->crt_equals2(cert, &s->recorded)) {
			return import(f, &s->leaf);
		}
	}
	return NULL;
}

void th_replay_gnutls_leaf_end(struct th_site site, struct gnutls_x509_crt_int *leaf)
{
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	if (f) {
		release(f, leaf);
	}
}

/* ---- dates ---- */

/* The recorded leaf of a session's peer; NULL: there is none. */
static struct gnutls_x509_crt_int *recorded_peer(
	const struct functions *f, const struct gnutls_session_int *s)
{
	unsigned n = 0;
	const struct th_gnutls_datum *peers = f->get_peers(s, &n);
	return peers && n > 1 && is_players(f, &peers[0]) ? import(f, &peers[1]) : NULL;
}

time_t th_replay_gnutls_expiry(struct th_site site, const struct gnutls_session_int *s, time_t real)
{
	TH_KEEP_ERRNO;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	struct gnutls_x509_crt_int *cert = f ? recorded_peer(f, s) : NULL;
	if (!cert) {
		return real;
	}
	time_t expires = f->crt_expiration(cert);
	f->crt_deinit(cert);
	return expires >= time(NULL) ? expires : real;
}

time_t th_replay_gnutls_activation(
	struct th_site site, const struct gnutls_session_int *s, time_t real)
{
	TH_KEEP_ERRNO;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	struct gnutls_x509_crt_int *cert = f ? recorded_peer(f, s) : NULL;
	if (!cert) {
		return real;
	}
	time_t activated = f->crt_activation(cert);
	f->crt_deinit(cert);
	return activated <= time(NULL) ? activated : real;
}
