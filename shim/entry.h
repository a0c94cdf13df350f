/* Doors of ours to one function of one library, for where a hook is reached otherwise than through
 * the agent's symbol binding, so that the caller does not tell which of several libraries is meant
 * (P2): a pointer that the agent got by dlsym() on a handle (loader.h), or a function that its
 * callers reach without any binding, so that a jump to the door is written over its first bytes
 * (inside.h).
 *
 * A door is a few instructions that leave a note in the thread, saying whose function this is, and
 * jump to the hook. The hook's first question (th_slot_site) takes the note. A signal handler in
 * between may call a hook too: a note for another function than its own is left alone.
 *
 * Behind the door of a function that is written over stands what it did in its first bytes, and a
 * jump to the rest of it: that is the real function then. */
#ifndef SHIM_ENTRY_H
#define SHIM_ENTRY_H

#include "shim/arm.h"
#include "shim/slot.h"

struct th_entry {
	struct th_slot *slot;
	void *target;		      /* the library's function */
	void *real;		      /* what does as it does: itself, unless it is written over */
	const struct th_library *lib; /* that holds it */
	void *door;
	uint8_t start, end; /* what is written over, counted from the target; end 0: nothing */
};

/* The door to `target`, made when there is none yet; NULL: none can be made. Slow; errno may
 * change. */
const struct th_entry *th_entry_for(struct th_slot *slot, void *target);

/* A door to a function of n bytes that is to be written over, which th_entry_write() does: nothing
 * may be running in it then. 0 or a negative errno (x86.h says which, -ENOSYS: this processor).
 * Constructor only. */
int th_entry_prepare(struct th_slot *slot, void *target, size_t n, const struct th_library *lib,
	const struct th_entry **ret_entry);
int th_entry_write(const struct th_entry *e);

/* The entry of a function that is written over, or to be; NULL: it is not. */
const struct th_entry *th_entry_over(const void *target);

/* Takes the thread's note if it is one for `slot`; NULL: the hook was reached by its symbol. */
static inline const struct th_entry *th_entry_take(const struct th_slot *slot)
{
	const struct th_entry *e = th_thread.entered;
	if (!e || e->slot != slot) {
		return NULL;
	}
	th_thread.entered = NULL;
	return e;
}

#endif
