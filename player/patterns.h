/* What differs in every run by its nature: the built-in patterns of the relaxation `volatile`
 * (docs/matching.md).
 *
 * Each wants a shape that hardly anything else has, and stands alone: it is not part of a longer
 * word. A pattern that took too much would give wrong answers; one that takes too little gives a
 * miss, which is told. */
#ifndef PLAYER_PATTERNS_H
#define PLAYER_PATTERNS_H

#include <stdbool.h>

#include "base/bytes.h"

/* Bits, so that several can be asked for at once. */
enum th_pattern {
	TH_PATTERN_UUID = 1,  /* 8-4-4-4-12 hex digits (RFC 9562) */
	TH_PATTERN_TIME = 2,  /* ISO 8601 dates, times of day with seconds, and both together */
	TH_PATTERN_EPOCH = 4, /* seconds, ms, µs or ns since 1970: 10, 13, 16 or 19 digits */
	TH_PATTERN_HEX = 8,   /* 16 hex digits or more, with a digit and a letter among them */
	TH_PATTERN_PORT = 16, /* behind an address or localhost: "127.0.0.1:40123" */
	TH_PATTERN_TMP = 32,  /* the name right below /tmp, /var/tmp or /dev/shm */
	TH_PATTERN_ANY = 64,  /* rules only: the value, whatever it is */
	TH_PATTERN_OPTIONAL = 128, /* rules only: the value, and whether there is one */
};

#define TH_PATTERNS_IN_TEXT 63u /* those that are searched for in text */

struct th_pattern_hit {
	size_t at, n;
	enum th_pattern pattern;
};

/* The first place at or after `from` that one of the patterns (bits) takes. */
bool th_pattern_find(
	unsigned patterns, struct th_slice text, size_t from, struct th_pattern_hit *ret_hit);

/* "uuid", "time", "epoch", "hex", "port", "tmp", "any", "optional". */
const char *th_pattern_name(enum th_pattern pattern);

/* The other way round; 0: no such name. */
unsigned th_pattern_named(struct th_slice name);

#endif
