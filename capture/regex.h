/* Regular expressions for redaction rules, where there is no malloc and no time to lose.
 *
 * Compiled to a program for a Pike machine (Thompson 1968; Cox, "Regular Expression Matching: the
 * Virtual Machine Approach", 2009): all alternatives advance together, so a search costs the text's
 * length times the program's, whatever the expression; and all of them in a text what it says at
 * th_regex_in(). Known: literals, ., [classes], \d \w \s \D
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
#define TH_REGEX_STEPS 768 /* of one program */
#define TH_REGEX_SETS 256  /* byte sets of all programs of a pool */
#define TH_REGEX_POOL 6144 /* steps of all programs of a pool */

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

/* What must not stand before a match, and behind it. Of an inner text's escapes, "\n" and such, the
 * letter is no letter: programs write JSON within JSON. */
enum th_regex_bound {
	TH_REGEX_ANYWHERE,
	TH_REGEX_WORD, /* \b: a letter, digit or underscore, if one is at the match's own end */
	TH_REGEX_NAME, /* a letter or digit */
	TH_REGEX_DIGIT,
};

struct th_regex {
	uint16_t first, n;   /* steps in the pool */
	uint8_t left, right; /* enum th_regex_bound */
	uint64_t starts[4];  /* bytes that a match can begin with */
};

/* What is searched. */
struct th_regex_in {
	struct th_slice text;
	bool percent; /* "%2B" stands for one byte, '+' for a blank, as in a URL's query */
	/* What may be spent on all searches in it; 0: nothing is found any more. */
	uint64_t work;
};

/* Some times what expressions that are not made to take long take, and a second at most. */
static inline struct th_regex_in th_regex_in(struct th_slice text)
{
	return (struct th_regex_in){text, false, (1u << 20) + 128 * (uint64_t)text.n};
}

/* Adds a program to the pool. NULL, or what is wrong with the expression (static text). */
const char *th_regex_compile(
	struct th_regex_pool *pool, struct th_slice source, struct th_regex *ret_pattern);

/* The leftmost of the longest matches at or behind `from`. False: there is none. A match's SKIP
 * bytes at its end belong to it. */
bool th_regex_find(const struct th_regex_pool *pool, const struct th_regex *pattern,
	struct th_regex_in *in, size_t from, size_t *ret_from, size_t *ret_to);

/* The byte at `i`, and the place behind it, and behind the SKIP bytes there. */
uint8_t th_regex_byte(const struct th_regex_in *in, size_t i, size_t *ret_next);

/* May a match of that bound end before `i`, which is not the text's beginning? */
bool th_regex_may_end(const struct th_regex_in *in, size_t i, enum th_regex_bound bound);

#endif
