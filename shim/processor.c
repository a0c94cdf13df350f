/* See processor.h. glibc's loader asks the processor at each start, and from version 2.33 on tells
 * what it heard (<sys/platform/x86.h>); looked up, because an import would need that version and
 * name the loader as a library of ours. Where it is not there the processor is asked again. */
#include "shim/processor.h"

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "shim/next.h"

#if defined(__x86_64__)
#define LEAF_1 0 /* CPUID_INDEX_1 */
#define LEAF_7 1 /* CPUID_INDEX_7 */

struct leaf {
	struct {
		uint32_t eax, ebx, ecx, edx;
	} cpuid, active;
};

void th_processor_begin(void)
{
	void *function = NULL;
	if (th_next_find("__x86_get_cpuid_feature_leaf", &function) && function) {
		const struct leaf *(*leaf_of)(
			unsigned) = (const struct leaf *(*)(unsigned))function;
		const struct leaf *more = leaf_of(LEAF_7);
		th_cpu_known(leaf_of(LEAF_1)->cpuid.ecx);
		th_cpu_known_too(more->cpuid.ebx, more->active.ebx);
	}
}
#else
void th_processor_begin(void)
{
}
#endif
