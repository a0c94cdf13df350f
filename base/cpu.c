/* Asked once and when needed. The compiler's own way, __builtin_cpu_supports(), asks everything in
 * a constructor: a virtual machine leaves to its host for each CPUID, and every program that starts
 * would wait. */
#include "base/cpu.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define KNOWN (1ull << 32)

bool th_cpu_has(uint32_t features)
{
	static _Atomic uint64_t kept;
	uint64_t has = atomic_load_explicit(&kept, memory_order_relaxed);
	if (!has) {
		uint32_t a, b, c, d;
		__cpuid(1, a, b, c, d);
		has = KNOWN | c;
		atomic_store_explicit(&kept, has, memory_order_relaxed);
	}
	return (has & features) == features;
}
#else
bool th_cpu_has(uint32_t features)
{
	return false;
}
#endif
