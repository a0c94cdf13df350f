/* How recorded TLS handshakes ended, for whoever shakes hands with the same server again. */
#ifndef PLAYER_VERDICTS_H
#define PLAYER_VERDICTS_H

#include "player/protocol.h"
#include "trace/trace.h"

struct th_verdicts;

/* NULL without memory. `run` outlives it. */
struct th_verdicts *th_verdicts_create(const struct th_run *run);

/* Takes NULL; returns NULL. */
struct th_verdicts *th_verdicts_destroy(struct th_verdicts *v);

/* What is to become of a handshake. */
struct th_verdict {
	uint32_t code; /* TH_TLS_CODE(); 0: it succeeds */
	uint8_t alert; /* by which the server ended what nothing was asked on; 0: none */
	bool relayed;  /* a relay told of it */
};

/* Each handshake asks once. `process` is the asker's number in the run (th_index_lane()), `sni` may
 * be empty. */
struct th_verdict th_verdicts_next(
	struct th_verdicts *v, uint32_t process, const struct th_hello *hello, const char *sni);

#endif
