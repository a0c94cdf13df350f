/* Whatever a file says of its symbols, none is read outside of it. */
#include "shim/symtab.h"

#include "base/pool.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_symtab t;
	if (th_symtab_parse((struct th_slice){p, n}, &t) == 0) {
		FUZZ_CHECK(t.n > 0 && t.n <= n / sizeof(uint64_t));
		th_pool_free(t.rows, t.n * sizeof(*t.rows));
	}
	return 0;
}
