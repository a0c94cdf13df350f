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
