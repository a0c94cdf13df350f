/* Requests as the capture has them: with stand-ins for what is secret (capture/redact.h).
 *
 * What is asked is redacted as the capture is, so that equality survives. What was recorded is
 * redacted again, too, which changes nothing in a capture of this version: one that was written
 * with TRACEHOOK_REDACT=off, or by a version that knew fewer names, matches all the same. */
#ifndef PLAYER_REDACTED_H
#define PLAYER_REDACTED_H

#include "capture/redact.h"
#include "player/buf.h"
#include "trace/trace.h"

/* Appends a request's redacted head to `out`. False: no memory. */
bool th_redacted_head(const struct th_redaction *how, const struct th_head *head,
	struct th_buf *out, bool *ret_changed);

/* Scrubs a request's body as it came, in place, by the rules of the recording; without any, or
 * where a recording would have withheld it, nothing is done. False: no memory. */
bool th_redacted_body(
	const struct th_redaction *how, const struct th_head *head, uint8_t *body, size_t n);

/* Heads of a run's requests that were changed. */
struct th_redacted {
	struct th_buf *heads;
	size_t n;
};

/* Redacts the request heads of `run`, which point into `r` from then on. 0 or -ENOMEM. */
int th_redacted_run(
	struct th_redacted *r, const struct th_redaction *how, const struct th_run *run);

/* The run must not be used afterwards. */
void th_redacted_finish(struct th_redacted *r);

#endif
