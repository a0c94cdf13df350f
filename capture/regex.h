/* Regular expressions for redaction rules, where there is no malloc and no time to lose.
 *
 * Compiled to a program for a Pike machine (Thompson 1968; Cox, "Regular Expression Matching: the
 * Virtual Machine Approach", 2009): all alternatives advance together, so a search costs the text's
 * length times the program's, whatever the expression. Known: literals, ., [classes], \d \w \s \D
 * \W \S, \. and such, groups, |, * + ? {m} {m,} {m,n}, (?i) at the beginning, \b at either end.
 * Refused, since they would be misread otherwise: ^ $, lazy quantifiers, back references, other
 * (?…).
 *
 * Bytes, not characters. Two bytes of a text are special: TH_REGEX_WALL matches nothing,
 * TH_REGEX_SKIP is not there (what an escape sequence is longer than what it stands for). */
#ifndef CAPTURE_REGEX_H
#define CAPTURE_REGEX_H

#include "base/bytes.h"

#define TH_REGEX_WALL 0
#define TH_REGEX_SKIP 1
#define TH_REGEX_STEPS 768	/* of one program */
#define TH_REGEX_SETS 256	/* byte sets of all programs of a pool */
#define TH_REGEX_POOL 6144	/* steps of all programs of a pool */
#define TH_REGEX_MATCH_MAX 8192 /* a longer match is given as one so long */

struct th_regex_step {
	uint8_t op;
	uint16_t x, y;
};

/* Where compiled programs lie; zeroed is empty. */
struct th_regex_pool {
	struct th_regex_step steps[TH_REGEX_POOL];
	uint64_t sets[TH_REGEX_SETS][4];
	uint16_t n_steps, n_sets;
};

struct th_regex {
	uint16_t first, n;	      /* steps in the pool */
	bool bound_left, bound_right; /* \b */
	uint64_t starts[4];	      /* bytes that a match can begin with */
};

/* Adds a program to the pool. NULL, or what is wrong with the expression (static text). */
const char *th_regex_compile(
	struct th_regex_pool *pool, struct th_slice source, struct th_regex *ret_pattern);

/* The leftmost of the longest matches at or behind `from`. False: there is none. A match's SKIP
 * bytes at its end belong to it. */
bool th_regex_find(const struct th_regex_pool *pool, const struct th_regex *pattern,
	struct th_slice text, size_t from, size_t *ret_from, size_t *ret_to);

#endif
