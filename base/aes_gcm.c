#include "base/aes_gcm.h"

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define HARDWARE __attribute__((target("aes,pclmul,ssse3,sse4.1")))
#endif

#define ROUNDS 14
#define LANES 4 /* blocks of the key stream made at once: the unit is pipelined */

bool th_gcm_plain;

/* ---- AES, FIPS 197 ---- */

static const uint8_t sbox[256] = {
	0x63,
	0x7c,
	0x77,
	0x7b,
	0xf2,
	0x6b,
	0x6f,
	0xc5,
	0x30,
	0x01,
	0x67,
	0x2b,
	0xfe,
	0xd7,
	0xab,
	0x76,
	0xca,
	0x82,
	0xc9,
	0x7d,
	0xfa,
	0x59,
	0x47,
	0xf0,
	0xad,
	0xd4,
	0xa2,
	0xaf,
	0x9c,
	0xa4,
	0x72,
	0xc0,
	0xb7,
	0xfd,
	0x93,
	0x26,
	0x36,
	0x3f,
	0xf7,
	0xcc,
	0x34,
	0xa5,
	0xe5,
	0xf1,
	0x71,
	0xd8,
	0x31,
	0x15,
	0x04,
	0xc7,
	0x23,
	0xc3,
	0x18,
	0x96,
	0x05,
	0x9a,
	0x07,
	0x12,
	0x80,
	0xe2,
	0xeb,
	0x27,
	0xb2,
	0x75,
	0x09,
	0x83,
	0x2c,
	0x1a,
	0x1b,
	0x6e,
	0x5a,
	0xa0,
	0x52,
	0x3b,
	0xd6,
	0xb3,
	0x29,
	0xe3,
	0x2f,
	0x84,
	0x53,
	0xd1,
	0x00,
	0xed,
	0x20,
	0xfc,
	0xb1,
	0x5b,
	0x6a,
	0xcb,
	0xbe,
	0x39,
	0x4a,
	0x4c,
	0x58,
	0xcf,
	0xd0,
	0xef,
	0xaa,
	0xfb,
	0x43,
	0x4d,
	0x33,
	0x85,
	0x45,
	0xf9,
	0x02,
	0x7f,
	0x50,
	0x3c,
	0x9f,
	0xa8,
	0x51,
	0xa3,
	0x40,
	0x8f,
	0x92,
	0x9d,
	0x38,
	0xf5,
	0xbc,
	0xb6,
	0xda,
	0x21,
	0x10,
	0xff,
	0xf3,
	0xd2,
	0xcd,
	0x0c,
	0x13,
	0xec,
	0x5f,
	0x97,
	0x44,
	0x17,
	0xc4,
	0xa7,
	0x7e,
	0x3d,
	0x64,
	0x5d,
	0x19,
	0x73,
	0x60,
	0x81,
	0x4f,
	0xdc,
	0x22,
	0x2a,
	0x90,
	0x88,
	0x46,
	0xee,
	0xb8,
	0x14,
	0xde,
	0x5e,
	0x0b,
	0xdb,
	0xe0,
	0x32,
	0x3a,
	0x0a,
	0x49,
	0x06,
	0x24,
	0x5c,
	0xc2,
	0xd3,
	0xac,
	0x62,
	0x91,
	0x95,
	0xe4,
	0x79,
	0xe7,
	0xc8,
	0x37,
	0x6d,
	0x8d,
	0xd5,
	0x4e,
	0xa9,
	0x6c,
	0x56,
	0xf4,
	0xea,
	0x65,
	0x7a,
	0xae,
	0x08,
	0xba,
	0x78,
	0x25,
	0x2e,
	0x1c,
	0xa6,
	0xb4,
	0xc6,
	0xe8,
	0xdd,
	0x74,
	0x1f,
	0x4b,
	0xbd,
	0x8b,
	0x8a,
	0x70,
	0x3e,
	0xb5,
	0x66,
	0x48,
	0x03,
	0xf6,
	0x0e,
	0x61,
	0x35,
	0x57,
	0xb9,
	0x86,
	0xc1,
	0x1d,
	0x9e,
	0xe1,
	0xf8,
	0x98,
	0x11,
	0x69,
	0xd9,
	0x8e,
	0x94,
	0x9b,
	0x1e,
	0x87,
	0xe9,
	0xce,
	0x55,
	0x28,
	0xdf,
	0x8c,
	0xa1,
	0x89,
	0x0d,
	0xbf,
	0xe6,
	0x42,
	0x68,
	0x41,
	0x99,
	0x2d,
	0x0f,
	0xb0,
	0x54,
	0xbb,
	0x16,
};

static uint8_t twice(uint8_t v)
{
	return (uint8_t)(v << 1 ^ (v >> 7) * 0x1b);
}

static void expand_key(uint8_t (*w)[TH_AES_BLOCK_BYTES], const uint8_t key[TH_AES_KEY_BYTES])
{
	uint8_t *p = w[0], round = 1;
	memcpy(p, key, TH_AES_KEY_BYTES);
	for (size_t i = 32; i < (ROUNDS + 1) * TH_AES_BLOCK_BYTES; i += 4) {
		uint8_t t[4];
		memcpy(t, p + i - 4, 4);
		if (i % 32 == 0) {
			const uint8_t turned[4] = {
				sbox[t[1]] ^ round, sbox[t[2]], sbox[t[3]], sbox[t[0]]};
			memcpy(t, turned, 4);
			round = twice(round);
		} else if (i % 32 == 16) {
			const uint8_t replaced[4] = {
				sbox[t[0]], sbox[t[1]], sbox[t[2]], sbox[t[3]]};
			memcpy(t, replaced, 4);
		}
		for (size_t k = 0; k < 4; k++) {
			p[i + k] = p[i + k - 32] ^ t[k];
		}
	}
}

/* SubBytes and ShiftRows. */
static void substitute(uint8_t s[TH_AES_BLOCK_BYTES])
{
	uint8_t t[TH_AES_BLOCK_BYTES];
	for (size_t i = 0; i < sizeof(t); i++) {
		t[i] = sbox[s[(i + 4 * (i % 4)) % 16]];
	}
	memcpy(s, t, sizeof(t));
}

static void mix_columns(uint8_t s[TH_AES_BLOCK_BYTES])
{
	for (size_t c = 0; c < TH_AES_BLOCK_BYTES; c += 4) {
		uint8_t a = s[c], b = s[c + 1], d = s[c + 2], e = s[c + 3], all = a ^ b ^ d ^ e;
		s[c] ^= all ^ twice(a ^ b);
		s[c + 1] ^= all ^ twice(b ^ d);
		s[c + 2] ^= all ^ twice(d ^ e);
		s[c + 3] ^= all ^ twice(e ^ a);
	}
}

static void xor_block(uint8_t *to, const uint8_t *with)
{
	for (size_t i = 0; i < TH_AES_BLOCK_BYTES; i++) {
		to[i] ^= with[i];
	}
}

static void encrypt_plain(const struct th_gcm_key *k, uint8_t s[TH_AES_BLOCK_BYTES])
{
	xor_block(s, k->rounds[0]);
	for (int i = 1; i < ROUNDS; i++) {
		substitute(s);
		mix_columns(s);
		xor_block(s, k->rounds[i]);
	}
	substitute(s);
	xor_block(s, k->rounds[ROUNDS]);
}

/* ---- the hash, SP 800-38D 6.3: bit 0 is the highest bit of the first byte ---- */

struct u128 {
	uint64_t high, low;
};

static struct u128 load_block(const uint8_t p[TH_AES_BLOCK_BYTES])
{
	return (struct u128){__builtin_bswap64(th_le64(p)), __builtin_bswap64(th_le64(p + 8))};
}

static void store_block(uint8_t p[TH_AES_BLOCK_BYTES], struct u128 v)
{
	uint64_t high = __builtin_bswap64(v.high), low = __builtin_bswap64(v.low);
	memcpy(p, &high, 8);
	memcpy(p + 8, &low, 8);
}

static struct u128 multiply(struct u128 x, struct u128 y)
{
	struct u128 z = {0, 0};
	for (int i = 0; i < 128; i++) {
		uint64_t take = -(i < 64 ? x.high >> (63 - i) & 1 : x.low >> (127 - i) & 1);
		uint64_t carry = -(y.low & 1);
		z.high ^= y.high & take;
		z.low ^= y.low & take;
		y.low = y.low >> 1 | y.high << 63;
		y.high = y.high >> 1 ^ (carry & 0xe100000000000000u);
	}
	return z;
}

static void hash_plain(
	const struct th_gcm_key *k, uint8_t y[TH_AES_BLOCK_BYTES], const uint8_t *p, size_t blocks)
{
	struct u128 h = load_block(k->h), v = load_block(y);
	for (; blocks; blocks--, p += TH_AES_BLOCK_BYTES) {
		struct u128 x = load_block(p);
		v = multiply((struct u128){v.high ^ x.high, v.low ^ x.low}, h);
	}
	store_block(y, v);
}

/* ---- with the processor's instructions ---- */

#if defined(__x86_64__)
HARDWARE static void encrypt_fast(const struct th_gcm_key *k, uint8_t *blocks)
{
	const __m128i *w = (const void *)k->rounds;
	__m128i *p = (void *)blocks, s[LANES];
	for (int i = 0; i < LANES; i++) {
		s[i] = _mm_xor_si128(_mm_loadu_si128(p + i), w[0]);
	}
	for (int round = 1; round < ROUNDS; round++) {
		for (int i = 0; i < LANES; i++) {
			s[i] = _mm_aesenc_si128(s[i], w[round]);
		}
	}
	for (int i = 0; i < LANES; i++) {
		_mm_storeu_si128(p + i, _mm_aesenclast_si128(s[i], w[ROUNDS]));
	}
}

/* The product of two polynomials in the standard's bit order, bytes reversed: shifted left by one,
 * then reduced by x^128 + x^7 + x^2 + x + 1 (Gueron and Kounavis, "Intel Carry-Less Multiplication
 * Instruction and its Usage for Computing the GCM Mode", algorithm 5). */
HARDWARE static __m128i multiply_fast(__m128i a, __m128i b)
{
	__m128i low = _mm_clmulepi64_si128(a, b, 0x00), high = _mm_clmulepi64_si128(a, b, 0x11);
	__m128i middle = _mm_xor_si128(
		_mm_clmulepi64_si128(a, b, 0x10), _mm_clmulepi64_si128(a, b, 0x01));
	low = _mm_xor_si128(low, _mm_slli_si128(middle, 8));
	high = _mm_xor_si128(high, _mm_srli_si128(middle, 8));

	__m128i low_carry = _mm_srli_epi32(low, 31), high_carry = _mm_srli_epi32(high, 31);
	low = _mm_or_si128(_mm_slli_epi32(low, 1), _mm_slli_si128(low_carry, 4));
	high = _mm_or_si128(_mm_slli_epi32(high, 1), _mm_slli_si128(high_carry, 4));
	high = _mm_or_si128(high, _mm_srli_si128(low_carry, 12));

	__m128i t = _mm_xor_si128(_mm_slli_epi32(low, 31),
		_mm_xor_si128(_mm_slli_epi32(low, 30), _mm_slli_epi32(low, 25)));
	low = _mm_xor_si128(low, _mm_slli_si128(t, 12));
	__m128i u = _mm_xor_si128(_mm_srli_epi32(low, 1),
		_mm_xor_si128(_mm_srli_epi32(low, 2), _mm_srli_epi32(low, 7)));
	u = _mm_xor_si128(u, _mm_srli_si128(t, 4));
	return _mm_xor_si128(high, _mm_xor_si128(low, u));
}

HARDWARE static void hash_fast(
	const struct th_gcm_key *k, uint8_t y[TH_AES_BLOCK_BYTES], const uint8_t *p, size_t blocks)
{
	const __m128i turn = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	__m128i h = _mm_shuffle_epi8(_mm_loadu_si128((const void *)k->h), turn);
	__m128i v = _mm_shuffle_epi8(_mm_loadu_si128((const void *)y), turn);
	for (; blocks; blocks--, p += TH_AES_BLOCK_BYTES) {
		__m128i x = _mm_shuffle_epi8(_mm_loadu_si128((const void *)p), turn);
		v = multiply_fast(_mm_xor_si128(v, x), h);
	}
	_mm_storeu_si128((void *)y, _mm_shuffle_epi8(v, turn));
}

static bool has_hardware(void)
{
	return !th_gcm_plain && th_cpu_has(TH_CPU_AES | TH_CPU_PCLMUL | TH_CPU_SSE4_1);
}
#else
static void encrypt_fast(const struct th_gcm_key *k, uint8_t *blocks)
{
	(void)k, (void)blocks;
}

static void hash_fast(const struct th_gcm_key *k, uint8_t *y, const uint8_t *p, size_t blocks)
{
	(void)k, (void)y, (void)p, (void)blocks;
}

static bool has_hardware(void)
{
	return false;
}
#endif

/* ---- the mode ---- */

static void encrypt_blocks(const struct th_gcm_key *k, bool fast, uint8_t *blocks)
{
	if (fast) {
		encrypt_fast(k, blocks);
		return;
	}
	for (int i = 0; i < LANES; i++) {
		encrypt_plain(k, blocks + i * TH_AES_BLOCK_BYTES);
	}
}

static void hash_blocks(const struct th_gcm_key *k, uint8_t *y, const uint8_t *p, size_t blocks)
{
	(has_hardware() ? hash_fast : hash_plain)(k, y, p, blocks);
}

static void hash_bytes(const struct th_gcm_key *k, uint8_t *y, const uint8_t *p, size_t n)
{
	uint8_t last[TH_AES_BLOCK_BYTES] = {0};
	size_t whole = n / TH_AES_BLOCK_BYTES, rest = n % TH_AES_BLOCK_BYTES;
	hash_blocks(k, y, p, whole);
	if (rest) {
		memcpy(last, p + whole * TH_AES_BLOCK_BYTES, rest);
		hash_blocks(k, y, last, 1);
	}
}

static void put_counter(uint8_t *block, const uint8_t *nonce, uint32_t counter)
{
	counter = __builtin_bswap32(counter);
	memcpy(block, nonce, TH_GCM_NONCE_BYTES);
	memcpy(block + TH_GCM_NONCE_BYTES, &counter, sizeof(counter));
}

/* Adds the key stream; counters 0 and 1 are no part of it. */
static void add_stream(const struct th_gcm_key *k, const uint8_t *nonce, uint8_t *p, size_t n)
{
	uint8_t stream[LANES * TH_AES_BLOCK_BYTES];
	bool fast = has_hardware();
	for (uint32_t counter = 2; n; counter += LANES) {
		for (uint32_t i = 0; i < LANES; i++) {
			put_counter(stream + i * TH_AES_BLOCK_BYTES, nonce, counter + i);
		}
		encrypt_blocks(k, fast, stream);
		size_t now = n < sizeof(stream) ? n : sizeof(stream);
		for (size_t i = 0; i < now; i++) {
			p[i] ^= stream[i];
		}
		p += now;
		n -= now;
	}
}

static void make_tag(const struct th_gcm_key *k, const uint8_t *nonce, struct th_slice extra,
	const uint8_t *p, size_t n, uint8_t ret_tag[TH_GCM_TAG_BYTES])
{
	uint8_t y[TH_AES_BLOCK_BYTES] = {0}, sizes[TH_AES_BLOCK_BYTES];
	uint8_t first[TH_AES_BLOCK_BYTES];
	hash_bytes(k, y, extra.p, extra.n);
	hash_bytes(k, y, p, n);
	store_block(sizes, (struct u128){(uint64_t)extra.n * 8, (uint64_t)n * 8});
	hash_blocks(k, y, sizes, 1);
	put_counter(first, nonce, 1);
	th_aes_block(k, first, ret_tag);
	xor_block(ret_tag, y);
}

void th_gcm_init(struct th_gcm_key *ret_key, const uint8_t key[TH_AES_KEY_BYTES])
{
	const uint8_t zeros[TH_AES_BLOCK_BYTES] = {0};
	expand_key(ret_key->rounds, key);
	th_aes_block(ret_key, zeros, ret_key->h);
}

void th_aes_block(const struct th_gcm_key *k, const uint8_t in[TH_AES_BLOCK_BYTES],
	uint8_t ret_out[TH_AES_BLOCK_BYTES])
{
	uint8_t blocks[LANES * TH_AES_BLOCK_BYTES] = {0};
	memcpy(blocks, in, TH_AES_BLOCK_BYTES);
	if (has_hardware()) {
		encrypt_fast(k, blocks);
	} else {
		encrypt_plain(k, blocks);
	}
	memcpy(ret_out, blocks, TH_AES_BLOCK_BYTES);
}

void th_gcm_seal(const struct th_gcm_key *k, const uint8_t nonce[TH_GCM_NONCE_BYTES],
	struct th_slice extra, uint8_t *p, size_t n, uint8_t ret_tag[TH_GCM_TAG_BYTES])
{
	add_stream(k, nonce, p, n);
	make_tag(k, nonce, extra, p, n, ret_tag);
}

void th_gcm_peek(
	const struct th_gcm_key *k, const uint8_t nonce[TH_GCM_NONCE_BYTES], uint8_t *p, size_t n)
{
	add_stream(k, nonce, p, n);
}

bool th_gcm_open(const struct th_gcm_key *k, const uint8_t nonce[TH_GCM_NONCE_BYTES],
	struct th_slice extra, uint8_t *p, size_t n, const uint8_t tag[TH_GCM_TAG_BYTES])
{
	uint8_t right[TH_GCM_TAG_BYTES], different = 0;
	make_tag(k, nonce, extra, p, n, right);
	for (size_t i = 0; i < sizeof(right); i++) {
		different |= right[i] ^ tag[i];
	}
	if (different) {
		return false;
	}
	add_stream(k, nonce, p, n);
	return true;
}
