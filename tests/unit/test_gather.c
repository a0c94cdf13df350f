#include "recorder/gather.h"

#include <criterion/criterion.h>

Test(gather, grows_and_keeps)
{
	struct th_gather g = {0};
	for (int i = 0; i < 5000; i++) {
		uint8_t c = (uint8_t)i;
		cr_assert(th_gather_add(&g, (struct th_slice){&c, 1}, 5000));
	}
	cr_assert_eq(g.n, 5000);
	for (int i = 0; i < 5000; i++) {
		cr_assert_eq(g.p[i], (uint8_t)i);
	}
	cr_assert_not(th_gather_add(&g, TH_SLICE_LIT("x"), 5000), "the limit holds");
	cr_assert_eq(g.n, 5000);
	th_gather_free(&g);
	cr_assert(g.n == 0 && g.p == NULL);
	th_gather_free(&g);
}

Test(gather, joins_without_copying_what_comes_whole)
{
	struct th_gather g = {0};
	struct th_slice all, piece = TH_SLICE_LIT("head");
	cr_assert(th_gather_join(&g, piece, true, 10, &all));
	cr_assert_eq(all.p, piece.p);
	cr_assert_null(g.p);
	cr_assert(th_gather_join(&g, piece, false, 10, &all));
	cr_assert(th_gather_join(&g, TH_SLICE_LIT("er"), true, 10, &all));
	cr_assert(th_slice_eq(all, TH_SLICE_LIT("header")));
	cr_assert_not(th_gather_join(&g, TH_SLICE_LIT("12345"), true, 10, &all));
	th_gather_free(&g);
}

Test(gather, refuses_what_the_pool_cannot_give)
{
	struct th_gather g = {0};
	static uint8_t big[2 << 20];
	cr_assert_not(th_gather_add(&g, (struct th_slice){big, sizeof(big)}, SIZE_MAX));
	cr_assert_eq(g.n, 0);
}
