/* Stands in for base/pool.c: every block is an allocation of its own and exact size, so that a
 * sanitizer sees overruns and leaks. Checks that a block is given back with the size it had. */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define HEADER 64 /* keeps the alignment */

void *th_pool_room(size_t n)
{
	if (n > TH_POOL_LARGEST_BLOCK) {
		return NULL;
	}
	uint8_t *p = aligned_alloc(HEADER, HEADER + (n + HEADER - 1) / HEADER * HEADER);
	FUZZ_CHECK(p);
	memcpy(p, &n, sizeof(n));
	return p + HEADER;
}

void *th_pool_alloc(size_t n)
{
	void *p = th_pool_room(n);
	return p ? memset(p, 0, n) : NULL;
}

void th_pool_free(void *p, size_t n)
{
	if (p) {
		uint8_t *block = (uint8_t *)p - HEADER;
		FUZZ_CHECK(memcmp(block, &n, sizeof(n)) == 0);
		free(block);
	}
}

void th_pool_forked(void)
{
}
