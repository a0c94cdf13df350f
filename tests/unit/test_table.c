#include "tools/table.h"

#include <criterion/criterion.h>

#include "tests/unit/printed.h"
#include "tools/utf8.h"

static const struct th_table_column columns[] = {{"#", true, TH_FIT_WHOLE, 0, 0},
	{"method", false, TH_FIT_WHOLE, 0, 1}, {"url", false, TH_FIT_MIDDLE, 10, 0},
	{"bytes", true, TH_FIT_WHOLE, 0, 2}};

static struct th_table *sample(void)
{
	struct th_table *t = th_table_create(columns, 4);
	const char *const first[] = {"1", "GET", "https://example.test/a/long/path/to/it", "12"};
	const char *const second[] = {"10", "POST", "http://x/", NULL};
	th_table_add(t, TH_TONE_NORMAL, first);
	th_table_add(t, TH_TONE_BAD, second);
	return t;
}

static void check(unsigned width, bool colour, const char *expected)
{
	struct th_table *t = sample();
	TH_PRINTED(text, th_table_print(t, out, width, colour));
	cr_assert_str_eq(text, expected);
	free(text);
	th_table_destroy(t);
}

Test(table, fits_when_there_is_room)
{
	check(80, false,
		" #  method  url                                     bytes\n"
		" 1  GET     https://example.test/a/long/path/to/it     12\n"
		"10  POST    http://x/\n");
}

Test(table, shortens_the_middle_first)
{
	check(40, false,
		" #  method  url                    bytes\n"
		" 1  GET     https://\xe2\x80\xa6g/path/to/it     12\n"
		"10  POST    http://x/\n");
}

Test(table, then_leaves_out_what_matters_least)
{
	check(24, false,
		" #  method  url\n"
		" 1  GET     http\xe2\x80\xa6h/to/it\n"
		"10  POST    http://x/\n");
	check(16, false,
		" #  url\n"
		" 1  http\xe2\x80\xa6h/to/it\n"
		"10  http://x/\n");
}

Test(table, no_line_is_wider_than_asked)
{
	struct th_table *t = sample();
	for (unsigned width = 1; width < 90; width++) {
		TH_PRINTED(text, th_table_print(t, out, width, false));
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			cr_assert_leq(th_utf8_columns(line), width);
		}
		free(text);
	}
	th_table_destroy(t);
}

Test(table, colours_rows_by_tone)
{
	check(16, true,
		"\x1b[1m #  url\x1b[0m\n"
		" 1  http\xe2\x80\xa6h/to/it\n"
		"\x1b[31m10  http://x/\x1b[0m\n");
}

Test(table, without_rows_prints_the_titles)
{
	struct th_table *t = th_table_create(columns, 4);
	TH_PRINTED(text, th_table_print(t, out, 80, false));
	cr_assert_str_eq(text, "#  method  url  bytes\n");
	free(text);
	th_table_destroy(t);
	cr_assert_null(th_table_destroy(NULL));
}

/* Wide characters are never cut in half. */
Test(table, shortens_by_columns_not_bytes)
{
	const char *text = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac";
	for (size_t n = 0; n <= 11; n++) {
		for (int middle = 0; middle <= 1; middle++) {
			char *cut = th_table_shorten(text, n, middle);
			cr_assert(th_utf8_valid(th_slice_str(cut)));
			cr_assert_leq(th_utf8_columns(cut), n);
			cr_assert_geq(th_utf8_columns(cut) + 2, n > 10 ? 10 : n);
			free(cut);
		}
	}
}
