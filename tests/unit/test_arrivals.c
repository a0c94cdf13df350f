#include "player/arrivals.h"

#include <criterion/criterion.h>

#include "base/clock.h"
#include "made_run.h"
#include "player/order.h"

#define MS 1000000ull

static struct made *m;
static struct th_sockets *sockets;
static struct th_arrivals *arrivals;

/* Two TLS connections, opened at 10 and 20 ms and usable at `ready` and 60 ms. */
static void begin(uint64_t ready)
{
	m = made_new();
	struct th_process *p = made_process(m, "0");
	for (uint32_t i = 1; i <= 2; i++) {
		struct th_connection *c = made_connection(m, p, i);
		c->transport = TH_TRANSPORT_OPENSSL;
		c->connect_began = 10 * i * MS;
		c->began = i == 1 ? ready * MS : 60 * MS;
	}
	sockets = th_sockets_create(&m->run);
	arrivals = th_arrivals_create(&m->run, sockets);
}

static void end(void)
{
	cr_expect_null(th_arrivals_destroy(arrivals));
	th_sockets_destroy(sockets);
	free(m);
}

static uint64_t wait_for(uint32_t process, uint32_t ordinal)
{
	uint64_t began = th_clock_mono();
	th_arrivals_wait(arrivals, process, ordinal);
	return th_clock_mono() - began;
}

Test(arrivals, a_handshake_waits_for_what_was_opened_during_it)
{
	begin(30);
	th_arrivals_note(arrivals, 0);
	cr_expect_geq(wait_for(0, 1), TH_ORDER_LEAST_NS);
	cr_expect_lt(wait_for(0, 1), TH_ORDER_LEAST_NS, "but not twice");
	end();
}

Test(arrivals, nobody_waits_when_all_are_here)
{
	begin(30);
	th_arrivals_note(arrivals, 0);
	th_arrivals_note(arrivals, 0);
	cr_expect_lt(wait_for(0, 1), TH_ORDER_LEAST_NS);
	cr_expect_lt(wait_for(0, 2), TH_ORDER_LEAST_NS);
	end();
}

Test(arrivals, one_after_the_other_never_waits)
{
	begin(15);
	th_arrivals_note(arrivals, 0);
	cr_expect_lt(wait_for(0, 1), TH_ORDER_LEAST_NS);
	end();
}

Test(arrivals, strangers_never_wait)
{
	begin(30);
	th_arrivals_note(arrivals, UINT32_MAX);
	cr_expect_lt(wait_for(UINT32_MAX, 1), TH_ORDER_LEAST_NS);
	cr_expect_lt(wait_for(0, 0), TH_ORDER_LEAST_NS);
	cr_expect_lt(wait_for(0, 3), TH_ORDER_LEAST_NS);
	end();
}
