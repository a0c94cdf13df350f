/* What the files of the index share: answers, chained through their queues by number, one link per
 * kind of queue. A queue only ever loses its head, and an answer claimed through another queue is
 * skipped once. What changes does so under the index's lock. */
#ifndef PLAYER_INDEX_QUEUES_H
#define PLAYER_INDEX_QUEUES_H

#include "player/index.h"

#include <pthread.h>

#include "player/lanes.h"
#include "player/likely.h"

#define TH_INDEX_LOOKS 256 /* at the answers of one endpoint: it may have any number of them */
#define TH_INDEX_NONE UINT32_MAX

enum th_index_level {
	TH_BY_LANE,	/* fingerprint, version, process, thread, connection */
	TH_BY_THREAD,	/* fingerprint, version, process, thread */
	TH_BY_ORDER,	/* fingerprint, version */
	TH_BY_HEAD,	/* head, version: only what may be answered before its body */
	TH_BY_ENDPOINT, /* endpoint */
	TH_VOL_LANE, /* without what rules let differ, as the first three: for TH_MATCH_VOLATILE */
	TH_VOL_THREAD,
	TH_VOL_ORDER,
	TH_SEQ_LANE, /* endpoint, version and lane, as the first three: for TH_MATCH_SEQUENCE */
	TH_SEQ_THREAD,
	TH_SEQ_ORDER,
	TH_EXACT_LANE, /* with the same credentials, as the first three: before all others */
	TH_EXACT_THREAD,
	TH_EXACT_ORDER,
	TH_INDEX_LEVELS,
};
#define TH_INDEX_ORDERS 3 /* levels that follow each other: lane, thread, order */

/* No padding: hashed and compared as bytes. */
struct th_index_key {
	struct th_fingerprint fp;
	uint32_t level, version, process, thread, connection;
};
_Static_assert(sizeof(struct th_index_key) == TH_FINGERPRINT_BYTES + 20, "a key has no padding");

struct th_index_queue {
	struct th_index_key key;
	uint32_t head, tail; /* answers */
	uint32_t first;	     /* answer: where the head began */
	uint32_t count;
	uint32_t next_queue; /* same hash bucket */
};

struct th_index_answer {
	const struct th_exchange *x;
	uint32_t process;
	uint32_t conn; /* th_sockets_number() */
	bool claimed;
	uint32_t next[TH_INDEX_LEVELS];
};

struct th_index {
	pthread_mutex_t lock;
	unsigned match;
	const struct th_rules *rules;
	const struct th_run *run;
	char (*lanes)[TH_LANE_BYTES]; /* of the run's processes */
	struct th_index_answer *answers;
	size_t n, unused;
	size_t early;	   /* that are found by their head */
	size_t first_left; /* answers before it are claimed */
	struct th_index_queue *queues;
	uint32_t n_queues;
	uint32_t *buckets;
	uint32_t mask;
	struct th_sockets *sockets;
	struct th_likely *likely;
	size_t *left; /* unclaimed, by number of the connection */
};

/* 2 for HTTP/2, else 1: which versions may answer for each other. */
uint32_t th_index_version(uint8_t version);

/* What a request is asked by at this level. */
struct th_index_key th_index_key(
	enum th_index_level level, const struct th_canon *c, const struct th_asker *who);

/* NULL: there is none. The index's own. */
struct th_index_queue *th_index_queue(const struct th_index *ix, const struct th_index_key *k);

/* Adds answer `a` behind the others of its key; the number of the queue. There is room for
 * TH_INDEX_LEVELS queues for each answer. */
uint32_t th_index_append(struct th_index *ix, const struct th_index_key *k, uint32_t a);

/* This answer is given. */
void th_index_mark(struct th_index *ix, struct th_index_answer *a);

/* First unclaimed answer of a queue, NULL: none. What is claimed leaves the queue for good. */
struct th_index_answer *th_index_first(struct th_index *ix, struct th_index_queue *q);

/* Is the answer another process's or thread's than who asks? */
bool th_index_crosses(const struct th_index_answer *a, const struct th_asker *who);

#endif
