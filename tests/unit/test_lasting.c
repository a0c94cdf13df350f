#include "base/lasting.h"

#include <criterion/criterion.h>

Test(lasting, what_is_kept_stands_side_by_side_and_stays)
{
	struct th_out a = th_lasting_begin();
	th_out_bytes(&a, "one", 4);
	const char *one = th_lasting_end(&a);
	struct th_out b = th_lasting_begin();
	th_out_bytes(&b, "two", 4);
	const char *two = th_lasting_end(&b);
	cr_assert(one && two);
	cr_expect_str_eq(one, "one");
	cr_expect_str_eq(two, "two");
	cr_expect_eq(two - one, 8, "aligned");
}

Test(lasting, what_nobody_keeps_is_room_again)
{
	struct th_out a = th_lasting_begin();
	th_out_bytes(&a, "for a while", 12);
	struct th_out b = th_lasting_begin();
	cr_expect_eq(a.p, b.p);
	cr_expect_eq(b.n, 0);
}

Test(lasting, nothing_is_kept_of_what_does_not_fit)
{
	static const uint8_t large[TH_LASTING_BYTES];
	struct th_out a = th_lasting_begin();
	th_out_bytes(&a, large, sizeof(large));
	cr_expect_not_null(th_lasting_end(&a), "all of it");
	struct th_out b = th_lasting_begin();
	cr_expect_eq(b.cap, 0);
	th_out_u8(&b, 1);
	cr_expect_null(th_lasting_end(&b));
	th_lasting_forget();
	cr_expect_eq(th_lasting_begin().cap, TH_LASTING_BYTES);
}

/* An odd length before the end must not lead behind it. */
Test(lasting, an_end_that_is_not_aligned_is_no_end_beyond)
{
	static const uint8_t large[TH_LASTING_BYTES];
	struct th_out a = th_lasting_begin();
	th_out_bytes(&a, large, sizeof(large) - 3);
	cr_expect_not_null(th_lasting_end(&a));
	cr_expect_eq(th_lasting_begin().cap, 0);
}
