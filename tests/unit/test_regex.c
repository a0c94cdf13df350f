#include "capture/regex.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

static struct th_regex_pool pool;

static const char *compile(const char *source, struct th_regex *ret)
{
	memset(&pool, 0, sizeof(pool));
	return th_regex_compile(&pool, th_slice_str(source), ret);
}

static bool find_in(
	const struct th_regex *p, struct th_slice text, size_t *ret_from, size_t *ret_to)
{
	struct th_regex_in in = th_regex_in(text);
	return th_regex_find(&pool, p, &in, 0, ret_from, ret_to);
}

/* The first match as text; "" for none. */
static const char *first(const char *source, const char *text)
{
	static char found[256];
	struct th_regex p;
	size_t from, to;
	const char *error = compile(source, &p);
	cr_assert_null(error, "%s %s", source, error);
	found[0] = 0;
	if (find_in(&p, th_slice_str(text), &from, &to)) {
		snprintf(found, sizeof(found), "%.*s", (int)(to - from), text + from);
	}
	return found;
}

#define FIRST(source, text, wanted) cr_expect_str_eq(first(source, text), wanted, "%s", source)

Test(regex, finds_the_leftmost_longest)
{
	FIRST("abc", "xxabcabc", "abc");
	FIRST("a|ab|abc", "xabcd", "abc");
	FIRST("[0-9]{3}", "12 3456", "345");
	FIRST("[0-9]{2,}", "1 2345", "2345");
	FIRST("x(ab?)*y", "xaababy", "xaababy");
	FIRST("EMP-\\d{6}", "id EMP-123456!", "EMP-123456");
	FIRST("(?i)secret", "a SeCrEt b", "SeCrEt");
	FIRST("\\bcat\\b", "concat cats cat.", "cat");
	FIRST("[^a-c]+", "abcxyzab", "xyz");
	FIRST("[]a]+", "x]a]", "]a]");
	FIRST("a.c", "a\nc abc", "abc");
	FIRST("(?:ab|c){2}", "abcab", "abc");
	FIRST("\\w+@\\w+\\.com", "to me@x.com, you", "me@x.com");
	FIRST("q+", "abc", "");
	FIRST("a{0,2}b", "aaab", "aab");
}

Test(regex, says_what_it_does_not_know)
{
	static const char *const bad[] = {"", "a*", "(", "[a", "a**", "a+?", "^a", "a$", "\\1",
		"(?=a)b", "a{3,2}", "a{300}", "x\\by", "[]", "a{", ")", "\\", "\\p", "(a|)", "*a",
		"[z-a]", "((((((((((((((a))))))))))))))"};
	struct th_regex p;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cr_expect_not_null(compile(bad[i], &p), "%s", bad[i]);
	}
}

/* What an escape is longer than what it stands for is passed over; a wall is not. */
Test(regex, special_bytes)
{
	struct th_regex p;
	size_t from, to;
	cr_assert_null(compile("ab+", &p));
	cr_assert(find_in(&p, TH_SLICE_LIT("xa\1\1b\1\1c"), &from, &to));
	cr_expect(from == 1 && to == 7);
	cr_assert_not(find_in(&p, TH_SLICE_LIT("a\0b"), &from, &to));
	cr_assert_null(compile("[^x]+", &p));
	cr_assert(find_in(&p, TH_SLICE_LIT("\0ab\0"), &from, &to));
	cr_expect(from == 1 && to == 3);
}

/* As the C library finds it, on random texts. */
Test(regex, agrees_with_regexec)
{
	static const char *const sources[] = {"a(b|c)*d", "(ab|a)(bc|c)?", "[a-c]{2,3}d?",
		"a+b+|b+a+", "(a|b|c)+d", "a.b", "((a|b)c){1,2}"};
	unsigned seed = 1;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		struct th_regex p;
		regex_t re;
		cr_assert_null(compile(sources[i], &p));
		cr_assert_eq(regcomp(&re, sources[i], REG_EXTENDED), 0);
		for (int round = 0; round < 500; round++) {
			char text[12] = "";
			size_t n = (size_t)rand_r(&seed) % sizeof(text), from = 0, to = 0;
			for (size_t k = 0; k + 1 < n; k++) {
				text[k] = (char)('a' + rand_r(&seed) % 4);
			}
			regmatch_t m;
			bool theirs = regexec(&re, text, 1, &m, 0) == 0;
			bool ours = find_in(&p, th_slice_str(text), &from, &to);
			cr_assert_eq(ours, theirs, "%s in %s", sources[i], text);
			cr_assert(!ours || ((regoff_t)from == m.rm_so && (regoff_t)to == m.rm_eo),
				"%s in %s", sources[i], text);
		}
		regfree(&re);
	}
}
