/* What a rule's "detect" names: patterns of what people and programs should not tell, some with a
 * check of digits. Pure; usable inside the agent. */
#ifndef CAPTURE_DETECTORS_H
#define CAPTURE_DETECTORS_H

#include "capture/regex.h"

enum th_detector_check {
	TH_DETECTOR_ANY,
	TH_DETECTOR_LUHN, /* ISO/IEC 7812-1 annex B */
	TH_DETECTOR_IBAN, /* ISO 13616: modulo 97 */
};

struct th_detector {
	char name[8];
	uint8_t check;	     /* enum th_detector_check */
	uint8_t turn;	     /* those with more are looked for first: they can be mistaken less */
	uint8_t left, right; /* enum th_regex_bound */
	char pattern[172];   /* not pointers, which would be relocated in every program */
};

/* The i-th; NULL: there are no more. Several may have one name. */
const struct th_detector *th_detector(size_t i);

/* Where, at or before `to`, what begins at `from` ends so that it passes the check; 0: nowhere. A
 * match may go on into what stands behind: "4111 1111 1111 1111 12/29". */
size_t th_detector_end(
	enum th_detector_check check, const struct th_regex_in *in, size_t from, size_t to);

#endif
