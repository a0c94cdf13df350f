#include "recorder/h2_rewrite.h"

#include "base/text.h"
#include "wire/http2.h"

#define FRAME_HEADER 9
#define FRAME_MAX 16384 /* what every peer takes (RFC 9113 4.2) */
#define TABLE_SIZE_AT_FIRST 4096

enum flag {
	END_HEADERS = 0x4,
	PADDED = 0x8,
	PRIORITY = 0x20,
};

struct frame {
	size_t at; /* of its header */
	size_t n;  /* of its payload */
	uint8_t type, flags;
	uint32_t stream;
	size_t block_at, block_n; /* HEADERS */
};

struct walk {
	struct th_slice in;
	struct th_rewrite *w;
	struct th_hpack *table;
	uint32_t last;
	size_t kept; /* of `in` */
};

/* A whole frame header at `at`, and of HEADERS where the block is. */
static bool read_frame(struct th_slice in, size_t at, struct frame *f)
{
	const uint8_t *p = in.p + at;
	if (in.n < at || in.n - at < FRAME_HEADER) {
		return false;
	}
	*f = (struct frame){.at = at,
		.n = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2],
		.type = p[3],
		.flags = p[4],
		.stream = (uint32_t)(p[5] & 0x7f) << 24 | (uint32_t)p[6] << 16 |
			(uint32_t)p[7] << 8 | p[8]};
	return true;
}

static bool find_block(struct th_slice in, struct frame *f)
{
	size_t skip = (f->flags & PADDED ? 1 : 0) + (f->flags & PRIORITY ? 5 : 0);
	if (!(f->flags & END_HEADERS) || in.n - f->at - FRAME_HEADER < f->n || f->n < skip) {
		return false;
	}
	size_t pad = f->flags & PADDED ? in.p[f->at + FRAME_HEADER] : 0;
	if (f->n - skip < pad) {
		return false;
	}
	f->block_at = f->at + FRAME_HEADER + skip;
	f->block_n = f->n - skip - pad;
	return true;
}

struct seen {
	unsigned has;
	bool connect, request;
};

static void on_field(void *ctx, struct th_slice name, struct th_slice value, uint8_t *note)
{
	struct seen *s = ctx;
	bool method = th_slice_eq(name, TH_SLICE_LIT(":method"));
	s->has |= th_rewrite_field(name);
	s->request |= method;
	s->connect |= method && th_slice_eq(value, TH_SLICE_LIT("CONNECT"));
}

/* The frame with `n` bytes more at the end of its block. */
static void change(struct walk *k, const struct frame *f, const uint8_t *text, size_t n)
{
	size_t from = k->w->n + f->at - k->kept, length = f->n + n;
	size_t end = f->block_at + f->block_n;
	th_rewrite_keep(k->w, (struct th_slice){k->in.p + k->kept, end - k->kept});
	k->kept = end;
	if (th_rewrite_add(k->w, from, text, n)) {
		k->w->p[from] = (uint8_t)(length >> 16);
		k->w->p[from + 1] = (uint8_t)(length >> 8);
		k->w->p[from + 2] = (uint8_t)length;
	}
}

/* False: what follows cannot be understood. */
static bool headers(struct walk *k, struct frame *f)
{
	uint8_t text[TH_REWRITE_TEXT_MAX];
	struct seen s = {0};
	if (!find_block(k->in, f) ||
		th_hpack_decode(k->table, (struct th_slice){k->in.p + f->block_at, f->block_n},
			on_field, &s) < 0) {
		return false;
	}
	bool begins = f->stream % 2 == 1 && f->stream > k->last;
	k->last = begins ? f->stream : k->last;
	if (begins && s.request && !s.connect && !(s.has & TH_REWRITE_TRACEPARENT)) {
		size_t n = th_rewrite_literals(s.has, text);
		if (n && f->n + n <= FRAME_MAX && k->w->edits < TH_REWRITE_EDITS_MAX) {
			change(k, f, text, n);
		}
	}
	return true;
}

static struct th_hpack *table_of(const struct th_h2_place *place)
{
	struct th_hpack *table = place->hpack ? th_hpack_copy(place->hpack)
					      : th_hpack_create(TABLE_SIZE_AT_FIRST);
	if (table && !place->hpack) {
		th_hpack_limit(table, TH_HPACK_TABLE_MAX);
	}
	return table;
}

bool th_h2_rewrite(const struct th_h2_place *place, struct th_slice in, struct th_rewrite *w)
{
	struct walk k = {.in = in, .w = w, .last = place->last_request};
	struct frame f;
	for (size_t at = place->skip; read_frame(in, at, &f); at = f.at + FRAME_HEADER + f.n) {
		if (f.type == TH_H2_PUSH_PROMISE || f.type == TH_H2_CONTINUATION) {
			break;
		}
		k.table = k.table || f.type != TH_H2_HEADERS ? k.table : table_of(place);
		if (f.type == TH_H2_HEADERS && (!k.table || !headers(&k, &f))) {
			break;
		}
	}
	th_hpack_destroy(k.table);
	if (w->edits == 0) {
		return false;
	}
	th_rewrite_keep(w, (struct th_slice){in.p + k.kept, in.n - k.kept});
	return true;
}
