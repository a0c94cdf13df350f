/* The rules of the relaxation `volatile`: which parts of a request may differ, and how. The file is
 * described in docs/matching.md; `tracehook diff --learn` proposes it, a person accepts it. */
#ifndef PLAYER_RULES_H
#define PLAYER_RULES_H

#include <stdbool.h>

#include "base/bytes.h"

#define TH_RULES_FILE_MAX (1u << 20)
#define TH_RULES_MAX 1024 /* of a file */
#define TH_RULE_SEGMENTS_MAX 64
#define TH_RULES_WHY_BYTES 256

enum th_rule_place {
	TH_RULE_ANYWHERE, /* path, query, header fields and body */
	TH_RULE_PATH,
	TH_RULE_BODY,
	TH_RULE_QUERY,	/* a parameter of the query, by name */
	TH_RULE_HEADER, /* a header field */
	TH_RULE_FORM,	/* a field of a form, urlencoded or multipart */
	TH_RULE_JSON,	/* a value in a JSON body and all that is in it, by pointer (RFC 6901) */
};

enum th_rule_step {
	TH_STEP_KEY,
	TH_STEP_EACH, /* "*": any one member or element */
	TH_STEP_DEEP, /* "**": any number of steps, also none */
};

struct th_rule_segment {
	enum th_rule_step step;
	char *key; /* without escapes; KEY only */
};

struct th_rule {
	enum th_rule_place place;
	unsigned patterns;	      /* bits of enum th_pattern */
	char *method, *url;	      /* globs of the requests it is for; NULL: of all */
	char *name;		      /* QUERY, HEADER, FORM */
	struct th_rule_segment *path; /* JSON */
	size_t n_path;
};

struct th_rules {
	struct th_rule *rules;
	size_t n;
};

/* The rules that hold when no file is named: the built-in patterns, anywhere. NULL without memory.
 */
struct th_rules *th_rules_builtin(void);

/* Reads the text of a file. 0; or -EINVAL and in `why` the line and what is wrong with it; -ENOMEM.
 */
int th_rules_parse(struct th_slice text, struct th_rules **ret_rules, char why[TH_RULES_WHY_BYTES]);

/* The same from a file; or what the system said. */
int th_rules_load(const char *path, struct th_rules **ret_rules, char why[TH_RULES_WHY_BYTES]);

/* Takes NULL; returns NULL. */
struct th_rules *th_rules_destroy(struct th_rules *rules);

/* Is the rule for such a request? `url` is scheme, authority and path. */
bool th_rule_applies(const struct th_rule *r, struct th_slice method, struct th_slice url);

/* Does the pointer of a JSON rule name the value at these keys (of elements: their number)? */
bool th_rule_names(const struct th_rule *r, const struct th_slice *keys, size_t n);

#endif
