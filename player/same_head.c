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

/* Where the number begins in a line of a name, a colon, perhaps a space, a number and CR LF; 0: it
 * is another one. */
static size_t plain_number(struct th_slice head, struct th_length_line line)
{
	const size_t colon = line.at + sizeof("content-length") - 1;
	if (line.end < colon + sizeof(": ") || head.p[colon] != ':') {
		return 0;
	}
	size_t at = colon + 1 + (head.p[colon + 1] == ' ');
	size_t end = at + count_digits(head, at);
	bool ends = line.end == end + 2 && head.p[end] == '\r' && head.p[end + 1] == '\n';
	return end > at && ends ? at : 0;
}

/* The line that stands at line.at of `in`: other digits, and the same around them. */
static bool take_length(struct th_slice before, struct th_length_line line, struct th_slice in,
	struct th_head_again *a)
{
	size_t number = plain_number(before, line);
	size_t digits = number ? count_digits(in, number) : 0, end = number + digits;
	if (!digits || in.n - end < 2 || in.p[end] != '\r' || in.p[end + 1] != '\n' ||
		!same(before, line.at, in, line.at, number - line.at)) {
		return false;
	}
	a->line = (struct th_length_line){line.at, end + 2};
	return th_parse_u64((struct th_slice){in.p + number, digits}, &a->length);
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
