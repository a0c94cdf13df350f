/* The run as a tree, assembled from the frames of a capture: runs → processes → connections and
 * exchanges. The reading side's model; the player, genai and the tools work on it.
 *
 * Everything points into the reader's memory: no body is copied. Whatever is odd (a process
 * without its RUN, an exchange without its connection) is kept, under what can be known of it. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "capture/chain.h"
#include "capture/frame.h"
#include "capture/reader.h"
#include "wire/head.h"

struct th_piece {
	uint64_t time;
	struct th_slice bytes;
};

/* One side of an exchange. */
struct th_message {
	bool present; /* any frame of this side was seen */
	bool head_done;
	bool bodiless;	     /* nothing can follow the head (TH_FRAME_BODILESS) */
	uint8_t version;     /* 10, 11, 20 */
	struct th_head head; /* pieces joined */
	struct th_head trailer;
	struct th_piece *pieces; /* body as on the wire, in order, with times */
	size_t n_pieces;
	uint64_t body_bytes;   /* sum of the pieces */
	const uint8_t *sha256; /* of a body that was not written, without framing; NULL: none */
	uint64_t hashed_bytes; /* of that body */
	bool hashed_whole;     /* it came to its end */
	uint64_t began, ended; /* first and last frame */
	bool finished;	       /* an end was recorded, good or bad */
	bool tunnel;	       /* an answer whose bytes are another protocol's (tunnel.h) */
	bool gap;	       /* frames are missing; it ends where the first may have been */
	enum th_end end;
	uint32_t end_code;
};

/* Bytes of the body on the wire, or of its content when only a hash was kept. */
static inline uint64_t th_message_bytes(const struct th_message *m)
{
	return m->sha256 ? m->hashed_bytes : m->body_bytes;
}

struct th_interim {
	uint64_t time;
	struct th_head head;
};

struct th_transfer;

struct th_connection {
	struct th_process *process;
	uint32_t id; /* ordinal within the process */
	uint8_t transport, family;
	uint16_t port;
	uint8_t address[16];
	int error; /* of connect, 0: connected */
	uint32_t thread;
	struct th_slice name, sni, alpn;
	struct th_slice
		certificates; /* per certificate, leaf first: u32 length, DER; may be empty */
	uint64_t connect_began, connected, began;
	bool ended;
	enum th_end end;
	uint8_t speaks;
	uint16_t met; /* bits of enum th_met */
	uint32_t end_code;
	uint64_t bytes_sent, bytes_received, end_time;
	uint32_t verdict;		       /* of the certificate; 0: it was accepted */
	uint64_t unseen_sent, unseen_received; /* moved by calls that were not seen */
	struct th_transfer *transfer;	       /* that failed with it; NULL: none is known */
};

/* Why an exchange had to follow another one of its transfer. */
enum th_follows {
	TH_FOLLOWS_NOTHING,
	TH_FOLLOWS_REDIRECT,
	TH_FOLLOWS_CHALLENGE, /* 401, 407: once more, with credentials */
	TH_FOLLOWS_TUNNEL,    /* through the proxy that a CONNECT opened */
	TH_FOLLOWS_RETRY,     /* the one before failed */
};

/* What the agent asked a client library for once: one exchange or several. As the library tells it
 * when it is over (TRANSFER frame). */
struct th_transfer {
	struct th_process *process;
	uint32_t handle;     /* the library's object, numbered within the process */
	uint32_t thread;     /* that saw the end */
	uint32_t connection; /* id of the last one used, 0 unknown */
	int result;	     /* the library's: 0 fine; TH_TRANSFER_LEFT */
	uint16_t status, proxy_status;
	uint8_t api;	 /* enum th_transfer_api */
	uint8_t version; /* 10, 11, 20, 30; 0 unknown */
	uint32_t redirects, connects;
	uint64_t began, ended;
	uint64_t times[TH_TRANSFER_TIMES];
	struct th_slice asked, effective, proxy, error, library;
	struct th_exchange *first, *last; /* NULL: none was found */
	uint32_t steps;			  /* how many exchanges were found */
	uint32_t attempt;		  /* 1; more: the agent tried the same again */
	bool joined; /* a failed look-up or connection has it as its `transfer` */
};

struct th_exchange {
	struct th_process *process;
	struct th_connection *connection;  /* NULL: its frame was lost */
	uint8_t span_id[TH_SPAN_ID_BYTES]; /* derived: th_trace_span_id() */
	uint32_t id;			   /* ordinal within the writer */
	uint32_t connection_id;		   /* 0: not known */
	uint32_t stream;		   /* HTTP/2 */
	uint32_t thread;
	bool redacted;
	bool stood_in; /* a replay: it hands out stand-ins (player/restored.h) */
	struct th_message request, response;
	bool propagated; /* the writer put trace context into the request, with this span's id */
	bool linked;	 /* the agent did, with another span's: */
	uint8_t link_trace_id[TH_TRACE_ID_BYTES], link_span_id[TH_SPAN_ID_BYTES];
	struct th_interim *interim;
	size_t n_interim;
	struct th_transfer *transfer; /* NULL: not a library's, or not known of which */
	uint32_t step;		      /* within the transfer, from 1 */
	struct th_exchange *follows;  /* NULL: none */
	uint8_t why_follows;	      /* enum th_follows */
	size_t order; /* index in run->exchanges: by time of the request's first frame */
};

struct th_name {
	struct th_process *process;
	uint64_t time;
	int result;
	uint8_t family;
	struct th_slice name;
	size_t n_addresses;
	const uint8_t *addresses;     /* 20 bytes each: family, 3 reserved, 16 address bytes */
	struct th_transfer *transfer; /* that failed with it; NULL: none is known */
};

/* What a name server answered, as it came. */
struct th_dns_said {
	struct th_process *process;
	uint64_t time;
	uint8_t way; /* enum th_dns_way */
	uint16_t type;
	struct th_slice name;	 /* that was asked for */
	struct th_slice message; /* empty: nobody answered */
};

/* A program that was executed and does not carry the library. */
struct th_departure {
	struct th_process *process;
	uint64_t time;
	uint8_t reason; /* enum th_left */
	bool replaced;	/* the process itself became that program */
	struct th_slice path;
};

/* What somebody said of a span: a person, or a program that judges. */
struct th_annotation {
	uint64_t time;
	uint64_t writer, root; /* who wrote it; the run's root process */
	uint8_t trace_id[TH_TRACE_ID_BYTES], span_id[TH_SPAN_ID_BYTES];
	bool scored;
	double score;				      /* if scored */
	struct th_slice name, label, comment, author; /* UTF-8; may be empty */
	struct th_slice data;			      /* a JSON text, or empty */
};

struct th_process {
	struct th_run *run;
	struct th_process *parent; /* NULL: the root, or its parent was not recorded */
	uint64_t writer;
	uint8_t span_id[TH_SPAN_ID_BYTES], parent_span_id[TH_SPAN_ID_BYTES];
	uint32_t pid, ppid;
	uint8_t how_began; /* 1 root, 2 spawned or exec'd, 3 forked, 4 relay */
	uint32_t ordinal;  /* among its siblings, by start; the root is 0 */
	char lane[64];	   /* "0.2.1": the ordinals from the root on */
	struct th_slice exe, argv0, cwd;
	uint64_t began, ended;
	bool ended_well;
	bool replaced; /* by another program (exec): what it says itself, or its pid begins anew */
	uint64_t lost_events, lost_bytes;
	struct th_slice *kept; /* payloads of KEPT frames (capture/kept.h) */
	size_t n_kept;
};

/* How the recording of a run came to its end, as far as the capture tells. */
enum th_run_end {
	TH_RUN_ENDED,	   /* the root process ended in good order */
	TH_RUN_END_UNSEEN, /* its end was not recorded (shells leave by _exit), but nothing was cut
			    */
	TH_RUN_CUT,	   /* a process was gone, or is still at it, in the middle of an exchange */
};

struct th_run {
	uint8_t trace_id[TH_TRACE_ID_BYTES];
	uint8_t parent_span_id[TH_SPAN_ID_BYTES];
	struct th_slice meta, tracestate, baggage, tracehook_version;
	bool hashed;	       /* TRACEHOOK_BODY=hash: no body was written, it cannot be replayed */
	struct th_slice rules; /* of redaction, as its file has them; empty: none of one's own */
	uint64_t began, ended;
	enum th_run_end end;
	struct th_process **processes; /* root first, then by start */
	size_t n_processes;
	/* Writers on behalf of processes: their `parent` is whose connections they wrote, to whom
	 * these belong here. */
	struct th_process **relays;
	size_t n_relays;
	struct th_connection **connections; /* by start, failed ones too */
	size_t n_connections;
	struct th_exchange **exchanges; /* in the order in which they were asked */
	size_t n_exchanges;
	size_t outlined; /* in an outline: how many exchanges there are, read or not */
	struct th_name **names;
	size_t n_names;
	struct th_dns_said **dns; /* by time */
	size_t n_dns;
	struct th_transfer **transfers; /* by start */
	size_t n_transfers;
	struct th_departure **departures;
	size_t n_departures;
	struct th_annotation **annotations; /* by span, then time: trace/annotations.h */
	size_t n_annotations;
	uint64_t *annotators; /* writers that are no processes: they only annotated */
	size_t n_annotators;
};

/* Whoever wrote frames of the run: its processes, then the relays. */
static inline size_t th_run_writers(const struct th_run *run)
{
	return run->n_processes + run->n_relays;
}

static inline const struct th_process *th_run_writer(const struct th_run *run, size_t i)
{
	return i < run->n_processes ? run->processes[i] : run->relays[i - run->n_processes];
}

struct th_trace {
	struct th_reader *reader;
	struct th_run **runs; /* by start */
	size_t n_runs;
	const struct th_damage *damage;
	size_t n_damage;
};

/* Loads a capture. 0 and the trace; or a negative errno as th_reader_open(), with *ret_why. Damage
 * is no failure: see the trace. */
int th_trace_load(const char *path, struct th_trace **ret_trace, const char **ret_why);

/* The same, but only which runs and processes there are, since when, until when, with how many
 * exchanges: most blocks are not opened (th_reader_open_outline()). */
int th_trace_load_outline(const char *path, struct th_trace **ret_trace, const char **ret_why);

/* The same for who looks at frames and not at what they tell: *ret_written has all of them, and is
 * finished before the trace is freed; the trace has its runs and processes, but no exchanges. */
int th_trace_load_written(const char *path, struct th_trace **ret_trace,
	struct th_written_list *ret_written, const char **ret_why);

/* Takes NULL; returns NULL. */
struct th_trace *th_trace_free(struct th_trace *t);

/* The run whose trace id begins with `prefix` (hex); NULL or "": the newest run that was
 * not cut, else the newest. NULL when there is none or *ret_ambiguous. */
struct th_run *th_trace_find_run(const struct th_trace *t, const char *prefix, bool *ret_ambiguous);

/* Did it fail, and neither an exchange nor a failed look-up or connection tells of it? */
bool th_transfer_stands_alone(const struct th_transfer *t);

/* Span id of an exchange: a function of its process's span id and its ordinal. */
void th_trace_span_id(const uint8_t process_span[TH_SPAN_ID_BYTES], uint32_t id,
	uint8_t ret_id[TH_SPAN_ID_BYTES]);

#endif
