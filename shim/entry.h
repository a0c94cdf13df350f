/* Doors of ours to one function of one library, for where a hook is reached otherwise than through
 * the agent's symbol binding, so that the caller does not tell which of several libraries is meant
 * (P2): a pointer that the agent got by dlsym() on a handle (loader.h).
 *
 * A door is a few instructions that leave a note in the thread, saying whose function this is, and
 * jump to the hook. The hook's first question (th_slot_site) takes the note. A signal handler in
 * between may call a hook too: a note for another function than its own is left alone. */
#ifndef SHIM_ENTRY_H
#define SHIM_ENTRY_H

#include "shim/arm.h"
#include "shim/slot.h"

struct th_entry {
	struct th_slot *slot;
	void *target;		      /* the library's function */
	const struct th_library *lib; /* that holds it */
	void *door;
};

/* The door to `target`, made when there is none yet; NULL: none can be made (the reason is in the
 * log). Slow; errno may change. */
const struct th_entry *th_entry_for(struct th_slot *slot, void *target);

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
