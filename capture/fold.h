/* Folding: the frames of a live file become a block of the capture.
 *
 * Done by the writer at its end and by anyone who finds a live file whose owner is gone. The live
 * file is locked (flock) while it is folded and removed after the block is in the capture; should
 * the folder die between the two, readers see the same frames twice and drop the second copy by
 * writer id and frame number. Usable inside the agent: no malloc, no stdio. */
#ifndef CAPTURE_FOLD_H
#define CAPTURE_FOLD_H

#include <stdint.h>

#include "base/clock.h"
#include "capture/split.h"

/* Folds the live file at `live_path` into the capture at `path`. budget_ns of processor time are
 * spent on compressing (UINT64_MAX: no bound); beyond it frames are only split. 0, or a negative
 * errno: -EBUSY: its owner may be alive or somebody else is folding it; -ENOENT: it is gone, or was
 * unfinished and is removed; -ESTALE: it belongs to another capture; -EINVAL: it is no live file;
 * -ENOKEY, -EBADMSG: it is encrypted, and there is no key or another one. */
int th_fold_live(const char *path, const char *live_path, uint64_t budget_ns);

/* What is kept between the live files of one writer, folded in their order: what the next one may
 * refer to. Zeroed it is valid. */
struct th_folding {
	struct th_splitter splitter;
	bool ready;
	void *kept; /* mapping that holds the frames of the block before */
	size_t kept_size;
	uint64_t frames; /* folded so far */
};

void th_folding_finish(struct th_folding *f);

/* As th_fold_live(), for the owner itself: it does not ask whether the owner is alive. */
int th_fold_own(const char *path, const char *live_path, const struct th_patience *patience,
	struct th_folding *folding);

/* Folds every orphaned live file of the capture at `path`, within budget_ns altogether; what
 * is left of the time decides between compressed and stored, and no file is begun when twice the
 * budget has gone. Files of this process but not of `own_writer` (0: none) are those of the
 * program that was here before exec. Returns how many, or a negative errno. */
int th_fold_orphans(const char *path, uint64_t own_writer, uint64_t budget_ns);

#endif
