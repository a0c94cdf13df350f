/* Time, in nanoseconds. Wall-clock times are taken once and carried on by the monotonic clock, so
 * that a span never lasts a negative time when the system's clock is set. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since the Unix epoch; never goes back within a process. Signal-safe (vDSO). */
uint64_t th_clock_now(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t th_clock_mono(void);

#endif
