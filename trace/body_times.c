/* Chunk framing can be followed exactly: the content slices point into the joined wire bytes. A
 * content coding cannot, so ever longer beginnings are decoded; that is quadratic, hence a limit.
 */
#include "trace/body_times.h"

#include <stdlib.h>

#include "wire/chunked.h"

#define DECODE_BUDGET ((uint64_t)512 << 20) /* bytes decoded over and over, and made by that */

struct walk {
	const struct th_message *m;
	const uint8_t *wire; /* pieces joined */
	size_t *decoded;
	size_t piece, piece_end; /* the piece that the walk is in, and where it ends */
	size_t content;		 /* content bytes so far */
};

/* Content up to wire offset `to` is `content` bytes: closes the pieces that end before it. */
static void close_pieces(struct walk *w, size_t to)
{
	while (w->piece < w->m->n_pieces && w->piece_end <= to) {
		w->decoded[w->piece] = w->content - (to - w->piece_end);
		w->piece++;
		w->piece_end += w->piece < w->m->n_pieces ? w->m->pieces[w->piece].bytes.n : 0;
	}
}

static void on_content(void *context, struct th_slice s)
{
	struct walk *w = context;
	size_t from = (size_t)(s.p - w->wire);
	size_t framing_before = w->content;
	while (w->piece < w->m->n_pieces && w->piece_end <= from) {
		w->decoded[w->piece++] = framing_before;
		w->piece_end += w->piece < w->m->n_pieces ? w->m->pieces[w->piece].bytes.n : 0;
	}
	w->content += s.n;
	close_pieces(w, from + s.n);
}

static uint8_t *join(const struct th_message *m, size_t *ret_n)
{
	uint8_t *wire = malloc(m->body_bytes + 1);
	size_t n = 0;
	for (size_t i = 0; wire && i < m->n_pieces; i++) {
		memcpy(wire + n, m->pieces[i].bytes.p, m->pieces[i].bytes.n);
		n += m->pieces[i].bytes.n;
	}
	*ret_n = n;
	return wire;
}

static bool follow_chunks(const struct th_message *m, size_t *decoded)
{
	size_t n;
	uint8_t *wire = join(m, &n);
	struct walk w = {.m = m, .wire = wire, .decoded = decoded};
	if (!wire) {
		return false;
	}
	w.piece_end = m->n_pieces ? m->pieces[0].bytes.n : 0;
	(void)th_chunked_decode((struct th_slice){wire, n}, on_content, &w, NULL);
	while (w.piece < m->n_pieces) {
		decoded[w.piece++] = w.content;
	}
	free(wire);
	return true;
}

static bool follow_bytes(const struct th_message *m, size_t *decoded)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n_pieces; i++) {
		n += m->pieces[i].bytes.n;
		decoded[i] = n;
	}
	return true;
}

static bool decode_beginnings(const struct th_message *m, size_t *decoded)
{
	struct th_message part = *m;
	if (m->body_bytes * m->n_pieces / 2 > DECODE_BUDGET) {
		return false;
	}
	part.body_bytes = 0;
	uint64_t made = 0;
	for (size_t i = 0; i < m->n_pieces && made <= DECODE_BUDGET; i++) {
		uint8_t *bytes = NULL;
		part.n_pieces = i + 1;
		part.body_bytes += m->pieces[i].bytes.n;
		(void)th_http_body(&part, true, &bytes, &decoded[i]);
		free(bytes);
		made += decoded[i];
	}
	return made <= DECODE_BUDGET;
}

static bool has_coding(const struct th_message *m)
{
	struct th_slice value;
	return m->head.bytes.n && th_head_get(&m->head, "content-encoding", &value) && value.n;
}

bool th_body_times_init(struct th_body_times *t, const struct th_message *m)
{
	bool chunked = m->head.bytes.n && !m->head.list &&
		th_head_has_token(&m->head, "transfer-encoding", "chunked");
	*t = (struct th_body_times){m, malloc((m->n_pieces + 1) * sizeof(*t->decoded))};
	bool known = t->decoded &&
		(has_coding(m)		  ? decode_beginnings(m, t->decoded)
				: chunked ? follow_chunks(m, t->decoded)
					  : follow_bytes(m, t->decoded));
	if (!known) {
		th_body_times_finish(t);
	}
	return known;
}

void th_body_times_finish(struct th_body_times *t)
{
	free(t->decoded);
	t->decoded = NULL;
}

uint64_t th_body_times_at(const struct th_body_times *t, size_t n)
{
	size_t low = 0, high = t->message->n_pieces;
	if (!t->decoded) {
		return 0;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->decoded[middle] >= n) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low < t->message->n_pieces ? t->message->pieces[low].time : 0;
}
