/* See redact_copy.h. Each exchange is taken by itself: its heads are joined, redacted and spread
 * over the frames they came in; bodies likewise, when there are rules for them, and what follows
 * the last chunk. Behind missing frames an exchange cannot be followed, and no reader does. */
#include "tools/redact_copy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "capture/frame.h"
#include "capture/scrub_wire.h"
#include "player/buf.h"
#include "tools/pretty_json.h"
#include "tools/tools.h"
#include "wire/chunked.h"
#include "wire/head.h"

#define COPY_MARK "tracehook.redacted=copy"
#define RUN_FIXED 32
#define TRANSFER_FIXED 96
#define ANNOTATION_FIXED 48
#define ANNOTATION_TEXTS 4
#define REQUEST_FIXED 16 /* before the head in REQ_HEAD; in the others: */
#define HEAD_FIXED 4
#define STR16_MAX 65535
#define STREAM_MAX (64u << 20)

static const uint8_t blank_payload[19]; /* LOST of nothing */

struct exchange {
	struct th_frame **frames; /* its own, in order */
	size_t n;
	struct th_head head[2]; /* per side, as recorded */
	bool opaque;		/* the data is that of a tunnel */
};

/* ---- frames ---- */

static struct th_slice own(struct th_redact_copy *c, struct th_buf *b)
{
	if (b->failed) {
		th_tool_no_memory();
	}
	uint8_t *fit = realloc(b->p, b->n + 1); /* there was room for what might have been */
	b->p = fit ? fit : b->p;
	c->owned = th_tool_realloc(c->owned, (c->n_owned + 1) * sizeof(*c->owned));
	c->owned[c->n_owned++] = b->p;
	return th_buf_view(b);
}

static uint8_t *room(struct th_buf *b, size_t n)
{
	if (!th_buf_room(b, n)) {
		th_tool_no_memory();
	}
	return b->p + b->n;
}

static void blank(struct th_frame *f)
{
	f->type = TH_FRAME_LOST;
	f->flags = 0;
	f->id = 0;
	f->payload = (struct th_slice){blank_payload, sizeof(blank_payload)};
}

static void mark(struct th_redact_copy *c, struct th_frame *f)
{
	f->flags |= TH_FRAME_REDACTED;
	c->changed++;
}

/* ---- texts ---- */

typedef size_t redactor(
	const struct th_redaction *how, struct th_slice in, uint8_t *out, bool *ret_redacted);

static size_t redact_text(
	const struct th_redaction *how, struct th_slice in, uint8_t *out, bool *ret_redacted)
{
	return th_redact_field(how, TH_REDACT_RESPONSE, TH_SLICE_LIT(""), in, out, ret_redacted);
}

static size_t keep_text(
	const struct th_redaction *how, struct th_slice in, uint8_t *out, bool *ret_redacted)
{
	(void)how;
	(void)ret_redacted;
	memcpy(out, in.p, in.n);
	return in.n;
}

/* The next str16 of `in`, redacted; a longer one than such a text can be is left out. */
static void put_text(struct th_redact_copy *c, struct th_buf *b, redactor *how, struct th_slice s,
	const char *more, bool *ret_redacted)
{
	size_t at = b->n, n;
	room(b, 2 + th_redact_bound(s.n + 16) + strlen(more) + 1);
	n = s.n ? how(&c->how, s, b->p + at + 2, ret_redacted) : 0;
	if (*more && !memmem(b->p + at + 2, n, more, strlen(more))) {
		const struct th_slice tail = th_slice_str(more);
		b->p[at + 2 + n] = ',';
		n += n > 0;
		memcpy(b->p + at + 2 + n, tail.p, tail.n);
		n += tail.n;
	}
	n = n > STR16_MAX ? 0 : n;
	struct th_out length = {.p = b->p + at, .cap = 2};
	th_out_u16(&length, (uint16_t)n);
	b->n += 2 + n;
}

static void redact_run(struct th_redact_copy *c, struct th_frame *f)
{
	static redactor *const how[] = {th_redact_list, th_redact_list, th_redact_list, keep_text};
	struct th_in in = {.p = f->payload.p, .n = f->payload.n};
	struct th_buf b = {0};
	bool any = false;
	if (f->payload.n < RUN_FIXED) {
		blank(f);
		c->withheld++;
		return;
	}
	th_buf_slice(&b, th_in_bytes(&in, RUN_FIXED));
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		put_text(c, &b, how[i], th_in_str16(&in), i == 0 ? COPY_MARK : "", &any);
	}
	struct th_slice rules = th_in_str16(&in);
	put_text(c, &b, keep_text, c->rules.n ? c->rules : rules, "", &any);
	f->payload = own(c, &b);
	if (any) {
		mark(c, f);
	}
}

static void redact_transfer(struct th_redact_copy *c, struct th_frame *f)
{
	static redactor *const how[] = {
		th_redact_url, th_redact_url, th_redact_url, redact_text, keep_text};
	struct th_in in = {.p = f->payload.p, .n = f->payload.n};
	struct th_buf b = {0};
	bool any = false;
	th_buf_slice(&b, th_in_bytes(&in, TRANSFER_FIXED));
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		put_text(c, &b, how[i], th_in_str16(&in), "", &any);
	}
	struct th_slice all = own(c, &b);
	if (any && all.n <= TH_FRAME_PAYLOAD_MAX) {
		f->payload = all;
		mark(c, f);
	} else if (any) {
		blank(f);
		c->withheld++;
	}
}

/* What a rule leaves of the data that is no JSON any more is left out. */
static void put_data(struct th_redact_copy *c, struct th_buf *b, struct th_slice s, bool *ret_any)
{
	size_t at = b->n;
	room(b, 4 + th_redact_bound(s.n + 16));
	size_t n = s.n ? redact_text(&c->how, s, b->p + at + 4, ret_any) : 0;
	struct th_out length = {.p = b->p + at, .cap = 4};
	n = th_pretty_json_is((struct th_slice){b->p + at + 4, n}) ? n : 0;
	th_out_u32(&length, (uint32_t)n);
	b->n += 4 + n;
}

static void redact_annotation(struct th_redact_copy *c, struct th_frame *f)
{
	struct th_in in = {.p = f->payload.p, .n = f->payload.n};
	struct th_buf b = {0};
	bool any = false;
	th_buf_slice(&b, th_in_bytes(&in, ANNOTATION_FIXED));
	for (size_t i = 0; i < ANNOTATION_TEXTS; i++) {
		put_text(c, &b, redact_text, th_in_str16(&in), "", &any);
	}
	put_data(c, &b, th_in_bytes(&in, th_in_u32(&in)), &any);
	struct th_slice all = own(c, &b);
	if (in.failed || (any && all.n > TH_FRAME_PAYLOAD_MAX)) {
		blank(f);
		c->withheld++;
	} else if (any) {
		f->payload = all;
		mark(c, f);
	}
}

/* ---- heads ---- */

static bool is_head(uint8_t type)
{
	return type == TH_FRAME_REQ_HEAD || type == TH_FRAME_REQ_TRAILER ||
		type == TH_FRAME_RES_INFO || type == TH_FRAME_RES_HEAD ||
		type == TH_FRAME_RES_TRAILER;
}

static enum th_redact_side side_of(uint8_t type)
{
	return type <= TH_FRAME_REQ_END ? TH_REDACT_REQUEST : TH_REDACT_RESPONSE;
}

static size_t fixed_of(const struct th_frame *f)
{
	size_t n = f->type == TH_FRAME_REQ_HEAD ? REQUEST_FIXED : HEAD_FIXED;
	return n < f->payload.n ? n : f->payload.n;
}

static bool is_list(const struct th_frame *f)
{
	size_t n = fixed_of(f);
	return n >= HEAD_FIXED && f->payload.p[n - 3] == TH_HEAD_LIST;
}

static void redact_list(struct th_redact_copy *c, enum th_redact_side side,
	const struct th_head *head, struct th_buf *b, bool *ret_redacted)
{
	size_t pos = 0;
	struct th_field f;
	while (th_head_next(head, &pos, &f)) {
		size_t at = b->n;
		room(b, 6 + f.name.n + th_redact_bound(f.value.n));
		b->n += 6;
		th_buf_slice(b, f.name);
		size_t n = th_redact_field(
			&c->how, side, f.name, f.value, b->p + b->n, ret_redacted);
		struct th_out lengths = {.p = b->p + at, .cap = 6};
		th_out_u16(&lengths, (uint16_t)f.name.n);
		th_out_u32(&lengths, (uint32_t)n);
		b->n += n;
	}
	*ret_redacted |= pos < head->bytes.n; /* a rest that is no field is left out */
}

static void redact_lines(struct th_redact_copy *c, const struct th_frame *first, struct th_slice in,
	struct th_buf *b, bool *ret_redacted)
{
	uint8_t *out = room(b, th_redact_bound(in.n));
	b->n += first->type == TH_FRAME_REQ_HEAD
		? th_redact_h1_head(&c->how, in, out, ret_redacted)
		: th_redact_h1_lines(&c->how, side_of(first->type), in, out, ret_redacted);
}

/* Spreads `text` over n frames that begin with the fixed part each had. */
static void spread(
	struct th_redact_copy *c, struct th_frame **frames, size_t n, struct th_slice text)
{
	for (size_t i = 0; i < n; i++) {
		struct th_buf b = {0};
		size_t fixed = fixed_of(frames[i]);
		size_t take = TH_FRAME_PAYLOAD_MAX - fixed;
		take = take < text.n ? take : text.n;
		th_buf_add(&b, frames[i]->payload.p, fixed);
		th_buf_add(&b, text.p, take);
		text.p += take;
		text.n -= take;
		frames[i]->payload = own(c, &b);
		mark(c, frames[i]);
	}
	if (text.n) { /* its end has no place: it is one that was cut */
		frames[n - 1]->flags &= (uint8_t)~TH_FRAME_LAST;
		c->withheld++;
	}
}

/* The head whose pieces are frames[0..n). */
static void redact_head(
	struct th_redact_copy *c, struct exchange *x, struct th_frame **frames, size_t n)
{
	struct th_buf joined = {0}, out = {0};
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		size_t fixed = fixed_of(frames[i]);
		th_buf_add(&joined, frames[i]->payload.p + fixed, frames[i]->payload.n - fixed);
	}
	uint8_t type = frames[0]->type;
	const struct th_head head = {own(c, &joined), is_list(frames[0])};
	if (head.list) {
		redact_list(c, side_of(type), &head, &out, &any);
	} else {
		redact_lines(c, frames[0], head.bytes, &out, &any);
	}
	if (type == TH_FRAME_REQ_HEAD || type == TH_FRAME_RES_HEAD) {
		x->head[side_of(type)] = head;
	}
	if (any) {
		spread(c, frames, n, th_buf_view(&out));
	}
	th_buf_finish(&out);
}

/* Gathers frames of the type of the first, up to one that says it is the last; how many. */
static size_t gather(const struct exchange *x, size_t from, struct th_frame **ret_frames)
{
	size_t n = 0;
	for (size_t i = from; i < x->n; i++) {
		struct th_frame *f = x->frames[i];
		if (f->type != x->frames[from]->type) {
			continue;
		}
		ret_frames[n++] = f;
		if (is_head(f->type) && (f->flags & TH_FRAME_LAST)) {
			break;
		}
	}
	return n;
}

static void redact_heads(struct th_redact_copy *c, struct exchange *x)
{
	struct th_frame **pieces = th_tool_alloc(x->n * sizeof(*pieces));
	const struct th_frame *done[TH_FRAME_RES_END + 1] = {0}; /* last one seen, per type */
	for (size_t i = 0; i < x->n; i++) {
		struct th_frame *f = x->frames[i];
		if (!is_head(f->type) || (done[f->type] && f <= done[f->type])) {
			continue;
		}
		size_t n = gather(x, i, pieces);
		done[f->type] = pieces[n - 1];
		redact_head(c, x, pieces, n);
	}
	free(pieces);
}

/* ---- bodies ---- */

static uint8_t data_of(enum th_redact_side side)
{
	return side == TH_REDACT_REQUEST ? TH_FRAME_REQ_DATA : TH_FRAME_RES_DATA;
}

/* The last frame of that side says that it was withheld, those before it nothing. */
static void withhold(struct th_redact_copy *c, struct exchange *x, enum th_redact_side side)
{
	static const uint8_t end[8] = {TH_END_WITHHELD};
	bool last = true;
	for (size_t i = x->n; i-- > 0;) {
		struct th_frame *f = x->frames[i];
		if (f->type < data_of(side) || f->type > data_of(side) + 2) {
			continue; /* data, trailer, end: in a row */
		}
		if (last) {
			f->type = (uint8_t)(data_of(side) + 2);
			f->flags = 0;
			f->payload = (struct th_slice){end, sizeof(end)};
		} else {
			blank(f);
		}
		last = false;
	}
	c->withheld++;
}

struct chunks {
	const uint8_t *end; /* of the last content; NULL: there was none */
};

static void note_chunk(void *ctx, struct th_slice piece)
{
	((struct chunks *)ctx)->end = piece.p + piece.n;
}

/* Where in a chunked body the trailer begins, also one that was cut; -1: the framing is bad. */
static ssize_t find_trailer(struct th_slice raw)
{
	struct chunks seen = {NULL};
	struct th_slice trailer;
	int r = th_chunked_decode(raw, note_chunk, &seen, &trailer);
	if (r == 0) {
		return trailer.p - raw.p;
	}
	const uint8_t *p = seen.end ? seen.end : raw.p, *end = raw.p + raw.n;
	for (int lines = seen.end ? 2 : 1; lines > 0 && p < end; lines--) {
		const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
		p = lf ? lf + 1 : end;
	}
	return r == -EAGAIN ? p - raw.p : -1;
}

/* May the content be looked into by rules? */
static bool can_scrub(const struct th_redact_copy *c, const struct exchange *x,
	const struct th_scrub *s, struct th_slice raw, bool bad_framing)
{
	bool keep = th_head_is_coded(&x->head[s->side]) && c->how.rules->keep_compressed;
	size_t most = s->side == TH_REDACT_RESPONSE && th_scrub_is_stream(s) ? STREAM_MAX
									     : TH_SCRUB_WIRE_MAX;
	return keep ||
		(!x->opaque && !th_head_is_coded(&x->head[s->side]) && !bad_framing &&
			raw.n <= most);
}

static int scrub(const struct th_scrub *s, bool chunked, uint8_t *p, size_t n)
{
	const struct th_wire_place start = {.chunked = chunked};
	uint8_t *scratch = th_tool_alloc(2 * n + 1);
	int any = n ? th_scrub_wire(s, &start, p, n, scratch) : 0;
	free(scratch);
	return any;
}

/* Gives the frames of a body their parts of it again. What is behind `body` bytes is a trailer,
 * replaced by `trailer`, which the first of its frames gets. */
static void give_back(struct th_redact_copy *c, struct th_frame **frames, size_t n,
	struct th_slice raw, size_t body, struct th_slice trailer)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		struct th_buf b = {0};
		size_t end = at + frames[i]->payload.n;
		th_buf_add(&b, raw.p + at, (end < body ? end : body) - (at < body ? at : body));
		if (end > body) {
			th_buf_slice(&b, trailer);
			trailer.n = 0;
		}
		at = end;
		frames[i]->payload = own(c, &b);
		mark(c, frames[i]);
	}
}

static void redact_body(struct th_redact_copy *c, struct exchange *x, enum th_redact_side side,
	struct th_frame **frames, size_t n)
{
	struct th_buf joined = {0}, trailer = {0};
	struct th_scrub s = {.how = &c->how, .side = side};
	bool rules = th_scrub_rules_on_bodies(c->how.rules, side), any = false;
	const struct th_head *head = &x->head[side];
	bool chunked = !x->opaque && head->bytes.n && !head->list &&
		th_head_has_token(head, "transfer-encoding", "chunked");
	if (!rules && !chunked) {
		return; /* bodies are kept as they are */
	}
	for (size_t i = 0; i < n; i++) {
		th_buf_slice(&joined, frames[i]->payload);
	}
	struct th_slice raw = own(c, &joined);
	ssize_t found = chunked ? find_trailer(raw) : (ssize_t)raw.n;
	size_t body = found < 0 ? raw.n : (size_t)found;
	th_head_get(head, "content-type", &s.type);
	if (rules && !can_scrub(c, x, &s, raw, found < 0)) {
		withhold(c, x, side);
		return;
	}
	const int replaced = rules && !th_head_is_coded(head) ? scrub(&s, chunked, joined.p, body)
							      : 0;
	if (replaced < 0) {
		withhold(c, x, side);
		return;
	}
	any = replaced;
	const struct th_slice tail = {raw.p + body, raw.n - body};
	if (tail.n) {
		uint8_t *out = room(&trailer, th_redact_bound(tail.n));
		trailer.n = th_redact_h1_lines(&c->how, side, tail, out, &any);
	}
	if (any) {
		give_back(c, frames, n, raw, body, th_buf_view(&trailer));
	}
	th_buf_finish(&trailer);
}

static void redact_bodies(struct th_redact_copy *c, struct exchange *x, enum th_redact_side side)
{
	struct th_frame **pieces = th_tool_alloc((x->n + 1) * sizeof(*pieces));
	for (size_t i = 0; i < x->n; i++) {
		if (x->frames[i]->type == data_of(side)) {
			redact_body(c, x, side, pieces, gather(x, i, pieces));
			break;
		}
	}
	free(pieces);
}

/* ---- exchanges ---- */

static bool is_opaque(const struct exchange *x)
{
	struct th_slice method = {NULL, 0}, target;
	uint16_t status = th_head_status(&x->head[TH_REDACT_RESPONSE]);
	th_head_request(&x->head[TH_REDACT_REQUEST], &method, &target);
	return status == 101 || (th_slice_eq(method, TH_SLICE_LIT("CONNECT")) && status / 100 == 2);
}

/* An exchange whose beginning is missing may begin in the middle of a secret. */
static bool has_beginning(const struct exchange *x)
{
	const struct th_frame *f = x->frames[0];
	if (f->type != TH_FRAME_REQ_HEAD) {
		return false;
	}
	size_t fixed = fixed_of(f);
	const struct th_head head = {{f->payload.p + fixed, f->payload.n - fixed}, is_list(f)};
	struct th_slice method, target;
	return th_head_request(&head, &method, &target);
}

/* `whole`: no frame was missing before its first. */
static void redact_exchange(struct th_redact_copy *c, struct exchange *x, bool whole)
{
	if (!whole && !has_beginning(x)) {
		for (size_t i = 0; i < x->n; i++) {
			blank(x->frames[i]);
		}
		c->withheld++;
		return;
	}
	redact_heads(c, x);
	x->opaque = is_opaque(x);
	redact_bodies(c, x, TH_REDACT_REQUEST);
	redact_bodies(c, x, TH_REDACT_RESPONSE);
}

/* ---- a writer ---- */

/* A frame of one exchange, and how many gaps there were before it. */
struct member {
	struct th_frame *frame;
	size_t gaps;
};

static bool is_exchange(uint8_t type)
{
	return type >= TH_FRAME_REQ_HEAD && type <= TH_FRAME_RES_END;
}

static int by_exchange(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	if (x->frame->id != y->frame->id) {
		return x->frame->id < y->frame->id ? -1 : 1;
	}
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static bool tells_gap(const struct th_frame *f)
{
	struct th_in in = {.p = f->payload.p, .n = f->payload.n};
	if (f->type != TH_FRAME_LOST) {
		return false;
	}
	th_in_bytes(&in, 16);
	th_in_str16(&in);
	return th_in_u8(&in) != 0;
}

static void redact_other(struct th_redact_copy *c, struct th_frame *f)
{
	if (f->type == TH_FRAME_RUN) {
		redact_run(c, f);
	} else if (f->type == TH_FRAME_TRANSFER) {
		redact_transfer(c, f);
	} else if (f->type == TH_FRAME_ANNOTATION) {
		redact_annotation(c, f);
	} else if (f->type == TH_FRAME_KEPT) {
		blank(f); /* a copy is for others: nobody is to open it there */
	} else if (f->type > TH_FRAME_RES_END && f->type != TH_FRAME_CERTIFICATES &&
		f->type != TH_FRAME_LEFT && f->type != TH_FRAME_BODY_HASH &&
		f->type != TH_FRAME_DNS) {
		blank(f); /* of a later version: nobody knows what is in it */
		c->withheld++;
	}
}

/* Blanks what stands behind the first gap; how many frames are left. */
static size_t cut_at_gap(const struct member *m, size_t n, struct th_frame **ret_frames)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (m[i].gaps == m[0].gaps) {
			ret_frames[kept++] = m[i].frame;
		} else {
			blank(m[i].frame);
		}
	}
	return kept;
}

static void redact_exchanges(struct th_redact_copy *c, struct member *m, size_t n)
{
	struct th_frame **frames = th_tool_alloc((n + 1) * sizeof(*frames));
	qsort(m, n, sizeof(*m), by_exchange);
	for (size_t i = 0, next; i < n; i = next) {
		uint32_t id = m[i].frame->id;
		bool whole = m[i].gaps == 0;
		for (next = i; next < n && m[next].frame->id == id; next++) {
		}
		struct exchange x = {.frames = frames, .n = cut_at_gap(m + i, next - i, frames)};
		redact_exchange(c, &x, whole);
	}
	free(frames);
}

void th_redact_copy_writer(struct th_redact_copy *c, struct th_frame *frames, size_t n)
{
	struct member *members = th_tool_alloc((n + 1) * sizeof(*members));
	size_t count = 0, gaps = 0;
	for (size_t i = 0; i < n; i++) {
		struct th_frame *f = &frames[i];
		gaps += f->seq != (i ? frames[i - 1].seq + 1 : 0) || tells_gap(f);
		if (is_exchange(f->type)) {
			members[count++] = (struct member){f, gaps};
		} else {
			redact_other(c, f);
		}
	}
	redact_exchanges(c, members, count);
	free(members);
}

void th_redact_copy_finish(struct th_redact_copy *c)
{
	for (size_t i = 0; i < c->n_owned; i++) {
		free(c->owned[i]);
	}
	free(c->owned);
	c->owned = NULL;
	c->n_owned = 0;
}
