/* Sizes and durations for people: four significant characters or so. */
#ifndef TOOLS_UNITS_H
#define TOOLS_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define TH_UNITS_TEXT 24 /* room that is always enough */

/* "812", "9999", "12.3k", "64.0M", "1.2G": powers of ten. Returns `text`. */
char *th_units_bytes(char text[TH_UNITS_TEXT], uint64_t bytes);

/* "0.21ms", "12.3ms", "1.24s", "83.0s", "12m05s", "3h12m". Returns `text`. */
char *th_units_duration(char text[TH_UNITS_TEXT], uint64_t ns);

/* Local date and time, to the millisecond: "2026-11-21 22:01:39.123". */
char *th_units_date(char text[TH_UNITS_TEXT + 8], uint64_t unix_ns);

/* "2026-11-21T21:01:05.123Z": the same in UTC, as files and logs have it (ISO 8601). */
char *th_units_iso(char text[TH_UNITS_TEXT + 8], uint64_t unix_ns);

#endif
