#include "tools/prices.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/tools.h"

static int load(const char *text, struct th_prices **ret_prices)
{
	char path[] = "/tmp/tracehook-prices.XXXXXX";
	int fd = mkstemp(path);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	int code = th_prices_load(path, ret_prices);
	unlink(path);
	return code;
}

static struct th_count reported(uint64_t n)
{
	return (struct th_count){TH_REPORTED, n};
}

Test(prices, parts_of_the_input_have_their_own)
{
	struct th_prices *p = NULL;
	double cost = -1;
	struct th_tokens t = {.input = reported(1000000),
		.output = reported(100000),
		.cache_read = reported(600000),
		.cache_write = reported(100000)};
	cr_assert_eq(load("{\"currency\":\"EUR\",\"models\":{\"m\":{\"input\":10,\"output\":20,"
			  "\"cache_read\":1,\"cache_write\":12.5}}}",
			     &p),
		TH_EXIT_OK);
	cr_assert(th_prices_cost(p, "m", &t, &cost));
	cr_assert_float_eq(cost, 3 + 0.6 + 1.25 + 2, 1e-9);
	cr_assert_str_eq(th_prices_currency(p), "EUR");
	th_prices_free(p);
}

Test(prices, caches_cost_what_input_costs_unless_told)
{
	struct th_prices *p = NULL;
	double cost = -1;
	struct th_tokens t = {.input = reported(1000000), .cache_read = reported(600000)};
	cr_assert_eq(load("{\"models\":{\"m\":{\"input\":10,\"output\":20}}}", &p), TH_EXIT_OK);
	cr_assert(th_prices_cost(p, "m", &t, &cost));
	cr_assert_float_eq(cost, 10, 1e-9);
	cr_assert_str_eq(th_prices_currency(p), "");
	th_prices_free(p);
}

Test(prices, the_longest_pattern_counts)
{
	struct th_prices *p = NULL;
	double cost = -1;
	struct th_tokens t = {.input = reported(1000000)};
	cr_assert_eq(load("{\"models\":{\"*\":{\"input\":1,\"output\":1},"
			  "\"gpt-4o-*\":{\"input\":3,\"output\":1},"
			  "\"gpt*\":{\"input\":2,\"output\":1}}}",
			     &p),
		TH_EXIT_OK);
	cr_assert(th_prices_cost(p, "gpt-4o-2024", &t, &cost) && cost == 3);
	cr_assert(th_prices_cost(p, "gpt-3", &t, &cost) && cost == 2);
	cr_assert(th_prices_cost(p, "claude", &t, &cost) && cost == 1);
	th_prices_free(p);
}

Test(prices, what_is_not_known_costs_nothing_that_could_be_said)
{
	struct th_prices *p = NULL;
	double cost = -1;
	struct th_tokens t = {.input = reported(5)}, absent = {.output = reported(5)};
	cr_assert_eq(load("{\"models\":{\"m\":{\"input\":10,\"output\":20}}}", &p), TH_EXIT_OK);
	cr_assert_not(th_prices_cost(p, "n", &t, &cost));
	cr_assert_not(th_prices_cost(p, NULL, &t, &cost));
	cr_assert_not(th_prices_cost(p, "m", &absent, &cost));
	cr_assert_eq(cost, -1);
	th_prices_free(p);
}

Test(prices, files_that_are_none, .init = cr_redirect_stderr)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"models\":[]}",
		"{\"models\":{\"m\":1}}", "{\"models\":{\"m\":{\"input\":1}}}",
		"{\"models\":{\"m\":{\"input\":-1,\"output\":1}}}",
		"{\"models\":{\"m\":{\"input\":1,\"output\":1,\"cache_read\":\"1\"}}}"};
	struct th_prices *p = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(load(bad[i], &p), TH_EXIT_USAGE, "%s", bad[i]);
		cr_assert_null(p);
	}
	cr_assert_eq(th_prices_load("/no/such/file", &p), TH_EXIT_MISSING);
}
