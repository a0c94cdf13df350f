/* One look over a head, or a value, before it is redacted: what is in no part of it need not be
 * looked for in each field. */
#ifndef CAPTURE_FIRST_LOOK_H
#define CAPTURE_FIRST_LOOK_H

#include <stdbool.h>

#include "base/bytes.h"

struct th_first_look {
	bool odd_ends;	     /* a NUL, or a CR that no LF follows */
	bool may_have_marks; /* '?', '&' or "//": false means th_redactor_has_marks() of no part */
};

struct th_first_look th_first_look(struct th_slice in);

/* Has it neither of these? As short values are asked, one by one (HTTP/2). */
bool th_first_look_plain(struct th_slice value);

#endif
