/* The JSON report of a replay (docs/replay-report.md). */
#ifndef PLAYER_REPORT_H
#define PLAYER_REPORT_H

#include "player/player.h"

/* In one word, the worst thing that happened: "missed" (something had no recorded answer),
 * "relaxed", "crossed", "partial" (recorded exchanges were not asked for), "exact". */
const char *th_report_verdict(const struct th_player_stats *stats);

/* Replaces the file at once by this text. 0 or a negative errno. */
int th_report_save(const char *text, const char *path);

/* Replaces the file at once. 0 or a negative errno. */
int th_report_write(const struct th_player_stats *stats, const char *capture, const char *path);

#endif
