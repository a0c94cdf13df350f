/* Inside the recorder: a connection, and what a protocol's tap must offer.
 *
 * conn.c owns connections, feed.c picks the tap by the first bytes sent; tap_h1.c and tap_h2.c turn
 * bytes into calls of recorder/emit.h, tap_dns.c into answers of name servers. A further protocol
 * is one file and one line in feed.c's table. All tap functions run under the connection's lock. */
#ifndef RECORDER_CONN_H
#define RECORDER_CONN_H

#include <stdatomic.h>

#include "base/lock.h"
#include "recorder/gather.h"
#include "recorder/names.h"
#include "recorder/recorder.h"

#define TH_CONN_OPEN_MAX 16384	      /* connections open at once */
#define TH_CONN_EARLY_MAX (64u << 10) /* received before anything was sent */

struct th_rewrite;

struct th_tap {
	const char *name;
	uint8_t speaks; /* enum th_speaks */
	size_t state_size;
	/* Can these first bytes sent be this protocol? 1 yes, 0 no, -1 more bytes needed. */
	int (*recognise)(struct th_slice first_sent);
	/* `state` is zeroed memory of state_size. */
	void (*init)(void *state, struct th_conn *c);
	/* HTTP/1 Upgrade (th_conn_switch): `exchange`, whose request was sent whole, goes on as
	 * stream 1, half-closed (local); from here on its end is the new tap's. Called once, after
	 * init and before any byte. NULL: the protocol cannot be upgraded to. */
	void (*adopt)(void *state, uint32_t exchange);
	/* Is an exchange not over? NULL: there are none. */
	bool (*is_busy)(const void *state);
	/* It has become a tunnel whose bytes are TLS records. NULL: cannot be. */
	bool (*is_secret)(const void *state);
	/* TRACEHOOK_PROPAGATE: may a request begin in the bytes sent next? And what they are to be
	 * (rewrite.h); `state` NULL: nothing was sent yet, and they were recognised. */
	bool (*may_begin)(const void *state);
	bool (*rewrite)(const void *state, struct th_slice in, struct th_rewrite *w);
	/* Feed bytes. False: not parsable from here on; feed.c then ends what is open as UNPARSED
	 * and counts the rest of the connection as undecoded. */
	bool (*sent)(void *state, struct th_slice bytes);
	bool (*received)(void *state, struct th_slice bytes);
	/* The connection is over: end every open exchange. how is never COMPLETE. */
	void (*end)(void *state, enum th_end how, uint32_t code);
	/* Frees what init and feeding took from the pool. */
	void (*finish)(void *state);
};

extern const struct th_tap th_tap_dns;
extern const struct th_tap th_tap_h1;
extern const struct th_tap th_tap_h2;

struct th_conn {
	struct th_lock lock;
	bool open;	     /* false: in the free list, or being closed */
	bool inherited;	     /* by a forked child, or gone on after the process's end */
	bool announced;	     /* CONN frame written */
	bool decided;	     /* what it speaks is known */
	bool ended;	     /* peer end seen */
	bool send_failed;    /* `end` says how, unless the peer's end comes yet */
	uint8_t speaks;	     /* enum th_speaks */
	uint16_t met;	     /* bits of enum th_met */
	uint32_t id;	     /* in this writer */
	uint32_t generation; /* counts reuses of this memory */
	struct th_conn_conf conf;
	const struct th_tap *tap; /* NULL: not decided, or not decoded */
	void *state;
	const struct th_tap *next_tap; /* th_conn_switch() was called */
	void *next_state;
	struct th_slice next_bytes;
	uint64_t bytes_sent, bytes_received; /* without those of `counted` */
	/* What it is that has its bytes counted and nothing else: this generation, with a bit above
	 * it; 0: none. And how many came without the lock: sent, received (th_conn_count()). */
	_Atomic uint64_t counting, counted[2];
	uint64_t unseen_sent, unseen_received; /* th_conn_account() */
	uint64_t undecoded;		       /* bytes that a tap should have had */
	const char *undecoded_why;	       /* NULL: no tap is missing them */
	enum th_end end;
	uint32_t end_code;
	uint8_t first[32]; /* first bytes sent, while the protocol is undecided */
	uint8_t first_len;
	uint32_t certificates;	/* th_certificates_number() */
	uint32_t verdict;	/* th_conn_verdict() */
	struct th_gather early; /* bytes received until then */
	char name[TH_NAME_MAX + 1];
	char sni[256];
	char alpn[16];
	struct th_conn *next;	   /* list of all connections of the process */
	struct th_conn *next_free; /* list of those that can be used again */
};

#define TH_CONN_COUNTING (1ull << 32)

static inline uint64_t th_conn_bytes_sent(const struct th_conn *c)
{
	return c->bytes_sent + atomic_load_explicit(&c->counted[0], memory_order_relaxed);
}

static inline uint64_t th_conn_bytes_received(const struct th_conn *c)
{
	return c->bytes_received + atomic_load_explicit(&c->counted[1], memory_order_relaxed);
}

/* Switches the connection to the tap of another protocol in mid-stream (HTTP/1 Upgrade: h2c), which
 * adopts `exchange`; `rest` are the bytes behind the switch of the piece now being received. Called
 * by a tap from within received(), as its last act before it returns true. False when there is no
 * such tap or no memory: nothing changes. */
bool th_conn_switch(struct th_conn *c, uint8_t speaks, uint32_t exchange, struct th_slice rest);

/* ---- feed.c: what conn.c does with bytes; under the connection's lock ---- */

void th_feed_sent(struct th_conn *c, struct th_slice bytes);
void th_feed_received(struct th_conn *c, struct th_slice bytes);
/* Inside rewrite.c's th_rewrite_of(). */
bool th_feed_may_begin(const struct th_conn *c);
bool th_feed_rewrite(const struct th_conn *c, struct th_slice in, struct th_rewrite *w);
/* Is there something left to be said: nothing was sent yet, or an exchange is not over? */
bool th_feed_unfinished(const struct th_conn *c);
/* Ends what is open. */
void th_feed_end(struct th_conn *c, enum th_end how, uint32_t code);
/* Forgets the protocol and its state; what the connection speaks next is found out anew. */
void th_feed_reset(struct th_conn *c);

/* ---- for rewrite.c: the same, with the connection's lock ---- */

bool th_conn_may_begin(struct th_conn_ref c);
bool th_conn_rewrite(struct th_conn_ref c, struct th_slice in, struct th_rewrite *w);

/* ---- of all connections ---- */

/* At the end of the process: as if each were closed, but they stay usable. */
void th_conns_finish(void);
/* In a forked child: each becomes a connection of the child's that was not used yet. */
void th_conns_forked(void);

#endif
