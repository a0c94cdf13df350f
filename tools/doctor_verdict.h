/* What a recording of a program would see, and what not: the judgement of tracehook doctor. */
#ifndef TOOLS_DOCTOR_VERDICT_H
#define TOOLS_DOCTOR_VERDICT_H

#include "tools/doctor_program.h"

enum th_doctor_tap {
	TH_DOCTOR_TAP_NONE,
	TH_DOCTOR_TAP_CALLS,  /* its functions are taken over where they are called */
	TH_DOCTOR_TAP_INSIDE, /* they are written over, in the program's memory */
	TH_DOCTOR_TAP_CURL,   /* libcurl tells, whatever its TLS library */
	TH_DOCTOR_TAP_RELAY,  /* through the relay, whose certificates it is made to trust */
};

/* A TLS library of the program. */
struct th_doctor_row {
	enum th_doctor_tls kind;
	const struct th_doctor_file *file; /* where it is */
	const char *version;		   /* "": not known */
	const char *linkage; /* "shared", "inside, exported", "inside, in the symbol table",
				"inside, without symbols" */
	enum th_doctor_tap tap;
};

/* Something that will not be seen. Static text. */
struct th_doctor_gap {
	const char *what, *why, *advice;
};

#define TH_DOCTOR_GAPS_MAX 16

struct th_doctor_verdict {
	struct th_doctor_row *rows;
	size_t n_rows;
	struct th_doctor_gap gaps[TH_DOCTOR_GAPS_MAX];
	size_t n_gaps;	  /* 0: all will be seen */
	const char *note; /* what cannot be told from here; NULL: nothing */
};

/* The verdict refers to the program, which must stay. */
void th_doctor_verdict_of(const struct th_doctor_program *p, struct th_doctor_verdict *ret_verdict);
void th_doctor_verdict_finish(struct th_doctor_verdict *v);

const char *th_doctor_tap_words(enum th_doctor_tap tap);

#endif
