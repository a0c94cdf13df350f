/* Stands in for recorder/emit.c: what a tap emits becomes text that a test compares.
 *
 * One line per frame, "EXCHANGE TYPE [flags] …", fields on lines of their own behind two blanks.
 * Data frames of one message that follow each other run together, so that the text does not
 * depend on how the input was cut. Request fields named "authorization" are shown as redacted. */
#ifndef TESTS_UNIT_EMIT_DOUBLE_H
#define TESTS_UNIT_EMIT_DOUBLE_H

#include "recorder/emit.h"

struct th_emit_double {
	char text[32768];
	size_t n;
	uint32_t exchanges;
	uint32_t open_data; /* exchange and type of the data line that is being written */
	uint8_t open_data_type;
	bool quiet; /* count and add up only */
	uint64_t frames, data_bytes, data_sum, lost_events;
};

extern struct th_emit_double th_emitted;

void th_emitted_reset(void);

#endif
