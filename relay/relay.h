/* The relay: ends the TLS of programs that cannot be tapped, and records what they say
 * (DESIGN 2.7).
 *
 * One process for a run (`tracehook relay`), started by whichever process of the agent needs it
 * first; it makes the CA and lives as long as any process that registered. For each of these it
 * forks a worker, since a recorder records one process: the worker has a socket of its own, serves
 * all connections of that process from one loop, and ends when the process and they are gone. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/frame.h"

struct th_ca;
struct th_scrub_rules;
struct th_hello;

struct th_relay_conf {
	const char *directory; /* made by whoever starts us; removed at the end */
	const char *capture;
	uint8_t trace_id[TH_TRACE_ID_BYTES];
	bool redact_off, hash_bodies;
	const struct th_scrub_rules *rules; /* NULL: none of one's own */
	int ready_fd;			    /* as th_player_run() */
	pid_t tree;			    /* lives at least as long as this; 0: unknown */
};

/* The whole life of a relay; an exit status. */
int th_relay_run(const struct th_relay_conf *conf);

/* What a worker needs of the relay. */
struct th_relay_worker {
	const struct th_relay_conf *conf;
	struct th_ca *ca;
	const struct th_hello *hello; /* of the process */
	pid_t pid;		      /* in our pid namespace */
	int ready;		      /* gets one byte when the worker can be asked; closed then */
};

/* The whole life of a worker, in a process of its own; an exit status. */
int th_relay_worker_run(const struct th_relay_worker *w);

#endif
