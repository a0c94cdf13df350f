/* HTTP/2 frames (RFC 9113 4 and 6), taken apart as their bytes come.
 *
 * A frame is read in three steps: its header; the fixed fields at the beginning of its payload
 * (pad length, priority, promised stream, error code, one setting …), gathered in `small`; and the
 * rest, which is content, a header block, or of no interest. Each step asks for a number of bytes
 * and runs when they are there, so it makes no difference how the input was cut.
 *
 * Checked is what tells HTTP/2 from something else or would put the reader out of step: the
 * preface, SETTINGS first, sizes, stream 0, padding, the order of CONTINUATION. The rest (stream
 * states, flow control, frame sizes over SETTINGS_MAX_FRAME_SIZE) is the endpoints' to judge: the
 * 24-bit length bounds nothing that is kept. Unknown frame types are skipped (5.5). */
#include "wire/http2.h"

#include <errno.h>

#include "base/pool.h"

#define FRAME_HEADER 9
#define SETTING 6
#define BLOCK_MIN 512

enum state {
	PREFACE,
	HEADER,
	FIELDS,
	PAYLOAD,
	PADDING,
};

enum flag {
	END_STREAM = 0x1,
	ACK = 0x1,
	END_HEADERS = 0x4,
	PADDED = 0x8,
	PRIORITY = 0x20,
};

_Static_assert(sizeof(((struct th_h2_parser *)NULL)->small) >= sizeof(TH_H2_PREFACE) - 1,
	"the preface fits");

static uint32_t be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | be24(p + 1);
}

static uint32_t be31(const uint8_t *p)
{
	return be32(p) & 0x7fffffff; /* the first bit is reserved */
}

static void expect(struct th_h2_parser *p, enum state state, size_t want)
{
	p->state = (uint8_t)state;
	p->have = 0;
	p->want = (uint8_t)want;
}

void th_h2_init(struct th_h2_parser *p, const struct th_h2_callbacks *cb, void *ctx, bool client)
{
	*p = (struct th_h2_parser){.cb = cb, .ctx = ctx};
	if (client) {
		expect(p, PREFACE, sizeof(TH_H2_PREFACE) - 1);
	} else {
		expect(p, HEADER, FRAME_HEADER);
	}
}

static void drop_block(struct th_h2_parser *p)
{
	th_pool_free(p->block, p->block_cap);
	p->block = NULL;
	p->block_len = p->block_cap = 0;
	p->block_stream = 0;
}

void th_h2_finish(struct th_h2_parser *p)
{
	drop_block(p);
}

/* ---- frame header ---- */

static bool is_padded(const struct th_h2_parser *p)
{
	return p->flags & PADDED &&
		(p->type == TH_H2_DATA || p->type == TH_H2_HEADERS ||
			p->type == TH_H2_PUSH_PROMISE);
}

/* Bytes of the payload that are read before the rest. */
static uint8_t fields_size(const struct th_h2_parser *p)
{
	uint8_t padded = is_padded(p) ? 1 : 0;
	switch (p->type) {
	case TH_H2_DATA:
		return padded;
	case TH_H2_HEADERS:
		return p->flags & PRIORITY ? padded + 5 : padded;
	case TH_H2_PUSH_PROMISE:
		return padded + 4;
	case TH_H2_RST_STREAM:
		return 4;
	case TH_H2_GOAWAY:
		return 8;
	case TH_H2_SETTINGS:
		return p->left ? SETTING : 0;
	default:
		return 0;
	}
}

/* Sizes whose violation is a connection error (RFC 9113 6.4, 6.5, 6.7, 6.9). */
static bool is_size_right(const struct th_h2_parser *p, uint8_t fields)
{
	switch (p->type) {
	case TH_H2_RST_STREAM:
	case TH_H2_WINDOW_UPDATE:
		return p->left == 4;
	case TH_H2_PING:
		return p->left == 8;
	case TH_H2_SETTINGS:
		return p->left % SETTING == 0 && !(p->flags & ACK && p->left);
	default:
		return p->left >= fields;
	}
}

static bool is_stream_right(const struct th_h2_parser *p)
{
	switch (p->type) {
	case TH_H2_SETTINGS:
	case TH_H2_PING:
	case TH_H2_GOAWAY:
		return p->stream == 0;
	case TH_H2_DATA:
	case TH_H2_HEADERS:
	case TH_H2_PRIORITY:
	case TH_H2_RST_STREAM:
	case TH_H2_PUSH_PROMISE:
	case TH_H2_CONTINUATION:
		return p->stream != 0;
	default:
		return true;
	}
}

/* RFC 9113 3.4: SETTINGS first; 6.10: nothing between the frames of a header block. */
static bool is_order_right(const struct th_h2_parser *p)
{
	if (!p->begun) {
		return p->type == TH_H2_SETTINGS && !(p->flags & ACK);
	}
	if (p->block_stream) {
		return p->type == TH_H2_CONTINUATION && p->stream == p->block_stream;
	}
	return p->type != TH_H2_CONTINUATION;
}

static int on_header(struct th_h2_parser *p)
{
	p->left = be24(p->small);
	p->type = p->small[3];
	p->flags = p->small[4];
	p->stream = be31(p->small + 5);
	const uint8_t fields = fields_size(p);
	if (!is_order_right(p) || !is_stream_right(p) || !is_size_right(p, fields)) {
		return -EBADMSG;
	}
	p->begun = true;
	if (p->type == TH_H2_SETTINGS && p->flags & ACK && p->cb->settings_ack) {
		p->cb->settings_ack(p->ctx);
	}
	expect(p, FIELDS, fields);
	return 0;
}

/* ---- fixed fields ---- */

static void on_setting(struct th_h2_parser *p)
{
	if (p->have && p->cb->setting) {
		uint16_t id = (uint16_t)(p->small[0] << 8 | p->small[1]);
		p->cb->setting(p->ctx, id, be32(p->small + 2));
	}
}

static void open_block(struct th_h2_parser *p, uint32_t promised)
{
	p->block_stream = p->stream;
	p->block_promised = promised;
	p->block_end_stream = p->type == TH_H2_HEADERS && p->flags & END_STREAM;
}

static void act_on_fields(struct th_h2_parser *p, const uint8_t *field)
{
	switch (p->type) {
	case TH_H2_HEADERS:
		open_block(p, 0);
		break;
	case TH_H2_PUSH_PROMISE:
		open_block(p, be31(field));
		break;
	case TH_H2_SETTINGS:
		on_setting(p);
		break;
	case TH_H2_RST_STREAM:
		if (p->cb->rst_stream) {
			p->cb->rst_stream(p->ctx, p->stream, be32(field));
		}
		break;
	case TH_H2_GOAWAY:
		if (p->cb->goaway) {
			p->cb->goaway(p->ctx, be31(field), be32(field + 4));
		}
		break;
	default:
		break;
	}
}

static int on_fields(struct th_h2_parser *p)
{
	bool padded = is_padded(p);
	p->left -= p->have;
	p->pad = padded ? p->small[0] : 0;
	if (p->pad > p->left) {
		return -EBADMSG;
	}
	p->left -= p->pad;
	act_on_fields(p, p->small + padded);
	if (p->type == TH_H2_SETTINGS && p->left) {
		expect(p, FIELDS, SETTING);
	} else {
		p->state = PAYLOAD;
	}
	return 0;
}

/* ---- the rest of the payload ---- */

static int reserve_block(struct th_h2_parser *p, size_t n)
{
	if (p->block_len + n > TH_H2_BLOCK_MAX) {
		return -E2BIG;
	}
	uint32_t cap = p->block_cap ? p->block_cap : BLOCK_MIN;
	while (cap < p->block_len + n) {
		cap *= 2;
	}
	if (cap == p->block_cap) {
		return 0;
	}
	uint8_t *block = th_pool_alloc(cap);
	if (!block) {
		return -ENOMEM;
	}
	if (p->block_len) {
		memcpy(block, p->block, p->block_len);
	}
	th_pool_free(p->block, p->block_cap);
	p->block = block;
	p->block_cap = cap;
	return 0;
}

static int end_block(struct th_h2_parser *p, struct th_slice block)
{
	int r = 0;
	if (p->cb->headers) {
		r = p->cb->headers(
			p->ctx, p->block_stream, p->block_promised, block, p->block_end_stream);
	}
	drop_block(p);
	return r < 0 ? r : 0;
}

/* Most blocks are one frame and come in one piece: those are not copied. */
static int on_block(struct th_h2_parser *p, struct th_slice piece, bool last_piece)
{
	bool whole = last_piece && p->flags & END_HEADERS;
	if (whole && p->block_len == 0) {
		return piece.n > TH_H2_BLOCK_MAX ? -E2BIG : end_block(p, piece);
	}
	int r = reserve_block(p, piece.n);
	if (r < 0) {
		return r;
	}
	if (piece.n) {
		memcpy(p->block + p->block_len, piece.p, piece.n);
		p->block_len += (uint32_t)piece.n;
	}
	return whole ? end_block(p, (struct th_slice){p->block, p->block_len}) : 0;
}

static int on_payload(struct th_h2_parser *p, struct th_slice piece)
{
	p->left -= (uint32_t)piece.n;
	bool last_piece = p->left == 0;
	int r = 0;
	if (p->block_stream) {
		r = on_block(p, piece, last_piece);
	} else if (p->type == TH_H2_DATA && p->cb->data) {
		p->cb->data(
			p->ctx, p->stream, piece, last_piece, last_piece && p->flags & END_STREAM);
	}
	if (last_piece) {
		p->state = PADDING;
	}
	return r;
}

/* ---- steps ---- */

static struct th_slice take(struct th_slice *in, size_t at_most)
{
	struct th_slice s = {in->p, in->n < at_most ? in->n : at_most};
	in->p += s.n;
	in->n -= s.n;
	return s;
}

static int on_gathered(struct th_h2_parser *p)
{
	if (p->state == HEADER) {
		return on_header(p);
	}
	if (p->state == FIELDS) {
		return on_fields(p);
	}
	if (memcmp(p->small, TH_H2_PREFACE, p->have) != 0) {
		return -EBADMSG;
	}
	expect(p, HEADER, FRAME_HEADER);
	return 0;
}

static int gather(struct th_h2_parser *p, struct th_slice *in)
{
	struct th_slice s = take(in, p->want - p->have);
	if (s.n) {
		memcpy(p->small + p->have, s.p, s.n);
		p->have += (uint8_t)s.n;
	}
	return p->have == p->want ? on_gathered(p) : 0;
}

/* A frame header that is all there, as most are, and what needs no further input. */
static int take_header(struct th_h2_parser *p, struct th_slice *in)
{
	memcpy(p->small, in->p, FRAME_HEADER);
	in->p += FRAME_HEADER;
	in->n -= FRAME_HEADER;
	int r = on_header(p);
	return r < 0 || p->want ? r : on_fields(p);
}

static int step(struct th_h2_parser *p, struct th_slice *in)
{
	if (p->state == HEADER && p->have == 0 && in->n >= FRAME_HEADER) {
		return take_header(p, in);
	}
	if (p->state == PAYLOAD) {
		return on_payload(p, take(in, p->left));
	}
	if (p->state != PADDING) {
		return gather(p, in);
	}
	p->pad -= (uint32_t)take(in, p->pad).n;
	if (p->pad == 0) {
		expect(p, HEADER, FRAME_HEADER);
	}
	return 0;
}

/* Is there a step that needs no input: no fixed fields, an empty payload, no padding? */
static bool is_due(const struct th_h2_parser *p)
{
	return (p->state == FIELDS && p->want == 0) || (p->state == PAYLOAD && p->left == 0) ||
		(p->state == PADDING && p->pad == 0);
}

int th_h2_feed(struct th_h2_parser *p, struct th_slice in)
{
	while (p->error == 0 && (in.n || is_due(p))) {
		p->error = step(p, &in);
	}
	return p->error;
}

bool th_h2_next_frame(const struct th_h2_parser *p, size_t *ret_skip)
{
	bool between = p->state == HEADER && p->have == 0;
	bool within = p->state == PAYLOAD || p->state == PADDING;
	if (p->error || p->block_stream || !(between || within)) {
		return false;
	}
	*ret_skip = between ? 0 : (size_t)p->left + p->pad;
	return true;
}
