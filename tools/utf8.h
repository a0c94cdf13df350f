/* UTF-8 as it comes from the network: checked before it is shown or written.
 *
 * A capture holds what strangers sent. Before any of it reaches a terminal, control characters
 * (which could move the cursor or recolour the screen) and direction overrides (which make text
 * read other than it is) are written as escapes. Sources: RFC 3629; Unicode TR 36. */
#ifndef TOOLS_UTF8_H
#define TOOLS_UTF8_H

#include <stdio.h>

#include "base/bytes.h"

/* Length of the well-formed sequence that `s` begins with (1 to 4), 0 when there is none. */
size_t th_utf8_sequence(struct th_slice s, uint32_t *ret_code);

/* Is all of it well-formed? */
bool th_utf8_valid(struct th_slice s);

/* Terminal columns of a character: 0 (combining), 1, or 2 (East Asian wide, emoji). */
unsigned th_utf8_width(uint32_t code);

/* Terminal columns of a well-formed text. */
size_t th_utf8_columns(const char *text);

/* One line that is safe to show: controls become \n, \x1b, \u202e; bytes that are not UTF-8 \xff.
 * The caller frees; never NULL (ends the program without memory). */
char *th_text_line(struct th_slice s);

/* The same for a text of several lines: LF and TAB stay, CR before LF is left out. */
void th_text_print(FILE *out, struct th_slice s);

#endif
