/* See same_head.h. Of a list of fields (HTTP/2) the whole is compared. */
#include "player/same_head.h"

#include "base/text.h"

struct th_length_line th_length_line(const struct th_head *head)
{
	struct th_length_line line = {0, 0};
	struct th_field f;
	size_t pos = 0;
	while (!head->list && th_head_next_of(head, "c", &pos, &f)) {
		if (!th_slice_ieq(f.name, TH_SLICE_LIT("content-length"))) {
			continue;
		}
		if (line.end) {
			return (struct th_length_line){0, 0};
		}
		line.at = (size_t)(f.name.p - head->bytes.p);
		line.end = pos;
		while (line.at > 0 && head->bytes.p[line.at - 1] != '\n') {
			line.at--;
		}
	}
	return line;
}

static bool same(struct th_slice a, size_t a_from, struct th_slice b, size_t b_from, size_t n)
{
	return n == 0 || memcmp(a.p + a_from, b.p + b_from, n) == 0;
}

bool th_same_head(struct th_slice a, struct th_length_line in_a, struct th_slice b,
	struct th_length_line in_b)
{
	return in_a.at == in_b.at && !in_a.end == !in_b.end && a.n - in_a.end == b.n - in_b.end &&
		same(a, 0, b, 0, in_a.at) && same(a, in_a.end, b, in_b.end, a.n - in_a.end);
}

static size_t count_digits(struct th_slice s, size_t from)
{
	size_t n = 0;
	while (from + n < s.n && s.p[from + n] >= '0' && s.p[from + n] <= '9') {
		n++;
	}
	return n;
}

/* The line that stands at line.at of `in`: other digits, and the same around them. */
static bool take_length(struct th_slice before, struct th_length_line line, struct th_slice in,
	struct th_head_again *a)
{
	size_t digits = line.at;
	while (digits < line.end && !count_digits(before, digits)) {
		digits++;
	}
	size_t then = digits + count_digits(before, digits), now = count_digits(in, digits);
	size_t tail = line.end - then;
	bool plain = then > digits &&
		th_slice_eq((struct th_slice){before.p + then, tail}, TH_SLICE_LIT("\r\n"));
	if (!plain || !now || digits + now + tail > in.n ||
		!same(before, line.at, in, line.at, digits - line.at) ||
		!same(before, then, in, digits + now, tail)) {
		return false;
	}
	a->line = (struct th_length_line){line.at, digits + now + tail};
	return th_parse_u64((struct th_slice){in.p + digits, now}, &a->length);
}

bool th_head_again(struct th_slice before, struct th_length_line line, struct th_slice in,
	struct th_head_again *ret_again)
{
	struct th_head_again a = {0};
	size_t rest = before.n - line.end;
	if (in.n < line.at || !same(before, 0, in, 0, line.at) ||
		(line.end && !take_length(before, line, in, &a)) || in.n - a.line.end < rest ||
		!same(before, line.end, in, a.line.end, rest)) {
		return false;
	}
	a.n = a.line.end + rest;
	*ret_again = a;
	return true;
}
