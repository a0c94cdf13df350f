/* Without framing or coding the pieces are counted. Else ever better beginnings of the body are
 * decoded: a binary search, so a body is decoded a few times and not once per piece. */
#include "trace/body_arrival.h"

#include <stdlib.h>

#include "trace/http.h"

static bool is_plain(const struct th_message *m)
{
	struct th_slice value;
	bool coded = m->head.bytes.n && th_head_get(&m->head, "content-encoding", &value);
	bool chunked = m->head.bytes.n && !m->head.list &&
		th_head_has_token(&m->head, "transfer-encoding", "chunked");
	return !coded && !chunked;
}

/* Decoded bytes of the first k pieces. */
static size_t decoded(const struct th_message *m, size_t k)
{
	struct th_message part = *m;
	uint8_t *bytes = NULL;
	size_t n = 0;
	part.n_pieces = k;
	part.body_bytes = 0;
	for (size_t i = 0; i < k; i++) {
		part.body_bytes += m->pieces[i].bytes.n;
	}
	(void)th_http_body(&part, true, &bytes, &n);
	free(bytes);
	return n;
}

static size_t count_pieces(const struct th_message *m, size_t n)
{
	size_t i = 0, seen = m->pieces[0].bytes.n;
	while (seen < n && i + 1 < m->n_pieces) {
		seen += m->pieces[++i].bytes.n;
	}
	return i;
}

static size_t search_pieces(const struct th_message *m, size_t n)
{
	size_t low = 0, high = m->n_pieces - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (decoded(m, middle + 1) >= n) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

uint64_t th_body_arrival(const struct th_message *m, size_t n)
{
	if (m->n_pieces == 0) {
		return 0;
	}
	return m->pieces[is_plain(m) ? count_pieces(m, n) : search_pieces(m, n)].time;
}
