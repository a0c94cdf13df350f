#include "base/edit_distance.h"

#include <criterion/criterion.h>
#include <string.h>

Test(edit_distance, counts_edits)
{
	cr_assert_eq(th_edit_distance("", ""), 0);
	cr_assert_eq(th_edit_distance("", "abc"), 3);
	cr_assert_eq(th_edit_distance("record", "recrod"), 1, "neighbours swapped");
	cr_assert_eq(th_edit_distance("dump", "dupm"), 1);
	cr_assert_eq(th_edit_distance("kitten", "sitting"), 3);
}

Test(edit_distance, long_words_stay_within_bounds)
{
	char a[500], b[500];
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'b', sizeof(b) - 1);
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	cr_assert_eq(th_edit_distance(a, b), 31);
}
