/* Finds the span that a user means: "#3" or "3", an exchange of a run; "root", its first process;
 * or the beginning of a span id, whatever it is the id of. */
#ifndef TOOLS_SPAN_CHOICE_H
#define TOOLS_SPAN_CHOICE_H

#include "trace/trace.h"

struct th_span_choice {
	const struct th_run *run;
	const struct th_exchange *exchange; /* or: */
	const struct th_process *process;   /* or neither: a tool */
	uint8_t span_id[TH_SPAN_ID_BYTES];
};

/* `run_prefix` NULL: numbers count in the run that th_load_run() chooses, ids are looked for in all
 * runs. TH_EXIT_OK; after an error line TH_EXIT_MISSING (none), TH_EXIT_USAGE (several, listed). */
int th_span_choose(const struct th_trace *t, const char *path, const char *run_prefix,
	const char *span, struct th_span_choice *ret_choice);

/* The same, of a capture that is not loaded: of a large one only what the span needs is read, when
 * that is an exchange given by its number or its whole id. The trace and the choice; else the exit
 * code after an error line. */
int th_span_load(const char *path, const char *run_prefix, const char *span,
	struct th_trace **ret_trace, struct th_span_choice *ret_choice);

/* "#12", or digits too few to be an id on purpose. */
bool th_span_is_number(const char *span, uint64_t *ret_number);

/* The id begins with these hex digits. */
bool th_span_id_begins(const uint8_t span_id[TH_SPAN_ID_BYTES], const char *prefix);

#endif
