#include "player/parsed.h"

#include <criterion/criterion.h>

#include "player/ca.h"

static uint8_t bytes[4096];
static struct th_ca *ca;

/* So many times the CA's own certificate, and behind it what is none. */
static struct th_slice chain_of(uint8_t *p, int n)
{
	struct th_slice der = th_ca_der(ca);
	struct th_out out = {.p = p, .cap = sizeof(bytes) / 2};
	for (int i = 0; i < n; i++) {
		th_out_u32(&out, (uint32_t)der.n);
		th_out_bytes(&out, der.p, der.n);
	}
	th_out_u32(&out, 3);
	th_out_bytes(&out, "???", 3);
	return (struct th_slice){p, out.n};
}

static void setup(void)
{
	ca = th_ca_create();
}

static void teardown(void)
{
	th_ca_destroy(ca);
}

TestSuite(parsed, .init = setup, .fini = teardown);

Test(parsed, a_chain_is_read_once)
{
	struct th_parsed *p = th_parsed_create();
	struct th_slice one = chain_of(bytes, 1), two = chain_of(bytes + sizeof(bytes) / 2, 2);
	STACK_OF(X509) *stack = th_parsed_chain(p, one);
	cr_expect_eq(sk_X509_num(stack), 1, "what cannot be read ends it");
	cr_expect_eq(sk_X509_num(th_parsed_chain(p, two)), 2);
	cr_expect_eq(th_parsed_chain(p, one), stack);
	cr_assert_null(th_parsed_destroy(p));
	cr_assert_null(th_parsed_destroy(NULL));
}

Test(parsed, a_chain_that_is_cut_short_gives_what_is_whole)
{
	struct th_slice two = chain_of(bytes, 2);
	for (size_t n = 0; n <= two.n; n++) {
		STACK_OF(X509) *stack = th_parsed_read((struct th_slice){two.p, n});
		size_t one = 4 + th_ca_der(ca).n;
		cr_expect_eq(sk_X509_num(stack), n < one ? 0 : n < 2 * one ? 1 : 2, "%zu", n);
		sk_X509_pop_free(stack, X509_free);
	}
}
