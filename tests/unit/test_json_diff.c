#include <criterion/criterion.h>

#include "player/json_diff.h"

struct told {
	char text[2000];
	unsigned n, most;
};

static bool tell(void *ctx, const struct th_json_difference *d)
{
	struct told *t = ctx;
	size_t used = strlen(t->text);
	snprintf(t->text + used, sizeof(t->text) - used, "%s%.*s%s%s", used ? " " : "",
		(int)d->path.n, d->path.n ? (const char *)d->path.p : "",
		d->a == TH_JSON_NONE	       ? "+"
			: d->b == TH_JSON_NONE ? "-"
					       : "~",
		d->is_text ? "" : "!");
	if (d->is_text) {
		used = strlen(t->text);
		snprintf(t->text + used, sizeof(t->text) - used, "%zu/%zu", d->character, d->byte);
	}
	t->n++;
	return t->n < t->most;
}

/* What is told, in a line: path, then + (only in b), - (only in a) or ~, then ! or where two texts
 * part. */
static void differ(const char *a, const char *b, const char *expected)
{
	struct th_json x, y;
	struct told t = {.most = 100};
	cr_assert_eq(th_json_parse(th_slice_str(a), &x), 0, "%s", a);
	cr_assert_eq(th_json_parse(th_slice_str(b), &y), 0, "%s", b);
	bool any = th_json_diff(&x, &y, tell, &t);
	cr_expect_str_eq(t.text, expected, "%s against %s: %s", a, b, t.text);
	cr_expect_eq(any, *expected != '\0');
	th_json_finish(&x);
	th_json_finish(&y);
}

Test(json_diff, equal_values_have_none)
{
	differ("{\"a\":1,\"b\":[1,2,{\"c\":null}]}", " { \"b\" : [1,2,{\"c\":null}], \"a\":1 }",
		"");
	differ("\"a\\u0062\"", "\"\\u0061b\"", "");
	differ("[]", "[]", "");
}

Test(json_diff, every_difference_is_told_with_its_path)
{
	differ("{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":5,\"d\":3}", "b~! c-! d+!");
	differ("{\"m\":[{\"t\":true},{\"t\":1}]}", "{\"m\":[{\"t\":false},{\"t\":\"1\"}]}",
		"m[0].t~! m[1].t~!");
	differ("1", "1.0", "~!");
	differ("{\"a b\":1}", "{\"a b\":2}", "[\"a b\"]~!");
}

Test(json_diff, texts_part_at_a_character)
{
	differ("{\"t\":\"abc\"}", "{\"t\":\"abd\"}", "t~2/2");
	differ("\"abc\"", "\"abcd\"", "~3/3");
	differ("\"\"", "\"x\"", "~0/0");
	/* The second bytes of these letters are all that differs. */
	differ("\"g\xc3\xa4x\"", "\"g\xc3\xb6x\"", "~1/1");
	differ("\"\xc3\xa4\xc3\xa4\"", "\"\xc3\xa4\xc3\xb6\"", "~1/2");
}

Test(json_diff, what_was_put_in_does_not_shift_the_rest)
{
	differ("[1,2,3]", "[1,9,2,3]", "[1]+!");
	differ("[1,9,2,3]", "[1,2,3]", "[1]-!");
	differ("[1,2]", "[0,1,2]", "[0]+!");
	differ("[1,2]", "[1,2,3,4]", "[2]+! [3]+!");
	differ("[1,1]", "[1]", "[1]-!");
	differ("[1,2,3]", "[1,7,3]", "[1]~!");
	differ("[[1,2],5]", "[[1,3,2],5]", "[0][1]+!");
}

Test(json_diff, a_listener_that_has_enough_hears_no_more)
{
	struct th_json x, y;
	struct told t = {.most = 2};
	cr_assert_eq(th_json_parse(th_slice_str("{\"o\":[1,2,3,4],\"p\":1}"), &x), 0);
	cr_assert_eq(th_json_parse(th_slice_str("{\"o\":[5,6,7,8],\"p\":2}"), &y), 0);
	cr_expect(th_json_diff(&x, &y, tell, &t));
	cr_expect_eq(t.n, 2);
	th_json_finish(&x);
	th_json_finish(&y);
}
