#include "tools/units.h"

#include <criterion/criterion.h>

Test(units, bytes)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {{0, "0"}, {9999, "9999"}, {10000, "10.0k"}, {999949, "999.9k"},
		{999950, "1.0M"}, {64000000, "64.0M"}, {1234567890, "1.2G"}, {UINT64_MAX, "18.4E"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TH_UNITS_TEXT];
		cr_assert_str_eq(th_units_bytes(text, cases[i].bytes), cases[i].text);
	}
}

Test(units, durations)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {{0, "0.00ms"}, {210000, "0.21ms"}, {12345678, "12.3ms"}, {1240000000, "1.24s"},
		{83000000000, "83.0s"}, {725000000000, "12m05s"}, {11520000000000, "3h12m"},
		{UINT64_MAX, "5124095h34m"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TH_UNITS_TEXT];
		cr_assert_str_eq(th_units_duration(text, cases[i].ns), cases[i].text);
	}
}

Test(units, dates)
{
	char text[TH_UNITS_TEXT + 8];
	setenv("TZ", "UTC", 1);
	cr_assert_str_eq(th_units_date(text, 1763762459123456789u), "2025-11-21 22:00:59.123");
	th_units_date(text, UINT64_MAX);
	cr_assert_lt(strlen(text), sizeof(text));
}

Test(units, dates_of_files)
{
	char text[TH_UNITS_TEXT + 8];
	cr_expect_str_eq(th_units_iso(text, 0), "1970-01-01T00:00:00.000Z");
	cr_expect_str_eq(th_units_iso(text, 1763762459123456789u), "2025-11-21T22:00:59.123Z");
}
