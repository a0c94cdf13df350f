/* See ws_talk.h. */
#include "trace/ws_talk.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/http.h"
#include "wire/ws_inflate.h"

#define RSV1 4 /* "compressed" (RFC 7692 6) */

bool th_ws_is(const struct th_exchange *x)
{
	struct th_slice protocol;
	uint16_t status = x->response.head.bytes.n ? th_head_status(&x->response.head) : 0;
	if (!x->request.head.list) {
		return status == 101 &&
			th_head_has_token(&x->response.head, "upgrade", "websocket");
	}
	return status / 100 == 2 && th_head_get(&x->request.head, ":protocol", &protocol) &&
		th_slice_eq(protocol, TH_SLICE_LIT("websocket"));
}

const char *th_ws_opcode_name(uint8_t opcode)
{
	static const char *const names[] = {[TH_WS_CONTINUATION] = "continuation",
		[TH_WS_TEXT] = "text",
		[TH_WS_BINARY] = "binary",
		[TH_WS_CLOSE] = "close",
		[TH_WS_PING] = "ping",
		[TH_WS_PONG] = "pong"};
	return opcode < sizeof(names) / sizeof(names[0]) && names[opcode] ? names[opcode] : "?";
}

uint16_t th_ws_close(const struct th_ws_said *said, struct th_slice *ret_reason)
{
	struct th_slice p = said->payload;
	*ret_reason = (struct th_slice){NULL, 0};
	if (p.n < 2) {
		return 0;
	}
	*ret_reason = (struct th_slice){p.p + 2, p.n - 2};
	return (uint16_t)(p.p[0] << 8 | p.p[1]);
}

/* ---- one side ---- */

struct side {
	struct th_ws_talk *talk;
	const struct th_message *message;
	bool by_server;
	struct th_slice bytes;
	size_t at;
	size_t piece, piece_end;       /* where the time is read from */
	struct th_ws_inflate *inflate; /* NULL: not negotiated */
	bool compressed;	       /* the message that is under way */
	size_t budget;		       /* bytes that may still be made */
};

/* An array that grows by one; NULL: no memory. */
static void *room(void **items, size_t n, size_t size)
{
	if ((n & (n - 1)) == 0) {
		void *p = realloc(*items, (n ? 2 * n : 1) * size);
		if (!p) {
			return NULL;
		}
		*items = p;
	}
	return (uint8_t *)*items + n * size;
}

/* The talk frees it. */
static int keep(struct th_ws_talk *t, uint8_t *p)
{
	uint8_t **slot = room((void **)&t->memory, t->n_memory, sizeof(*t->memory));
	if (!slot) {
		free(p);
		return -ENOMEM;
	}
	*slot = p;
	t->n_memory++;
	return 0;
}

static int join(struct side *s)
{
	const struct th_message *m = s->message;
	uint8_t *p = malloc(m->body_bytes ? m->body_bytes : 1), *end = p;
	if (!p) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->n_pieces; i++) {
		if (m->pieces[i].bytes.n) {
			memcpy(end, m->pieces[i].bytes.p, m->pieces[i].bytes.n);
		}
		end += m->pieces[i].bytes.n;
	}
	s->bytes = (struct th_slice){p, (size_t)(end - p)};
	return keep(s->talk, p);
}

/* Of the piece that holds the byte before `offset`. */
static uint64_t time_of(struct side *s, size_t offset)
{
	const struct th_message *m = s->message;
	if (s->piece_end == 0) {
		s->piece_end = m->pieces[0].bytes.n;
	}
	while (offset > s->piece_end && s->piece + 1 < m->n_pieces) {
		s->piece_end += m->pieces[++s->piece].bytes.n;
	}
	return m->pieces[s->piece].time;
}

static bool is_deflated(struct side *s, const struct th_ws_frame *f)
{
	if (f->opcode >= TH_WS_CLOSE || !s->inflate) {
		return false;
	}
	if (f->opcode != TH_WS_CONTINUATION) {
		s->compressed = f->reserved & RSV1;
	}
	return s->compressed;
}

static int undo(struct side *s, struct th_ws_said *said)
{
	bool whole = said->came == said->frame.length;
	uint8_t *p = NULL;
	size_t n = 0;
	int r = th_ws_inflate_frame(
		s->inflate, said->payload, said->frame.fin && whole, s->budget, &p, &n);
	if (r == -ENOMEM) {
		return r;
	}
	s->budget -= n;
	said->undone = r == 0;
	if (r == 0 || n) {
		said->payload = (struct th_slice){p, n};
	}
	return keep(s->talk, p);
}

static int take(struct side *s, const struct th_ws_frame *f)
{
	size_t left = s->bytes.n - s->at - f->head_n;
	size_t n = f->length < left ? (size_t)f->length : left;
	uint8_t *payload = (uint8_t *)s->bytes.p + s->at + f->head_n;
	struct th_ws_said said = {.by_server = s->by_server, .frame = *f, .came = n};
	if (f->masked) {
		th_ws_mask(f->mask, 0, payload, n);
	}
	said.payload = (struct th_slice){payload, n};
	s->at += f->head_n + n;
	said.time = time_of(s, s->at);
	said.deflated = is_deflated(s, f);
	int r = said.deflated ? undo(s, &said) : 0;
	struct th_ws_said *slot = r == 0 ? room((void **)&s->talk->said, s->talk->n, sizeof(*slot))
					 : NULL;
	if (!slot) {
		return -ENOMEM;
	}
	*slot = said;
	s->talk->n++;
	return 0;
}

static int listen_to(struct side *s)
{
	struct th_ws_frame f;
	int r = join(s);
	while (r == 0 &&
		th_ws_head((struct th_slice){s->bytes.p + s->at, s->bytes.n - s->at}, &f) == 1) {
		r = take(s, &f);
	}
	s->talk->rest[s->by_server] = (struct th_slice){s->bytes.p + s->at, s->bytes.n - s->at};
	return r;
}

/* ---- both ---- */

static bool deflate_was_agreed(const struct th_exchange *x)
{
	static const char name[] = "permessage-deflate";
	struct th_slice v;
	return th_head_get(&x->response.head, "sec-websocket-extensions", &v) &&
		memmem(v.p, v.n, name, strlen(name));
}

static int listen_to_side(struct th_ws_talk *t, const struct th_exchange *x, bool by_server)
{
	struct side s = {.talk = t,
		.message = by_server ? &x->response : &x->request,
		.by_server = by_server};
	s.budget = th_http_decoded_limit(s.message->body_bytes);

	if (deflate_was_agreed(x)) {
		s.inflate = th_ws_inflate_create();
		if (!s.inflate) {
			return -ENOMEM;
		}
	}
	int r = listen_to(&s);
	th_ws_inflate_destroy(s.inflate);
	return r;
}

/* Each side is in order; of equal times the client's come first. */
static int by_time(struct th_ws_talk *t, size_t n_client)
{
	struct th_ws_said *merged = calloc(t->n + 1, sizeof(*merged));
	if (!merged) {
		return -ENOMEM;
	}
	for (size_t c = 0, s = n_client, n = 0; n < t->n; n++) {
		bool client = c < n_client && (s == t->n || t->said[c].time <= t->said[s].time);
		merged[n] = t->said[client ? c++ : s++];
	}
	free(t->said);
	t->said = merged;
	return 0;
}

int th_ws_talk_init(struct th_ws_talk *t, const struct th_exchange *x)
{
	*t = (struct th_ws_talk){0};
	int r = listen_to_side(t, x, false);
	size_t n_client = t->n;
	if (r == 0) {
		r = listen_to_side(t, x, true);
	}
	return r == 0 ? by_time(t, n_client) : r;
}

void th_ws_talk_finish(struct th_ws_talk *t)
{
	for (size_t i = 0; i < t->n_memory; i++) {
		free(t->memory[i]);
	}
	free(t->memory);
	free(t->said);
	*t = (struct th_ws_talk){0};
}
