/* The lines on stderr that end `tracehook replay`. */
#ifndef TOOLS_REPLAY_SUMMARY_H
#define TOOLS_REPLAY_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "player/player.h"

/* `all`: the counts too; else only what went wrong. Each line begins with "tracehook: ". */
void th_replay_summary_print(FILE *out, const struct th_player_stats *s, bool all);

#endif
