/* The environment variables of DESIGN 1.1: a value that means nothing is found before the agent
 * starts, not by the library inside it. */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stdbool.h>

/* Checks every variable that is set (TRACEHOOK_MODE is the wrapper's own and not looked at). True,
 * or false after an error line. */
bool th_settings_check(void);

/* Is `value` right for `variable` (false for an unknown one)? *ret_allowed: what would be, as one
 * clause. */
bool th_settings_allowed(const char *variable, const char *value, const char **ret_allowed);

/* Reads a share or a pace: a decimal number from 0 to `most`. */
bool th_settings_number(const char *text, double most, double *ret_number);

#endif
