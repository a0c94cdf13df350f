#include "tools/settings.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>

static bool allowed(const char *variable, const char *value)
{
	const char *what;
	return th_settings_allowed(variable, value, &what);
}

Test(settings, knows_the_words_of_each_variable)
{
	cr_assert(allowed("TRACEHOOK_MATCH", "canonical"));
	cr_assert(allowed("TRACEHOOK_MATCH", "volatile,sequence"));
	cr_assert_not(allowed("TRACEHOOK_MATCH", "volatile,"));
	cr_assert_not(allowed("TRACEHOOK_MATCH", "volatile sequence"));
	cr_assert_not(allowed("TRACEHOOK_MATCH", "fuzzy"));
	cr_assert(allowed("TRACEHOOK_ON_MISS", "live"));
	cr_assert_not(allowed("TRACEHOOK_ON_MISS", "fai"));
	cr_assert_not(allowed("TRACEHOOK_ON_MISS", "fail "));
	cr_assert_not(allowed("TRACEHOOK_NO_SUCH", "1"));
}

Test(settings, reads_numbers_strictly)
{
	cr_assert(allowed("TRACEHOOK_PACE", "0"));
	cr_assert(allowed("TRACEHOOK_PACE", "0.5"));
	cr_assert(allowed("TRACEHOOK_PACE", "20"));
	static const char *const bad[] = {"", "-1", "1x", "0x1", "nan", "inf", "1e3", ".", "1.2.3"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_not(allowed("TRACEHOOK_PACE", bad[i]), "%s", bad[i]);
	}
	cr_assert(allowed("TRACEHOOK_SAMPLE", "1"));
	cr_assert_not(allowed("TRACEHOOK_SAMPLE", "1.01"));
}

Test(settings, reads_ids_pairs_and_files)
{
	cr_assert(allowed("TRACEHOOK_TRACE_ID", "00ff"));
	cr_assert_not(allowed("TRACEHOOK_TRACE_ID", "00fg"));
	cr_assert_not(allowed("TRACEHOOK_TRACE_ID", "000000000000000000000000000000000"));
	cr_assert(allowed("TRACEHOOK_META", "a=b,c="));
	cr_assert_not(allowed("TRACEHOOK_META", "a"));
	cr_assert_not(allowed("TRACEHOOK_META", "=b"));
	cr_assert_not(allowed("TRACEHOOK_META", "a=b,"));
	cr_assert(allowed("TRACEHOOK_REDACT", "off"));
	cr_assert(allowed("TRACEHOOK_REDACT", "/dev/null"));
	cr_assert_not(allowed("TRACEHOOK_REDACT", "/no/such/rules"));
}

Test(settings, check_names_the_variable_that_is_wrong, .init = cr_redirect_stderr)
{
	setenv("TRACEHOOK_SAMPLE", "1", 1);
	setenv("TRACEHOOK_PACE", "", 1);
	cr_assert(th_settings_check());
	setenv("TRACEHOOK_ON_MISS", "explode", 1);
	cr_assert_not(th_settings_check());
	fflush(stderr);
	cr_assert_stderr_eq_str("tracehook: TRACEHOOK_ON_MISS=explode means nothing; it takes "
				"\"fail\", \"abort\" or \"live\"\n");
}
