#include "base/crc32c.h"

#include <stdatomic.h>

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
#define STEP(c, at) c = __builtin_ia32_crc32di(c, th_le64(at))

__attribute__((target("sse4.2"))) static inline uint32_t crc_hardware(
	uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t c = crc;
	for (; n >= 64; p += 64, n -= 64) {
		for (size_t i = 0; i < 64; i += 32) {
			STEP(c, p + i);
			STEP(c, p + i + 8);
			STEP(c, p + i + 16);
			STEP(c, p + i + 24);
		}
	}
	if (n & 32) {
		STEP(c, p);
		STEP(c, p + 8);
		STEP(c, p + 16);
		STEP(c, p + 24);
		p += 32;
	}
	if (n & 16) {
		STEP(c, p);
		STEP(c, p + 8);
		p += 16;
	}
	if (n & 8) {
		STEP(c, p);
		p += 8;
	}
	if (n & 4) {
		c = __builtin_ia32_crc32si((uint32_t)c, th_le32(p));
		p += 4;
	}
	if (n & 2) {
		c = __builtin_ia32_crc32hi((uint32_t)c, th_le16(p));
		p += 2;
	}
	if (n & 1) {
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

/* a and b, which stand one and two stretches before the same place: the first of `past` is for b.
 */
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t joined(
	uint64_t a, uint64_t b, __m128i past)
{
	const __m128i x = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)a), past, 0x10);
	const __m128i y = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)b), past, 0x00);
	return __builtin_ia32_crc32di(0, (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(x, y)));
}

#define SIDE_BY_SIDE(i) \
	do { \
		STEP(a, p + (i)); \
		STEP(b, p + STRETCH + (i)); \
		STEP(c, p + 2 * STRETCH + (i)); \
	} while (0)

#define FOUR_OF_EACH(i) \
	do { \
		SIDE_BY_SIDE(i); \
		SIDE_BY_SIDE((i) + 8); \
		SIDE_BY_SIDE((i) + 16); \
		SIDE_BY_SIDE((i) + 24); \
	} while (0)

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc_wide(
	uint32_t crc, const uint8_t *p, size_t n)
{
	const __m128i past = _mm_set_epi64x(PAST_TWO, PAST_ONE);
	uint64_t a = crc;
	for (; n >= 3 * STRETCH; p += 3 * STRETCH, n -= 3 * STRETCH) {
		uint64_t b = 0, c = 0;
		FOUR_OF_EACH(0);
		FOUR_OF_EACH(32);
		FOUR_OF_EACH(64);
		FOUR_OF_EACH(96);
		a = joined(a, b, past) ^ c;
	}
	return crc_hardware((uint32_t)a, p, n);
}

__attribute__((target("sse4.2"))) static uint32_t crc_plain(
	uint32_t crc, const uint8_t *p, size_t n)
{
	return crc_hardware(crc, p, n);
}

typedef uint32_t crc_fn(uint32_t crc, const uint8_t *p, size_t n);

static uint32_t crc_any(uint32_t crc, const uint8_t *p, size_t n)
{
	static _Atomic(crc_fn *) kept;
	crc_fn *fn = atomic_load_explicit(&kept, memory_order_relaxed);
	if (!fn) {
		fn = th_cpu_has(TH_CPU_SSE4_2 | TH_CPU_PCLMUL) ? crc_wide
			: th_cpu_has(TH_CPU_SSE4_2)	       ? crc_plain
							       : crc_software;
		atomic_store_explicit(&kept, fn, memory_order_relaxed);
	}
	return fn(crc, p, n);
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
