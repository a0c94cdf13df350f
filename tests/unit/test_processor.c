#include "shim/processor.h"

#include <criterion/criterion.h>

#include "base/cpu.h"
#include "shim/next.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* The loader says what the processor says. */
Test(processor, is_told_what_it_would_have_answered)
{
	uint32_t a, b, c, d;
	__cpuid(1, a, b, c, d);
	cr_assert(th_next_begin());
	th_cpu_known(0);
	th_cpu_known_too(0, 0);
	cr_assert_not(th_cpu_has(TH_CPU_SSE4_2), "nothing is asked of whom somebody knows");
	cr_assert_not(th_cpu_has_avx2());
	cr_assert_not(th_cpu_has_sha256());
	th_processor_begin();
	void *function = NULL;
	bool told = th_next_find("__x86_get_cpuid_feature_leaf", &function) && function;
	for (unsigned bit = 0; bit < 32 && told; bit++) {
		cr_expect_eq(th_cpu_has(1u << bit), (c >> bit) & 1, "bit %u", bit);
	}
	bool more = told && __get_cpuid_count(7, 0, &a, &b, &c, &d);
	cr_expect(!more || th_cpu_has_sha256() == (b >> 29 & 1));
	cr_expect(!more || th_cpu_has_avx2() == !!__builtin_cpu_supports("avx2"));
}
#endif
