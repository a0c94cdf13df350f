/* Folding: the frames of a live file become a block of the capture.
 *
 * Done by the writer at its end and by anyone who finds a live file whose owner is gone. The live
 * file is locked (flock) while it is folded and removed after the block is in the capture; should
 * the folder die between the two, readers see the same frames twice and drop the second copy by
 * writer id and frame number. */
#ifndef CAPTURE_FOLD_H
#define CAPTURE_FOLD_H

#include <stdint.h>

/* Folds the live file at `live_path` into the capture at `path`. budget_ns bounds the time spent
 * compressing (UINT64_MAX: no bound). 0, or a negative errno; -EBUSY: its owner is alive or
 * somebody else is folding it. No malloc. */
int th_fold_live(const char *path, const char *live_path, uint64_t budget_ns);

/* Folds every orphaned live file of the capture at `path`; returns how many, or a negative errno.
 * Usable inside the agent (no malloc, no stdio). */
int th_fold_orphans(const char *path, uint64_t budget_ns);

#endif
