/* See writer.h. The end of a process, or of its recording: live files are folded, and what they
 * should have held and did not is counted. */
#include "base/clock.h"
#include "capture/fold.h"
#include "capture/writer_parts.h"

/* Folds live files first..last; *ret_done: the last one that needs no further attempt. */
static int fold_each(const struct th_writer *w, uint32_t first, uint32_t last, uint64_t budget_ns,
	struct th_folding *folding, uint32_t *ret_done)
{
	char live_path[sizeof(w->live_path)];
	const struct th_patience patience = th_patience_for(budget_ns);
	const struct th_patience give_up = th_patience_for(
		budget_ns > UINT64_MAX / 2 ? UINT64_MAX : 2 * budget_ns);
	*ret_done = first - 1;
	for (uint32_t number = first; number <= last; number++) {
		if (number > first && th_patience_over(&give_up)) {
			return -ETIME;
		}
		int r = th_live_name(live_path, sizeof(live_path), w->path, w->id, number);
		if (r == 0) {
			r = th_fold_own(w->path, live_path, &patience, folding);
		}
		if (r < 0 && r != -ENOENT) {
			return r;
		}
		*ret_done = number;
	}
	return 0;
}

static int fold_all(struct th_writer *w, uint32_t first, uint32_t last, uint64_t budget_ns,
	uint32_t *ret_done, uint64_t *ret_frames)
{
	struct th_folding folding = {.ready = false};
	int r = fold_each(w, first, last, budget_ns, &folding, ret_done);
	*ret_frames = folding.frames;
	th_folding_finish(&folding);
	return r;
}

/* When all files that were left have been folded, by whichever thread, no frame waits any more:
 * those that do were in one that somebody cut or removed. */
static void account(struct th_writer *w, uint64_t folded)
{
	uint32_t left = w->live_count - (w->window.map ? 1 : 0);
	w->waiting -= (int64_t)folded;
	if (--w->finishing > 0 || w->live_folded < left) {
		return;
	}
	if (w->waiting > 0) {
		__atomic_fetch_add(&w->lost_events, (uint64_t)w->waiting, __ATOMIC_RELAXED);
		__atomic_store_n(&w->error, -ENOENT, __ATOMIC_RELAXED);
	}
	w->waiting = 0;
}

int th_writer_finish(struct th_writer *w, uint64_t budget_ns)
{
	uint32_t first, last, done = 0;
	uint64_t folded = 0;
	if (w->path[0] == '\0' || !th_lock(&w->lock)) {
		return w->path[0] ? -EBUSY : 0;
	}
	th_room_notice(w);
	if (w->lost_events && th_room_has(w, LOST_FRAME_ROOM)) {
		th_losses_say(w, th_clock_now());
	}
	th_room_leave(w);
	first = w->live_folded + 1;
	last = w->live_count;
	w->finishing++;
	th_unlock(&w->lock);
	/* Without the lock: other threads may go on, into the next live file. */
	int r = first <= last ? fold_all(w, first, last, budget_ns, &done, &folded) : 0;
	if (!th_lock(&w->lock)) {
		return -EBUSY;
	}
	w->live_folded = done > w->live_folded ? done : w->live_folded;
	account(w, folded);
	int told = w->lost_events ? th_losses_tell(w) : 0;
	th_unlock(&w->lock);
	return r < 0 ? r : told;
}
