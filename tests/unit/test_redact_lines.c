/* capture/redact_lines.c: what comes of a plain head is what th_redact_h1_head() and
 * th_redact_h1_lines() make of it, whatever is remembered. */
#include "capture/redact_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/cpu.h"
#include "base/lines_beside.h"

#define OUT_MAX 65536

static struct th_redact_memory memory;
static unsigned kept;

static void keep(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value)
{
	kept++;
}

static const struct th_redaction how = {.key = {1}, .keep = keep};

struct made {
	uint8_t p[OUT_MAX];
	size_t n;
	bool redacted;
};

static void gather(const struct th_redact_parts *parts, struct made *ret_made)
{
	ret_made->n = 0;
	ret_made->redacted = parts->redacted;
	for (int i = 1; i < parts->n; i++) {
		memcpy(ret_made->p + ret_made->n, parts->part[i].iov_base, parts->part[i].iov_len);
		ret_made->n += parts->part[i].iov_len;
	}
}

static bool by_lines(enum th_redact_side side, struct th_slice head,
	struct th_redact_memory *remembered, struct made *ret_made)
{
	struct th_lines lines;
	struct th_redact_parts parts;
	bool plain = th_lines_of(head, &lines);
	head.n = lines.bytes;
	if (!plain || !th_redact_lines(&how, side, head, &lines, remembered, &parts)) {
		return false;
	}
	gather(&parts, ret_made);
	return true;
}

static void by_walking(enum th_redact_side side, struct th_slice head, struct made *ret_made)
{
	ret_made->redacted = false;
	ret_made->n = side == TH_REDACT_REQUEST
		? th_redact_h1_head(&how, head, ret_made->p, &ret_made->redacted)
		: th_redact_h1_lines(&how, side, head, ret_made->p, &ret_made->redacted);
}

static bool same(enum th_redact_side side, const char *text)
{
	static struct made a, b;
	struct th_slice head = th_slice_str(text);
	by_walking(side, head, &a);
	if (!by_lines(side, head, &memory, &b)) {
		return false;
	}
	cr_assert(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, "%.*s", (int)b.n, b.p);
	cr_assert_eq(a.redacted, b.redacted);
	return true;
}

#define ASK(target, fields) "POST " target " HTTP/1.1\r\nHost: example.org\r\n" fields "\r\n"

Test(redact_lines, requests)
{
	static const char *const heads[] = {
		ASK("/v1/chat", "authorization: Bearer sk-one\r\ncontent-length: 12\r\n"),
		ASK("/v1/chat", "authorization: Bearer sk-two\r\ncontent-length: 13\r\n"),
		ASK("/v1/chat", "Authorization: Bearer sk-one\r\ncontent-length: 12\r\n"),
		ASK("/v1/chat?key=abc", "x-api-key:k\r\ncookie: a=b; c=d\r\n"),
		ASK("/",
			"referer: https://u:p@h/?token=x&y=z\r\nuser-agent: a (https://b?c=d)\r\n"),
		ASK("/", "x-some: https://u:p@h/\r\nx-other: what?key=secret\r\n"),
		ASK("/", "authorization: \r\nauthorization:\r\nx-my-token: t\r\n"),
	};
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
			(void)same(TH_REDACT_REQUEST, heads[i]);
		}
		cr_assert(same(TH_REDACT_REQUEST, heads[round]));
		cr_assert(same(TH_REDACT_REQUEST, heads[round]));
	}
}

#define ANSWER(fields) "HTTP/1.1 200 OK\r\nserver: s\r\n" fields "\r\n"

Test(redact_lines, answers)
{
	cr_assert(same(TH_REDACT_RESPONSE, ANSWER("date: today\r\n")));
	cr_assert(same(TH_REDACT_RESPONSE, ANSWER("link: <https://a/?key=b>\r\n")));
	cr_assert(same(TH_REDACT_RESPONSE, ANSWER("link: <https://a/b>\r\n")));
	cr_assert(same(TH_REDACT_RESPONSE, ANSWER("link: <https://a/b>\r\n")));
	cr_assert(
		same(TH_REDACT_RESPONSE, ANSWER("set-cookie: a=b; path=/\r\nset-cookie: c=d\r\n")));
	cr_assert_not(same(TH_REDACT_RESPONSE, "authorization: secret\r\na: b\r\n\r\n"));
}

static bool beside(struct th_lines_model *model, const char *text, struct made *ret_made)
{
	struct th_redact_parts parts;
	struct th_slice head = th_slice_str(text);
	cr_assert(th_lines_beside(model, head));
	head.n = model->lines.bytes;
	if (!th_redact_lines(&how, TH_REDACT_REQUEST, head, &model->lines, &memory, &parts)) {
		return false;
	}
	gather(&parts, ret_made);
	return true;
}

/* A connection: what is known of a line from the head before is not what is known of another. */
Test(redact_lines, one_head_after_the_other)
{
	static const char *const heads[] = {ASK("/", "a: b\r\nx-api-key: one\r\nc: d\r\n"),
		ASK("/", "a: b\r\nx-api-key: two\r\nc: d\r\n"),
		ASK("/", "a: bcd\r\nx-api-key: one\r\nc: d\r\n"),
		ASK("/a", "a: b\r\nx-api-key: three\r\nc: d\r\n"),
		ASK("/a?key=b", "a: ?key=b\r\nx-api-key: one\r\nc: d\r\n"),
		ASK("/a?key=c", "a: ?key=c\r\nx-api-key: two\r\nc: https://u:p@h\r\n"),
		ASK("/", "a: ?\r\nx-api-key: two\r\nc: d\r\n"),
		ASK("/", "a: b\r\nx-api-keys: two\r\nc: d\r\n"),
		ASK("/", "a: https://h/?key=b\r\nx-api-key: two\r\nx-api-key: one\r\n"),
		ASK("/", "a: b\r\ncookie: a=b\r\nx-api-key: one\r\n"),
		ASK("/?key=b", "x-api-key: one\r\n"), ASK("/?key=c", "x-api-key: one\r\na: b\r\n"),
		ASK("/", "x-api-key: one\r\nx-api-key: one\r\nx-api-key: two\r\n")};
	static struct made a, b;
	static struct th_lines_model model;
	const size_t n = sizeof(heads) / sizeof(*heads);
	size_t next = 1, done = 0, of_one_form = 0;
	for (size_t i = 0; i < 8 * n * n; i++, next = (next * 5 + i / n + 1) % n) {
		if (beside(&model, heads[next], &b)) {
			by_walking(TH_REDACT_REQUEST, th_slice_str(heads[next]), &a);
			cr_assert(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, "%zu: %.*s", next,
				(int)b.n, b.p);
			cr_assert_eq(a.redacted, b.redacted);
			of_one_form += !model.lines.fresh;
			done++;
		}
	}
	cr_assert_gt(done, 4 * n * n);
	cr_assert(of_one_form > n * n || !th_cpu_has_avx2());
}

/* What is replaced in an answer is handed on each time: it may not have been written before. */
Test(redact_lines, an_answers_secret_is_kept_each_time)
{
	static struct made made;
	for (unsigned round = 1; round <= 3; round++) {
		cr_assert(by_lines(TH_REDACT_RESPONSE, th_slice_str(ANSWER("set-cookie: a=b\r\n")),
			&memory, &made));
		cr_assert_eq(kept, round);
	}
}

Test(redact_lines, without_a_memory_only_what_hides_nothing)
{
	static struct made made;
	cr_expect(by_lines(TH_REDACT_RESPONSE, th_slice_str(ANSWER("a: b\r\n")), NULL, &made));
	cr_expect_not(by_lines(
		TH_REDACT_RESPONSE, th_slice_str(ANSWER("set-cookie: a=b\r\n")), NULL, &made));
	cr_expect_not(by_lines(TH_REDACT_REQUEST, th_slice_str(ASK("/", "")), NULL, &made));
}

/* More than is remembered, or than there are pieces for, is for who walks; nothing is mixed up. */
Test(redact_lines, many_and_large)
{
	char text[6000];
	for (int n = 1; n < 60; n++) {
		int at = sprintf(text, "GET /%d HTTP/1.1\r\n", n);
		for (int i = 0; i < n; i++) {
			at += sprintf(text + at, "authorization: Bearer %d%0*d\r\n", i % 7, n, i);
		}
		sprintf(text + at, "\r\n");
		(void)same(TH_REDACT_REQUEST, text);
		(void)same(TH_REDACT_REQUEST, text);
	}
	cr_assert(same(TH_REDACT_REQUEST, ASK("/", "a: b\r\n")) ||
		same(TH_REDACT_REQUEST, ASK("/", "a: b\r\n")));
}

/* A head's tokens are limited by whoever walks over it: the same line, remembered, counts too. */
Test(redact_lines, tokens_are_counted)
{
	char text[6000];
	int at = sprintf(text, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 20; i++) {
		at += sprintf(text + at, "cookie: a=1; b=2; c=3; d=4; e=5; f=6; g=7; h=8; i=9\r\n");
	}
	sprintf(text + at, "\r\n");
	cr_assert_not(same(TH_REDACT_REQUEST, text));
}
