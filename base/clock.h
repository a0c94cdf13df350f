/* Time, in nanoseconds. Wall-clock times are taken once and carried on by the monotonic clock, so
 * that a span never lasts a negative time when the system's clock is set. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds since the Unix epoch; never goes back within a process. Signal-safe (vDSO). */
uint64_t th_clock_now(void);

/* The same for what a process asks once or twice: by a system call. The pages of the C library and
 * of the vDSO would be touched for it alone. */
uint64_t th_clock_now_rarely(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t th_clock_mono(void);

/* Nanoseconds of CLOCK_BOOTTIME, in which the system tells when a process began; 0: it has none. */
uint64_t th_clock_boot(void);

/* How long work may go on. What counts is the time that this thread had the processor, so that work
 * is not cut short because others have it; but no more than TH_PATIENCE_STRETCH times as long. */
struct th_patience {
	uint64_t cpu, wall;
};

#define TH_PATIENCE_STRETCH 3

/* From now on; UINT64_MAX: for ever. */
struct th_patience th_patience_for(uint64_t budget_ns);
bool th_patience_over(const struct th_patience *p);

#endif
