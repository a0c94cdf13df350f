#include "tools/suggest.h"

#include <criterion/criterion.h>
#include <string.h>

Test(suggest, counts_edits)
{
	cr_assert_eq(th_edit_distance("", ""), 0);
	cr_assert_eq(th_edit_distance("", "abc"), 3);
	cr_assert_eq(th_edit_distance("record", "recrod"), 1, "neighbours swapped");
	cr_assert_eq(th_edit_distance("dump", "dupm"), 1);
	cr_assert_eq(th_edit_distance("kitten", "sitting"), 3);
}

Test(suggest, finds_the_nearest_or_nothing)
{
	static const char *const words[] = {"dump", "record", "replay", "show"};
	cr_assert_str_eq(th_suggest("recrod", words, 4), "record");
	cr_assert_str_eq(th_suggest("dmp", words, 4), "dump");
	cr_assert_str_eq(th_suggest("shwo", words, 4), "show");
	cr_assert_null(th_suggest("frobnicate", words, 4));
	cr_assert_null(th_suggest("x", words, 4));
	cr_assert_null(th_suggest("dump", words, 0));
}

Test(suggest, long_words_stay_within_bounds)
{
	char a[500], b[500];
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'b', sizeof(b) - 1);
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	cr_assert_eq(th_edit_distance(a, b), 31);
}
