/* capture/first_look.c: sixteen bytes at a time see what one at a time do, wherever they stand. */
#include "capture/first_look.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "capture/redactor.h"
#include "tests/unit/guard.h"

#define LONGEST 70

static bool has_odd_ends(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\0' || (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n'))) {
			return true;
		}
	}
	return false;
}

static void check(const uint8_t *p, size_t n)
{
	struct th_first_look look = th_first_look((struct th_slice){p, n});
	cr_assert_eq(look.odd_ends, has_odd_ends(p, n));
	cr_assert_eq(th_first_look_plain((struct th_slice){p, n}),
		!look.odd_ends && !look.may_have_marks);
	if (!look.may_have_marks) {
		cr_assert_not(th_redactor_has_marks(p, p + n));
	}
}

Test(first_look, sees_what_stands_anywhere)
{
	static const char *const odd[] = {
		"\r", "\r\n", "\n\r", "?", "&", "://", "//", "/", "\r\r\n"};
	uint8_t text[LONGEST + 4];
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		size_t bytes = strlen(odd[i]);
		for (size_t at = 0; at + bytes <= LONGEST; at++) {
			memset(text, 'a', sizeof(text));
			memcpy(text + at, odd[i], bytes);
			check(text, LONGEST);
			check(text, at + bytes);
		}
	}
	memset(text, 'a', sizeof(text));
	for (size_t at = 0; at < LONGEST; at++) {
		text[at] = '\0';
		check(text, LONGEST);
		text[at] = 'a';
	}
}

Test(first_look, of_short_values_too)
{
	static const char letters[] = "aZ9\r\n/?&:.\xff";
	uint8_t text[6];
	for (int i = 0; i < 12 * 12 * 12 * 12; i++) {
		for (int k = 0, rest = i; k < 4; k++, rest /= 12) {
			text[k] = (uint8_t)letters[rest % 12];
		}
		check(text, 4);
	}
}

Test(first_look, plain_text_has_nothing)
{
	const char plain[] = "content-type: text/plain; charset=utf-8\r\nx: http:/ a/b\r\n";
	struct th_first_look look = th_first_look(th_slice_str(plain));
	cr_assert(!look.odd_ends && !look.may_have_marks);
}

Test(first_look, reads_nothing_behind_the_end)
{
	static const char letters[] = "a\r\n/?&:";
	srand(8);
	for (int round = 0; round < 2000; round++) {
		uint8_t text[LONGEST];
		size_t n = (size_t)rand() % LONGEST;
		for (size_t i = 0; i < n; i++) {
			text[i] = (uint8_t)letters[(size_t)rand() % 7];
		}
		struct th_slice guarded = th_guard((struct th_slice){text, n});
		check(guarded.p, n);
	}
}
