/* Inside the recorder: a connection, and what a protocol's tap must offer.
 *
 * conn.c owns connections and picks the tap by the first bytes sent; tap_h1.c and tap_h2.c turn
 * bytes into calls of recorder/emit.h. A further protocol is one file and one line in conn.c's
 * table. All tap functions run under the connection's lock. */
#ifndef RECORDER_CONN_H
#define RECORDER_CONN_H

#include "base/lock.h"
#include "recorder/recorder.h"

struct th_tap {
	const char *name;
	uint8_t speaks; /* enum th_speaks */
	size_t state_size;
	/* Can these first bytes sent be this protocol? 1 yes, 0 no, -1 more bytes needed. */
	int (*recognise)(struct th_slice first_sent);
	/* `state` is zeroed memory of state_size. */
	void (*init)(void *state, struct th_conn *c);
	/* Feed bytes. False: not parsable from here on; conn.c then ends what is open as UNPARSED
	 * and counts the rest of the connection as undecoded. */
	bool (*sent)(void *state, struct th_slice bytes);
	bool (*received)(void *state, struct th_slice bytes);
	/* The connection is over: end every open exchange. how is never COMPLETE. */
	void (*end)(void *state, enum th_end how, uint32_t code);
	/* Frees what init and feeding took from the pool. */
	void (*finish)(void *state);
};

extern const struct th_tap th_tap_h1;
extern const struct th_tap th_tap_h2;

struct th_conn {
	struct th_lock lock;
	bool open;	     /* false: in the free list, or being closed */
	bool announced;	     /* CONN frame written */
	bool ended;	     /* peer end seen */
	uint8_t speaks;	     /* enum th_speaks */
	uint32_t id;	     /* in this writer */
	uint32_t generation; /* counts reuses of this memory */
	struct th_conn_conf conf;
	const struct th_tap *tap; /* NULL: not decided, or not decoded */
	void *state;
	uint64_t bytes_sent, bytes_received;
	enum th_end end;
	uint32_t end_code;
	uint8_t first[32]; /* first bytes sent, while the protocol is undecided */
	uint8_t first_len;
	char sni[256];
	char alpn[16];
	struct th_conn *next; /* list of all connections of the process */
};

/* Switches the connection to another tap in mid-stream (HTTP/1 Upgrade: h2c). `carry` is handed to
 * the new tap through init. Called by a tap, from within sent or received, as its last act. */
void th_conn_switch(struct th_conn *c, const struct th_tap *tap);

#endif
