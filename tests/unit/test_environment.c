/* shim/environment.c: gives what getenv() gives, of the names that settings ask for. */
#include "shim/environment.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MANY 200

static const char *const asked[] = {"TRACEHOOK_MODE", "TRACEHOOK_CAPTURE", "TRACEPARENT", "HOME",
	"BAGGAGE", "XDG_STATE_HOME", "TRACEHOOK_MOD", "T", "TRACEHOOK_LAST"};

static void compare(const char **entries)
{
	environ = (char **)entries;
	th_environment_begin();
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		const char *expected = getenv(asked[i]), *got = th_environment_get(NULL, asked[i]);
		cr_assert_eq(expected, got, "%s: %s, not %s", asked[i], got ? got : "(none)",
			expected ? expected : "(none)");
	}
}

Test(environment, gives_what_getenv_gives)
{
	compare((const char *[]){"PATH=/bin", "HOME=/root", "TRACEHOOK_MODE=replay",
		"BAGGAGE=", "TERM=x", "TRACEHOOK_MODE=off", "XDG_STATE_HOMES=/no", "TRACEPARENT",
		"T=1=2", "", NULL});
}

Test(environment, nothing_is_given_of_an_empty_one)
{
	compare((const char *[]){NULL});
	compare(NULL);
}

/* More than are picked out. */
Test(environment, the_last_of_many_is_found)
{
	static char names[MANY][32];
	const char *entries[MANY + 2] = {NULL};
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "TRACEHOOK_%zu=%zu", i, i);
		entries[i] = names[i];
	}
	entries[MANY] = "TRACEHOOK_LAST=found";
	compare(entries);
	cr_assert_str_eq(th_environment_get(NULL, "TRACEHOOK_LAST"), "found");
}
