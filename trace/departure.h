/* Words for why a program did not carry the library (enum th_left). */
#ifndef TRACE_DEPARTURE_H
#define TRACE_DEPARTURE_H

#include <stdint.h>

/* One clause, static text. */
const char *th_departure_why(uint8_t reason);

#endif
