/* Writing a world file (player/world.h): what a recorded run knew of the network.
 *
 * Names: all look-ups of one name are merged; addresses keep the order in which they were first
 * seen, and one success outweighs any failure. Peers: all connections to one address and port
 * give one verdict. SERVED: an exchange was recorded there, or HTTP was spoken, or nothing was
 * said (a probe of an open port). PASSED: loopback, or a Unix socket, that spoke something that is
 * not HTTP. FAILED: no connect ever succeeded; the errno is the first one recorded. A peer that
 * fits none of these (TLS that nothing decoded, say) is left out, and so meets the fence. Where one
 * address of a name was served, so are the name's other addresses on that port, unless they have a
 * verdict of their own: a program that picks one by chance must not depend on its luck.
 *
 * Left out: the order of failures and successes of one peer. A peer that refused at first and
 * served later is SERVED from the beginning. */
#ifndef PLAYER_WORLD_BUILD_H
#define PLAYER_WORLD_BUILD_H

#include "base/bytes.h"
#include "trace/trace.h"

#define TH_WORLD_NAME_MAX 255

/* Lower case, without the trailing dot. False: no name that a world can keep. */
bool th_world_normal_name(struct th_slice name, char ret_name[TH_WORLD_NAME_MAX + 1]);

/* Makes the file's bytes for `run`, with `ca` (DER) as the player's certificate. 0, and bytes that
 * the caller frees; -ENOMEM; -E2BIG when they would exceed TH_WORLD_LIMIT. */
int th_world_build(
	const struct th_run *run, struct th_slice ca, uint8_t **ret_bytes, size_t *ret_size);

/* Says in such bytes that the player may go live. */
void th_world_set_live(uint8_t *bytes);

/* Writes them to `path` (mode 0600, replaced at once or not at all). 0 or a negative errno. */
int th_world_save(const char *path, const uint8_t *bytes, size_t n);

#endif
