#include <criterion/criterion.h>
#include <errno.h>

#include "player/canon_json.h"

static char *canon(const char *text, size_t n)
{
	struct th_json j = {0};
	struct th_buf out = {0};
	/* A copy of just these bytes, so that a sanitizer sees a read beyond them. */
	uint8_t *copy = malloc(n ? n : 1);
	memcpy(copy, text, n);
	int r = th_json_parse((struct th_slice){copy, n}, &j);
	if (r == 0) {
		th_json_write(&j, 0, &out);
	} else {
		th_buf_fmt(&out, "error %d", -r);
	}
	th_json_finish(&j);
	free(copy);
	return th_buf_take(&out);
}

#define EXPECT(in, want) \
	do { \
		char *got = canon(in, sizeof(in) - 1); \
		cr_expect_str_eq(got, want); \
		free(got); \
	} while (0)

Test(canon_json, sorts_keys_and_keeps_arrays)
{
	EXPECT("{\"b\":1,\"a\":[3,1,2]}", "{\"a\":[3,1,2],\"b\":1}");
	EXPECT(" { \"b\" : { \"z\" : null , \"a\" : true } ,\n\t\"a\":false}\r\n",
		"{\"a\":false,\"b\":{\"a\":true,\"z\":null}}");
	EXPECT("{}", "{}");
	EXPECT("[ ]", "[]");
	EXPECT("[[],{},[{}]]", "[[],{},[{}]]");
	EXPECT("{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}");
}

Test(canon_json, keeps_the_order_of_duplicate_keys)
{
	EXPECT("{\"a\":1,\"b\":0,\"a\":2}", "{\"a\":1,\"a\":2,\"b\":0}");
	EXPECT("{\"a\":2,\"b\":0,\"a\":1}", "{\"a\":2,\"a\":1,\"b\":0}");
}

Test(canon_json, keeps_the_text_of_numbers)
{
	EXPECT("[1,1.0,1e2,-0,12345678901234567890,0.10E+3]",
		"[1,1.0,1e2,-0,12345678901234567890,0.10E+3]");
}

Test(canon_json, takes_escapes_for_what_they_mean)
{
	EXPECT("\"\\u0041\\/\\n\\u00e9\"", "\"A/\\u000a\xc3\xa9\"");
	EXPECT("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
	EXPECT("\"\\ud83d x\"", "\"\xed\xa0\xbd x\"");
	EXPECT("\"a\\u0000b\\\"\\\\\"", "\"a\\u0000b\\\"\\\\\"");
	EXPECT("{\"\\u0062\":1,\"a\":2}", "{\"a\":2,\"b\":1}");
}

Test(canon_json, refuses_what_is_no_json)
{
	static const char *const bad[] = {"", " ", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":1",
		"[1,]", "{\"a\":1,}", "[1 2]", "01", "1.", ".5", "+1", "1e", "-", "tru", "nul",
		"\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "{a:1}", "{1:1}", "[1]x",
		"{}{}", "]", ",", "[,1]", "{,}", "NaN", "'a'", "\"\\"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *got = canon(bad[i], strlen(bad[i]));
		cr_expect_str_eq(got, "error 74", "%s gave %s", bad[i], got);
		free(got);
	}
}

Test(canon_json, survives_every_cut)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\"],\"b\":{\"c\":null,\"d\":true}"
				   ",\"e\":\"\\ud83d\\ude00\"}";
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *got = canon(text, n);
		cr_expect_str_eq(got, "error 74", "cut at %zu", n);
		free(got);
	}
}

Test(canon_json, bounds_the_depth)
{
	char text[2 * TH_JSON_DEPTH_MAX + 2];
	memset(text, '[', sizeof(text) / 2);
	memset(text + sizeof(text) / 2, ']', sizeof(text) / 2);
	char *got = canon(text, sizeof(text));
	cr_expect_str_eq(got, "error 7");
	free(got);
	got = canon(text + 1, sizeof(text) - 2);
	cr_expect_eq(strlen(got), sizeof(text) - 2);
	free(got);
}
