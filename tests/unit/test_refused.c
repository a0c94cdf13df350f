#include "relay/refused.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(refused, remembers_names)
{
	struct th_refused *r = th_refused_create();
	cr_assert(!th_refused_has(r, "a.example"));
	th_refused_add(r, "a.example");
	th_refused_add(r, "a.example");
	cr_assert(th_refused_has(r, "a.example"));
	cr_assert(!th_refused_has(r, "b.example"));
	cr_assert(!th_refused_was_accepted(r, "a.example"));
	th_refused_accepted(r, "b.example");
	cr_assert(th_refused_was_accepted(r, "b.example"));
	cr_assert(!th_refused_has(r, "b.example"));
	cr_assert_null(th_refused_destroy(r));
	cr_assert_null(th_refused_destroy(NULL));
}

Test(refused, forgets_the_oldest)
{
	struct th_refused *r = th_refused_create();
	char name[32];
	for (int i = 0; i <= TH_REFUSED_MAX; i++) {
		snprintf(name, sizeof(name), "%d.example", i);
		th_refused_add(r, name);
	}
	cr_assert(!th_refused_has(r, "0.example"));
	cr_assert(th_refused_has(r, "1.example"));
	cr_assert(th_refused_has(r, name));
	th_refused_destroy(r);
}
