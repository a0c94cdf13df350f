/* The words of the environment (or of options) as the player's settings. */
#ifndef TOOLS_PLAYER_CONF_H
#define TOOLS_PLAYER_CONF_H

#include <stdbool.h>

#include "player/player.h"

/* Each takes NULL or "" as its default. False: not a value it knows. */
/* "volatile:rules.txt,sequence": conf->match and conf->rules, whose memory is *ret_rules (NULL
 * before, freed by the caller). */
bool th_player_conf_match(const char *words, struct th_player_conf *conf, char **ret_rules);
bool th_player_conf_on_miss(const char *word, enum th_on_miss *ret_on_miss);
bool th_player_conf_pace(const char *text, double *ret_pace);

#endif
