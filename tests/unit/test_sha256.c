#include "base/sha256.h"

#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <string.h>

/* libcrypto says the same, for every length over several blocks and every cut of it. */
static void compare(void)
{
	uint8_t text[200], ours[TH_SHA256_BYTES], theirs[TH_SHA256_BYTES];
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (uint8_t)(i * 7 + 1);
	}
	for (size_t n = 0; n <= sizeof(text); n++) {
		SHA256(text, n, theirs);
		for (size_t cut = 0; cut <= n; cut += 1 + n / 8) {
			struct th_sha256 h;
			th_sha256_init(&h);
			th_sha256_add(&h, text, cut);
			th_sha256_add(&h, text + cut, n - cut);
			th_sha256_finish(&h, ours);
			cr_assert_eq(
				memcmp(ours, theirs, sizeof(ours)), 0, "%zu cut at %zu", n, cut);
		}
	}
}

Test(sha256, agrees_with_libcrypto)
{
	compare();
}

Test(sha256, agrees_with_libcrypto_on_any_processor)
{
	th_sha256_plain = true;
	compare();
}
