/* The shim's own diagnostics, to the file that TRACEHOOK_LOG names and nowhere else. Off, a line
 * costs one load. */
#ifndef SHIM_LOG_H
#define SHIM_LOG_H

#include "shim/arm.h"

/* One line: "[pid] what detail number". `detail` may be NULL. Signal-safe; errno may change. */
void th_log_line(const char *what, const char *detail, long number);

#define th_log(what, detail, number) \
	do { \
		if (th_arm_config.log) { \
			th_log_line(what, detail, number); \
		} \
	} while (0)

#endif
