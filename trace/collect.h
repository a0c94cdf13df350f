/* Inside trace/: what the frames of one writer say, before processes are joined to runs. */
#ifndef TRACE_COLLECT_H
#define TRACE_COLLECT_H

#include "trace/id_map.h"
#include "trace/trace.h"

struct th_collected {
	struct th_process process;
	uint8_t trace_id[TH_TRACE_ID_BYTES];
	bool has_run, has_process, hashed;
	uint8_t run_parent[TH_SPAN_ID_BYTES];
	struct th_slice meta, tracestate, baggage, version, rules;
	struct th_connection **connections;
	struct th_exchange **exchanges;
	struct th_name **names;
	struct th_dns_said **dns;
	struct th_transfer **transfers;
	struct th_departure **departures;
	struct th_annotation **annotations;
	size_t n_connections, n_exchanges, n_names, n_dns, n_transfers, n_departures, n_annotations;
	struct th_id_map connection_ids, exchange_ids, certificate_ids;
	struct th_block_told told; /* in an outline, of what was not read, too */
	uint64_t last_frame;	   /* time */
	uint64_t next_seq;	   /* of the frame that should come; 0: none has come */
	uint64_t gaps;		   /* places where frames are missing */
};

/* Whose frame it is, and when it was written: all that is noted of one which is passed over. */
void th_collect_sight(struct th_collected *c, const struct th_frame *f);

/* Takes one frame. Of a malformed payload what can be read is kept. */
void th_collect_frame(struct th_arena *a, struct th_collected *c, const struct th_frame *f);

/* After the writer's last frame: ties exchanges to connections and fills what no frame said. */
void th_collect_finish(struct th_arena *a, struct th_collected *c);

#endif
