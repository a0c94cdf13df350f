/* SipHash-2-4 with a 64-bit result (Aumasson and Bernstein, 2012): the keyed hash that stands in
 * for a redacted value, and the hash of tables whose keys come from outside. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define TH_SIPHASH_KEY_BYTES 16

uint64_t th_siphash(const uint8_t key[TH_SIPHASH_KEY_BYTES], const void *p, size_t n);

#endif
