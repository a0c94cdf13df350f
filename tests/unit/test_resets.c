#include "player/resets.h"

#include <criterion/criterion.h>

Test(resets, are_remembered_by_stream)
{
	struct th_resets *r = th_resets_create();
	cr_expect_eq(th_resets_get(r, 1), 0);
	th_resets_add(r, 1, 104);
	th_resets_add(r, 2, 110);
	cr_expect_eq(th_resets_get(r, 1), 104);
	cr_expect_eq(th_resets_get(r, 2), 110);
	cr_expect_eq(th_resets_get(r, 3), 0);
	cr_expect_null(th_resets_destroy(r));
}

Test(resets, the_oldest_are_forgotten)
{
	struct th_resets *r = th_resets_create();
	for (uint64_t i = 0; i <= TH_RESETS_MAX; i++) {
		th_resets_add(r, i, 104);
	}
	cr_expect_eq(th_resets_get(r, 0), 0);
	cr_expect_eq(th_resets_get(r, 1), 104);
	cr_expect_eq(th_resets_get(r, TH_RESETS_MAX), 104);
	th_resets_destroy(r);
}
