/* A replay that is recorded itself (replay --record), so that it can be compared with what it
 * replays. */
#ifndef TOOLS_REPLAY_RECORD_H
#define TOOLS_REPLAY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/* Can a run be recorded into it? TH_EXIT_OK and its absolute path (the caller frees); else the exit
 * code after an error line. */
int th_replay_record_begin(const char *path, char **ret_path);

/* Notes on the run to come of which run it is the replay. */
void th_replay_record_of(const char *trace_id);

/* Says what was recorded since then (ns since the epoch), of `replayed`, a FILE:RUN. TH_EXIT_OK, or
 * TH_EXIT_UNCOVERED after an error line: nothing was. */
int th_replay_record_end(const char *path, const char *replayed, uint64_t since, bool quiet);

#endif
