/* Inside replaying: the way to the player, and what this process is called there. */
#ifndef SHIM_REPLAY_LINK_H
#define SHIM_REPLAY_LINK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "player/protocol.h"
#include "player/world.h"

static inline void th_errno_restore(int *saved)
{
	errno = *saved;
}

/* Until the end of the scope, whatever happens to errno does not show (P23). */
#define TH_KEEP_ERRNO __attribute__((cleanup(th_errno_restore), unused)) int th_errno_kept_ = errno

/* Takes the directory of a running player: builds the socket's address and maps the world. 0 or a
 * negative errno. */
int th_link_init(const char *directory, const uint8_t parent[8]);

/* The same for a relay, which has no world: a process that is recorded. */
int th_link_init_relay(const char *directory, const uint8_t parent[8]);

const char *th_link_directory(void);

/* The process, which is root's, is about to become that user's: the player is to be reached. */
void th_link_hand_over(uint32_t user);
const struct th_world *th_link_world(void);
void th_link_process(uint8_t ret_id[8]);

/* Registers this process with the player under `id` (NULL: draws one): at start, and once in a
 * forked child (its parent is then the process that forked). 0 or a negative errno. */
int th_link_register(const uint8_t *id);

/* A hello of this process and thread, to be completed. `peer` may be NULL. */
struct th_hello th_link_hello(uint8_t kind, const struct th_world_address *peer, uint16_t port);

/* The ordinal of a new connection of this process (from 1) and its id in the tree. */
void th_link_number(struct th_hello *h);

/* A connection of this process that the player does not serve takes an ordinal, too: ordinals are
 * compared with those of the recording. */
void th_link_count(void);

/* Connects and says hello; the descriptor (close-on-exec, blocking), or a negative errno. */
int th_link_dial(const struct th_hello *h);

/* Connects, says hello and hands over a copy of a descriptor; as th_link_dial(). */
int th_link_dial_passing(const struct th_relay_hello *h, int passed);

/* Asks what makes this process trust the CA (player/trust.h); the answer's length, or a negative
 * errno. */
long th_link_trust(const void *ask, size_t n, void *ret_answer, size_t cap);

/* Says hello and hangs up. */
void th_link_tell(const struct th_hello *h);

/* Says hello and waits (bounded) for one byte: its value, or a negative errno. */
int th_link_ask(const struct th_hello *h);

/* Says hello with a name and waits (bounded) for what it resolves to. 0 or a negative errno. */
int th_link_resolve(const struct th_hello *h, struct th_resolved *ret_resolved);

#endif
