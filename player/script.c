/* See script.h. */
#include "player/script.h"

#include <errno.h>

#include "trace/ws_talk.h"

/* ---- bytes ---- */

static void join(const struct th_message *m, struct th_buf *out)
{
	for (size_t i = 0; i < m->n_pieces; i++) {
		th_buf_slice(out, m->pieces[i].bytes);
	}
}

/* Where the joined bytes of a message came from. */
struct place {
	const struct th_message *m;
	size_t piece, end; /* offset behind it */
};

static struct place place_begin(const struct th_message *m)
{
	return (struct place){.m = m, .end = m->n_pieces ? m->pieces[0].bytes.n : 0};
}

/* Goes on to the piece that holds the byte at `offset`. */
static void place_find(struct place *p, size_t offset)
{
	while (offset >= p->end && p->piece + 1 < p->m->n_pieces) {
		p->end += p->m->pieces[++p->piece].bytes.n;
	}
}

static uint64_t place_time(const struct place *p)
{
	return p->m->n_pieces ? p->m->pieces[p->piece].time : 0;
}

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

/* ---- the client ---- */

static bool add_said(struct th_said **list, size_t *n, const struct th_said *said)
{
	struct th_said *at = room((void **)list, *n, sizeof(**list));
	if (at) {
		*at = *said;
		(*n)++;
	}
	return at != NULL;
}

static int listen_to_client(struct th_script *s, const struct th_exchange *x)
{
	struct place place = place_begin(&x->request);
	struct th_ws_frame f;
	size_t at = 0;
	while (th_ws_head((struct th_slice){s->client.p + at, s->client.n - at}, &f) == 1 &&
		f.length <= s->client.n - at - f.head_n) {
		uint8_t *payload = s->client.p + at + f.head_n;
		if (f.masked) {
			th_ws_mask(f.mask, 0, payload, f.length);
		}
		at += f.head_n + f.length;
		place_find(&place, at - 1);
		struct th_said said = {f, {payload, f.length}, place_time(&place)};
		bool ok = f.opcode == TH_WS_PONG ||
			(f.opcode == TH_WS_PING ? add_said(&s->pings, &s->n_pings, &said)
						: add_said(&s->said, &s->n_said, &said));
		if (!ok) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* ---- the server ---- */

struct scene {
	struct th_script *script;
	const struct th_exchange *x;
	struct place place;
	size_t last_piece;
	size_t heard;  /* of the client's frames or pieces */
	uint64_t said; /* what that comes to */
};

/* How much the client had said by then. Times do not decrease from call to call. */
static uint64_t said_by(struct scene *sc, uint64_t time)
{
	const struct th_script *s = sc->script;
	const struct th_message *m = &sc->x->request;
	if (s->websocket) {
		while (sc->heard < s->n_said && s->said[sc->heard].time <= time) {
			sc->heard++;
		}
		return sc->heard;
	}
	while (sc->heard < m->n_pieces && m->pieces[sc->heard].time <= time) {
		sc->said += m->pieces[sc->heard++].bytes.n;
	}
	return sc->said;
}

/* The bytes from `from` to `to` are to be sent, each recorded piece by itself. */
static int add_bytes(struct scene *sc, size_t from, size_t to)
{
	struct th_script *s = sc->script;
	while (from < to) {
		place_find(&sc->place, from);
		size_t end = to < sc->place.end ? to : sc->place.end;
		struct th_part *last = s->n_parts ? &s->parts[s->n_parts - 1] : NULL;
		if (last && sc->last_piece == sc->place.piece &&
			last->bytes.p + last->bytes.n == s->server.p + from) {
			last->bytes.n += end - from;
		} else {
			last = room((void **)&s->parts, s->n_parts, sizeof(*last));
			if (!last) {
				return -ENOMEM;
			}
			uint64_t time = place_time(&sc->place);
			*last = (struct th_part){
				{s->server.p + from, end - from}, time, said_by(sc, time)};
			s->n_parts++;
		}
		sc->last_piece = sc->place.piece;
		from = end;
	}
	return 0;
}

static bool answers_ping(const struct th_script *s, const struct th_ws_frame *f, const uint8_t *p)
{
	for (size_t i = 0; f->opcode == TH_WS_PONG && i < s->n_pings; i++) {
		if (th_slice_eq(s->pings[i].payload, (struct th_slice){p, f->length})) {
			return true;
		}
	}
	return false;
}

static int listen_to_server(struct th_script *s, const struct th_exchange *x)
{
	struct scene sc = {.script = s, .x = x, .place = place_begin(&x->response)};
	struct th_ws_frame f;
	size_t at = 0;
	int r = 0;
	while (r == 0 && s->websocket &&
		th_ws_head((struct th_slice){s->server.p + at, s->server.n - at}, &f) == 1 &&
		f.length <= s->server.n - at - f.head_n) {
		size_t end = at + f.head_n + f.length;
		if (!answers_ping(s, &f, s->server.p + at + f.head_n)) {
			r = add_bytes(&sc, at, end);
		}
		at = end;
	}
	return r < 0 ? r : add_bytes(&sc, at, s->server.n);
}

int th_script_init(struct th_script *s, const struct th_exchange *x)
{
	*s = (struct th_script){.websocket = th_ws_is(x)};
	join(&x->request, &s->client);
	join(&x->response, &s->server);
	int r = s->client.failed || s->server.failed ? -ENOMEM : 0;
	if (r == 0 && s->websocket) {
		r = listen_to_client(s, x);
	}
	if (r == 0) {
		r = listen_to_server(s, x);
	}
	if (r < 0) {
		th_script_finish(s);
	}
	return r;
}

void th_script_finish(struct th_script *s)
{
	free(s->said);
	free(s->pings);
	free(s->parts);
	th_buf_finish(&s->client);
	th_buf_finish(&s->server);
	*s = (struct th_script){0};
}
