/* Runs made by hand: three questions, each asked at 10, 20, 30. */
#include "player/order.h"

#include <criterion/criterion.h>
#include <time.h>

#include "base/clock.h"

static struct th_connection connections[3];
static struct th_exchange exchanges[3];
static struct th_exchange *in_order[3];
static struct th_run run = {.exchanges = in_order, .n_exchanges = 3};
static struct th_order *order;

static void setup(void)
{
	for (size_t i = 0; i < 3; i++) {
		in_order[i] = &exchanges[i];
		exchanges[i] = (struct th_exchange){.connection = &connections[i], .order = i};
		exchanges[i].request.began = 10 * (i + 1);
		exchanges[i].request.version = 11;
	}
	order = th_order_create(&run);
}

static void teardown(void)
{
	cr_assert_null(th_order_destroy(order));
}

TestSuite(order, .init = setup, .fini = teardown);

Test(order, one_thing_at_a_time_never_waits)
{
	for (size_t i = 0; i < 3; i++) {
		cr_assert(th_order_clear(order, &exchanges[i], exchanges[i].request.began + 9));
	}
}

Test(order, what_was_asked_before_the_answer_is_waited_for)
{
	cr_assert_not(th_order_clear(order, &exchanges[0], 35));
	cr_assert_not(th_order_clear(order, &exchanges[0], 25));
	th_order_asked(order, &exchanges[1]);
	cr_assert(th_order_clear(order, &exchanges[0], 25));
	cr_assert_not(th_order_clear(order, &exchanges[0], 35));
	th_order_asked(order, &exchanges[2]);
	cr_assert(th_order_clear(order, &exchanges[0], 35));
}

Test(order, what_was_asked_earlier_is_not_waited_for)
{
	cr_assert(th_order_clear(order, &exchanges[2], 1000));
	th_order_asked(order, &exchanges[2]);
	cr_assert(th_order_clear(order, &exchanges[1], 1000));
}

Test(order, pipelined_questions_are_not_waited_for_but_multiplexed_ones_are)
{
	exchanges[1].connection = exchanges[0].connection;
	cr_assert(th_order_clear(order, &exchanges[0], 25));
	exchanges[0].request.version = exchanges[1].request.version = 20;
	cr_assert_not(th_order_clear(order, &exchanges[0], 25));
}

Test(order, patience_ends_when_all_is_quiet)
{
	uint64_t now = th_clock_mono();
	cr_assert_not(th_order_patient(order, now), "nobody has ever connected");
	th_order_stirred(order);
	cr_assert(th_order_patient(order, now));
	cr_assert_not(th_order_patient(order, now - TH_ORDER_WAIT_NS), "enough is enough");
	struct timespec quiet = {.tv_nsec = TH_ORDER_QUIET_NS + 10000000};
	nanosleep(&quiet, NULL);
	cr_assert_not(th_order_patient(order, now));
	th_order_asked(order, &exchanges[0]);
	cr_assert(th_order_patient(order, now));
}

Test(order, an_empty_run_is_fine)
{
	struct th_run none = {0};
	cr_assert_null(th_order_destroy(th_order_create(&none)));
	cr_assert_null(th_order_destroy(NULL));
}
