/* base/lines.c: a plain head's lines are those that wire/head.c walks over, and no others are
 * plain. */
#include "base/lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/guard.h"
#include "wire/head.h"

#define GET "GET /a HTTP/1.1\r\n"

static struct th_lines lines;

static bool plain(const char *text)
{
	return th_lines_of(th_guard(th_slice_str(text)), &lines);
}

static void check_same_fields(struct th_slice head)
{
	const struct th_head walked = {head, false, NULL}, indexed = {head, false, &lines};
	struct th_field a, b;
	size_t at_a = 0, at_b = 0;
	while (th_head_next(&walked, &at_a, &a)) {
		cr_assert(th_head_next(&indexed, &at_b, &b));
		cr_assert(a.name.p == b.name.p && a.name.n == b.name.n);
		cr_assert(a.value.n == b.value.n && (a.value.n == 0 || a.value.p == b.value.p));
	}
	cr_assert_not(th_head_next(&indexed, &at_b, &b));
}

Test(lines, a_plain_head)
{
	static const char text[] = GET "Host: example.org\r\nA:b\r\nEmpty:\r\nBlank: \t \r\n"
				       "x-one: c:d\r\n\r\nbody";
	cr_assert(plain(text));
	cr_expect_eq(lines.bytes, sizeof(text) - 1 - 4);
	cr_expect_eq(lines.start, sizeof(GET) - 1);
	cr_expect_eq(lines.n, 5);
	check_same_fields(th_guard((struct th_slice){(const uint8_t *)text, lines.bytes}));
}

Test(lines, no_fields)
{
	cr_assert(plain(GET "\r\n"));
	cr_expect_eq(lines.n, 0);
	cr_expect_eq(lines.bytes, sizeof(GET) + 1);
}

Test(lines, what_is_not_plain)
{
	static const char *const heads[] = {"", "\r\n", "\r\n" GET "a: b\r\n\r\n", "\n" GET "\r\n",
		GET "a: b\n\r\n", GET "a: b\r\n\n", GET "a: b\r\n c\r\n\r\n",
		GET "a: b\r\n\tc\r\n\r\n", GET "a : b\r\n\r\n", GET " a: b\r\n\r\n",
		GET "a\t: b\r\n\r\n", GET ": b\r\n\r\n", GET "a\r\n\r\n", GET "a: b\rc\r\n\r\n",
		GET "a: b\r\r\n\r\n", GET "a: b\r\n\r", GET "a: b\r\n", "\r" GET "\r\n"};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		cr_expect_not(plain(heads[i]), "%zu", i);
	}
	static const char nul[] = GET "a: \0b\r\n\r\n";
	cr_expect_not(
		th_lines_of((struct th_slice){(const uint8_t *)nul, sizeof(nul) - 1}, &lines));
}

/* What stands behind a head says nothing of it. */
Test(lines, behind_the_head)
{
	cr_assert(plain(GET "a: b\r\n\r\n\r\r\n?&//"));
	cr_expect_not(lines.any_mark);
	static const char nul[] = GET "a: b\r\n\r\n\0\0";
	cr_expect(th_lines_of((struct th_slice){(const uint8_t *)nul, sizeof(nul) - 1}, &lines));
}

Test(lines, cut_anywhere_it_is_not_there_yet)
{
	static const char text[] = GET "host: example.org\r\nauthorization: Bearer x\r\n"
				       "content-length: 12\r\n\r\n";
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct th_slice cut = th_guard((struct th_slice){(const uint8_t *)text, n});
		cr_assert_not(th_lines_of(cut, &lines));
	}
}

Test(lines, marks_are_where_they_stand)
{
	char text[200];
	for (size_t at = sizeof(GET) + 2; at < 120; at++) {
		for (const char *mark = "?&"; *mark; mark++) {
			memset(text, 'v', sizeof(text));
			memcpy(text, GET "a:", sizeof(GET) + 1);
			text[at] = *mark;
			memcpy(text + 150, "\r\n\r\n", 4);
			cr_assert(th_lines_of((struct th_slice){(uint8_t *)text, 154}, &lines));
			cr_assert(lines.any_mark);
			cr_assert(th_lines_marked(&lines, at, at + 1));
			cr_assert(th_lines_marked(&lines, sizeof(GET), 150));
			cr_assert_not(th_lines_marked(&lines, at + 1, 150));
			cr_assert_not(th_lines_marked(&lines, 0, at));
			cr_assert_not(th_lines_marked(&lines, at, at));
		}
		memset(text + at, '/', 2);
		cr_assert(th_lines_of((struct th_slice){(uint8_t *)text, 154}, &lines));
		cr_assert(th_lines_marked(&lines, sizeof(GET), 150));
		text[at] = 'v';
		cr_assert(th_lines_of((struct th_slice){(uint8_t *)text, 154}, &lines));
		cr_assert_not(lines.any_mark);
	}
}

Test(lines, limits)
{
	static char text[2 * TH_LINES_BYTES_MAX];
	size_t n = sizeof(GET) - 1;
	memcpy(text, GET, n);
	for (int i = 0; i < TH_LINES_MAX; i++, n += 5) {
		memcpy(text + n, "a: b\r\n", 6);
		n++;
	}
	memcpy(text + n, "\r\n", 2);
	cr_expect(th_lines_of((struct th_slice){(uint8_t *)text, n + 2}, &lines));
	memcpy(text + n, "a: b\r\n\r\n", 8);
	cr_expect_not(th_lines_of((struct th_slice){(uint8_t *)text, n + 8}, &lines));
	memset(text, 'a', sizeof(text));
	memcpy(text, GET "a:", sizeof(GET) + 1);
	for (size_t last = TH_LINES_BYTES_MAX - 20; last < TH_LINES_BYTES_MAX + 20; last++) {
		memset(text + sizeof(GET) + 1, 'a', sizeof(text) - sizeof(GET) - 1);
		memcpy(text + last - 4, "\r\n\r\n", 4);
		bool is = th_lines_of((struct th_slice){(uint8_t *)text, sizeof(text)}, &lines);
		cr_assert_eq(is, last <= TH_LINES_BYTES_MAX);
	}
}

Test(lines, any_bytes)
{
	static const char letters[] = "aB:\r\n\r\n\r\n \t/?";
	srand(8);
	for (int round = 0; round < 20000; round++) {
		uint8_t text[60];
		size_t n = (size_t)rand() % sizeof(text);
		for (size_t i = 0; i < n; i++) {
			text[i] = (uint8_t)letters[(size_t)rand() % (sizeof(letters) - 1)];
		}
		memcpy(text, "x\r\n", n < 3 ? n : 3);
		struct th_slice in = th_guard((struct th_slice){text, n});
		if (th_lines_of(in, &lines)) {
			check_same_fields((struct th_slice){in.p, lines.bytes});
		}
	}
}

static void check_known(const struct th_lines *past, const uint8_t *was, const uint8_t *head)
{
	for (size_t i = 0; i < lines.n; i++) {
		const struct th_line *a = &past->line[i], *b = &lines.line[i];
		size_t n = (size_t)(b->colon - b->at);
		bool same = i < past->n && (size_t)(a->colon - a->at) == n &&
			memcmp(was + a->at, head + b->at, n) == 0;
		cr_assert_eq(lines.known >> i & 1, same, "%zu of %.*s", i, lines.bytes, head);
	}
}

static void check_after_bytes(struct th_slice before, struct th_slice head)
{
	static struct th_lines alone;
	static uint8_t was[1024];
	cr_assert(th_lines_of(before, &lines));
	memcpy(was, before.p, lines.bytes);
	const struct th_slice in = th_guard(head);
	bool is_plain = th_lines_of(in, &alone);
	const struct th_lines past = lines;
	cr_assert_eq(th_lines_again(in, was, &lines), is_plain, "%.*s", (int)head.n, head.p);
	if (!is_plain) {
		return;
	}
	cr_assert(lines.bytes == alone.bytes && lines.start == alone.start && lines.n == alone.n);
	cr_assert_eq(memcmp(lines.line, alone.line, alone.n * sizeof(*alone.line)), 0, "%.*s",
		(int)in.n, in.p);
	cr_assert_eq(memcmp(lines.tag, alone.tag, alone.n), 0);
	cr_assert_eq(
		memcmp(lines.named, alone.named, sizeof(alone.named)), 0, "%.*s", (int)in.n, in.p);
	cr_assert_eq(lines.any_mark, alone.any_mark, "%.*s", (int)in.n, in.p);
	size_t same = lines.same ? lines.line[lines.same - 1].end : 0;
	cr_assert(same <= past.bytes && memcmp(was, in.p, same) == 0);
	for (size_t i = 0; i < lines.bytes; i++) {
		cr_assert_eq(th_lines_marked(&lines, i, i + 1), th_lines_marked(&alone, i, i + 1));
	}
	check_known(&past, was, in.p);
}

static void check_after(const char *before, const char *text)
{
	check_after_bytes(th_slice_str(before), th_slice_str(text));
}

/* One byte of it is another, or two that follow each other. */
Test(lines, after_a_head_of_other_bytes)
{
	static const char head[] = GET
		"content-length: 123\r\ndate: today at noon / not at night\r\n"
		"expect: a\r\nlast: xyz\r\n\r\n";
	static const char other[] = "\r\n\0?&/: a\t";
	const struct th_slice whole = {(const uint8_t *)head, sizeof(head) - 1};
	for (size_t at = 0; at < 2 * whole.n - 1; at++) {
		for (size_t i = 0; i < sizeof(other) - 1; i++) {
			uint8_t text[sizeof(head)];
			memcpy(text, head, sizeof(head));
			text[at / 2] = (uint8_t)other[i];
			text[at / 2 + at % 2] = (uint8_t)other[i];
			const struct th_slice in = {text, whole.n};
			check_after_bytes(whole, in);
			if (th_lines_of(in, &lines) && lines.bytes == whole.n) {
				check_after_bytes(in, whole);
			}
		}
	}
}

/* Whatever the head before was. */
Test(lines, after_another_head)
{
	static const char *const heads[] = {GET "\r\n", GET "a: b\r\n\r\n",
		GET "Content-Length: 1\r\nExpect: x\r\n\r\n",
		GET "content-length: 1\r\nexpect: x\r\n\r\nbody",
		GET "content-length: 12\r\nexpect:\r\ntransfer-encoding: chunked\r\n\r\n",
		GET "content-lengths: 1\r\nexpec: x\r\na: b\r\nc: d\r\n\r\n",
		GET "transfer-encoding: a\r\ncontent-length: 1\r\n\r\n",
		GET "a-name-that-is-longer-than-a-block-of-bytes-is: 1\r\nexpect: 1\r\n\r\n",
		GET "a-name-that-is-longer-than-a-block-of-bytes-was: 1\r\nexpect: 2\r\n\r\n",
		"GET /b?c=d HTTP/1.1\r\nexpect: https://x\r\n\r\n", GET "a b\r\n\r\n",
		GET "a: b\r\n",
		GET "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n\r\n\r\n",
		"\r\n\r\n", "\r\n" GET "a: b\r\n\r\n"};
	const size_t n = sizeof(heads) / sizeof(*heads);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; th_lines_of(th_slice_str(heads[i]), &lines) && j < n; j++) {
			check_after(heads[i], heads[j]);
		}
	}
}

/* Every field's end comes to stand at each place of a block, and the empty line too. */
Test(lines, at_every_place_of_a_block)
{
	char before[200], text[200];
	for (int a = 0; a < 70; a++) {
		snprintf(before, sizeof(before), GET "a: %0*d\r\nexpect: b\r\n\r\n", a, 0);
		for (int b = 0; b < 70; b++) {
			snprintf(text, sizeof(text), GET "a: %0*d\r\nexpect: b\r\n\r\n\r\n", b, 0);
			check_after(before, text);
			cr_assert_eq(lines.known, 3);
		}
	}
}
