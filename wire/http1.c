/* HTTP/1 framing as a pulled state machine (RFC 9112 2.2, 6 and 7.1).
 *
 * A call to th_h1_next() takes as much as belongs to one part of one message, so a reader's piece
 * of body stays one piece. When a byte is wrong, what came before it is given first and the error
 * with the next call: nothing that was received is withheld. Chunk extensions and trailers are
 * walked over, not looked into. */
#include "wire/http1.h"

#include "base/scan.h"
#include "base/text.h"

enum state {
	BEFORE_HEAD, /* and within it */
	AFTER_HEAD,  /* th_h1_body() is due */
	IN_LENGTH,
	IN_CHUNKED,
	UNTIL_CLOSE,
	FAILED,
};

enum line {
	LINE_START,
	LINE_CR, /* a CR at the start of a line */
	LINE_IN,
};

enum chunk {
	CHUNK_SIZE_FIRST, /* at least one digit is due */
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_DATA,
	CHUNK_DATA_CR, /* the line end after the data */
	CHUNK_DATA_LF,
	CHUNK_TRAILER,
};

#define SHORT_SIZE 7			 /* digits */
#define CHUNK_SIZE_MAX (UINT64_MAX >> 4) /* another digit still fits */

enum step {
	STEP_ON,
	STEP_END, /* the part ends behind this byte */
	STEP_BAD,
};

/* Walks lines until an empty one; used for heads and trailers. Returns how many bytes were taken;
 * *ret_end: the empty line was among them. */
static size_t walk_lines(struct th_h1_parser *p, struct th_slice in, bool *ret_end)
{
	size_t i = 0;
	*ret_end = false;
	while (i < in.n && !*ret_end) {
		if (p->line == LINE_IN) {
			const uint8_t *end = in.p + in.n, *lf = th_scan(in.p + i, end, '\n');
			i = (size_t)(lf - in.p) + (lf < end);
			p->line = lf < end ? LINE_START : LINE_IN;
			continue;
		}
		uint8_t c = in.p[i++];
		if (c == '\n') {
			p->line = LINE_START;
			*ret_end = p->any;
		} else if (c == '\r' && p->line == LINE_START) {
			p->line = LINE_CR;
		} else {
			p->line = LINE_IN;
			p->any = true;
		}
	}
	return i;
}

static size_t fail(struct th_h1_parser *p, struct th_h1_event *ret_event)
{
	p->state = FAILED;
	*ret_event = (struct th_h1_event){TH_H1_ERROR, false, false, {NULL, 0}};
	return 0;
}

static size_t next_head(struct th_h1_parser *p, struct th_slice in, struct th_h1_event *ret_event)
{
	bool end;
	size_t n = walk_lines(p, in, &end);
	if (n > TH_H1_HEAD_MAX - p->head_len) {
		return fail(p, ret_event);
	}
	p->head_len += (uint32_t)n;
	if (end) {
		p->state = AFTER_HEAD;
	}
	*ret_event = (struct th_h1_event){TH_H1_HEAD, end, false, {in.p, n}};
	return n;
}

static void before_head(struct th_h1_parser *p)
{
	*p = (struct th_h1_parser){0};
}

static size_t next_length(struct th_h1_parser *p, struct th_slice in, struct th_h1_event *ret_event)
{
	size_t n = in.n < p->left ? in.n : (size_t)p->left;
	p->left -= n;
	*ret_event = (struct th_h1_event){TH_H1_BODY, p->left == 0, false, {in.p, n}};
	if (p->left == 0) {
		before_head(p);
	}
	return n;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = th_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void chunk_line_done(struct th_h1_parser *p)
{
	p->chunk = p->left ? CHUNK_DATA : CHUNK_TRAILER;
	p->line = LINE_START;
	p->any = true; /* an empty trailer section is one empty line */
	p->head_len = 0;
}

static enum step chunk_size(struct th_h1_parser *p, uint8_t c)
{
	int digit = hex_digit(c);
	if (digit >= 0) {
		if (p->left > CHUNK_SIZE_MAX) {
			return STEP_BAD;
		}
		p->left = p->left << 4 | (uint64_t)digit;
		p->chunk = CHUNK_SIZE;
		return STEP_ON;
	}
	if (p->chunk == CHUNK_SIZE_FIRST) {
		return STEP_BAD;
	}
	if (c == '\n') {
		chunk_line_done(p);
		return STEP_ON;
	}
	if (c != ';' && c != ' ' && c != '\t' && c != '\r') {
		return STEP_BAD;
	}
	p->chunk = CHUNK_EXTENSION;
	return STEP_ON;
}

/* One byte of framing, that is of anything but chunk data and trailers. */
static enum step chunk_byte(struct th_h1_parser *p, uint8_t c)
{
	switch (p->chunk) {
	case CHUNK_SIZE_FIRST:
	case CHUNK_SIZE:
		return chunk_size(p, c);
	case CHUNK_EXTENSION:
		if (c == '\n') {
			chunk_line_done(p);
		}
		return STEP_ON;
	case CHUNK_DATA_CR:
		if (c == '\r') {
			p->chunk = CHUNK_DATA_LF;
			return STEP_ON;
		}
		__attribute__((fallthrough));
	default:
		p->chunk = CHUNK_SIZE_FIRST;
		p->left = 0;
		return c == '\n' ? STEP_ON : STEP_BAD;
	}
}

static size_t chunk_data(struct th_h1_parser *p, struct th_slice in)
{
	size_t n = in.n < p->left ? in.n : (size_t)p->left;
	p->left -= n;
	if (p->left == 0) {
		p->chunk = CHUNK_DATA_CR;
	}
	return n;
}

/* A size with its line end and nothing else, as nearly all are: its length, 0: it is none, or not
 * all of it is there. */
static size_t chunk_size_line(struct th_h1_parser *p, struct th_slice in)
{
	uint64_t size = 0;
	size_t n = 0;
	int digit;
	while (n < in.n && n < SHORT_SIZE && (digit = hex_digit(in.p[n])) >= 0) {
		size = size << 4 | (uint64_t)digit;
		n++;
	}
	if (n == 0 || in.n - n < 2 || in.p[n] != '\r' || in.p[n + 1] != '\n') {
		return 0;
	}
	p->left = size;
	chunk_line_done(p);
	return n + 2;
}

static size_t chunk_data_end(struct th_h1_parser *p, struct th_slice in)
{
	if (in.n < 2 || in.p[0] != '\r' || in.p[1] != '\n') {
		return 0;
	}
	p->chunk = CHUNK_SIZE_FIRST;
	p->left = 0;
	return 2;
}

/* Framing that is plain and whole; 0: it is looked at byte by byte. */
static size_t chunk_quick(struct th_h1_parser *p, struct th_slice in)
{
	return p->chunk == CHUNK_SIZE_FIRST ? chunk_size_line(p, in)
		: p->chunk == CHUNK_DATA_CR ? chunk_data_end(p, in)
					    : 0;
}

/* As far as chunks are plain, and what is between them is there: their bytes. */
static inline size_t plain_chunks(struct th_h1_parser *p, struct th_slice in)
{
	size_t at = 0, n = 1;
	while (n > 0 && at < in.n) {
		const struct th_slice rest = {in.p + at, in.n - at};
		n = p->chunk == CHUNK_DATA ? chunk_data(p, rest) : chunk_quick(p, rest);
		at += n;
	}
	return at;
}

/* The next bytes of one kind within a chunked body. */
static size_t chunk_part(struct th_h1_parser *p, struct th_slice in, enum step *ret_step)
{
	bool end;
	*ret_step = STEP_ON;
	if (p->chunk == CHUNK_DATA) {
		return chunk_data(p, in);
	}
	if (p->chunk == CHUNK_TRAILER) {
		size_t n = walk_lines(p, in, &end);
		bool fits = n <= TH_H1_HEAD_MAX - p->head_len;
		p->head_len += fits ? (uint32_t)n : 0;
		*ret_step = !fits ? STEP_BAD : end ? STEP_END : STEP_ON;
		return fits ? n : 0;
	}
	size_t quick = chunk_quick(p, in);
	if (quick) {
		return quick;
	}
	*ret_step = chunk_byte(p, in.p[0]);
	return *ret_step == STEP_BAD ? 0 : 1;
}

/* Does `in` go on with a trailer section that is not known to be empty? */
static bool in_trailer(const struct th_h1_parser *p, struct th_slice in)
{
	bool empty = in.p[0] == '\n' || (in.n > 1 && in.p[0] == '\r' && in.p[1] == '\n');
	return p->chunk == CHUNK_TRAILER && (p->trailer || !empty);
}

static size_t next_chunked(
	struct th_h1_parser *p, struct th_slice in, struct th_h1_event *ret_event)
{
	enum step step = STEP_ON;
	p->trailer = in_trailer(p, in);
	size_t i = p->trailer ? 0 : plain_chunks(p, in);
	struct th_slice rest = {in.p + i, in.n - i};
	while (i < in.n && step == STEP_ON && (p->trailer || !in_trailer(p, rest))) {
		i += chunk_part(p, rest, &step);
		rest = (struct th_slice){in.p + i, in.n - i};
	}
	bool trailer = p->trailer;
	if (step == STEP_BAD && i == 0) {
		return fail(p, ret_event);
	}
	*ret_event = (struct th_h1_event){TH_H1_BODY, step == STEP_END, trailer, {in.p, i}};
	if (step == STEP_BAD) {
		p->state = FAILED;
	} else if (step == STEP_END) {
		before_head(p);
	}
	return i;
}

size_t th_h1_next(struct th_h1_parser *p, struct th_slice in, struct th_h1_event *ret_event)
{
	if (in.n == 0 && p->state != FAILED) {
		*ret_event = (struct th_h1_event){TH_H1_MORE, false, false, {NULL, 0}};
		return 0;
	}
	switch (p->state) {
	case BEFORE_HEAD:
		return next_head(p, in, ret_event);
	case IN_LENGTH:
		return next_length(p, in, ret_event);
	case IN_CHUNKED:
		return next_chunked(p, in, ret_event);
	case UNTIL_CLOSE:
		*ret_event = (struct th_h1_event){TH_H1_BODY, false, false, in};
		return in.n;
	default:
		return fail(p, ret_event);
	}
}

bool th_h1_is_between(const struct th_h1_parser *p)
{
	return p->state == BEFORE_HEAD && p->line == LINE_START && !p->any;
}

/* What a head says of its body. */
struct framing {
	enum th_h1_body body; /* by Content-Length: NONE, LENGTH, BAD */
	uint64_t length;
	bool coded, chunked; /* there is a Transfer-Encoding; its last coding is chunked */
};

/* All Content-Length values, also within a list, must be the same number (RFC 9112 6.3, rule 5). */
static void read_lengths(struct framing *f, struct th_slice value)
{
	struct th_slice element;
	uint64_t n;
	if (f->body == TH_H1_BODY_NONE && th_parse_u64(value, &n)) {
		f->body = TH_H1_BODY_LENGTH;
		f->length = n;
		return;
	}
	do {
		if (!th_list_next(&value, &element) || !th_parse_u64(element, &n) ||
			(f->body == TH_H1_BODY_LENGTH && n != f->length)) {
			f->body = TH_H1_BODY_BAD;
			return;
		}
		f->body = TH_H1_BODY_LENGTH;
		f->length = n;
	} while (value.n);
}

static void read_codings(struct framing *f, struct th_slice value)
{
	struct th_slice element;
	f->coded = true;
	while (th_list_next(&value, &element)) {
		f->chunked = th_slice_ieq(element, TH_SLICE_LIT("chunked"));
	}
}

/* Of a head whose lines are known. */
static struct framing framing_of_lines(const struct th_head *h)
{
	struct framing framing = {.body = TH_H1_BODY_NONE};
	uint64_t codings = h->lines->named[TH_LINES_TRANSFER_ENCODING];
	uint64_t lengths = h->lines->named[TH_LINES_CONTENT_LENGTH];
	for (; codings; codings &= codings - 1) {
		read_codings(&framing, th_head_line(h, (size_t)__builtin_ctzll(codings)));
	}
	for (; lengths && framing.body != TH_H1_BODY_BAD; lengths &= lengths - 1) {
		read_lengths(&framing, th_head_line(h, (size_t)__builtin_ctzll(lengths)));
	}
	return framing;
}

static struct framing read_framing(const struct th_head *h)
{
	struct framing framing = {.body = TH_H1_BODY_NONE};
	struct th_slice value;
	size_t pos = 0;
	if (h->lines) {
		return framing_of_lines(h);
	}
	while (th_head_next_named(h, TH_SLICE_LIT("transfer-encoding"), &pos, &value)) {
		read_codings(&framing, value);
	}
	pos = 0;
	while (framing.body != TH_H1_BODY_BAD &&
		th_head_next_named(h, TH_SLICE_LIT("content-length"), &pos, &value)) {
		read_lengths(&framing, value);
	}
	return framing;
}

static enum th_h1_body by_length(const struct framing *f, uint64_t *ret_length)
{
	if (f->body == TH_H1_BODY_LENGTH) {
		*ret_length = f->length;
	}
	return f->body;
}

#define LINE_END 2	 /* CR LF */
#define LENGTH_DIGITS 15 /* of a length that is read at once */

/* The framing of most heads: one Content-Length of a few digits, or none, and no Transfer-Encoding.
 * BAD: it is not known so soon. */
static enum th_h1_body framing_at_once(const struct th_head *h, uint64_t *ret_length)
{
	if (!h->lines || h->lines->named[TH_LINES_TRANSFER_ENCODING]) {
		return TH_H1_BODY_BAD;
	}
	const uint64_t lengths = h->lines->named[TH_LINES_CONTENT_LENGTH];
	if (!lengths) {
		return TH_H1_BODY_NONE;
	}
	const struct th_line line = th_lines_line(h->lines, (size_t)__builtin_ctzll(lengths));
	const uint8_t *p = h->bytes.p + line.colon + 1, *end = h->bytes.p + line.end - LINE_END;
	uint64_t length = 0;
	p += *p == ' ';
	if (lengths & (lengths - 1) || p == end || end - p > LENGTH_DIGITS) {
		return TH_H1_BODY_BAD;
	}
	for (; p < end; p++) {
		const unsigned digit = *p - (unsigned)'0';
		if (digit > 9) {
			return TH_H1_BODY_BAD;
		}
		length = length * 10 + digit;
	}
	*ret_length = length;
	return TH_H1_BODY_LENGTH;
}

enum th_h1_body th_h1_request_framing(const struct th_head *head, uint64_t *ret_length)
{
	const enum th_h1_body known = framing_at_once(head, ret_length);
	if (known != TH_H1_BODY_BAD) {
		return known;
	}
	struct framing f = read_framing(head);
	if (f.coded) {
		return f.chunked ? TH_H1_BODY_CHUNKED : TH_H1_BODY_BAD;
	}
	return by_length(&f, ret_length);
}

enum th_h1_body th_h1_response_framing(
	const struct th_head *head, struct th_slice method, uint64_t *ret_length)
{
	uint16_t status = th_head_status(head);
	if (status == 0) {
		return TH_H1_BODY_BAD;
	}
	if (status == 101 || (status / 100 == 2 && th_slice_eq(method, TH_SLICE_LIT("CONNECT")))) {
		return TH_H1_BODY_TUNNEL;
	}
	if (status < 200 || status == 204 || status == 304 ||
		th_slice_eq(method, TH_SLICE_LIT("HEAD"))) {
		return TH_H1_BODY_NONE;
	}
	if (framing_at_once(head, ret_length) == TH_H1_BODY_LENGTH) {
		return TH_H1_BODY_LENGTH;
	}
	struct framing f = read_framing(head);
	if (f.coded) {
		return f.chunked ? TH_H1_BODY_CHUNKED : TH_H1_BODY_UNTIL_CLOSE;
	}
	enum th_h1_body body = by_length(&f, ret_length);
	return body == TH_H1_BODY_NONE ? TH_H1_BODY_UNTIL_CLOSE : body;
}

void th_h1_body(struct th_h1_parser *p, enum th_h1_body body, uint64_t length)
{
	before_head(p);
	switch (body) {
	case TH_H1_BODY_NONE:
		return;
	case TH_H1_BODY_LENGTH:
		p->left = length;
		p->state = length ? IN_LENGTH : BEFORE_HEAD;
		return;
	case TH_H1_BODY_CHUNKED:
		p->state = IN_CHUNKED;
		return;
	case TH_H1_BODY_UNTIL_CLOSE:
	case TH_H1_BODY_TUNNEL:
		p->state = UNTIL_CLOSE;
		return;
	default:
		p->state = FAILED;
	}
}
