#include "tools/when.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(when, durations)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {{"0s", 0}, {"5ns", 5}, {"10us", 10000}, {"250ms", 250000000},
		{"1.5s", 1500000000}, {".5s", 500000000}, {"2m", 120000000000},
		{"3h", 10800000000000}, {"7d", 604800000000000}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = 1;
		cr_assert(th_when_duration(cases[i].text, &ns), "%s", cases[i].text);
		cr_assert_eq(ns, cases[i].ns, "%s", cases[i].text);
	}
}

Test(when, what_is_no_duration)
{
	static const char *const cases[] = {"", "5", "s", ".s", "-5s", "+5s", "1e3s", "5 s", "5ss",
		"1.2.3s", "inf", "0x5s", "9999999999999d"};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = 77;
		cr_assert_not(th_when_duration(cases[i], &ns), "%s", cases[i]);
		cr_assert_eq(ns, 77);
	}
}

Test(when, times)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {{"2025-11-21T22:00:59.123Z", 1763762459123000000},
		{"2025-11-21 22:00:59Z", 1763762459000000000},
		{"2025-11-21T23:00:59", 1763762459000000000}, /* an hour east of Greenwich */
		{"2025-11-21T22:00Z", 1763762400000000000}, {"2025-11-21Z", 1763683200000000000},
		{"1m", 40000000000}, {"2m", 0}};
	setenv("TZ", "CET-1", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = 1;
		cr_assert(th_when_time(cases[i].text, 100000000000, &ns), "%s", cases[i].text);
		cr_assert_eq(ns, cases[i].ns, "%s: %lu", cases[i].text, ns);
	}
}

Test(when, what_is_no_time)
{
	static const char *const cases[] = {"", "yesterday", "2025-13-01", "2025-11-21T22:00:59.Z",
		"2025-11-21T22:00:59X", "2025-11-21 22", "12345", "1965-01-01Z"};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = 77;
		cr_assert_not(th_when_time(cases[i], 0, &ns), "%s", cases[i]);
		cr_assert_eq(ns, 77);
	}
}
