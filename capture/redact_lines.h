/* Redacts a plain head (base/lines.h) without copying it: the result is in pieces, most of which
 * are the head's own. What a connection sends again and again (its key, its host) is remembered
 * with what became of it; so a head costs little more than a look at the names of its fields.
 *
 * The result is byte for byte that of th_redact_h1_head() and th_redact_h1_lines(). */
#ifndef CAPTURE_REDACT_LINES_H
#define CAPTURE_REDACT_LINES_H

#include <sys/uio.h>

#include "base/lines.h"
#include "capture/redact.h"

#define TH_REDACT_PARTS_MAX 24	/* of one head */
#define TH_REDACT_REMEMBERED 12 /* lines of one connection's side */
#define TH_REDACT_MEMORY_BYTES 1856

/* Zeroed memory has nothing in it. For one `how` and one side. */
struct th_redact_memory {
	uint64_t names; /* which fields of the head before had a name that hides, as bits */
	uint16_t used;
	uint8_t n, next;
	/* Of the model's fields, and of its start line behind them, those that are remembered:
	 * which it is, and one more. */
	uint8_t of_line[TH_LINES_MAX + 1];
	struct {
		uint16_t at, n; /* the line as it was; what it became stands behind it */
		uint16_t out_n;
		uint8_t tokens;
		bool first : 1; /* of a head */
		bool same : 1;	/* nothing became of it */
	} line[TH_REDACT_REMEMBERED];
	uint8_t bytes[TH_REDACT_MEMORY_BYTES];
};

_Static_assert(sizeof(struct th_redact_memory) <= 2048, "as tap_h1.h counts");

struct th_redact_parts {
	int n;
	bool redacted;
	/* The first is the caller's. They point into the head and the memory, and are good until
	 * either changes. */
	struct iovec part[1 + TH_REDACT_PARTS_MAX];
};

/* False: not this way (rules of one's own, too much of it, no memory given). lines->known, if it
 * is not 0, is of the head that was given here before with that memory. */
bool th_redact_lines(const struct th_redaction *how, enum th_redact_side side, struct th_slice head,
	const struct th_lines *lines, struct th_redact_memory *memory,
	struct th_redact_parts *ret_parts);

#endif
