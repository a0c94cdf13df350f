/* Redaction rules of one's own (TRACEHOOK_REDACT=rules.json, docs/privacy.md): parsed from JSON
 * into a flat form, by the same code in the agent, the player and the tools.
 *
 * {"rules": [{"header": "x-tenant"}, {"query": ["user"], "action": "mask"}, {"json":
 * "/user/email"},
 *            {"pattern": "EMP-[0-9]{6}", "in": "request"}, {"detect": ["email", "key"]}],
 *  "compressed": "keep"}
 *
 * Nothing is guessed: a key or a word that is not known is an error. Pure; usable inside the agent,
 * where the structure comes from the pool. */
#ifndef CAPTURE_SCRUB_RULES_H
#define CAPTURE_SCRUB_RULES_H

#include "capture/detectors.h"
#include "capture/redact.h"

#define TH_SCRUB_RULES_MAX 192	    /* with all patterns of detectors */
#define TH_SCRUB_RULES_NAMED_MAX 64 /* headers, parameters, pointers */
#define TH_SCRUB_RULES_FILE_MAX (60u << 10)
#define TH_SCRUB_RULES_WHY_MAX 160
#define TH_SCRUB_RULES_POINTER_MAX 16 /* parts of a JSON pointer */

enum th_scrub_kind {
	TH_SCRUB_HEADER,
	TH_SCRUB_QUERY, /* also of forms, and names of multipart's parts */
	TH_SCRUB_JSON,
	TH_SCRUB_PATTERN, /* also a detector's */
};

enum th_scrub_action {
	TH_SCRUB_NONE,
	TH_SCRUB_HASH,
	TH_SCRUB_MASK,
	TH_SCRUB_DROP,
};

struct th_scrub_rule {
	uint8_t kind, action;
	uint8_t check, turn;  /* as of a detector */
	uint8_t bit;	      /* of those with a name, which one */
	uint8_t sides;	      /* bit per enum th_redact_side */
	uint8_t parts;	      /* of a pointer */
	struct th_slice text; /* name or pointer, as in the file; points into `texts` */
	struct th_slice part[TH_SCRUB_RULES_POINTER_MAX];
	struct th_regex pattern;
};

struct th_scrub_rules {
	struct th_scrub_rule rules[TH_SCRUB_RULES_MAX];
	size_t n, n_named;
	bool keep_compressed; /* bodies with a content coding are left as they are */
	uint8_t body_sides;   /* bit per side: some rule may apply to bodies */
	struct th_regex_pool pool;
	uint8_t texts[TH_SCRUB_RULES_FILE_MAX];
	size_t n_texts;
};

/* Parses a rules file. `rules` is zeroed. True; or false and in `why` what is wrong with it, and
 * where. */
bool th_scrub_rules_parse(
	struct th_slice file, struct th_scrub_rules *rules, char why[TH_SCRUB_RULES_WHY_MAX]);

/* What is to be done with the value of that name. `rules` may be NULL. */
enum th_scrub_action th_scrub_rules_named(const struct th_scrub_rules *rules,
	enum th_scrub_kind kind, enum th_redact_side side, struct th_slice name);

/* The next match of a pattern of that side in the text, at or behind *from; rule by rule, so begin
 * with *rule and *from 0. False, and in->work is 0: looking for more would take too long. */
bool th_scrub_rules_find(const struct th_scrub_rules *rules, enum th_redact_side side,
	struct th_regex_in *in, size_t *rule, size_t *from, size_t *ret_to);

static inline bool th_scrub_rules_on_bodies(
	const struct th_scrub_rules *rules, enum th_redact_side side)
{
	return rules && rules->body_sides >> side & 1;
}

#endif
