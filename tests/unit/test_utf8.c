#include "tools/utf8.h"

#include <criterion/criterion.h>

#include "tests/unit/guard.h"
#include "tests/unit/printed.h"

static bool valid(const char *text)
{
	return th_utf8_valid(th_guard(th_slice_str(text)));
}

Test(utf8, accepts_each_length_and_its_edges)
{
	cr_assert(valid(""));
	cr_assert(valid("\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbf \xf0\x90\x80\x80 "
			"\xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80"));
}

Test(utf8, refuses_overlong_surrogates_cut_and_stray)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z",
		"\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf0\x9f\x98", "\xfe", "\xff", "ok\xff"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_not(valid(bad[i]), "%zu", i);
	}
}

Test(utf8, counts_columns)
{
	cr_assert_eq(th_utf8_columns("abc"), 3);
	cr_assert_eq(th_utf8_columns("\xc3\xa9"), 1);
	cr_assert_eq(th_utf8_columns("e\xcc\x81"), 1, "a combining accent has no column");
	cr_assert_eq(th_utf8_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	cr_assert_eq(th_utf8_columns("\xf0\x9f\x98\x80"), 2);
}

static void check_line(struct th_slice in, const char *expected)
{
	char *line = th_text_line(in);
	cr_assert_str_eq(line, expected);
	free(line);
}

/* What could drive a terminal, or make a text read other than it is, is shown, not done. */
Test(utf8, a_line_is_safe_to_show)
{
	check_line(TH_SLICE_LIT("plain \xc3\xa9"), "plain \xc3\xa9");
	check_line(TH_SLICE_LIT("a\nb\r\tc"), "a\\nb\\r\\tc");
	check_line(TH_SLICE_LIT("\x1b[31m\0\x7f"), "\\x1b[31m\\x00\\x7f");
	check_line(TH_SLICE_LIT("\xff\xc3"), "\\xff\\xc3");
	check_line(TH_SLICE_LIT("\xc2\x9b"
				"1m"),
		"\\x9b1m");
	check_line(TH_SLICE_LIT("\xe2\x80\xae"), "\\u202e");
	check_line((struct th_slice){NULL, 0}, "");
}

Test(utf8, a_text_keeps_its_lines)
{
	TH_PRINTED(text, th_text_print(out, TH_SLICE_LIT("a\r\n\tb\rc\n\x1b")));
	cr_assert_str_eq(text, "a\n\tb\\rc\n\\x1b");
	free(text);
}
