#include "base/aes_gcm.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/text.h"

/* NIST's AES-256-GCM vectors: test cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of
 * Operation", as SP 800-38D takes them over. */
static const struct {
	const char *key, *nonce, *extra, *plain, *cipher, *tag;
} vectors[] = {
	{"0000000000000000000000000000000000000000000000000000000000000000",
		"000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
	{"0000000000000000000000000000000000000000000000000000000000000000",
		"000000000000000000000000", "", "00000000000000000000000000000000",
		"cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
	{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		"cafebabefacedbaddecaf888", "",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
		"b094dac5d93471bdec1a502270e3cc6c"},
	{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		"cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
		"76fc6ece0f4e1768cddf8853bb2d551b"},
};

static size_t from_hex(uint8_t *to, const char *hex)
{
	size_t n = strlen(hex) / 2;
	cr_assert(th_hex_decode(to, hex, n));
	return n;
}

static void check_vectors(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t key[32], nonce[12], extra[64], p[64], plain[64], cipher[64], tag[16],
			got[16];
		struct th_gcm_key k;
		from_hex(key, vectors[i].key);
		from_hex(nonce, vectors[i].nonce);
		struct th_slice more = {extra, from_hex(extra, vectors[i].extra)};
		size_t n = from_hex(plain, vectors[i].plain);
		from_hex(cipher, vectors[i].cipher);
		from_hex(tag, vectors[i].tag);
		memcpy(p, plain, n);
		th_gcm_init(&k, key);
		th_gcm_seal(&k, nonce, more, p, n, got);
		cr_expect_arr_eq(p, cipher, n, "vector %zu", i);
		cr_expect_arr_eq(got, tag, sizeof(tag), "vector %zu", i);
		cr_expect(th_gcm_open(&k, nonce, more, p, n, tag));
		cr_expect_arr_eq(p, plain, n, "vector %zu", i);
	}
}

Test(aes_gcm, vectors)
{
	check_vectors();
	th_gcm_plain = true;
	check_vectors();
}

/* FIPS 197, C.3. */
Test(aes_gcm, one_block)
{
	uint8_t key[32], in[16], expected[16], got[16];
	struct th_gcm_key k;
	from_hex(key, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	from_hex(in, "00112233445566778899aabbccddeeff");
	from_hex(expected, "8ea2b7ca516745bfeafc49904b496089");
	for (int plain = 0; plain < 2; plain++) {
		th_gcm_plain = plain;
		th_gcm_init(&k, key);
		th_aes_block(&k, in, got);
		cr_expect_arr_eq(got, expected, sizeof(expected));
	}
}

static unsigned seed = 5;

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)(rand_r(&seed) >> 5);
	}
}

static void seal_with_libcrypto(const uint8_t *key, const uint8_t *nonce, struct th_slice extra,
	uint8_t *p, size_t n, uint8_t tag[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int done;
	cr_assert_eq(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce), 1);
	cr_assert_eq(EVP_EncryptUpdate(c, NULL, &done, extra.p, (int)extra.n), 1);
	cr_assert_eq(EVP_EncryptUpdate(c, p, &done, p, (int)n), 1);
	cr_assert_eq(EVP_EncryptFinal_ex(c, p + n, &done), 1);
	cr_assert_eq(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag), 1);
	EVP_CIPHER_CTX_free(c);
}

/* Every length up to some blocks, with and without the instructions, as libcrypto has it. */
Test(aes_gcm, agrees_with_libcrypto)
{
	static uint8_t plain[5000], a[5000], b[5000];
	for (size_t i = 0; i < 160; i++) {
		uint8_t key[32], nonce[12], extra[40], tag_a[16], tag_b[16];
		size_t n = i < 150 ? i : i * 31;
		struct th_slice more = {extra, i % 40};
		struct th_gcm_key k;
		fill(key, sizeof(key));
		fill(nonce, sizeof(nonce));
		fill(extra, sizeof(extra));
		fill(plain, n);
		memcpy(a, plain, n);
		memcpy(b, plain, n);
		th_gcm_plain = i % 3 == 0;
		th_gcm_init(&k, key);
		th_gcm_seal(&k, nonce, more, a, n, tag_a);
		seal_with_libcrypto(key, nonce, more, b, n, tag_b);
		cr_assert_arr_eq(a, b, n, "%zu bytes", n);
		cr_assert_arr_eq(tag_a, tag_b, 16, "%zu bytes", n);
		cr_assert(th_gcm_open(&k, nonce, more, a, n, tag_a));
		cr_assert_arr_eq(a, plain, n);
	}
}

Test(aes_gcm, refuses_what_was_altered)
{
	uint8_t key[32] = {1}, nonce[12] = {2}, p[40] = {3}, before[40], tag[16];
	struct th_gcm_key k;
	struct th_slice extra = TH_SLICE_LIT("extra");
	th_gcm_init(&k, key);
	th_gcm_seal(&k, nonce, extra, p, sizeof(p), tag);
	memcpy(before, p, sizeof(p));
	for (size_t bit = 0; bit < 8 * sizeof(p); bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(th_gcm_open(&k, nonce, extra, p, sizeof(p), tag));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect_arr_eq(p, before, sizeof(p), "left as it was");
	tag[15] ^= 1;
	cr_expect_not(th_gcm_open(&k, nonce, extra, p, sizeof(p), tag));
	tag[15] ^= 1;
	cr_expect_not(th_gcm_open(&k, nonce, TH_SLICE_LIT("extrA"), p, sizeof(p), tag));
	nonce[0] ^= 1;
	cr_expect_not(th_gcm_open(&k, nonce, extra, p, sizeof(p), tag));
	nonce[0] ^= 1;
	cr_expect(th_gcm_open(&k, nonce, extra, p, sizeof(p), tag));
	cr_expect_eq(p[0], 3);
}
