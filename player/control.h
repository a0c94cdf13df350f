/* The player's socket: takes connections, reads their hello (protocol.h), and gives each a thread.
 */
#ifndef PLAYER_CONTROL_H
#define PLAYER_CONTROL_H

#include "player/answer.h"
#include "player/tree.h"

struct th_control;

/* Listens on `path` and takes connections. `serving` and `tree` must outlive it. 0 or a negative
 * errno. */
int th_control_start(struct th_serving *serving, struct th_tree *tree, const char *path,
	struct th_control **ret_control);

/* Connections that are open now. */
size_t th_control_open(struct th_control *c);

/* Ends all connections and waits for their threads. Takes NULL; returns NULL. */
struct th_control *th_control_stop(struct th_control *c);

#endif
