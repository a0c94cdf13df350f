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
	uint16_t bytes; /* of the head, with its empty line */
	uint16_t start; /* of the start line, with its end */
	uint16_t n;	/* fields */
	uint16_t same; /* of these, so many first ones are those of the head before (th_lines_again)
			*/
	bool any_mark;
	/* Fields as bits, the first is bit 0: those whose name the same field of the head before
	 * has, and those of the names that are asked for. */
	uint64_t known;
	uint64_t named[TH_LINES_NAMES];
	uint64_t tags; /* which there are, as bits: most names that are looked for are not there */
	struct th_line line[TH_LINES_MAX];
	uint8_t tag[TH_LINES_MAX + 16]; /* th_lines_tag() of each name; and more that can be read */
	/* Of each block of bytes: where '?', '&' and the second of two slashes stand, the marks
	 * that a secret in a URL follows. */
	uint32_t marks[TH_LINES_BYTES_MAX / TH_LINES_BLOCK];
	/* And where names and colons stand: what else is in a line may change, and it is where it
	 * was. */
	uint32_t names[TH_LINES_BYTES_MAX / TH_LINES_BLOCK + 1];
};

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

/* The same, where `lines` are those of the plain head `was`, of lines->bytes and TH_LINES_BESIDE
 * more that can be read: lines that stand where they stood are not looked for again, and of others
 * not the name, if it is the one that stood there. Some of `tags` may be of the head before. */
bool th_lines_again(struct th_slice in, const uint8_t *was, struct th_lines *lines);

/* Is there a mark in the head's bytes from `from` to before `to`? */
bool th_lines_marked(const struct th_lines *lines, size_t from, size_t to);

#endif
