/* Which header fields and query parameters carry secrets: what redaction replaces, and what
 * matching leaves out. Names are compared without case. Pure; usable inside the agent. */
#ifndef CAPTURE_SECRET_H
#define CAPTURE_SECRET_H

#include "base/bytes.h"

/* Is the whole value of this request field a secret? */
bool th_secret_is_field(struct th_slice name);

/* Is the value of this query parameter a secret? The name as in the URL, percent-encoded or not. */
bool th_secret_is_param(struct th_slice name);

/* May the value of this request field hold a URL, or userinfo, within which there are secrets? */
bool th_secret_may_hold_url(struct th_slice name);

#endif
