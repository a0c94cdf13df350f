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

/* Of leaf 7, in ebx. It is there where leaf 0 says so. */
#define LEAF_7_AVX2 (1u << 5)
#define LEAF_7_SHA (1u << 29)

static _Atomic int avx2, sha256; /* 0: not asked, 1: yes, -1: no */

void th_cpu_known_too(uint32_t there, uint32_t usable)
{
	bool sha = there & LEAF_7_SHA && th_cpu_has(TH_CPU_SSE4_1);
	atomic_store_explicit(&sha256, sha ? 1 : -1, memory_order_relaxed);
	atomic_store_explicit(&avx2, usable & LEAF_7_AVX2 ? 1 : -1, memory_order_relaxed);
}

#define AVX_AND_ITS_STATE (1u << 27 | 1u << 28) /* leaf 1, ecx: OSXSAVE, AVX */
#define VECTORS_KEPT 6u				/* XCR0: SSE and AVX state */

static bool keeps_vectors(void)
{
	uint32_t low = 0, high = 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & VECTORS_KEPT) == VECTORS_KEPT;
}

static void ask_leaf_7(void)
{
	uint32_t a, b, c, d;
	uint32_t there = __get_cpuid_count(7, 0, &a, &b, &c, &d) ? b : 0;
	bool wide = th_cpu_has(AVX_AND_ITS_STATE) && keeps_vectors();
	th_cpu_known_too(there, wide ? there : 0);
}

static bool is_yes(_Atomic int *answer)
{
	int has = atomic_load_explicit(answer, memory_order_relaxed);
	if (!has) {
		ask_leaf_7();
		has = atomic_load_explicit(answer, memory_order_relaxed);
	}
	return has > 0;
}

bool th_cpu_has_avx2(void)
{
	return is_yes(&avx2);
}

bool th_cpu_has_sha256(void)
{
	return is_yes(&sha256);
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

void th_cpu_known_too(uint32_t there, uint32_t usable)
{
}
#endif
