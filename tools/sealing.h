/* Sealing the runs of a capture: what `record` does at the end of its run, and `tracehook seal`. */
#ifndef TOOLS_SEALING_H
#define TOOLS_SEALING_H

#include "tools/sign_key.h"
#include "trace/trace.h"

/* Seals name the one before them, so one is made after the other: the lock on the capture (flock),
 * to be held from before the trace is loaded until the seals are appended. The descriptor; a
 * negative errno: -ETIME, somebody else has it for too long. */
int th_sealing_lock(const char *capture);

/* Seals the runs of `t`, or `only` that one (NULL: all), and signs the seals (`key` NULL: does
 * not). A run whose newest seal covers all of it is left, unless it lacks the key's signature: then
 * that is added. 0 and how many seals or signatures were appended, or a negative errno. */
int th_sealing_run(const char *capture, const struct th_trace *t, const struct th_run *only,
	const struct th_sign_key *key, size_t *ret_appended);

/* One line on stderr for what one of them returned. */
void th_sealing_say_failed(const char *capture, int error);

#endif
