/* AES-256 in Galois/counter mode (FIPS 197, NIST SP 800-38D), for code inside the agent.
 *
 * Own code, because what is preloaded may neither call the agent's OpenSSL (it may be another
 * version, half initialised, or instrumented by the agent) nor bring a second one along: libcrypto
 * as an archive is megabytes with constructors of its own (P44, P45). Small for that reason: one
 * key size, nonces of 12 bytes, tags of 16. Held by NIST's vectors, and against libcrypto with
 * random inputs, in tests/unit/test_aes_gcm.c.
 *
 * With AES-NI and PCLMULQDQ where the processor has them. Without, it is slow, and the S-box is
 * looked up by secret bytes: who can watch this machine's caches may learn of the key. Pure; no
 * state but what the caller gives. */
#ifndef BASE_AES_GCM_H
#define BASE_AES_GCM_H

#include "base/bytes.h"

#define TH_AES_KEY_BYTES 32
#define TH_AES_BLOCK_BYTES 16
#define TH_GCM_NONCE_BYTES 12
#define TH_GCM_TAG_BYTES 16

struct th_gcm_key {
	_Alignas(16) uint8_t rounds[15][TH_AES_BLOCK_BYTES];
	_Alignas(16) uint8_t h[TH_AES_BLOCK_BYTES]; /* of the hash, as it is in the standard */
};

void th_gcm_init(struct th_gcm_key *ret_key, const uint8_t key[TH_AES_KEY_BYTES]);

/* One block under the key: for deriving keys. */
void th_aes_block(const struct th_gcm_key *k, const uint8_t in[TH_AES_BLOCK_BYTES],
	uint8_t ret_out[TH_AES_BLOCK_BYTES]);

/* Encrypts `n` bytes in place. A nonce must never be used twice with the same key. */
void th_gcm_seal(const struct th_gcm_key *k, const uint8_t nonce[TH_GCM_NONCE_BYTES],
	struct th_slice extra, uint8_t *p, size_t n, uint8_t ret_tag[TH_GCM_TAG_BYTES]);

/* Decrypts in place when the tag holds; false: it does not, and nothing was changed. */
bool th_gcm_open(const struct th_gcm_key *k, const uint8_t nonce[TH_GCM_NONCE_BYTES],
	struct th_slice extra, uint8_t *p, size_t n, const uint8_t tag[TH_GCM_TAG_BYTES]);

/* Decrypts the first `n` bytes in place, without looking whether they are as they were: for finding
 * one's way, never for what is given out. */
void th_gcm_peek(
	const struct th_gcm_key *k, const uint8_t nonce[TH_GCM_NONCE_BYTES], uint8_t *p, size_t n);

/* For tests: goes without the processor's instructions. */
extern bool th_gcm_plain;

#endif
