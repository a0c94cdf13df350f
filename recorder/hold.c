#include "recorder/hold.h"

#include "base/pool.h"
#include "base/sha256.h"
#include "base/text.h"
#include "capture/scrub_wire.h"
#include "recorder/call_clock.h"
#include "recorder/emit.h"
#include "recorder/process.h"

#define EDGES_MAX 256 /* of pieces; further ones run together with the last */
#define TYPE_MAX 128
#define EVENT_TAIL 4 /* bytes that tell an event's end */

struct edge {
	uint32_t end;
	uint64_t time;
};

struct th_held {
	const char *withheld; /* why; NULL: it is not */
	enum th_redact_side side;
	bool stream, hashed;
	struct th_sha256 sha;		       /* of the content, if hashed */
	struct th_wire_place at_start, at_end; /* of what is held */
	struct th_gather raw;
	struct edge edges[EDGES_MAX];
	size_t n_edges;
	uint64_t bytes;		  /* withheld ones */
	uint8_t tail[EVENT_TAIL]; /* last bytes of content */
	char type[TYPE_MAX];
	size_t type_n;
};

/* Stands for a body that there was no memory to hold. */
static struct th_held no_memory;

/* ---- following ---- */

static void note_tail(struct th_held *h, const uint8_t *p, size_t n)
{
	for (size_t i = n > EVENT_TAIL ? n - EVENT_TAIL : 0; i < n; i++) {
		memmove(h->tail, h->tail + 1, EVENT_TAIL - 1);
		h->tail[EVENT_TAIL - 1] = p[i];
	}
}

static void follow(struct th_held *h, struct th_slice bytes)
{
	size_t at = 0, run;
	while ((run = th_wire_content(&h->at_end, bytes.p, bytes.n, &at)) > 0) {
		if (h->hashed) {
			th_sha256_add(&h->sha, bytes.p + at, run);
		}
		note_tail(h, bytes.p + at, run);
		at += run;
	}
}

static bool at_event_end(const struct th_held *h)
{
	return h->stream && h->tail[3] == '\n' &&
		(h->tail[2] == '\n' || (h->tail[2] == '\r' && h->tail[1] == '\n'));
}

/* ---- beginning ---- */

static void take_type(struct th_held *h, const struct th_head *head)
{
	struct th_slice type;
	if (th_head_get(head, "content-type", &type)) {
		h->type_n = type.n < TYPE_MAX ? type.n : TYPE_MAX;
		memcpy(h->type, type.p, h->type_n);
	}
}

static struct th_scrub scrub_of(const struct th_held *h)
{
	return (struct th_scrub){
		th_process_redaction(), h->side, {(const uint8_t *)h->type, h->type_n}};
}

static bool hides(const struct th_redaction *how, enum th_redact_side side)
{
	return how->hash_bodies || th_scrub_rules_on_bodies(how->rules, side);
}

bool th_hold_hides(enum th_redact_side side)
{
	return hides(th_process_redaction(), side);
}

void th_hold_begin(struct th_hold *hold, enum th_redact_side side, const struct th_head *head,
	bool chunked, bool opaque)
{
	const struct th_redaction *how = th_process_redaction();
	if (hold->held) {
		th_hold_free(hold);
	}
	if (!hides(how, side)) {
		return;
	}
	bool coded = th_head_is_coded(head);
	if (coded && !how->hash_bodies && how->rules->keep_compressed) {
		return;
	}
	struct th_held *h = th_pool_alloc(sizeof(*h));
	hold->held = h ? h : &no_memory;
	if (!h) {
		return;
	}
	h->side = side;
	h->at_start.chunked = h->at_end.chunked = chunked;
	take_type(h, head);
	const struct th_scrub s = scrub_of(h);
	h->stream = side == TH_REDACT_RESPONSE && th_scrub_is_stream(&s);
	h->hashed = how->hash_bodies;
	th_sha256_init(&h->sha);
	h->withheld = h->hashed ? "only its hash is kept"
		: coded		? "redaction rules cannot look into a coded body"
		: opaque	? "redaction rules cannot look into another protocol"
				: NULL;
}

/* ---- writing ---- */

static void put_pieces(struct th_held *h, uint32_t exchange, uint8_t type, uint8_t flags)
{
	uint32_t from = 0;
	for (size_t i = 0; i < h->n_edges; i++) {
		struct th_slice piece = {h->raw.p + from, h->edges[i].end - from};
		bool last = i + 1 == h->n_edges;
		th_emit_data_at(exchange, type, last ? flags : flags & (uint8_t)~TH_FRAME_LAST,
			piece, h->edges[i].time);
		from = h->edges[i].end;
	}
}

static void withhold(struct th_held *h, const char *why)
{
	h->withheld = why;
	h->bytes += h->raw.n;
	th_gather_free(&h->raw);
	h->n_edges = 0;
}

/* Scrubs and writes what is held. */
static void write_held(struct th_held *h, uint32_t exchange, uint8_t type, uint8_t flags)
{
	bool redacted = false;
	uint8_t *room = h->raw.n ? th_pool_alloc(2 * (size_t)h->raw.n) : NULL;
	if (h->raw.n && !room) {
		withhold(h, "no memory to redact a body");
		return;
	}
	if (room) {
		const struct th_scrub s = scrub_of(h);
		const int replaced = th_scrub_wire(&s, &h->at_start, h->raw.p, h->raw.n, room);
		th_pool_free(room, 2 * (size_t)h->raw.n);
		if (replaced < 0) {
			withhold(h, "redaction rules would take too long on a body");
			return;
		}
		redacted = replaced;
	}
	put_pieces(h, exchange, type, flags | (redacted ? TH_FRAME_REDACTED : 0));
	th_gather_free(&h->raw);
	h->n_edges = 0;
	h->at_start = h->at_end;
}

static void say_hash(struct th_held *h, uint32_t exchange, uint8_t type, bool whole)
{
	uint8_t digest[TH_SHA256_BYTES];
	uint64_t bytes = h->sha.bytes;
	th_sha256_finish(&h->sha, digest);
	th_emit_body_hash(exchange, type, whole, bytes, digest);
}

static void say_withheld(struct th_held *h, uint32_t exchange, uint8_t type, bool whole)
{
	if (h == &no_memory) {
		th_emit_lost(1, 0, "no memory to redact a body");
	} else if (h->hashed) {
		say_hash(h, exchange, type, whole);
	} else {
		th_emit_lost(1, h->bytes, h->withheld);
	}
	th_emit_end(exchange, type == TH_FRAME_REQ_DATA ? TH_FRAME_REQ_END : TH_FRAME_RES_END,
		TH_END_WITHHELD, 0);
}

static void keep(struct th_held *h, struct th_slice bytes)
{
	if (h->hashed) {
		follow(h, bytes);
		return;
	}
	if (h->withheld || !th_gather_add(&h->raw, bytes, TH_SCRUB_WIRE_MAX)) {
		withhold(h, h->withheld ? h->withheld : "a body too large for redaction rules");
		h->bytes += bytes.n;
		return;
	}
	follow(h, bytes);
	if (h->n_edges < EDGES_MAX) {
		h->edges[h->n_edges++].time = th_call_clock_now();
	}
	h->edges[h->n_edges - 1].end = h->raw.n;
}

void th_hold_data(
	struct th_hold *hold, uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes)
{
	struct th_held *h = hold->held;
	bool last = flags & TH_FRAME_LAST;
	if (!h) {
		th_emit_data(exchange, type, flags, bytes);
		return;
	}
	if (h != &no_memory) {
		keep(h, bytes);
	}
	if (h != &no_memory && !h->withheld && (last || at_event_end(h))) {
		write_held(h, exchange, type, flags);
	}
	if (!last) {
		return;
	}
	if (h == &no_memory || h->withheld) {
		say_withheld(h, exchange, type, true);
	}
	th_hold_free(hold);
}

bool th_hold_flush(struct th_hold *hold, uint32_t exchange, uint8_t type, bool whole)
{
	struct th_held *h = hold->held;
	if (!h) {
		return false;
	}
	if (h != &no_memory && !h->withheld) {
		write_held(h, exchange, type, 0);
	}
	bool withheld = h == &no_memory || h->withheld;
	if (withheld) {
		say_withheld(h, exchange, type, whole);
	}
	th_hold_free(hold);
	return withheld;
}

void th_hold_free(struct th_hold *hold)
{
	if (hold->held && hold->held != &no_memory) {
		th_gather_free(&hold->held->raw);
		th_pool_free(hold->held, sizeof(*hold->held));
	}
	hold->held = NULL;
}
