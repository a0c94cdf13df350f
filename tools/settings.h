/* The environment variables of DESIGN 1.1, checked before an agent is started by the very code with
 * which the library will read them (shim/config.h), so that the two never disagree. */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stdbool.h>

#include "capture/scrub_rules.h"
#include "shim/config.h"

/* Reads the environment as the library would in an agent that runs in `mode`. True and *ret_config;
 * false after an error line. */
bool th_settings_read(const char *mode, struct th_config *ret_config);

/* Can a recording with these settings read its redaction rules? TH_EXIT_OK, or an exit code after
 * an error line. */
int th_settings_check_rules(const struct th_config *config);

/* Reads a file of redaction rules, and its text, of which *ret_view is a view; the caller frees
 * both. `consequence` ends the error line. TH_EXIT_OK, TH_EXIT_MISSING, TH_EXIT_USAGE. */
int th_settings_read_rules(const char *name, const char *consequence,
	struct th_scrub_rules **ret_rules, uint8_t **ret_text, struct th_slice *ret_view);

/* Reads a descriptor or a process id: decimal, up to INT32_MAX. */
bool th_settings_int(const char *text, int *ret_value);

/* Reads a pace: a decimal number of at least 0, no sign, no exponent. */
bool th_settings_number(const char *text, double *ret_number);

/* Loads the key that TRACEHOOK_KEY_FILE names, if it is set; a relative path in it becomes an
 * absolute one, for programs that are started. TH_EXIT_OK or, after an error line, TH_EXIT_USAGE.
 */
int th_settings_load_key(void);

#endif
