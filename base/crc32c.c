#include "base/crc32c.h"

#include "base/bytes.h"
#include "base/cpu.h"

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
	for (; n; p++, n--) {
		c = __builtin_ia32_crc32qi((uint32_t)c, *p);
	}
	return (uint32_t)c;
}

static int has_hardware(void)
{
	return th_cpu_has(TH_CPU_SSE4_2);
}
#else
static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, size_t n)
{
	return crc_software(crc, p, n);
}

static int has_hardware(void)
{
	return 0;
}
#endif

uint32_t th_crc32c(uint32_t crc, const void *p, size_t n)
{
	return ~(has_hardware() ? crc_hardware(~crc, p, n) : crc_software(~crc, p, n));
}
