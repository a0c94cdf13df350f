#include "player/bound.h"

#include <criterion/criterion.h>

Test(bound, names_are_known_once_bound)
{
	uint8_t a[TH_UNIX_KEY_BYTES], b[TH_UNIX_KEY_BYTES];
	struct th_bound *all = th_bound_create();
	th_unix_key("/tmp/a", a);
	th_unix_key("/tmp/b", b);
	cr_expect_not(th_bound_has(all, a));
	th_bound_add(all, a);
	th_bound_add(all, a);
	cr_expect(th_bound_has(all, a));
	cr_expect_not(th_bound_has(all, b));
	th_bound_add(all, b);
	cr_expect(th_bound_has(all, a) && th_bound_has(all, b));
	cr_expect_null(th_bound_destroy(all));
	cr_expect_null(th_bound_destroy(NULL));
}
