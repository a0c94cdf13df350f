/* Applies redaction rules (scrub_rules.h) to the content of a body, in place and without changing
 * its length: what frames a body (Content-Length, chunks, HTTP/2) stays true.
 *
 * JSON keeps its structure, also one in the events of a stream; where it is cut, what there is of
 * it is looked into. A secret that is said in pieces (a model that streams it word by word) is not
 * found by a pattern; a pointer to the field finds every piece.
 *
 * Pure; usable inside the agent. */
#ifndef CAPTURE_SCRUB_H
#define CAPTURE_SCRUB_H

#include <sys/types.h>

#include "capture/scrub_rules.h"

struct th_scrub {
	const struct th_redaction *how; /* its rules are not NULL */
	enum th_redact_side side;
	struct th_slice type; /* Content-Type; may be empty */
};

/* Can what comes behind an event (an empty line) be scrubbed by itself? */
bool th_scrub_is_stream(const struct th_scrub *s);

/* Scrubs `n` bytes; `scratch` has room for as many. How many places were replaced; or -E2BIG: the
 * rules' patterns would take too long on it, it must not be written. */
ssize_t th_scrub_content(const struct th_scrub *s, uint8_t *content, size_t n, uint8_t *scratch);

#endif
