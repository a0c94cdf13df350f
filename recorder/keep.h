/* Keeps what is replaced in the heads of answers, encrypted (capture/kept.h), in KEPT frames: each
 * value once per writer, as far as it remembers.
 *
 * The user's key is read, or made, when the first such value comes: most processes never need it.
 * By then the process may have another root, or another user: it then keeps nothing, and says so
 * in the capture once. */
#ifndef RECORDER_KEEP_H
#define RECORDER_KEEP_H

#include "capture/stand_in.h"
#include "capture/writer.h"

/* Once, at the start. `state_home` and `home`: values of XDG_STATE_HOME and HOME, or NULL. */
void th_keep_start(const struct th_writer *writer, const char *state_home, const char *home);

/* In a forked child, once its writer is its own. */
void th_keep_forked(const struct th_writer *writer);

/* th_redaction.keep */
void th_keep_value(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value);

#endif
