/* What is made before it is asked for: it is what would be made then, and of named servers alone.
 */
#include "player/ready.h"

#include <criterion/criterion.h>
#include <openssl/x509v3.h>

#include "player/serve.h"
#include "stage.h"

static struct stage *s;

static void setup(void)
{
	s = stage_new();
	s->connection->transport = TH_TRANSPORT_OPENSSL;
	s->connection->sni = TH_SLICE_LIT("api.example.test");
	s->serving = (struct th_serving){
		.run = &s->m->run, .ca = th_ca_create(), .parsed = th_parsed_create()};
}

static void teardown(void)
{
	s->serving.ca = th_ca_destroy(s->serving.ca);
	s = stage_free(s);
}

TestSuite(ready, .init = setup, .fini = teardown);

static X509 *asked_for(const char *name)
{
	return th_ca_leaf(s->serving.ca, &(struct th_ca_subject){.names = &name, .n_names = 1});
}

Test(ready, servers_with_a_name_have_their_certificate)
{
	cr_assert_eq(th_ca_leaves(s->serving.ca), 0);
	cr_assert(th_serve_tls_ready(&s->serving, s->connection));
	cr_expect_eq(th_ca_leaves(s->serving.ca), 1);
	cr_expect_eq(
		X509_check_host(asked_for("api.example.test"), "api.example.test", 0, 0, NULL), 1);
	cr_expect_eq(th_ca_leaves(s->serving.ca), 1, "it was there");
}

Test(ready, others_are_made_when_they_are_asked_for)
{
	s->connection->sni = (struct th_slice){NULL, 0};
	cr_expect_not(th_serve_tls_ready(&s->serving, s->connection));
	s->connection->sni = TH_SLICE_LIT("api.example.test");
	s->connection->transport = TH_TRANSPORT_PLAIN;
	cr_expect_not(th_serve_tls_ready(&s->serving, s->connection));
	cr_expect_eq(th_ca_leaves(s->serving.ca), 0);
}

Test(ready, all_of_a_run_are_made_beside_it)
{
	cr_assert_eq(th_peers_init(&s->serving.peers, &s->m->run), 0);
	struct th_ready *r = th_ready_create(&s->serving);
	cr_assert_not_null(r);
	while (th_ca_leaves(s->serving.ca) == 0) {
		sched_yield();
	}
	cr_expect_null(th_ready_destroy(r));
	cr_expect_eq(th_ca_leaves(s->serving.ca), 1);
	cr_expect_null(th_ready_destroy(NULL));
}
