#include "player/volatile.h"

#include <criterion/criterion.h>

#include "made_run.h"

#define HEAD "tracehook-rules 1\n"
#define ID1 "0b7a1c9e-1f00-4abc-8def-0123456789ab"
#define ID2 "ffffffff-1f00-4abc-8def-0123456789ab"

static struct th_rules *rules;

static void use(const char *text)
{
	char why[TH_RULES_WHY_BYTES] = "";
	th_rules_destroy(rules);
	rules = NULL;
	cr_assert_eq(th_rules_parse(th_slice_str(text), &rules, why), 0, "%s", why);
}

static void teardown(void)
{
	rules = th_rules_destroy(rules);
}

TestSuite(volatile, .fini = teardown);

static void canon(const char *head, const char *body, struct th_canon *ret)
{
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_exchange *x = made_exchange(m, c, 1, head, body, NULL, NULL);
	cr_assert_eq(th_canon_request(x, ret), 0);
	cr_assert_eq(th_volatile_take(rules, ret), 0);
	free(m);
}

struct pair {
	struct th_canon a, r;
};

static struct pair two(const char *head_a, const char *a, const char *head_r, const char *r)
{
	struct pair p = {0};
	canon(head_a, a, &p.a);
	canon(head_r, r, &p.r);
	return p;
}

static void drop(struct pair *p)
{
	th_canon_finish(&p->a);
	th_canon_finish(&p->r);
}

static bool same(const char *head_a, const char *a, const char *head_r, const char *r)
{
	struct pair p = two(head_a, a, head_r, r);
	bool equal = memcmp(&p.a.masked, &p.r.masked, sizeof(p.a.masked)) == 0;
	drop(&p);
	return equal;
}

#define POST(type) \
	"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Type: " type "\r\nContent-Length: 9\r\n\r\n"
#define JSON POST("application/json")
#define SAME(a, r) cr_expect(same(JSON, a, JSON, r), "%s / %s", a, r)
#define OTHER(a, r) cr_expect_not(same(JSON, a, JSON, r), "%s / %s", a, r)

Test(volatile, without_a_named_file_the_patterns_hold_anywhere)
{
	rules = th_rules_builtin();
	SAME("{\"a\":\"x " ID1 " y\"}", "{\"a\":\"x " ID2 " y\"}");
	SAME("{\"t\":1763772913}", "{\"t\":1763772999}");
	OTHER("{\"a\":\"x " ID1 " y\"}", "{\"a\":\"x " ID2 " z\"}");
	OTHER("{\"a\":\"" ID1 "\"}", "{\"b\":\"" ID1 "\"}");
	OTHER("{\"a\":\"" ID1 "\"}", "{\"a\":\"2026-11-22\"}");
	OTHER("{\"t\":1763772913}", "{\"t\":\"1763772999\"}");
	OTHER("{\"a\":1}", "{\"a\":2}");
	cr_expect(same("GET /s/" ID1 "?q=2026-11-22T00%3A55%3A13 HTTP/1.1\r\nHost: a\r\nX: " ID1
		       "\r\n\r\n",
		NULL,
		"GET /s/" ID2 "?q=2026-11-23T01%3a55%3a13 HTTP/1.1\r\nHost: a\r\nX: " ID2
		"\r\n\r\n",
		NULL));
	cr_expect_not(same("GET /s HTTP/1.1\r\nHost: 127.0.0.1:40001\r\n\r\n", NULL,
			      "GET /s HTTP/1.1\r\nHost: 127.0.0.1:40002\r\n\r\n", NULL),
		"to whom is asked is never relaxed");
}

Test(volatile, json_rules_hold_at_their_pointer_and_below)
{
	use(HEAD "json /meta any\njson /messages/*/content uuid\njson /note optional\n");
	SAME("{\"meta\":{\"x\":[1]},\"m\":1}", "{\"meta\":null,\"m\":1}");
	OTHER("{\"m\":1}", "{\"meta\":1,\"m\":1}");
	SAME("{\"note\":\"a\",\"m\":1}", "{\"m\":1}");
	SAME("{\"messages\":[{\"content\":[{\"text\":\"" ID1 "\"}]}]}",
		"{\"messages\":[{\"content\":[{\"text\":\"" ID2 "\"}]}]}");
	OTHER("{\"messages\":[{\"role\":\"" ID1 "\"}]}", "{\"messages\":[{\"role\":\"" ID2 "\"}]}");
	OTHER("{\"content\":\"" ID1 "\"}", "{\"content\":\"" ID2 "\"}");
}

Test(volatile, a_mask_is_not_mistaken_for_what_was_sent)
{
	use(HEAD "json /a any\njson /b uuid\nbody uuid\n");
	OTHER("{\"c\":\"\\u0001any\\u0001\",\"a\":1}", "{\"a\":1,\"c\":\"any\"}");
	OTHER("{\"b\":\"\\u0001uuid\\u0001\"}", "{\"b\":\"" ID1 "\"}");
	const char *text = POST("text/plain");
	cr_expect(same(text, ID1, text, ID2));
	cr_expect_not(same(text, "\001uuid\001", text, ID2));
	cr_expect_not(same(text,
		"\002"
		"1uuid\002"
		"1",
		text, "\001uuid\001"));
}

Test(volatile, a_rule_is_for_its_scope_only)
{
	use(HEAD "for POST http://a/v1/*\njson /a any\n");
	SAME("{\"a\":1}", "{\"a\":2}");
	use(HEAD "for POST http://b/*\njson /a any\n");
	OTHER("{\"a\":1}", "{\"a\":2}");
}

Test(volatile, fields_and_parameters_by_name)
{
	use(HEAD "header x-run any\nheader X-May optional\nquery ts epoch\nquery id any\n");
	cr_expect(same("GET /x?ts=1763772913&id=1 HTTP/1.1\r\nHost: a\r\nX-Run: 1\r\n\r\n", NULL,
		"GET /x?ts=1763772914&id=2 HTTP/1.1\r\nHost: a\r\nX-Run: 2\r\nX-May: 1\r\n\r\n",
		NULL));
	cr_expect_not(same("GET /x?ts=1 HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
		"GET /x?ts=2 HTTP/1.1\r\nHost: a\r\n\r\n", NULL));
	cr_expect_not(same("GET /x HTTP/1.1\r\nHost: a\r\nX-Run: 1\r\n\r\n", NULL,
		"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", NULL));
	cr_expect_not(same("GET /x?id=1&id=2 HTTP/1.1\r\nHost: a\r\n\r\n", NULL,
		"GET /x?id=1 HTTP/1.1\r\nHost: a\r\n\r\n", NULL));
}

#define PART(name, value) \
	"--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

Test(volatile, forms_of_both_kinds)
{
	use(HEAD "form nonce any\nform may optional\n");
	const char *form = POST("application/x-www-form-urlencoded");
	cr_expect(same(form, "nonce=1&a=2", form, "nonce=%41&a=2&may=1"));
	cr_expect_not(same(form, "nonce=1&a=2", form, "nonce=1&a=3"));
	const char *multi = POST("multipart/form-data; boundary=b");
	cr_expect(same(multi, PART("nonce", "1") PART("a", "2") "--b--\r\n", multi,
		PART("nonce", "22") PART("a", "2") "--b--\r\n"));
	cr_expect_not(same(multi, PART("nonce", "1") PART("a", "2") "--b--\r\n", multi,
		PART("nonce", "1") PART("a", "3") "--b--\r\n"));
	cr_expect_not(same(multi, PART("nonce", "1") PART("a", "2") "--b--\r\n", multi,
		PART("a", "2") PART("nonce", "1") "--b--\r\n"));
}

Test(volatile, lists_what_was_let_pass)
{
	use(HEAD "json /m/* uuid\njson /n optional\nquery q any\n");
	struct pair p = two("POST /x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
		"{\"m\":[\"" ID1 "\",\"" ID1 "\"],\"n\":1}",
		"POST /x?q=2 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
		"{\"m\":[\"" ID1 "\",\"" ID2 "\"]}");
	cr_assert_eq(memcmp(&p.a.masked, &p.r.masked, sizeof(p.a.masked)), 0);
	size_t n = 0;
	struct th_passed *list = th_volatile_passed(rules, &p.a, &p.r, &n);
	cr_assert_eq(n, 3);
	cr_expect_str_eq(list[0].where, "query q");
	cr_expect_str_eq(list[0].asked, "1");
	cr_expect_str_eq(list[0].recorded, "2");
	cr_expect_str_eq(list[1].where, "json /m/1");
	cr_expect_str_eq(list[1].pattern, "uuid");
	cr_expect_str_eq(list[1].asked, ID1);
	cr_expect_str_eq(list[1].recorded, ID2);
	cr_expect_str_eq(list[2].where, "json /n");
	cr_expect_str_eq(list[2].pattern, "optional");
	cr_expect_str_eq(list[2].recorded, "");
	th_passed_free(list, n);
	list = th_volatile_passed(rules, &p.a, &p.a, &n);
	cr_expect_eq(n, 0);
	cr_expect_null(list);
	drop(&p);
}

Test(volatile, what_is_left_out_twice_in_one_place_is_compared_in_its_order)
{
	use(HEAD "json /n optional\n");
	struct pair p = two(JSON, "{\"n\":1,\"n\":2}", JSON, "{\"n\":1,\"n\":3}");
	size_t n = 0;
	cr_expect_null(th_volatile_passed(rules, &p.a, &p.a, &n));
	cr_expect_eq(n, 0);
	struct th_passed *list = th_volatile_passed(rules, &p.a, &p.r, &n);
	cr_assert_eq(n, 1);
	cr_expect_str_eq(list[0].asked, "2");
	cr_expect_str_eq(list[0].recorded, "3");
	th_passed_free(list, n);
	drop(&p);
}

Test(volatile, long_values_that_differ_late_are_listed)
{
	char a[512], r[512];
	use(HEAD "json /a any\n");
	memset(a, 'x', sizeof(a));
	memcpy(a, "{\"a\":\"", 6);
	memcpy(a + 500, "1\"}", 4);
	memcpy(r, a, sizeof(r));
	r[500] = '2';
	struct pair p = two(JSON, a, JSON, r);
	size_t n = 0;
	struct th_passed *list = th_volatile_passed(rules, &p.a, &p.r, &n);
	cr_expect_eq(n, 1);
	th_passed_free(list, n);
	drop(&p);
}
