/* The clock of the frames. What one call of the agent's was given is told by its frames' times,
 * which are a nanosecond apart (TH_FRAME_ONE_READ_NS), so that a replay can give it at once. */
#ifndef RECORDER_CALL_CLOCK_H
#define RECORDER_CALL_CLOCK_H

#include <stdint.h>

/* Until it is let go, the clock of this thread goes by a nanosecond whenever it is looked at. */
void th_call_clock_hold(void);
void th_call_clock_go(void);

/* The present time, as frames have it. */
uint64_t th_call_clock_now(void);

#endif
