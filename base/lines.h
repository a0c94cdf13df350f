/* Where the lines of a message head are, found in one pass: the recorder looks at each head for its
 * framing, for what is secret in it and for some facts, and each look would be a walk of its own.
 * Heads of a connection are alike, so a head can be looked at beside the one before it: then most
 * is known of it.
 *
 * Only of plain heads, as nearly all are: each line ends with CR LF, each field has a name with a
 * colon right behind it, no line is folded, there is no other CR or LF and no NUL. What is not
 * plain, too large, or not all there yet, is for wire/head.h, which takes what real peers take. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include "base/bytes.h"

#define TH_LINES_MAX 64		/* fields of a head that is indexed */
#define TH_LINES_BYTES_MAX 4096 /* and its bytes */
#define TH_LINES_BLOCK 32
#define TH_LINES_BESIDE \
	32 /* bytes that can be read behind a head that another is compared with \
	    */

/* Names that each head is asked for, since they frame its message (RFC 9112 6, RFC 9110 10.1.1). */
enum th_lines_name {
	TH_LINES_TRANSFER_ENCODING,
	TH_LINES_CONTENT_LENGTH,
	TH_LINES_EXPECT,
	TH_LINES_NAMES,
};

/* Offsets in the head. */
struct th_line {
	uint16_t at;
	uint16_t colon;
	uint16_t end; /* behind the LF */
};

struct th_lines {
	uint16_t bytes;	 /* of the head, with its empty line */
	uint16_t start;	 /* of the start line, with its end */
	uint16_t n;	 /* fields */
	bool fresh;	 /* no other head has its fields: it was walked over, as the first is */
	bool start_same; /* the start line is that of the head it is laid beside (lines_beside.h) */
	/* Fields as bits, the first is bit 0: those whose name the same field of the other head
	 * has, those of them that are the same from beginning to end, those in whose values stand
	 * '?', '&' or two slashes, the marks that a secret in a URL follows, and those of the names
	 * that are asked for. */
	uint64_t known;
	uint64_t same;
	uint64_t marked;
	uint64_t named[TH_LINES_NAMES];
	uint64_t tags; /* which there are, as bits: most names that are looked for are not there */
	/* Where each would be, had those before it the lengths that they have in the other head;
	 * and how much farther it is (modulo 2^16), the empty line's as well. See th_lines_line().
	 */
	struct th_line line[TH_LINES_MAX];
	uint16_t shift[TH_LINES_MAX + 8];
	uint8_t tag[TH_LINES_MAX + 16]; /* th_lines_tag() of each name; and more that can be read */
};

/* Where a field is. */
static inline struct th_line th_lines_line(const struct th_lines *l, size_t i)
{
	const struct th_line *line = &l->line[i];
	const uint16_t by = l->shift[i], by_next = l->shift[i + 1];
	return (struct th_line){(uint16_t)(line->at + by), (uint16_t)(line->colon + by),
		(uint16_t)(line->end + by_next)};
}

/* From field `i` on they are so much farther. */
static inline void th_lines_shift(struct th_lines *l, size_t i, uint16_t by)
{
	const uint64_t four = by * 0x0001000100010001u, eight[2] = {four, four};
	for (; i <= l->n; i += 8) {
		memcpy(&l->shift[i], eight, sizeof(eight));
	}
}

/* A number below 64 that names with the same letters have, whatever their case. */
static inline unsigned th_lines_tag(const uint8_t *name, size_t n)
{
	return ((unsigned)n + 5 * (name[0] & 31u)) & 63;
}

/* The bits of so many first fields, 64 at most. */
static inline uint64_t th_lines_first(size_t n)
{
	return n ? ~0ull >> (64 - n) : 0;
}

_Static_assert(TH_LINES_MAX == 64, "a bit for each line");

/* The first line from `i` on with that tag; lines->n when there is none. */
size_t th_lines_tagged(const struct th_lines *lines, unsigned tag, size_t i);

/* `in` begins with a head, behind which may be more. False: it is not plain; *ret_lines is then of
 * no use. */
bool th_lines_of(struct th_slice in, struct th_lines *ret_lines);

/* The same, where `lines` are those of the plain head `was` (NULL: there is none), without shifts,
 * of lines->bytes and TH_LINES_BESIDE more that can be read: of a line that is named as the one
 * there all that is known of the name is left as it is. Some of `tags` may be of the other head. */
bool th_lines_after(struct th_slice in, const uint8_t *was, struct th_lines *lines);

#endif
