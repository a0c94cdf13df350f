/* Event streams: the standard's examples, every line end, and ends in mid-event. */
#include "wire/sse.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "guard.h"

struct text {
	char p[4096];
	size_t n;
};

#define SAY(t, ...) \
	((t)->n += (size_t)snprintf((t)->p + (t)->n, sizeof((t)->p) - (t)->n, __VA_ARGS__))

/* "event/id data|data" per event, "!" when it is not complete. */
static void describe(struct th_slice body, struct text *t)
{
	struct th_sse_event e;
	*t = (struct text){.n = 0};
	for (size_t pos = 0; th_sse_next(body, &pos, &e);) {
		SAY(t, "%.*s/%.*s ", (int)e.event.n, e.event.p, (int)e.id.n, e.id.p);
		struct th_slice line;
		unsigned lines = 0;
		for (size_t at = 0; th_sse_data_next(&e, &at, &line); lines++) {
			SAY(t, "%s%.*s", lines ? "|" : "", (int)line.n, line.p);
			if (lines == 0) {
				cr_assert(th_slice_eq(line, e.data));
			}
		}
		cr_assert_eq(lines, e.data_lines);
		SAY(t, "%s\n", e.complete ? "" : "!");
	}
}

static void expect(const char *body, const char *want)
{
	struct text t;
	describe(th_guard(th_slice_str(body)), &t);
	cr_assert_str_eq(t.p, want, "%s", t.p);
}

Test(sse, examples_of_the_standard)
{
	expect("data: YHOO\ndata: +2\ndata: 10\n\n", "/ YHOO|+2|10\n");
	expect(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
	       "data:  third event\n\n",
		"/ \n/1 first event\n/ second event\n/  third event\n");
	expect("data\n\ndata\ndata\n\ndata:", "/ \n/ |\n/ !\n");
	expect("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
		"add/ 73857293\nremove/ 2153\n");
}

Test(sse, every_line_end)
{
	static const char *const ends[] = {"\n", "\r", "\r\n"};
	for (int i = 0; i < 3; i++) {
		char body[200];
		const char *e = ends[i];
		snprintf(body, sizeof(body), "event: a%sdata: 1%s%s%s%sdata: 2%sdata: 3%s%s", e, e,
			e, e, e, e, e, e);
		expect(body, "a/ 1\n/ 2|3\n");
	}
}

Test(sse, fields_are_read_as_the_standard_says)
{
	expect("\xef\xbb\xbf"
	       "data: x\n\n",
		"/ x\n");
	expect("data: x\n\n\xef\xbb\xbf"
	       "data: y\n\n",
		"/ x\n/ \n");
	expect("event: a\nevent: b\ndata: x: y\nretry: 5\nother\nDATA: z\n\n", "b/ x: y\n");
	expect("", "");
	expect("\n\r\n\r", "");
}

Test(sse, raw_is_the_block_as_it_came)
{
	struct th_sse_event e;
	size_t pos = 0;
	struct th_slice body = TH_SLICE_LIT("\r\nevent: a\r\ndata: b\r\n\r\ndata: c\r\n");
	cr_assert(th_sse_next(body, &pos, &e));
	cr_assert(th_slice_eq(e.raw, TH_SLICE_LIT("event: a\r\ndata: b")));
	cr_assert(e.complete);
	cr_assert(th_sse_next(body, &pos, &e));
	cr_assert(th_slice_eq(e.raw, TH_SLICE_LIT("data: c")));
	cr_assert_not(e.complete, "its blank line never came");
	cr_assert_not(th_sse_next(body, &pos, &e));
}

/* Each beginning of a stream gives a beginning of its events, but for the last. */
Test(sse, cut_at_every_byte)
{
	static const char body[] = "id: 7\ndata: one\ndata: two\n\n: c\n\ndata: three\r\n\r\n";
	struct text whole, part;
	describe(th_slice_str(body), &whole);
	for (size_t n = 0; n < sizeof(body) - 1; n++) {
		describe(th_guard((struct th_slice){(const uint8_t *)body, n}), &part);
		char *last = strrchr(part.p, '!');
		size_t same = part.n;
		if (last) {
			while (last > part.p && last[-1] != '\n') {
				last--;
			}
			same = (size_t)(last - part.p);
		}
		cr_assert_eq(strncmp(whole.p, part.p, same), 0, "%zu: %s", n, part.p);
	}
}
