/* Durations and points in time as people type them. */
#ifndef TOOLS_WHEN_H
#define TOOLS_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* "250ms", "1.5s", "2m", "3h", "7d", "10us", "5ns": ns. False: not one, or over 2^63. */
bool th_when_duration(const char *text, uint64_t *ret_ns);

/* "2026-11-21", "2026-11-21 22:01", "2026-11-21T22:01:39.123" (local time; with "Z" at its end:
 * UTC), or a duration: that long before `now`. Times are ns since the epoch. */
bool th_when_time(const char *text, uint64_t now, uint64_t *ret_ns);

#endif
