/* Opening a capture for a subcommand, choosing a run in it, and saying what is damaged. */
#ifndef TOOLS_LOAD_H
#define TOOLS_LOAD_H

#include "trace/trace.h"

/* Loads the capture. TH_EXIT_OK and the trace (th_trace_free()), else the exit code after an error
 * line. */
int th_load(const char *path, struct th_trace **ret_trace);

/* The same, but th_trace_load_outline(). */
int th_load_outline(const char *path, struct th_trace **ret_trace);

/* The same, but th_trace_load_written(). */
int th_load_written(
	const char *path, struct th_trace **ret_trace, struct th_written_list *ret_written);

/* The run that `prefix` names: the beginning of its id, or "#2", the second (NULL: the newest that
 * ended properly, else the newest). TH_EXIT_OK, else TH_EXIT_MISSING or, when several fit,
 * TH_EXIT_USAGE after an error line. */
int th_load_run(const struct th_trace *t, const char *path, const char *prefix,
	const struct th_run **ret_run);

/* The same without a word: NULL, when there is none or several fit. */
struct th_run *th_load_find_run(const struct th_trace *t, const char *prefix);

/* One line on stderr for a capture that holds no run. */
void th_load_say_no_run(const struct th_trace *t, const char *path);

/* One line on stderr per damaged place. TH_EXIT_DAMAGED when there is one, else TH_EXIT_OK. */
int th_load_say_damage(const struct th_trace *t);

#endif
