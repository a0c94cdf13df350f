/* What happened in a run, in order of time: processes, exchanges, and what failed or stayed closed
 * to us before it could become an exchange. `dump` shows one line or object for each. */
#ifndef TOOLS_EVENTS_H
#define TOOLS_EVENTS_H

#include "genai/tool_spans.h"

enum th_event_kind {
	TH_EVENT_PROCESS,
	TH_EVENT_LOOKUP,   /* a look-up that failed */
	TH_EVENT_CONNECT,  /* a connection that was not made, or whose TLS was not */
	TH_EVENT_OPAQUE,   /* a connection whose bytes were seen and not decoded */
	TH_EVENT_LEFT,	   /* a program that does not carry the library */
	TH_EVENT_TRANSFER, /* a client library's that failed, and nothing else tells of it */
	TH_EVENT_EXCHANGE,
	TH_EVENT_TOOL, /* a tool at work; th_events_of() has none: they come from meaning */
};

struct th_event {
	enum th_event_kind kind;
	uint64_t time;
	union {
		const struct th_process *process;
		const struct th_name *lookup;
		const struct th_connection *connection; /* CONNECT, OPAQUE */
		const struct th_departure *departure;
		const struct th_transfer *transfer;
		const struct th_exchange *exchange;
		const struct th_tool_span *tool;
	};
};

/* All events of the run. The caller frees *ret_events. */
void th_events_of(const struct th_run *run, struct th_event **ret_events, size_t *ret_n);

/* "process", "lookup", "connect", "opaque", "left", "transfer", "exchange", "tool". */
const char *th_events_kind_name(enum th_event_kind kind);

/* "lookup.example", "[::1]:8080": what a connection went to. The caller frees. */
char *th_events_peer(const struct th_connection *c);

/* "192.0.2.1", "2001:db8::1", "unix", "" when unknown. Returns `text`. */
char *th_events_address(char text[64], uint8_t family, const uint8_t *address);

/* Why a connection came to nothing, in words. */
const char *th_events_connect_error(const struct th_connection *c);

/* Why a look-up found nothing, in words. */
const char *th_events_lookup_error(const struct th_name *l);

/* Where a transfer was to lead: its URL. */
struct th_slice th_events_url(const struct th_transfer *t);

/* Why it did not come to that, in the library's words. The text lives as long as the trace. */
struct th_slice th_events_transfer_error(const struct th_transfer *t);

/* Process, thread and connection: "0.2/t1/c3". The caller frees. */
char *th_events_lane(const struct th_process *p, uint32_t thread, const struct th_connection *c);

/* One word for an end: "complete", "fin", "reset" … */
const char *th_events_end_name(enum th_end end);

#endif
