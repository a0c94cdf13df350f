#include "base/crc32c.h"

#include "base/bytes.h"
#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define POLY_REFLECTED 0x82f63b78u

static uint32_t crc_software(uint32_t crc, const uint8_t *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ (POLY_REFLECTED & -(crc & 1));
		}
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hardware(
	uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t c = crc;
	for (; n >= 32; p += 32, n -= 32) {
		c = __builtin_ia32_crc32di(c, th_le64(p));
		c = __builtin_ia32_crc32di(c, th_le64(p + 8));
		c = __builtin_ia32_crc32di(c, th_le64(p + 16));
		c = __builtin_ia32_crc32di(c, th_le64(p + 24));
	}
	for (; n >= 8; p += 8, n -= 8) {
		c = __builtin_ia32_crc32di(c, th_le64(p));
	}
	if (n >= 4) {
		c = __builtin_ia32_crc32si((uint32_t)c, th_le32(p));
		p += 4;
		n -= 4;
	}
	for (; n; p++, n--) {
		c = __builtin_ia32_crc32qi((uint32_t)c, *p);
	}
	return (uint32_t)c;
}

/* An instruction waits three cycles for the one before it: so three stretches go side by side. What
 * stands before n bytes counts as if it were multiplied by x^8n; these are x^(8n-33), because the
 * product of two reflected numbers is off by one bit and the instruction itself adds 32. */
#define STRETCH 128
#define PAST_ONE 0x0d3b6092
#define PAST_TWO 0xb9e02b86

__attribute__((target("sse4.2,pclmul"))) static uint64_t past(uint64_t crc, int64_t power)
{
	__m128i product = _mm_clmulepi64_si128(
		_mm_cvtsi64_si128((int64_t)crc), _mm_cvtsi64_si128(power), 0);
	return __builtin_ia32_crc32di(0, (uint64_t)_mm_cvtsi128_si64(product));
}

#define SIDE_BY_SIDE(i) \
	do { \
		a = __builtin_ia32_crc32di(a, th_le64(p + (i))); \
		b = __builtin_ia32_crc32di(b, th_le64(p + STRETCH + (i))); \
		c = __builtin_ia32_crc32di(c, th_le64(p + 2 * STRETCH + (i))); \
	} while (0)

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc_wide(
	uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t a = crc;
	for (; n >= 3 * STRETCH; p += 3 * STRETCH, n -= 3 * STRETCH) {
		uint64_t b = 0, c = 0;
		for (size_t i = 0; i < STRETCH; i += 32) {
			SIDE_BY_SIDE(i);
			SIDE_BY_SIDE(i + 8);
			SIDE_BY_SIDE(i + 16);
			SIDE_BY_SIDE(i + 24);
		}
		a = past(a, PAST_TWO) ^ past(b, PAST_ONE) ^ c;
	}
	return crc_hardware((uint32_t)a, p, n);
}

static uint32_t crc_any(uint32_t crc, const uint8_t *p, size_t n)
{
	if (th_cpu_has(TH_CPU_SSE4_2 | TH_CPU_PCLMUL)) {
		return crc_wide(crc, p, n);
	}
	return th_cpu_has(TH_CPU_SSE4_2) ? crc_hardware(crc, p, n) : crc_software(crc, p, n);
}
#else
static uint32_t crc_any(uint32_t crc, const uint8_t *p, size_t n)
{
	return crc_software(crc, p, n);
}
#endif

uint32_t th_crc32c(uint32_t crc, const void *p, size_t n)
{
	return ~crc_any(~crc, p, n);
}
