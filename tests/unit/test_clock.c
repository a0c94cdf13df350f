#include "base/clock.h"

#include <criterion/criterion.h>
#include <time.h>

TestSuite(clock);

Test(clock, patience_without_end_does_not_end)
{
	struct th_patience for_ever = th_patience_for(UINT64_MAX);
	struct th_patience hours = th_patience_for(UINT64_C(3600000000000));
	cr_expect_not(th_patience_over(&for_ever));
	cr_expect_not(th_patience_over(&hours));
}

Test(clock, no_patience_is_over_at_once)
{
	struct th_patience none = th_patience_for(0);
	cr_expect(th_patience_over(&none));
}

/* Who waits is not working; but nobody waits for ever. */
Test(clock, patience_is_for_work_and_has_a_bound)
{
	const uint64_t budget = 20000000;
	const struct timespec pause = {0, 1000000};
	uint64_t began = th_clock_mono();
	struct th_patience p = th_patience_for(budget);
	while (!th_patience_over(&p)) {
		nanosleep(&pause, NULL);
	}
	cr_expect_geq(th_clock_mono() - began, budget * TH_PATIENCE_STRETCH);
	p = th_patience_for(budget);
	p.wall = UINT64_MAX;
	while (!th_patience_over(&p)) {
	}
}
