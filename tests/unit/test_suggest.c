#include "tools/suggest.h"

#include <criterion/criterion.h>

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
