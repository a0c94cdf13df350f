/* The rules file of TRACEHOOK_REDACT, read in the constructor. */
#ifndef SHIM_RULES_FILE_H
#define SHIM_RULES_FILE_H

#include "capture/scrub_rules.h"

/* Reads and parses it; both stay for the life of the process. True; or false and what is wrong, for
 * the line on stderr. */
bool th_rules_file_load(const char *path, const struct th_scrub_rules **ret_rules,
	struct th_slice *ret_text, char why[TH_SCRUB_RULES_WHY_MAX]);

#endif
