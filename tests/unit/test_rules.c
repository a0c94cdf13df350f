#include "player/rules.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "guard.h"
#include "player/patterns.h"

#define HEAD "tracehook-rules 1\n"

static struct th_rules *read(const char *text)
{
	struct th_rules *rules = NULL;
	char why[TH_RULES_WHY_BYTES] = "";
	int r = th_rules_parse(th_guard(th_slice_str(text)), &rules, why);
	cr_assert_eq(r, 0, "%s", why);
	return rules;
}

static void refuses(const char *text, const char *expected)
{
	struct th_rules *rules = NULL;
	char why[TH_RULES_WHY_BYTES] = "";
	cr_expect_eq(th_rules_parse(th_guard(th_slice_str(text)), &rules, why), -EINVAL);
	cr_expect_null(rules);
	cr_expect(strstr(why, expected), "%s", why);
}

Test(rules, are_read_from_lines)
{
	struct th_rules *r = read(HEAD "# a comment\n\n"
				       "  # a b c d e f g h i j k l m n o p q r s t u v w x y z\n"
				       "anywhere uuid time\r\n"
				       "for POST https://a/v1/*\n"
				       "  header\tX-Run any\n"
				       "query a%20b optional");
	cr_assert_eq(r->n, 3);
	cr_expect_eq(r->rules[0].place, TH_RULE_ANYWHERE);
	cr_expect_eq(r->rules[0].patterns, TH_PATTERN_UUID | TH_PATTERN_TIME);
	cr_expect_null(r->rules[0].url);
	cr_expect_str_eq(r->rules[1].name, "X-Run");
	cr_expect_str_eq(r->rules[1].url, "https://a/v1/*");
	cr_expect_str_eq(r->rules[2].name, "a b");
	cr_expect_eq(r->rules[2].patterns, TH_PATTERN_OPTIONAL);
	th_rules_destroy(r);
}

Test(rules, what_is_not_understood_is_refused_with_its_line)
{
	refuses("", "line 1: the file does not begin with");
	refuses("tracehook-rules 2\n", "line 1: ");
	refuses(HEAD "\nsomewhere uuid\n", "line 3: \"somewhere\" is no place");
	refuses(HEAD "json /a uid\n", "line 2: \"uid\" is no pattern");
	refuses(HEAD "json /a\n", "a pattern is missing");
	refuses(HEAD "json a any\n", "is no JSON pointer");
	refuses(HEAD "json /a~2 any\n", "is no JSON pointer");
	refuses(HEAD "query a%2 any\n", "is not percent-encoded");
	refuses(HEAD "query\n", "needs a name");
	refuses(HEAD "body any\n", "needs a place with a name");
	refuses(HEAD "anywhere optional\n", "needs a place with a name");
	refuses(HEAD "for POST\n", "for needs a method and a URL");
	refuses(HEAD "path uuid uuid uuid uuid uuid uuid uuid uuid uuid uuid uuid uuid uuid uuid "
		     "uuid uuid uuid\n",
		"too many words");
}

Test(rules, a_split_anywhere_is_read_or_refused)
{
	const char *text = HEAD
		"for POST https://a/*\njson /a/~1b/*/**/%2A any uuid\nquery q tmp\n";
	for (size_t n = 0; n <= strlen(text); n++) {
		struct th_rules *rules = NULL;
		char why[TH_RULES_WHY_BYTES] = "";
		struct th_slice s = th_guard((struct th_slice){(const uint8_t *)text, n});
		int r = th_rules_parse(s, &rules, why);
		cr_expect(r == 0 ? rules != NULL : r == -EINVAL && why[0] != 0);
		th_rules_destroy(rules);
	}
}

static bool applies(const struct th_rules *r, const char *method, const char *url)
{
	return th_rule_applies(&r->rules[0], th_slice_str(method), th_slice_str(url));
}

Test(rules, are_for_the_requests_that_their_scope_names)
{
	struct th_rules *r = read(HEAD "for POST https://a/v1/*/x\npath uuid\n");
	cr_expect(applies(r, "POST", "https://a/v1/b/c/x"));
	cr_expect_not(applies(r, "GET", "https://a/v1/b/x"));
	cr_expect_not(applies(r, "POST", "https://a/v1/b/xy"));
	th_rules_destroy(r);
	r = read(HEAD "for * *\npath uuid\n");
	cr_expect(applies(r, "GET", ""));
	th_rules_destroy(r);
}

#define NAMES(pointer, ...) names(pointer, (const char *[]){__VA_ARGS__, NULL})

static bool names(const char *pointer, const char *const *keys)
{
	char text[128];
	struct th_slice s[8];
	size_t n = 0;
	snprintf(text, sizeof(text), HEAD "json %s any\n", pointer);
	struct th_rules *r = read(text);
	for (; keys[n]; n++) {
		s[n] = th_slice_str(keys[n]);
	}
	bool named = th_rule_names(&r->rules[0], s, n);
	th_rules_destroy(r);
	return named;
}

Test(rules, pointers_name_values)
{
	cr_expect(NAMES("/a/b", "a", "b"));
	cr_expect_not(NAMES("/a/b", "a"));
	cr_expect_not(NAMES("/a/b", "a", "b", "c"));
	cr_expect(NAMES("/a/*/c", "a", "0", "c"));
	cr_expect_not(NAMES("/a/*/c", "a", "c"));
	cr_expect(NAMES("/**/c", "c"));
	cr_expect(NAMES("/**/c", "a", "c", "c"));
	cr_expect(NAMES("/a/**", "a"));
	cr_expect(NAMES("/**", "x", "y"));
	cr_expect_not(NAMES("/**/c", "c", "a"));
	cr_expect(NAMES("/%2A/a~1b~0", "*", "a/b~"));
	cr_expect_not(NAMES("/%2A", "x"));
	cr_expect(NAMES("/", ""));
}
