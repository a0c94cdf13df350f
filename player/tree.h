/* Is anybody of the process tree left? Held by pidfds, so that a reused pid is never mistaken for a
 * process of ours. Thread-safe. */
#ifndef PLAYER_TREE_H
#define PLAYER_TREE_H

#include <stdbool.h>
#include <sys/types.h>

struct th_tree;

struct th_tree *th_tree_create(void);
/* Takes NULL; returns NULL. */
struct th_tree *th_tree_destroy(struct th_tree *t);

/* A process to watch, by its pid in our pid namespace. */
void th_tree_add(struct th_tree *t, pid_t pid);

/* Waits up to `ms` for a change. True: somebody is alive. */
bool th_tree_wait(struct th_tree *t, int ms);

/* Does any process have the file mapped? A forked child that never used the network has not
 * registered, but it holds the world (world.h). Reads /proc: for the last look only. */
bool th_tree_holds(const char *path);

#endif
