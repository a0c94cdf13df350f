/* The recorder: bytes of the agent's connections go in, frames of the capture come out.
 *
 * The shim tells it about connections, bytes and ends; it finds the protocol (HTTP/1, HTTP/2, TLS
 * records, something else), splits the bytes into exchanges and writes them as they come. It holds
 * no body: only an unfinished request head (which must be redacted whole) and protocol state.
 *
 * Inside the agent: no malloc, no stdio, never blocks for long, thread-safe, async-signal-safe
 * under the shim's depth guard. Nothing fails towards the caller: what cannot be recorded is
 * counted in the capture. */
#ifndef RECORDER_RECORDER_H
#define RECORDER_RECORDER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "capture/frame.h"

/* ---- the process ---- */

struct th_scrub_rules;

struct th_process_conf {
	const char *capture;			  /* absolute path */
	uint8_t trace_id[TH_TRACE_ID_BYTES];	  /* of the run */
	uint8_t parent_span_id[TH_SPAN_ID_BYTES]; /* root: from TRACEPARENT, or zeros */
	bool root;				  /* first process of the run: writes RUN */
	bool followed; /* it was recorded before it executed this program */
	const char *meta, *tracestate, *baggage; /* root only; may be NULL */
	bool redact_off;			 /* TRACEHOOK_REDACT=off */
	bool hash_bodies;			 /* TRACEHOOK_BODY=hash */
	const struct th_scrub_rules *rules;	 /* TRACEHOOK_REDACT=FILE; it stays; may be NULL */
	struct th_slice rules_text;		 /* root only: the file's, for the player */
	const char *state_home, *home; /* XDG_STATE_HOME and HOME, for answers_key.h; may be NULL */
	const char *program;	       /* what was executed, where that is no script and no
					  loader; NULL: /proc has to be asked, which takes
					  10 us */
	const char *argv0;	       /* may be NULL; further arguments are not kept:
					  they hold credentials (curl -H …) */
	const uint8_t *relayed; /* of a relay: the span id of the process whose connections these
				   are; NULL */
};

/* Before th_recorder_start(): loads the key of an encrypted capture from the file at `path`. 0 or a
 * negative errno. */
int th_recorder_load_key(const char *path);

/* What is wrong with a key file or a capture, one clause, for what these two return; NULL: the
 * error's own words say it. */
const char *th_recorder_why(int error);

/* Opens the capture and writes RUN (root) and PROCESS. Returns 0, or a negative errno: nothing
 * will be recorded. Called once, before the agent has threads. */
int th_recorder_start(const struct th_process_conf *conf);

/* This process's span id, for its children's environment; and the run's trace id. */
void th_recorder_span_id(uint8_t ret_id[TH_SPAN_ID_BYTES]);
void th_recorder_trace_id(uint8_t ret_id[TH_TRACE_ID_BYTES]);

/* In a forked child that is going to be recorded: becomes a process of its own, child of the
 * old one (PROCESS frame with began=forked, new writer, connections inherited but unstarted).
 * The shim calls it when a tap first sees that the pid has changed (P26-P28). */
void th_recorder_forked(void);

/* End in good order: open exchanges are ended as LOCAL, PROCESS_END written, live file folded,
 * orphans of dead relatives folded, all within about 300 ms (P14). The recorder stays usable. 0, or
 * a negative errno: what was recorded is not all in the capture (-ESTALE: that was removed or
 * replaced). */
int th_recorder_finish(void);

/* True when the capture cannot be written (TRACEHOOK_ON_ERROR=closed asks before each send). */
bool th_recorder_broken(void);

/* Makes sure that the next call can be recorded: gets room, tells of what was lost. True: it can.
 * Only in the process that records, and not below a tap. */
bool th_recorder_mend(void);

/* The path of the capture; "" when nothing is recorded. */
const char *th_recorder_capture(void);

/* A program is about to be executed (`replaced`: by this process itself) that will not carry the
 * library; `reason` is an enum th_left. */
void th_recorder_left(uint8_t reason, bool replaced, const char *path);

/* ---- look-ups ---- */

struct th_address {
	uint8_t family;	   /* 4, 6, 1 (Unix), 0 unknown */
	uint16_t port;	   /* host order */
	uint8_t bytes[16]; /* of a Unix socket: th_unix_key() */
};

/* Fills from a socket address; family 0 when it is of another kind, or has no name. */
struct th_address th_address_of(const struct sockaddr *sa, socklen_t len);

/* A name look-up came back. `result` 0 or EAI_…; `family` 0, 4, 6 as asked. Also remembers the
 * last name of each address, so that a connection can say what it was looked up as. */
void th_recorder_name(
	const char *name, uint8_t family, int result, const struct th_address *addresses, size_t n);

/* A DNS frame (enum th_dns_way); an empty message: there was no answer. */
void th_recorder_dns(uint8_t way, const char *name, uint16_t type, struct th_slice message);

/* A name server answered, `a` being what the message says. `name` is what the program asked for, if
 * it is known to have asked for something else; else NULL. */
struct th_dns_answer;
void th_recorder_name_server(
	uint8_t way, const struct th_dns_answer *a, struct th_slice message, const char *name);

/* None did. */
void th_recorder_no_answer(uint8_t way, const char *name, uint16_t type);

/* A Unix socket is about to be connected to: remembers its path as the name of its address. */
void th_recorder_unix(const struct sockaddr *sa, socklen_t len);

/* ---- connections (client side only) ---- */

/* A handle. Connections live in type-stable memory and count their reuses, so a handle that has
 * outlived its connection (closed by another thread, number reused) is noticed and ignored. */
struct th_conn;
struct th_conn_ref {
	struct th_conn *conn; /* NULL: none; every call then does nothing */
	uint32_t generation;
};

struct th_conn_conf {
	uint8_t transport; /* enum th_transport */
	struct th_address peer;
	uint64_t connect_began, connected; /* ns, 0 unknown */
	uint32_t thread;		   /* that uses it; 0: the one that tells of it */
};

/* A connection of this process's. None when too many are open (counted as lost). */
struct th_conn_ref th_conn_open(const struct th_conn_conf *conf);

/* connect() failed with `error`: recorded, nothing to close. */
void th_conn_failed(const struct th_conn_conf *conf, int error);

/* What TLS negotiated, once known and before the first bytes; both may be empty. */
void th_conn_tls(struct th_conn_ref c, struct th_slice sni, struct th_slice alpn);

/* The certificates that the peer sent, before the first bytes: leaf first, each a u32 length
 * (little endian) and its DER. */
void th_conn_certificates(struct th_conn_ref c, struct th_slice chain);

/* The agent found fault with the peer's certificate and may go on all the same, before the first
 * bytes: TH_TLS_CODE(). */
void th_conn_verdict(struct th_conn_ref c, uint32_t verdict);

/* Non-blocking connect() completed (first writability or first byte). */
void th_conn_connected(struct th_conn_ref c);

/* Bytes that the agent sent or was given, after the call that moved them succeeded. On a plain
 * connection that turns out to carry TLS the bytes are only counted. */
void th_conn_sent(struct th_conn_ref c, const void *p, size_t n);
void th_conn_received(struct th_conn_ref c, const void *p, size_t n);

/* The first `n` bytes of the vector. */
void th_conn_sent_v(struct th_conn_ref c, const struct iovec *iov, int count, size_t n);
void th_conn_received_v(struct th_conn_ref c, const struct iovec *iov, int count, size_t n);

/* The same of bytes that nobody looks at, without the connection's lock: false, and nothing is
 * done, unless it is known to carry something whose bytes are counted and nothing else (TLS
 * records). No two threads at once in the same direction. Safe anywhere. */
bool th_conn_count(struct th_conn_ref c, size_t n, bool received);

/* Does the connection speak HTTP that is being recorded (and not TLS or something else)? */
bool th_conn_is_http(struct th_conn_ref c);

/* Are its bytes TLS records (its own, or through a proxy's tunnel), so that nothing of what they
 * say is recorded here? */
bool th_conn_carries_tls(struct th_conn_ref c);

/* The connection's number in the capture; 0: not written yet, or none. */
uint32_t th_conn_number(struct th_conn_ref c);

/* The agent was told that the peer ended the connection: FIN, NOTIFY, RESET (code: errno) or
 * ERROR. What is in progress ends; later calls are harmless. */
void th_conn_peer_end(struct th_conn_ref c, enum th_end how, uint32_t code);

/* A send failed for good. Nothing ends yet: what the peer had said before can still be read (an
 * early answer, say). But when the agent closes instead of reading on, this is how it all ended. */
void th_conn_send_failed(struct th_conn_ref c, enum th_end how, uint32_t code);

/* How the agent came upon the end: bits of enum th_met, added to those told before. */
void th_conn_met(struct th_conn_ref c, uint16_t met);

/* By the kernel's account the agent has given `sent` bytes to the connection and taken `taken` from
 * it (or more): what was not told by the calls above went unseen, and the capture will say so. To
 * be called before th_conn_close() or the process's end, as often as one likes. */
void th_conn_account(struct th_conn_ref c, uint64_t sent, uint64_t taken);

/* The process is about to become another program, which inherits the connection (`kept`) or not: if
 * something is left to be said on it, the capture says that it goes on out of sight; and what went
 * unseen so far. All stays as it is, should it not come to that. */
void th_conn_hand_on(struct th_conn_ref c, bool kept);

/* The agent closed it (close, SSL_free). Ends what is in progress as LOCAL, writes CONN_END and
 * gives the memory back. */
void th_conn_close(struct th_conn_ref c);

#endif
