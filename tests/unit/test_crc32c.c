#include "base/crc32c.h"

#include <criterion/criterion.h>

/* RFC 3720 appendix B.4 and the customary check value. */
Test(crc32c, known_values)
{
	const uint8_t zeros[32] = {0};
	cr_assert_eq(th_crc32c(0, zeros, sizeof(zeros)), 0x8a9136aa);
	cr_assert_eq(th_crc32c(0, "123456789", 9), 0xe3069283);
}

/* Of every length, byte by byte and as a whole: the ways of the hardware agree. */
Test(crc32c, is_the_same_of_any_length)
{
	uint8_t bytes[1300];
	uint32_t step = 0;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 131 + (i >> 3));
	}
	for (size_t n = 0; n < sizeof(bytes); n++) {
		cr_assert_eq(th_crc32c(0, bytes, n), step, "%zu", n);
		step = th_crc32c(step, bytes + n, 1);
	}
}

Test(crc32c, continues_over_pieces)
{
	const char text[] = "a frame header and then its payload";
	uint32_t whole = th_crc32c(0, text, sizeof(text));
	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		uint32_t first = th_crc32c(0, text, cut);
		cr_assert_eq(th_crc32c(first, text + cut, sizeof(text) - cut), whole);
	}
}
