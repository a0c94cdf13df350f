/* What life.c needs of a player beyond player.h. Within player/. */
#ifndef PLAYER_LIFE_H
#define PLAYER_LIFE_H

#include "player/control.h"
#include "player/player.h"
#include "player/tree.h"

/* Connections that are open now. */
size_t th_player_open(struct th_player *p);

struct th_tree *th_player_tree(struct th_player *p);

/* Path of the world file. */
const char *th_player_world(const struct th_player *p);

#endif
