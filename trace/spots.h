/* Inside trace/: where the exchanges and connections of a capture stand, and in which order the
 * exchanges come, as far as a survey (capture/survey.h) tells without reading what they hold. */
#ifndef TRACE_SPOTS_H
#define TRACE_SPOTS_H

#include "capture/survey.h"
#include "trace/id_map.h"
#include "trace/trace.h"

/* An exchange or a connection. */
struct th_spot {
	uint64_t writer;
	uint64_t asked, answered; /* when; 0: not */
	uint32_t id;
	uint32_t first, last; /* parts of the capture */
	size_t order;	      /* in its run, once that was put in order */
};

/* What one writer wrote. */
struct th_spots_owner {
	uint64_t writer;
	uint32_t first, last; /* parts */
	struct th_block_told told;
	struct th_id_map exchanges, connections; /* of spots */
	struct th_spot **spots;			 /* the exchanges */
	size_t n;
};

/* Zeroed is empty; all of it lives until th_spots_finish(). */
struct th_spots {
	struct th_arena arena;
	struct th_spots_owner **owners;
	size_t n;
};

/* 0; -EAGAIN when the capture cannot be surveyed, or there is not the memory. */
int th_spots_survey(struct th_spots *s, struct th_reader *reader);

void th_spots_finish(struct th_spots *s);

/* NULL: none. */
struct th_spots_owner *th_spots_owner(const struct th_spots *s, uint64_t writer);

/* When it began: asked, or answered, if nobody saw it asked. */
uint64_t th_spot_began(const struct th_spot *spot);

/* The run's exchanges as th_trace_load() would order them; sets their `order`. 0 or -EAGAIN. */
int th_spots_order(
	struct th_spots *s, const struct th_run *run, struct th_spot ***ret_order, size_t *ret_n);

/* How many exchanges of the run have that span id; *ret_spot is the last of them. One that bears
 * the id which was sent along with it (collect_exchange.c) is not found. */
size_t th_spots_with_id(const struct th_spots *s, const struct th_run *run,
	const uint8_t span_id[TH_SPAN_ID_BYTES], struct th_spot **ret_spot);

#endif
