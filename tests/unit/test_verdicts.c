#include "player/verdicts.h"

#include <criterion/criterion.h>

static struct th_process root = {.lane = "0"}, child = {.lane = "0.1"}, idle = {.lane = "0.2"};
static struct th_process *processes[] = {&root, &child, &idle};
static struct th_connection conns[8];
static struct th_connection *list[8];
static struct th_run run = {.connections = list, .processes = processes, .n_processes = 3};

enum {
	ROOT,
	CHILD,
	IDLE,
	STRANGER
};

static void recorded(struct th_process *p, const char *sni, enum th_end end, uint32_t code)
{
	struct th_connection *c = &conns[run.n_connections];
	*c = (struct th_connection){.process = p,
		.transport = TH_TRANSPORT_OPENSSL,
		.family = 4,
		.port = 443,
		.sni = th_slice_str(sni),
		.end = end,
		.end_code = code};
	list[run.n_connections++] = c;
}

static uint32_t next(struct th_verdicts *v, uint32_t process, const char *sni, uint16_t port)
{
	const struct th_hello hello = {.family = 4, .port = port};
	return th_verdicts_next(v, process, &hello, sni).code;
}

Test(verdicts, come_in_the_order_of_each_process)
{
	recorded(&root, "a.test", TH_END_TLS, TH_TLS_CODE(TH_TLS_OPENSSL, 20));
	recorded(&root, "a.test", TH_END_LOCAL, 0);
	recorded(&child, "a.test", TH_END_TLS, TH_TLS_CODE(TH_TLS_ALERT, 70));
	recorded(&root, "b.test", TH_END_TLS, TH_TLS_CODE(TH_TLS_RESET, 104));
	struct th_verdicts *v = th_verdicts_create(&run);
	cr_expect_eq(next(v, CHILD, "a.test", 443), TH_TLS_CODE(TH_TLS_ALERT, 70));
	cr_expect_eq(next(v, ROOT, "A.test", 443), TH_TLS_CODE(TH_TLS_OPENSSL, 20));
	cr_expect_eq(next(v, ROOT, "a.test", 443), 0);
	cr_expect_eq(next(v, ROOT, "a.test", 443), 0, "the last one again");
	cr_expect_eq(next(v, CHILD, "a.test", 443), TH_TLS_CODE(TH_TLS_ALERT, 70));
	cr_expect_eq(next(v, ROOT, "b.test", 443), TH_TLS_CODE(TH_TLS_RESET, 104));
	cr_expect_eq(next(v, ROOT, "b.test", 444), 0, "another server");
	for (uint32_t other = IDLE; other <= STRANGER; other++) {
		cr_expect_eq(next(v, other, "a.test", 443), 0, "somebody was let in");
		cr_expect_eq(next(v, other, "b.test", 443), TH_TLS_CODE(TH_TLS_RESET, 104));
	}
	cr_expect_null(th_verdicts_destroy(v));
}

/* Without a name the address tells; a verdict on a connection that went on counts as well. */
Test(verdicts, of_addresses_and_of_what_was_overlooked)
{
	recorded(&root, "", TH_END_LOCAL, 0);
	conns[0].verdict = TH_TLS_CODE(TH_TLS_GNUTLS, 66);
	recorded(&root, "", TH_END_TLS, TH_TLS_CODE(TH_TLS_CLOSED, 0));
	conns[1].transport = TH_TRANSPORT_PLAIN;
	struct th_verdicts *v = th_verdicts_create(&run);
	cr_expect_eq(next(v, ROOT, "", 443), TH_TLS_CODE(TH_TLS_GNUTLS, 66));
	cr_expect_eq(next(v, ROOT, "", 80), 0);
	th_verdicts_destroy(v);
	cr_expect_null(th_verdicts_destroy(NULL));
}

/* The alert of a server that did not wait to be asked; of one that did it ends an exchange. */
Test(verdicts, an_alert_may_follow_the_handshake)
{
	recorded(&root, "a.test", TH_END_ALERT, 116);
	recorded(&root, "b.test", TH_END_ALERT, 42);
	conns[1].speaks = TH_SPEAKS_HTTP1;
	struct th_verdicts *v = th_verdicts_create(&run);
	const struct th_hello hello = {.family = 4, .port = 443};
	struct th_verdict first = th_verdicts_next(v, ROOT, &hello, "a.test");
	cr_expect_eq(first.code, 0);
	cr_expect_eq(first.alert, 116);
	cr_expect_eq(th_verdicts_next(v, ROOT, &hello, "b.test").alert, 0);
	th_verdicts_destroy(v);
}
