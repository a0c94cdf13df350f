#include "tools/json_path.h"

#include <criterion/criterion.h>

static bool matches(const char *path, const char *json)
{
	const char *why = NULL;
	struct th_json_path *p = th_json_path_parse(path, &why);
	cr_assert(p, "%s: %s", path, why);
	bool m = th_json_path_matches(p, th_slice_str(json));
	th_json_path_free(p);
	return m;
}

static const char text[] = "{\"a\":{\"b.c\":[1,\"two\",null,{\"d\":true}]},\"e\":2.5}";

Test(json_path, finds_places)
{
	static const char *const found[] = {"$.a", "a", ".e", "$['a']['b.c'][0]", "a.*[1]",
		"a[\"b.c\"][-1].d", "$..d", "..d=true", "$.*", "a[*]", "$.e=2.5", "a['b.c'][1]=two",
		"a['b.c'][2]=null", "a['b.c'][-4]=1", "..*=two"};
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		cr_assert(matches(found[i], text), "%s", found[i]);
	}
}

Test(json_path, and_nothing_else)
{
	static const char *const missing[] = {"b", "$.a.b", "a[0][0]", "a['b.c'][4]",
		"a['b.c'][-5]", "$.e=2", "$..d=false", "..f", "a.d", "e.x", "a['b.c'][1]=Two"};
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		cr_assert_not(matches(missing[i], text), "%s", missing[i]);
	}
	cr_assert_not(matches("a", ""));
	cr_assert_not(matches("a", "{\"a\":"));
	cr_assert_not(matches("a", "no json"));
	cr_assert_not(matches("[0]", "{\"0\":1}"));
}

Test(json_path, refuses_what_it_does_not_know)
{
	static const char *const bad[] = {"", "$", "=5", "a[", "a[]", "a[x]", "a[-]", "a['b",
		"a['b'", "a..", "a.", "a[1:2]", "a[?(@.b)]", "a[0]b", "a[99999999999]"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;
		cr_assert_null(th_json_path_parse(bad[i], &why), "%s", bad[i]);
		cr_assert_not_null(why);
	}
	char deep[200] = "a";
	for (size_t i = 0; i < 40; i++) {
		strcat(deep, ".a");
	}
	const char *why = NULL;
	cr_assert_null(th_json_path_parse(deep, &why));
	cr_assert_str_eq(why, "it has too many steps");
}
