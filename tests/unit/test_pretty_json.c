#include "tools/pretty_json.h"

#include <criterion/criterion.h>

#include "tests/unit/guard.h"
#include "tests/unit/printed.h"

static bool is_json(const char *text)
{
	return th_pretty_json_is(th_guard(th_slice_str(text)));
}

static void check(const char *json, const char *expected)
{
	bool done = false;
	TH_PRINTED(text, done = th_pretty_json_print(out, th_guard(th_slice_str(json)), "| "));
	cr_assert(done, "%s", json);
	cr_assert_str_eq(text, expected);
	free(text);
}

Test(pretty_json, keeps_number_text_order_and_escapes)
{
	check("{\"b\":1.0,\"a\":[1e400,-0,12345678901234567890],\"s\":\"\\u00e9\\n\"}",
		"| {\n|   \"b\": 1.0,\n|   \"a\": [\n|     1e400,\n|     -0,\n"
		"|     12345678901234567890\n|   ],\n|   \"s\": \"\\u00e9\\n\"\n| }\n");
}

Test(pretty_json, empty_containers_and_scalars_stay_on_their_line)
{
	check(" { \"a\" : [ ] , \"b\" : { } } ", "| {\n|   \"a\": [],\n|   \"b\": {}\n| }\n");
	check("\"a\\\"]}\"", "| \"a\\\"]}\"\n");
	check(" null ", "| null\n");
	check("-1.5E+3", "| -1.5E+3\n");
}

Test(pretty_json, duplicate_keys_are_all_shown)
{
	check("{\"a\":1,\"a\":2}", "| {\n|   \"a\": 1,\n|   \"a\": 2\n| }\n");
}

Test(pretty_json, refuses_what_is_not_json)
{
	static const char *const bad[] = {"", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}",
		"{\"a\":1,}", "{a:1}", "[1 2]", "01", "1.", ".5", "1e", "+1", "-", "nul", "truex",
		"\"", "\"\\\"", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "\"\\", "[1]]", "{}{}", "[}",
		"{\"a\":[}]", "'a'", "NaN", "\xff", "\"\xc3\"", "[1,2", "{\"a\":1", "// x\n1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_not(is_json(bad[i]), "%s", bad[i]);
	}
	TH_PRINTED(text, cr_assert_not(th_pretty_json_print(out, TH_SLICE_LIT("[1,"), "")));
	cr_assert_str_eq(text, "");
	free(text);
}

/* Every cut of a valid text is refused without reading past its end. */
Test(pretty_json, every_cut_is_refused)
{
	const char *json = "{\"k\":[true,false,null,-1.5e-3,\"a\\u00ff\\\\\"],\"e\":{}}";
	cr_assert(is_json(json));
	for (size_t n = 0; n < strlen(json); n++) {
		struct th_slice cut = {(const uint8_t *)json, n};
		cr_assert_not(th_pretty_json_is(th_guard(cut)), "%zu", n);
	}
}

Test(pretty_json, nesting_is_bounded)
{
	static char text[2 * TH_PRETTY_DEPTH + 4];
	memset(text, '[', TH_PRETTY_DEPTH);
	memset(text + TH_PRETTY_DEPTH, ']', TH_PRETTY_DEPTH);
	cr_assert(is_json(text));
	memset(text, '[', TH_PRETTY_DEPTH + 1);
	memset(text + TH_PRETTY_DEPTH + 1, ']', TH_PRETTY_DEPTH + 1);
	cr_assert_not(is_json(text));
}

Test(pretty_json, brackets_must_match_at_every_depth)
{
	cr_assert(is_json("[{\"a\":[{}]},[[]]]"));
	cr_assert_not(is_json("[{\"a\":[{}]],[[]]]"));
	cr_assert_not(is_json("{\"a\":{\"b\":1]}"));
}
