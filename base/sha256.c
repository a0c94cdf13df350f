/* FIPS 180-4. Where the processor has instructions for it they do four rounds at a time: hashing
 * the bodies of TRACEHOOK_BODY=hash takes a tenth of the time then. */
#include "base/sha256.h"

#include <string.h>

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const uint32_t k[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void schedule(const uint8_t *p, uint32_t w[64])
{
	for (int i = 0; i < 16; i++, p += 4) {
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	}
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] +
			(turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

static void compress(uint32_t state[8], const uint8_t block[64])
{
	uint32_t w[64], s[8];
	schedule(block, w);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t e = s[4], a = s[0];
		uint32_t t1 = s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
			((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
		uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
			((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++) {
		state[i] += s[i];
	}
}

static void compress_all(uint32_t state[8], const uint8_t *p, size_t blocks)
{
	for (; blocks; blocks--, p += TH_SHA256_BLOCK) {
		compress(state, p);
	}
}

#if defined(__x86_64__)
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* The instructions want the state as ABEF and CDGH, and the four words that are the next. */
__attribute__((target("sha,sse4.1"))) static void rounds(
	__m128i *abef, __m128i *cdgh, const uint8_t *p)
{
	const __m128i turn = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
	__m128i w[4], x = *abef, y = *cdgh;
	UNROLL
	for (int i = 0; i < 16; i++) {
		__m128i *now = &w[i & 3], before = w[(i + 3) & 3];
		if (i < 4) {
			__m128i bytes = _mm_loadu_si128(
				(const __m128i *)(const void *)(p + 16 * i));
			*now = _mm_shuffle_epi8(bytes, turn);
		} else {
			__m128i sum = _mm_sha256msg1_epu32(*now, w[(i + 1) & 3]);
			sum = _mm_add_epi32(sum, _mm_alignr_epi8(before, w[(i + 2) & 3], 4));
			*now = _mm_sha256msg2_epu32(sum, before);
		}
		__m128i wk = _mm_add_epi32(
			*now, _mm_loadu_si128((const __m128i *)(const void *)&k[4 * i]));
		y = _mm_sha256rnds2_epu32(y, x, wk);
		x = _mm_sha256rnds2_epu32(x, y, _mm_shuffle_epi32(wk, 0x0e));
	}
	*abef = _mm_add_epi32(x, *abef);
	*cdgh = _mm_add_epi32(y, *cdgh);
}

__attribute__((target("sha,sse4.1"))) static void compress_fast(
	uint32_t state[8], const uint8_t *p, size_t blocks)
{
	__m128i *halves = (__m128i *)(void *)state;
	__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(halves), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(halves + 1), 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
	for (; blocks; blocks--, p += TH_SHA256_BLOCK) {
		rounds(&abef, &cdgh, p);
	}
	__m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128(halves, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128(halves + 1, _mm_alignr_epi8(dchg, feba, 8));
}
#else
static void compress_fast(uint32_t state[8], const uint8_t *p, size_t blocks)
{
	compress_all(state, p, blocks);
}
#endif

bool th_sha256_plain; /* for tests */

static void take_blocks(struct th_sha256 *h, const uint8_t *p, size_t blocks)
{
	if (!th_sha256_plain && th_cpu_has_sha256()) {
		compress_fast(h->state, p, blocks);
	} else {
		compress_all(h->state, p, blocks);
	}
}

void th_sha256_init(struct th_sha256 *h)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	memcpy(h->state, start, sizeof(start));
	h->bytes = 0;
}

void th_sha256_add(struct th_sha256 *h, const void *p, size_t n)
{
	const uint8_t *from = p;
	size_t at = h->bytes % TH_SHA256_BLOCK, room = TH_SHA256_BLOCK - at;
	h->bytes += n;
	if (at && n >= room) {
		memcpy(h->block + at, from, room);
		take_blocks(h, h->block, 1);
		from += room;
		n -= room;
		at = 0;
	}
	size_t whole = at ? 0 : n / TH_SHA256_BLOCK;
	if (whole) {
		take_blocks(h, from, whole);
		from += whole * TH_SHA256_BLOCK;
		n -= whole * TH_SHA256_BLOCK;
	}
	if (n) {
		memcpy(h->block + at, from, n);
	}
}

void th_sha256_finish(struct th_sha256 *h, uint8_t ret_digest[TH_SHA256_BYTES])
{
	uint64_t bits = h->bytes * 8;
	static const uint8_t one = 0x80, zero;
	uint8_t length[8];
	th_sha256_add(h, &one, 1);
	while (h->bytes % sizeof(h->block) != sizeof(h->block) - sizeof(length)) {
		th_sha256_add(h, &zero, 1);
	}
	for (int i = 0; i < 8; i++) {
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	}
	th_sha256_add(h, length, sizeof(length));
	for (int i = 0; i < TH_SHA256_BYTES; i++) {
		ret_digest[i] = (uint8_t)(h->state[i / 4] >> (24 - i % 4 * 8));
	}
}
