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

/* TH_TLS_CODE() of what is to become of this handshake; 0: it succeeds. `ret_relayed` (may be NULL)
 * says whether that was told by a relay. `process` is the asker's
 * number in the run (th_index_lane()), `sni` may be empty. Each handshake asks once. */
uint32_t th_verdicts_next(struct th_verdicts *v, uint32_t process, const struct th_hello *hello,
	const char *sni, bool *ret_relayed);

#endif
