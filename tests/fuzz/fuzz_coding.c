/* Whatever the input: no more than the limit comes out, and half of it decodes to a beginning.
 * The first byte picks the coding. */
#include "wire/coding.h"

#include <errno.h>

#include "fuzz.h"

#define LIMIT ((size_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const codings[] = {
		"gzip", "deflate", "br", "zstd", "gzip, br", "deflate,gzip", "identity", ""};
	if (n < 1) {
		return 0;
	}
	struct th_slice coding = th_slice_str(codings[p[0] % 8]);
	struct th_slice in = {p + 1, n - 1}, half = {p + 1, (n - 1) / 2};
	uint8_t *all = NULL, *some = NULL;
	size_t all_n = 0, some_n = 0;
	int r = th_coding_decode(coding, in, LIMIT, &all, &all_n);
	FUZZ_CHECK(r == 0 || r == -EBADMSG || r == -E2BIG);
	FUZZ_CHECK(all_n <= LIMIT && (r != -E2BIG || all_n == LIMIT || p[0] % 8 < 6));
	r = th_coding_decode(coding, half, LIMIT, &some, &some_n);
	FUZZ_CHECK(r == 0 || r == -EBADMSG || r == -E2BIG);
	FUZZ_CHECK(some_n <= LIMIT);
	if (p[0] % 8 >= 6) {
		FUZZ_CHECK(some_n <= all_n && (!some_n || memcmp(all, some, some_n) == 0));
	}
	free(all);
	free(some);
	return 0;
}
