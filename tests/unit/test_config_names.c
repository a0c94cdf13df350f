/* shim/config_names.c: which names are ours misspelt, and what that leads to. */
#include "shim/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct th_config conf;
static char why[TH_CONFIG_WHY_MAX];

#define CHECK(mode, ...) check(mode, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static int check(enum th_config_mode mode, const char *const *envp)
{
	conf = (struct th_config){.mode = mode, .closed = conf.closed};
	strcpy(why, "untouched");
	return th_config_check_names(&conf, (char *const *)envp, why);
}

Test(config_names, names_of_ours_and_of_others_are_fine)
{
	cr_assert_eq(CHECK(TH_CONFIG_RECORD), 0);
	cr_assert_eq(th_config_check_names(&conf, NULL, why), 0);
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_MODE=record", "TRACEHOOK_CAPTURE=x",
			     "TRACEHOOK_CONTEXT=1", "TRACEPARENT=1", "TRACESTATE=a", "HOME=/"),
		0);
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_HOME=/x", "TRACEHOOK_LIB=/x.so",
			     "TRACEHOOK_BUILD=b", "TRACEHOOK_REPO=r", "TRACEHOOK_PATH=p",
			     "TRACEHOOK=1", "TRACE=1", "TRACEHOOK_=1", "TRAC"),
		0);
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_MOD="), 0, "empty counts as unset");
	cr_assert_str_eq(why, "untouched");
}

Test(config_names, the_mode_misspelt_closes_the_fence)
{
	static const char *const entries[] = {"TRACEHOOK_MOD=replay", "TRACEHOOK_MDOE=replay",
		"TRACEHOOK_MODEL=x", "TRACEHOOKMODE=replay", "TRACEHOOK-MODE=replay",
		"tracehook_mode=replay", "TRACHOOK_MODE=replay", "TRACEHOOK_WHAT=Replay",
		"TRACEHOOK_M= auto"};
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		cr_assert_eq(CHECK(TH_CONFIG_RECORD, "A=b", entries[i]), -EINVAL, "%s", entries[i]);
		cr_assert_eq(conf.verdict, TH_CONFIG_FENCED, "%s", entries[i]);
	}
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_MOD=replay"), -EINVAL);
	cr_assert_str_eq(why,
		"tracehook: TRACEHOOK_MOD=replay is no variable of tracehook's: TRACEHOOK_MODE?; "
		"network calls fail\n");
}

Test(config_names, beside_a_mode_the_mode_decides)
{
	cr_assert_eq(
		CHECK(TH_CONFIG_RECORD, "TRACEHOOK_MODE=record", "TRACEHOOK_MOD=replay"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_UNTOUCHED);
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_MODE=", "TRACEHOOK_MOD=replay"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED, "an empty one is none");
	cr_assert_eq(CHECK(TH_CONFIG_OFF, "TRACEHOOK_MODE=off", "TRACEHOOK_MOD=replay"), 0);
}

Test(config_names, other_names_misspelt_are_mistakes_as_wrong_values_are)
{
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_CAPTRUE=/x.thc"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_UNTOUCHED);
	cr_assert_str_eq(why,
		"tracehook: TRACEHOOK_CAPTRUE=/x.thc is no variable of tracehook's: "
		"TRACEHOOK_CAPTURE?; nothing is recorded\n");
	conf.closed = true;
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, "TRACEHOOK_CAPTRUE=/x.thc"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED, "TRACEHOOK_ON_ERROR=closed");
	conf.closed = false;
	cr_assert_eq(CHECK(TH_CONFIG_REPLAY, "TRACEHOOK_MODE=replay", "TRACEHOOK_MACTH=sequence"),
		-EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED);
}

Test(config_names, long_names_and_values_stay_within_bounds)
{
	static char name[400], value[400];
	memset(name, 'T', sizeof(name) - 3);
	memcpy(name, "TRACEHOOK_MODE", 14);
	memcpy(name + sizeof(name) - 3, "=x", 3);
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, name), 0);
	memset(value, 'v', sizeof(value) - 1);
	memcpy(value, "TRACEHOOK_PROPAGATES=", 21);
	cr_assert_eq(CHECK(TH_CONFIG_RECORD, value), -EINVAL);
	cr_assert(strlen(why) < TH_CONFIG_WHY_MAX);
	cr_assert_not_null(strstr(why, "nothing is recorded\n"));
}

Test(config_names, strangers_are_listed_one_by_one)
{
	const char *const envp[] = {
		"A=b", "TRACEHOOK_HOME=/x", "TRACEHOOK_MODE=record", "TRACEHOOK_LIB=y", NULL};
	size_t at = 0;
	cr_assert_str_eq(th_config_stranger((char *const *)envp, &at), "TRACEHOOK_HOME=/x");
	cr_assert_str_eq(th_config_stranger((char *const *)envp, &at), "TRACEHOOK_LIB=y");
	cr_assert_null(th_config_stranger((char *const *)envp, &at));
}
