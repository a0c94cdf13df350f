#include "tools/settings.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>

Test(settings, reads_numbers_strictly)
{
	static const char *const bad[] = {
		"", "-1", "1x", "0x1", "nan", "inf", "1e3", ".", "1.2.3", "+1", " 1"};
	double v = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_not(th_settings_number(bad[i], &v), "%s", bad[i]);
	}
	cr_assert_eq(v, 7, "untouched on failure");
	cr_assert(th_settings_number("0.5", &v));
	cr_assert_eq(v, 0.5);
	cr_assert(th_settings_number("20", &v));
	cr_assert_eq(v, 20);
}

Test(settings, names_the_variable_that_is_wrong, .init = cr_redirect_stderr)
{
	struct th_config c;
	setenv("TRACEHOOK_MODE", "no such mode: the tool sets its own", 1);
	setenv("TRACEHOOK_PACE", "", 1);
	setenv("TRACEHOOK_CONTEXT", "of an outer run", 1);
	cr_assert(th_settings_read("record", &c));
	setenv("TRACEHOOK_ON_MISS", "explode", 1);
	cr_assert_not(th_settings_read("record", &c));
	fflush(stderr);
	cr_assert_stderr_eq_str("tracehook: TRACEHOOK_ON_MISS=explode is not fail, abort or live; "
				"nothing was run\n");
}

Test(settings, gives_what_the_player_needs)
{
	struct th_config c;
	setenv("TRACEHOOK_MATCH", "sequence", 1);
	setenv("TRACEHOOK_TRACE_ID", "00ff", 1);
	cr_assert(th_settings_read("replay", &c));
	cr_assert_str_eq(c.match, "sequence");
	cr_assert_str_eq(c.trace_prefix, "00ff");
	cr_assert_null(c.report);
}
