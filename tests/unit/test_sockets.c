#include "player/sockets.h"

#include <criterion/criterion.h>

#include "made_run.h"

static struct made *m;
static struct th_process *p;

static void setup(void)
{
	m = made_new();
	p = made_process(m, "0");
}

static void teardown(void)
{
	free(m);
}

TestSuite(sockets, .init = setup, .fini = teardown);

static struct th_connection *opened(uint64_t time, uint8_t transport, uint8_t speaks)
{
	struct th_connection *c = made_connection(m, p, (uint32_t)m->run.n_connections + 1);
	c->connect_began = time;
	c->transport = transport;
	c->speaks = speaks;
	return c;
}

Test(sockets, tls_and_its_socket_are_one)
{
	struct th_connection *a = opened(10, TH_TRANSPORT_OPENSSL, TH_SPEAKS_HTTP1);
	struct th_connection *b = opened(20, TH_TRANSPORT_PLAIN, TH_SPEAKS_HTTP1);
	struct th_connection *under = opened(10, TH_TRANSPORT_PLAIN, TH_SPEAKS_TLS);
	struct th_sockets *s = th_sockets_create(&m->run);
	cr_expect_eq(th_sockets_ordinal(s, a), 1);
	cr_expect_eq(th_sockets_ordinal(s, under), 1);
	cr_expect_eq(th_sockets_ordinal(s, b), 2);
	cr_expect_eq(th_sockets_under(s, a), under);
	cr_expect_null(th_sockets_under(s, under));
	cr_expect_null(th_sockets_under(s, b));
	cr_expect_null(th_sockets_destroy(s));
}

Test(sockets, processes_count_for_themselves_and_failures_do_not)
{
	struct th_connection *a = opened(10, 0, 0), *failed = opened(20, 0, 0);
	struct th_connection *local = opened(25, 0, 0), *b = opened(30, 0, 0);
	failed->error = 111;
	local->family = 1; /* a Unix socket counts like any other */
	p = made_process(m, "0.0");
	struct th_connection *other = opened(15, 0, 0);
	struct th_sockets *s = th_sockets_create(&m->run);
	cr_expect_eq(th_sockets_ordinal(s, a), 1);
	cr_expect_eq(th_sockets_ordinal(s, failed), 0);
	cr_expect_eq(th_sockets_ordinal(s, local), 2);
	cr_expect_eq(th_sockets_ordinal(s, b), 3);
	cr_expect_eq(th_sockets_ordinal(s, other), 1);
	th_sockets_destroy(s);
}

Test(sockets, numbers_are_dense_and_strangers_have_none)
{
	struct th_connection *a = opened(0, 0, 0), *b = opened(0, 0, 0), stranger;
	struct th_sockets *s = th_sockets_create(&m->run);
	cr_expect_eq(th_sockets_number(s, a) + th_sockets_number(s, b), 1);
	cr_expect_neq(
		th_sockets_ordinal(s, a), th_sockets_ordinal(s, b), "unknown times pair nobody");
	cr_expect_eq(th_sockets_number(s, &stranger), TH_SOCKET_NONE);
	cr_expect_eq(th_sockets_number(s, NULL), TH_SOCKET_NONE);
	cr_expect_eq(th_sockets_ordinal(s, NULL), 0);
	th_sockets_destroy(s);
}
