/* Inside the recorder: which thread of the process is this? */
#ifndef RECORDER_THREADS_H
#define RECORDER_THREADS_H

#include <stdint.h>

/* The number of the calling thread, found out anew: 1 is the main thread, and a thread that was
 * created later has a higher number. 0: it cannot be told now (the caller asks again). */
uint32_t th_threads_number(void);

/* In a forked child: it has one thread. */
void th_threads_forked(void);

#endif
