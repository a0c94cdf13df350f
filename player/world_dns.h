/* What a name server would say in a replay: the recorded answer to a question, from the world.
 * Usable inside the agent (the shim answers what is asked over UDP) and by the player (over TCP).
 */
#ifndef PLAYER_WORLD_DNS_H
#define PLAYER_WORLD_DNS_H

#include "player/world.h"
#include "wire/dns.h"

/* The recorded answer, appended to `out`: over UDP (`stream` false) what is longer than the program
 * has room for is only told to be so. 0; -ENOENT: none was recorded; -ETIMEDOUT: nobody answered;
 * -EMSGSIZE. */
int th_world_dns_recorded(const struct th_world *w, struct th_slice query,
	const struct th_dns_question *q, bool stream, struct th_out *out);

/* An answer made of what a look-up gave: its EAI_ code, and its addresses. */
void th_world_dns_make(struct th_slice query, const struct th_dns_question *q, int result,
	const struct th_world_address *addresses, size_t n, struct th_out *out);

#endif
