/* The report of a replay as JUnit XML, which CI systems show (docs/replay-report.md). */
#ifndef PLAYER_REPORT_JUNIT_H
#define PLAYER_REPORT_JUNIT_H

#include "player/index.h"
#include "player/player.h"

/* A test case for each recorded exchange, and a failed one for each thing that had no recorded
 * answer. Replaces the file at once. 0 or a negative errno. */
int th_report_junit(const struct th_player_stats *stats, const struct th_run *run,
	struct th_index *index, const char *capture, const char *path);

#endif
