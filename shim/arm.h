/* The state of the shim in this process, and the guard that every tap passes.
 *
 * Unarmed, a hook is a pure pass-through: before the constructor (P11), after the destructor
 * (P12), in mode off, and when recording could not begin. */
#ifndef SHIM_ARM_H
#define SHIM_ARM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/config.h"

struct th_entry;
struct th_library;

enum th_arm_state {
	TH_ARM_PASS,
	TH_ARM_RECORD,
	TH_ARM_REPLAY,
	TH_ARM_FENCED, /* a mistake in replay's settings: connections and look-ups fail */
};

extern _Atomic int th_arm_state;

/* What the agent does is written down: always in TH_ARM_RECORD, in TH_ARM_REPLAY when a capture to
 * record the replay into was named. */
extern _Atomic bool th_arm_recording;

/* What the environment said; constant after the constructor. */
extern struct th_config th_arm_config;

static inline bool th_arm_is(enum th_arm_state state)
{
	return atomic_load_explicit(&th_arm_state, memory_order_relaxed) == (int)state;
}

static inline bool th_arm_records(void)
{
	return atomic_load_explicit(&th_arm_recording, memory_order_relaxed);
}

/* Some connections are not what they seem: they lead to the player, or through the relay. */
extern _Atomic bool th_arm_guises;

static inline bool th_arm_guised(void)
{
	return atomic_load_explicit(&th_arm_guises, memory_order_relaxed);
}

/* Replaying or fenced: nothing may reach the network. */
static inline bool th_arm_closed(void)
{
	return atomic_load_explicit(&th_arm_state, memory_order_relaxed) >= TH_ARM_REPLAY;
}

/* ---- per thread: kept small, since it is initial-exec (P17, P18) ---- */

struct th_thread {
	int depth;	   /* > 0: recording code is running, a hook only passes through */
	int last_socket;   /* 1 + the tracked descriptor used last; 0: none */
	int last_closed;   /* the same, if it has been closed since; 0: it was not */
	uint8_t outcome;   /* enum th_end of that socket, as the last call on it told; 0: goes on */
	int outcome_error; /* errno of it */
	/* The TLS session whose call is under way: the lower half of its address (P18); 0: none. */
	uint32_t session;
	const struct th_library *gnutls; /* whose gnutls_record_send() this thread called last */
	const struct th_entry *entered;	 /* the door that the call came through (entry.h); NULL */
};

extern __thread struct th_thread th_thread;

/* ---- the guard ---- */

/* In a page that the kernel wipes in a forked child (MADV_WIPEONFORK) and that a vfork child
 * shares: zero says "forked, and not noticed yet", whatever made the fork (P26, P27). */
extern _Atomic uint32_t *th_arm_mark;

#define TH_MARK_FORKED 0
#define TH_MARK_NOTICED 1
#define TH_MARK_NOTICING 2

/* Is the recorder this process's own? Not in a forked child that no tap has noticed yet. */
static inline bool th_arm_noticed(void)
{
	return atomic_load_explicit(th_arm_mark, memory_order_acquire) == TH_MARK_NOTICED;
}

/* Slow path of th_tap_enter(): this is a forked child. Makes it a process of its own. False: it
 * cannot record. */
bool th_arm_forked(void);

/* Replaying: before something is said in this process's name. errno may change. */
static inline void th_arm_notice(void)
{
	if (!th_arm_noticed()) {
		(void)th_arm_forked();
	}
}

/* A signal handler's hook met recording code of its own thread: its event is not recorded, but
 * counted (P19). */
void th_arm_missed(void);

/* True: go on and call th_tap_leave() afterwards. May change errno. */
static inline bool th_tap_enter(void)
{
	if (!th_arm_records()) {
		return false;
	}
	if (th_thread.depth > 0) {
		th_arm_missed();
		return false;
	}
	th_thread.depth++;
	atomic_signal_fence(memory_order_seq_cst);
	if (!th_arm_noticed() && !th_arm_forked()) {
		th_thread.depth--;
		return false;
	}
	return true;
}

/* As th_tap_enter(), for changes of the table of descriptors only. False in a vfork child. */
bool th_upkeep_enter(void);

static inline void th_tap_leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	th_thread.depth--;
}

/* This is a process or a fork of it, not a vfork child that runs in its memory. Keeps errno. */
bool th_arm_owner(void);

/* TRACEHOOK_ON_ERROR=closed and the capture cannot be written: the agent's calls fail with EIO. */
bool th_arm_refuses(void);

#endif
