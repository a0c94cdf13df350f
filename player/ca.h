/* The certificate authority of one replay: made anew each time, never written but as a certificate
 * in the world, so nothing outside this process tree ever trusts it (DESIGN 2.3).
 *
 * All leaves share one P-256 key, which makes minting one a signature of ~30 us. */
#ifndef PLAYER_CA_H
#define PLAYER_CA_H

#include <openssl/ssl.h>

#include "base/bytes.h"

#define TH_CA_LEAVES_MAX 4096 /* more names than that share the last leaf: they will not verify */

struct th_ca;

/* NULL when OpenSSL fails. */
struct th_ca *th_ca_create(void);

/* Takes NULL; returns NULL. */
struct th_ca *th_ca_destroy(struct th_ca *ca);

/* The CA's certificate, DER; lives as long as the CA. */
struct th_slice th_ca_der(const struct th_ca *ca);

/* Writes the CA's certificate to a file, PEM. 0, or a negative errno. */
int th_ca_save(const struct th_ca *ca, const char *path);

/* Whom a leaf is for. */
struct th_ca_subject {
	const char *const *names; /* DNS names */
	size_t n_names;
	uint8_t family; /* 4, 6: also the address; 0: none */
	uint8_t address[16];
	struct th_slice like; /* DER of a certificate whose names it takes instead; may be empty */
	time_t now;	      /* of the recording; what had expired by then has expired */
	uint32_t verdict;     /* what the agent's verification is to say of it; 0: its own mind.
			       * Who verifies by itself refuses what had a fault then */
	bool stranger;	      /* such a fault is shown by an issuer that nobody knows */
};

/* The leaf for a subject, minted on first use and cached by it. Owned by the CA; thread-safe. NULL
 * on failure. */
X509 *th_ca_leaf(struct th_ca *ca, const struct th_ca_subject *subject);

/* The key of every leaf. */
EVP_PKEY *th_ca_leaf_key(const struct th_ca *ca);

/* How many different leaves there are. */
size_t th_ca_leaves(struct th_ca *ca);

#endif
