/* base/lines.c: a plain head's lines are those that wire/head.c walks over, and no others are
 * plain. */
#include "base/lines_beside.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
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
	cr_expect_eq(lines.marked, 0);
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

#define LATER "later: x\r\n"

/* In which of two values they are, or in none. */
Test(lines, marks_are_of_the_value_they_stand_in)
{
	char text[200];
	for (size_t at = sizeof(GET) + 3; at < 120; at++) {
		for (const char *mark = "?&/"; *mark; mark++) {
			memset(text, 'v', sizeof(text));
			memcpy(text, GET "a:", sizeof(GET) + 1);
			text[at] = *mark;
			text[at - 1] = *mark;
			memcpy(text + 150, "\r\n" LATER "\r\n", sizeof(LATER) + 3);
			cr_assert(th_lines_of((struct th_slice){(uint8_t *)text, 164}, &lines));
			cr_assert_eq(lines.marked, 1);
			memcpy(text + at - 1, "\r\nb:", 4);
			text[at + 3] = *mark;
			text[at + 4] = *mark;
			cr_assert(th_lines_of((struct th_slice){(uint8_t *)text, 164}, &lines));
			cr_assert_eq(lines.marked, 2);
		}
		memset(text + at - 1, 'v', 6);
		text[at] = '/';
		cr_assert(th_lines_of((struct th_slice){(uint8_t *)text, 164}, &lines));
		cr_assert_eq(lines.marked, 0);
	}
	cr_assert(plain("GET /?a=b&c//d HTTP/1.1\r\nx?&//: b\r\na:/\r\n\r\n"));
	cr_assert_eq(lines.marked, 0, "in no value");
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

static struct th_lines_model model;

static bool same_bytes(
	const uint8_t *a, size_t a_at, size_t a_end, const uint8_t *b, size_t b_at, size_t b_end)
{
	return a_end - a_at == b_end - b_at && memcmp(a + a_at, b + b_at, a_end - a_at) == 0;
}

/* What is said of the head before is so; of the model's own form all names are known. */
static void check_known(const struct th_lines *past, const uint8_t *was, const struct th_lines *l,
	const uint8_t *head)
{
	cr_assert(!l->start_same || same_bytes(was, 0, past->start, head, 0, l->start));
	for (size_t i = 0; i < l->n; i++) {
		const struct th_line a = i < past->n ? th_lines_line(past, i) : (struct th_line){0};
		const struct th_line b = th_lines_line(l, i);
		bool named = i < past->n && same_bytes(was, a.at, a.colon, head, b.at, b.colon);
		cr_assert_eq(l->known >> i & 1, named, "%zu of %.*s", i, l->bytes, head);
		cr_assert(!(l->same >> i & 1) || same_bytes(was, a.at, a.end, head, b.at, b.end));
	}
	cr_assert_eq(l->same & ~th_lines_first(l->n), 0);
}

static void check_alone(const struct th_lines *l, const struct th_lines *alone, struct th_slice in)
{
	cr_assert(l->bytes == alone->bytes && l->start == alone->start && l->n == alone->n);
	for (size_t i = 0; i < l->n; i++) {
		const struct th_line a = th_lines_line(l, i), b = th_lines_line(alone, i);
		cr_assert(a.at == b.at && a.colon == b.colon && a.end == b.end, "%.*s", (int)in.n,
			in.p);
	}
	cr_assert_eq(memcmp(l->tag, alone->tag, alone->n), 0);
	cr_assert_eq(
		memcmp(l->named, alone->named, sizeof(alone->named)), 0, "%.*s", (int)in.n, in.p);
	cr_assert_eq(alone->tags & ~l->tags, 0);
	cr_assert_eq(l->marked, alone->marked, "%.*s", (int)in.n, in.p);
}

/* Beside the model, whichever it is, all is found as it is without it. */
static bool check_beside(struct th_slice head)
{
	static struct th_lines alone, past;
	static uint8_t was[TH_LINES_MODEL_BYTES];
	const struct th_slice in = th_guard(head);
	bool is_plain = th_lines_of(in, &alone), any = model.bytes > 0;
	past = model.lines;
	past.start = model.start;
	th_lines_shift(&past, 0, 0);
	memcpy(was, model.head, model.bytes);
	cr_assert_eq(th_lines_beside(&model, in), is_plain, "%.*s", (int)head.n, head.p);
	cr_assert_eq(model.bytes > 0, is_plain);
	if (is_plain) {
		check_alone(&model.lines, &alone, in);
	}
	if (is_plain && any) {
		check_known(&past, was, &model.lines, in.p);
	}
	return is_plain && !model.lines.fresh;
}

/* False: it is a model of its own. */
static bool check_after_bytes(struct th_slice before, struct th_slice head)
{
	th_lines_forget(&model);
	cr_assert(th_lines_beside(&model, before));
	return check_beside(head);
}

static bool check_after(const char *before, const char *text)
{
	return check_after_bytes(th_slice_str(before), th_slice_str(text));
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
			cr_assert(check_after(before, text) || !th_cpu_has_avx2());
			cr_assert_eq(model.lines.known, 3);
		}
	}
}

/* A value of any length; some bytes are such that a head is not plain, or has another line. */
static size_t put_value(char *to, size_t most)
{
	static const char odd[] = "?&/\r\n: \0x";
	size_t n = (size_t)rand() % most;
	for (size_t i = 0; i < n; i++) {
		to[i] = (char)('a' + rand() % 4);
	}
	if (n && rand() % 8 == 0) {
		to[(size_t)rand() % n] = odd[(size_t)rand() % (sizeof(odd) - 1)];
	}
	if (n > 1 && rand() % 8 == 0) {
		memset(to + (size_t)rand() % (n - 1), '/', 2);
	}
	return n;
}

/* A few fields, which are mostly those of the head before, with mostly the value of before. */
static size_t put_head(char *to, const unsigned *seeds)
{
	static const char *const names[] = {
		"date", "content-length", "x-id", "Expect", "transfer-encoding", "a-longer-name"};
	size_t n = (size_t)sprintf(to, "G");
	srand(seeds[0]);
	n += put_value(to + n, rand() % 4 ? 10 : 60);
	n += (size_t)sprintf(to + n, "\r\n");
	for (size_t i = 1; i < 8; i++) {
		srand(seeds[i]);
		n += (size_t)sprintf(to + n, "%s:", names[(size_t)rand() % 6]);
		n += put_value(to + n, rand() % 4 ? 10 : 90);
		n += (size_t)sprintf(to + n, "\r\n");
		if (rand() % 16 == 0) {
			break;
		}
	}
	n += (size_t)sprintf(to + n, "\r\n");
	memset(to + n, 'b', 40);
	return n + (seeds[0] % 3 ? 40 : 0);
}

/* One after the other, as on a connection: many have the model's form. */
Test(lines, a_connection_of_any_heads)
{
	char text[1200];
	unsigned seeds[8] = {0}, beside = 0;
	for (unsigned round = 1; round < 20000; round++) {
		for (unsigned i = round % 4; i < 4; i++) {
			seeds[(round * 7919 + i * 13) % 8] = round * 31 + i;
		}
		size_t n = put_head(text, seeds);
		beside += check_beside((struct th_slice){(uint8_t *)text, n});
	}
	cr_assert(beside > 1000 || !th_cpu_has_avx2(), "%u", beside);
}
