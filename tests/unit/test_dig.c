#include "genai/dig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/guard.h"

static void expect(const char *text, const char *json, bool cut)
{
	bool was_cut = !cut;
	cJSON *root = th_dig_parse(th_guard(th_slice_str(text)), &was_cut);
	char *printed = root ? cJSON_PrintUnformatted(root) : NULL;
	cr_expect_str_eq(printed ? printed : "none", json, "%s gives %s", text, printed);
	cr_expect_eq(was_cut, cut, "%s", text);
	cJSON_free(printed);
	cJSON_Delete(root);
}

Test(dig, whole_texts)
{
	expect("{\"a\":[1]} \n", "{\"a\":[1]}", false);
	expect("7", "7", false);
	expect("", "none", false);
	expect("{\"a\":1} x", "none", false);
	expect("{\"a\":1}{", "none", false);
	expect("nonsense", "none", false);
}

Test(dig, cut_texts_are_closed)
{
	expect("{", "{}", true);
	expect("{\"a", "{}", true);
	expect("{\"a\"", "{}", true);
	expect("{\"a\":", "{}", true);
	expect("{\"a\":12", "{}", true);
	expect("{\"a\":12,", "{\"a\":12}", true);
	expect("{\"a\":12,\"b\":{\"c\":\"d", "{\"a\":12,\"b\":{\"c\":\"d\"}}", true);
	expect("[1,2", "[1]", true);
	expect("[\"a\",\"b\\", "[\"a\",\"b\"]", true);
	expect("[\"b\\u00e", "[\"b\"]", true);
	expect("[\"b\\ud83d\\ude0", "[\"b\"]", true);
	expect("[{},", "[{}]", true);
	expect("[}", "none", false);
}

Test(dig, depth_is_limited)
{
	char *deep = malloc(100001);
	memset(deep, '[', 100000);
	deep[100000] = '\0';
	expect(deep, "none", false);
	free(deep);
}

Test(dig, members)
{
	cJSON *root = cJSON_Parse(
		"{\"a\":{\"b\":{\"c\":\"x\",\"n\":null,\"y\":true,\"z\":2.5}},\"l\":[1]}");
	cr_expect_str_eq(th_dig_text(root, "a.b.c"), "x");
	cr_expect_null(th_dig(root, "a.b.n"));
	cr_expect_null(th_dig(root, "a.B"));
	cr_expect_null(th_dig(root, "a.b.c.d"));
	cr_expect_null(th_dig(NULL, "a"));
	cr_expect_null(th_dig_text(root, "a.b"));
	cr_expect(th_dig_true(root, "a.b.y"));
	cr_expect_float_eq(th_dig_number(root, "a.b.z", 0), 2.5, 1e-9);
	cr_expect_float_eq(th_dig_number(root, "a.b.c", 7), 7, 1e-9);
	cr_expect_not_null(th_dig_first(root, "l"));
	cr_expect_null(th_dig_first(root, "a.b.c"));
	cJSON_Delete(root);
}
