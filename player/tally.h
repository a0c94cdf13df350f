/* What happened in a replay, counted. Thread-safe. */
#ifndef PLAYER_TALLY_H
#define PLAYER_TALLY_H

#include <pthread.h>

#include "player/index.h"
#include "player/player.h"

struct th_tally {
	pthread_mutex_t lock;
	struct th_player_stats stats;
};

void th_tally_init(struct th_tally *t);
void th_tally_finish(struct th_tally *t);

void th_tally_match(struct th_tally *t, const struct th_claim *claim);
void th_tally_bytes(struct th_tally *t, uint64_t n);
void th_tally_stream(struct th_tally *t);
void th_tally_process(struct th_tally *t);

/* Keeps the relaxed answer; its strings and list become the tally's. */
void th_tally_relaxed(struct th_tally *t, const struct th_player_relaxed *r);

/* `request` and `why` are copied. */
void th_tally_miss(
	struct th_tally *t, const uint8_t process[8], const char *request, const char *why);

void th_tally_live(struct th_tally *t, const uint8_t process[8], const char *request,
	const char *why, bool failed);

enum th_fenced {
	TH_FENCED_CONNECT,
	TH_FENCED_LOOKUP,
};

void th_tally_fenced(struct th_tally *t, enum th_fenced kind, const uint8_t process[8],
	const char *request, const char *why);

void th_tally_left(struct th_tally *t, const uint8_t process[8], const char *path, const char *why);

#endif
