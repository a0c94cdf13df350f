/* Finds what has no span id: a look-up or connection that failed, what was not decoded, a program
 * that left, a transfer that came to nothing. By its kind and its number among them, "transfer#2",
 * or by its name as the views have it, "lookup nowhere.example"; by the kind alone when there is
 * but one. */
#ifndef TOOLS_EVENT_CHOICE_H
#define TOOLS_EVENT_CHOICE_H

#include "tools/events.h"

/* Is it meant so? */
bool th_event_is_choice(const char *span);

/* TH_EXIT_OK; after an error line TH_EXIT_MISSING (none), TH_EXIT_USAGE (several, listed). */
int th_event_choose(
	const struct th_run *run, const char *path, const char *span, struct th_event *ret_event);

#endif
