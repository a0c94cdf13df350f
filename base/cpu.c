/* Asked once and when needed. The compiler's own way, __builtin_cpu_supports(), asks everything in
 * a constructor: a virtual machine leaves to its host for each CPUID, and every program that starts
 * would wait. */
#include "base/cpu.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define KNOWN (1ull << 32)

static _Atomic uint64_t kept;

void th_cpu_known(uint32_t features)
{
	atomic_store_explicit(&kept, KNOWN | features, memory_order_relaxed);
}

bool th_cpu_has(uint32_t features)
{
	uint64_t has = atomic_load_explicit(&kept, memory_order_relaxed);
	if (!has) {
		uint32_t a, b, c, d;
		__cpuid(1, a, b, c, d);
		has = KNOWN | c;
		th_cpu_known(c);
	}
	return (has & features) == features;
}

/* Leaf 7, ebx, bit 29; leaf 7 is there where leaf 0 says so. */
bool th_cpu_has_sha256(void)
{
	static _Atomic int answer; /* 0: not asked, 1: yes, -1: no */
	int has = atomic_load_explicit(&answer, memory_order_relaxed);
	if (!has) {
		uint32_t a, b, c, d;
		bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1;
		has = sha && th_cpu_has(TH_CPU_SSE4_1) ? 1 : -1;
		atomic_store_explicit(&answer, has, memory_order_relaxed);
	}
	return has > 0;
}
#define AVX_AND_ITS_STATE (1u << 27 | 1u << 28) /* leaf 1, ecx: OSXSAVE, AVX */
#define VECTORS_KEPT 6u				/* XCR0: SSE and AVX state */

static bool keeps_vectors(void)
{
	uint32_t low = 0, high = 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & VECTORS_KEPT) == VECTORS_KEPT;
}

/* Leaf 7, ebx, bit 5. */
bool th_cpu_has_avx2(void)
{
	static _Atomic int answer; /* 0: not asked, 1: yes, -1: no */
	int has = atomic_load_explicit(&answer, memory_order_relaxed);
	if (!has) {
		uint32_t a, b, c, d;
		bool avx2 = th_cpu_has(AVX_AND_ITS_STATE) && keeps_vectors() &&
			__get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 5 & 1;
		has = avx2 ? 1 : -1;
		atomic_store_explicit(&answer, has, memory_order_relaxed);
	}
	return has > 0;
}
#else
bool th_cpu_has_avx2(void)
{
	return false;
}

bool th_cpu_has_sha256(void)
{
	return false;
}

bool th_cpu_has(uint32_t features)
{
	return false;
}

void th_cpu_known(uint32_t features)
{
}
#endif
