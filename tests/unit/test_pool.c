#include "base/pool.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(pool, blocks_are_zeroed_and_reused)
{
	char *a = th_pool_alloc(100);
	cr_assert_not_null(a);
	memset(a, 'x', 100);
	th_pool_free(a, 100);
	char *b = th_pool_alloc(128);
	cr_assert_eq(a, b, "same class, same block");
	for (int i = 0; i < 128; i++) {
		cr_assert_eq(b[i], 0);
	}
}

Test(pool, blocks_do_not_overlap)
{
	enum {
		COUNT = 2000
	};
	static uint8_t *blocks[COUNT];
	for (int i = 0; i < COUNT; i++) {
		size_t n = 1 + (size_t)(i * 37) % 5000;
		blocks[i] = th_pool_alloc(n);
		cr_assert_not_null(blocks[i]);
		memset(blocks[i], i & 0xff, n);
	}
	for (int i = 0; i < COUNT; i++) {
		size_t n = 1 + (size_t)(i * 37) % 5000;
		cr_assert_eq(blocks[i][0], i & 0xff);
		cr_assert_eq(blocks[i][n - 1], i & 0xff);
		cr_assert_eq((uintptr_t)blocks[i] % 64, 0);
	}
}

Test(pool, is_bounded)
{
	cr_assert_null(th_pool_alloc(TH_POOL_LARGEST_BLOCK + 1));
	size_t got = 0;
	while (got <= TH_POOL_LIMIT && th_pool_alloc(TH_POOL_LARGEST_BLOCK)) {
		got += TH_POOL_LARGEST_BLOCK;
	}
	cr_assert_leq(got, TH_POOL_LIMIT);
	cr_assert_gt(got, TH_POOL_LIMIT / 2);
}
