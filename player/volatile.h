/* The relaxation `volatile`: a request as it is without what the rules let differ
 * (docs/matching.md).
 *
 * Works on the canonical text, so both sides are masked by the same code. Two requests whose masked
 * text is equal match; what was masked, and differed, is listed for the report. */
#ifndef PLAYER_VOLATILE_H
#define PLAYER_VOLATILE_H

#include "player/canon_request.h"
#include "player/patterns.h"
#include "player/rules.h"

/* One place that was masked. */
struct th_mask {
	char *where; /* as in a rules file: "json /messages/2/content", "query ts", "path" */
	struct th_slice value; /* what stood there */
	enum th_pattern pattern;
};

struct th_masks {
	struct th_mask *list;
	size_t n, cap;
	bool failed;
};

/* What stands around the name of a pattern in masked text, in place of what the pattern took. */
#define TH_MASK_OPEN 1
#define TH_MASK_CLOSE 2

/* Makes the masked form of a canonical request: one itself, but without fingerprints. `ret` is
 * zeroed or was used before. `list`, of what was masked, may be NULL. 0 or -ENOMEM. */
int th_volatile_mask(const struct th_rules *rules, const struct th_canon *c, struct th_canon *ret,
	struct th_masks *list);

/* The digest of the masked form: c->masked and c->has_masked. Nothing to do without rules. 0 or
 * -ENOMEM. */
int th_volatile_take(const struct th_rules *rules, struct th_canon *c);

/* First difference that the rules do not let pass, as th_explain_difference(). Without rules it is
 * that. */
void th_volatile_difference(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_canon *recorded, struct th_buf *out);

/* A difference that was let pass. */
struct th_passed {
	char *where;
	const char *pattern;
	char *asked, *recorded; /* valid UTF-8, cut short; "" when there was none (optional) */
};

#define TH_PASSED_MAX 64 /* listed of one request */

/* What differs between two requests with the same masked form. The caller frees with
 * th_passed_free(); NULL and 0 when nothing does, or without memory. */
struct th_passed *th_volatile_passed(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_canon *recorded, size_t *ret_n);

void th_passed_free(struct th_passed *list, size_t n);

void th_masks_finish(struct th_masks *m);

#endif
