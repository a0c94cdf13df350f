/* Inside replaying: options of TCP and IP on a connection to the player (replay_guise.h). */
#ifndef SHIM_REPLAY_OPTION_H
#define SHIM_REPLAY_OPTION_H

#include <sys/socket.h>

#include "shim/replay_guise.h"

/* Into a guise that is not published yet: what the agent had set on `fd`, which it is to replace.
 */
void th_option_carry_over(int fd, struct th_guise *g);

/* getsockopt and setsockopt but for SOL_SOCKET: 0 or a negative errno. */
int th_option_get(struct th_guise *g, int level, int name, void *value, socklen_t *len);
int th_option_set(struct th_guise *g, int level, int name, const void *value, socklen_t len);

/* A value of `whole` bytes, as getsockopt gives it: cut to the room there is. 0 or -EFAULT. */
int th_option_give(const void *value, size_t whole, void *out, socklen_t *len);

#endif
