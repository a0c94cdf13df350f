/* SHA-256 (FIPS 180-4), for the agent's side, where there is no libcrypto. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_SHA256_BYTES 32
#define TH_SHA256_BLOCK 64

struct th_sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[TH_SHA256_BLOCK];
};

void th_sha256_init(struct th_sha256 *h);
void th_sha256_add(struct th_sha256 *h, const void *p, size_t n);
void th_sha256_finish(struct th_sha256 *h, uint8_t ret_digest[TH_SHA256_BYTES]);

/* Tests only: true takes the code that every processor can run. */
extern bool th_sha256_plain;

#endif
