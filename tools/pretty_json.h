/* Lays out a JSON text over several lines without changing a value: numbers, strings and the order
 * of members stay as they were written (a parser would turn 1.0 into 1 and 1e400 into infinity).
 *
 * Strict about what it takes (RFC 8259), so what is not JSON is shown as it came instead. */
#ifndef TOOLS_PRETTY_JSON_H
#define TOOLS_PRETTY_JSON_H

#include <stdio.h>

#include "base/bytes.h"

#define TH_PRETTY_DEPTH 512 /* deeper nesting is shown as it came */

/* Is `s` one JSON text, white space around it allowed? */
bool th_pretty_json_is(struct th_slice s);

/* Prints it, two spaces per level, each line preceded by `indent`; ends with a line feed.
 * Returns false, having printed nothing, when it is not JSON. */
bool th_pretty_json_print(FILE *out, struct th_slice s, const char *indent);

#endif
