/* Inside the relaxation `volatile` (volatile.h): what masking has at hand, and what writes masked
 * text. The sections of a request are masked by one function each: JSON in mask_json.c, pairs,
 * fields and parts in mask_forms.c.
 *
 * A mask's two bytes are escaped where they were sent, so no request can look like a masked one. */
#ifndef PLAYER_MASKING_H
#define PLAYER_MASKING_H

#include "player/canon_json.h"
#include "player/volatile.h"

#define TH_MASK_ESCAPE 3 /* before what was sent and looks like one of a mask's bytes */

struct th_masking {
	const struct th_rules *rules;
	struct th_slice method, url;
	struct th_buf scope; /* the memory of url */
	struct th_buf *out;
	struct th_masks *list;
	struct th_json json;
	struct th_slice keys[TH_JSON_DEPTH_MAX];
	char numbers[TH_JSON_DEPTH_MAX][12];
	size_t depth;
};

/* Where in the request we are. */
struct th_spot {
	const char *place;
	struct th_slice name;
};

/* The patterns of the rules for a place, and a name there; and for a place whatever stands in it.
 */
unsigned th_mask_patterns(
	const struct th_masking *m, enum th_rule_place place, struct th_slice name, bool caseless);
unsigned th_mask_patterns_at(const struct th_masking *m, enum th_rule_place place);

/* Text as it is. */
void th_mask_plain(struct th_masking *m, struct th_slice s);

/* Lists what is masked, for whoever wants to know. */
void th_mask_note(
	struct th_masking *m, struct th_spot spot, enum th_pattern pattern, struct th_slice v);

/* A mask in place of the value. */
void th_mask_put(
	struct th_masking *m, struct th_spot spot, enum th_pattern pattern, struct th_slice v);

/* Text in which the patterns are searched for. True: any was there. */
bool th_mask_text(struct th_masking *m, struct th_spot spot, unsigned patterns, struct th_slice s);

/* A value as a whole. */
void th_mask_value(struct th_masking *m, struct th_spot spot, unsigned patterns, struct th_slice v);

/* False: it is no JSON, nothing was written. */
bool th_mask_json(struct th_masking *m, struct th_slice body, unsigned patterns);

void th_mask_pairs(
	struct th_masking *m, enum th_rule_place place, unsigned patterns, struct th_slice s);
void th_mask_fields(struct th_masking *m, unsigned patterns, struct th_slice s);
void th_mask_multipart(struct th_masking *m, unsigned patterns, struct th_slice s);

#endif
