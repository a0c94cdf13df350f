#include "player/peers.h"

#include <criterion/criterion.h>

#include "made_run.h"

static struct made *m;
static struct th_process *process;

static void setup(void)
{
	m = made_new();
	process = made_process(m, "0");
}

static void teardown(void)
{
	free(m);
}

TestSuite(peers, .init = setup, .fini = teardown);

static struct th_connection *connection(void)
{
	struct th_connection *c = made_connection(m, process, (uint32_t)m->run.n_connections + 1);
	c->transport = TH_TRANSPORT_OPENSSL;
	c->name = c->sni = th_slice_str("a.example");
	c->alpn = th_slice_str("h2");
	return c;
}

Test(peers, many_connections_have_one_peer)
{
	struct th_peers p;
	struct th_connection *first = connection();
	for (int i = 0; i < 40; i++) {
		connection()->certificates = (struct th_slice){NULL, 0};
	}
	cr_assert_eq(th_peers_init(&p, &m->run), 0);
	cr_expect_eq(p.n, 1);
	cr_expect_eq(p.at[0], first);
	th_peers_finish(&p);
}

Test(peers, whatever_tells_peers_apart_makes_another)
{
	struct th_peers p;
	connection();
	connection()->family = 6;
	connection()->port = 81;
	connection()->address[15] = 1;
	connection()->transport = TH_TRANSPORT_PLAIN;
	connection()->name = th_slice_str("b.example");
	connection()->sni = th_slice_str("b.example");
	connection()->alpn = th_slice_str("http/1.1");
	connection()->certificates = th_slice_str("1");
	size_t n = m->run.n_connections;
	connection()->certificates = th_slice_str("2"); /* of the same, the first counts */
	connection()->transport = TH_TRANSPORT_GNUTLS;
	cr_assert_eq(th_peers_init(&p, &m->run), 0);
	cr_expect_eq(p.n, n);
	for (size_t i = 0; i < n; i++) {
		cr_expect_eq(p.at[i], &m->connections[i], "in the run's order");
	}
	th_peers_finish(&p);
}

Test(peers, a_run_without_connections_has_none)
{
	struct th_peers p;
	cr_assert_eq(th_peers_init(&p, &m->run), 0);
	cr_expect_eq(p.n, 0);
	th_peers_finish(&p);
	th_peers_finish(&p);
}
