/* Inside redaction: a text on its way out, in which secrets are replaced. Shared by redact.c (heads
 * and fields), redact_url.c and redact_cookie.c. */
#ifndef CAPTURE_REDACTOR_H
#define CAPTURE_REDACTOR_H

#include "capture/redact.h"
#include "capture/scrub_rules.h"
#include "capture/stand_in.h"

struct th_redactor {
	const struct th_redaction *how;
	enum th_redact_side side;
	struct th_out out;
	unsigned tokens;
	bool redacted;
	bool plain;    /* in all of it, no NUL, and CR only before LF */
	bool by_rule;  /* what is replaced now is what a rule of one's own names */
	bool no_marks; /* in all of it, nothing that a secret in a URL follows */
};

static inline void th_redactor_copy(struct th_redactor *r, const uint8_t *from, const uint8_t *to)
{
	th_out_bytes(&r->out, from, (size_t)(to - from));
}

/* Writes what an action of a rule makes of what is between. */
void th_redactor_act(
	struct th_redactor *r, enum th_scrub_action action, const uint8_t *from, const uint8_t *to);

/* Writes the stand-in for what is between; nothing for nothing. */
void th_redactor_token(struct th_redactor *r, const uint8_t *from, const uint8_t *to);

/* May the present value, begun at `start` tokens, have no further ones (TH_REDACT_VALUE_TOKENS)? */
static inline bool th_redactor_full(const struct th_redactor *r, unsigned start)
{
	return r->tokens - start >= TH_REDACT_VALUE_TOKENS - 1;
}

/* One text is redacted from its beginning to its end: `out` has room for th_redact_bound(in.n). */
struct th_redactor th_redactor_begin(
	const struct th_redaction *how, enum th_redact_side side, struct th_slice in, uint8_t *out);
size_t th_redactor_finish(const struct th_redactor *r, bool *ret_redacted);
/* Instead of both, when there is nothing to be done. */
size_t th_redactor_leave(struct th_slice in, uint8_t *out);

/* May different parsers see different values in it? */
bool th_redactor_ambiguous(const struct th_redactor *r, const uint8_t *p, const uint8_t *end);

/* A field's value, trimmed, by its name. */
void th_redactor_value(
	struct th_redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end);

/* Looks for what patterns of one's own match in what was written from `from` on. */
void th_redactor_search(struct th_redactor *r, size_t from, bool url);

/* A request line, and one field with its continuation lines, without the last line's end. */
void th_redactor_request_line(struct th_redactor *r, const uint8_t *p, const uint8_t *end);
void th_redactor_field_line(struct th_redactor *r, const uint8_t *p, const uint8_t *end);

/* First byte of the set, or `end`. */
const uint8_t *th_find_any(const uint8_t *p, const uint8_t *end, const char *set);

/* A URL or target: what is before the path is an authority. */
void th_redactor_url(struct th_redactor *r, const uint8_t *p, const uint8_t *end);

/* May there be an authority or parameters in it? */
bool th_redactor_has_marks(const uint8_t *p, const uint8_t *end);

/* A value in which URLs may stand among other things. */
void th_redactor_text(struct th_redactor *r, const uint8_t *p, const uint8_t *end);

/* "k=v;properties,k2=v2": the values whose names are secret (W3C Baggage, Trace Context). */
void th_redactor_list(struct th_redactor *r, const uint8_t *p, const uint8_t *end);

/* Cookie (RFC 6265 4.2) and Set-Cookie (4.1): names stay, values go. */
void th_redactor_cookie(struct th_redactor *r, const uint8_t *p, const uint8_t *end);
void th_redactor_set_cookie(struct th_redactor *r, const uint8_t *p, const uint8_t *end);

#endif
