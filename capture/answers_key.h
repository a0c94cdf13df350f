/* The key under which what was replaced in answers is kept (capture/kept.h): one per user, in a
 * file of the user's own that lies outside of any capture, so that whoever is given a capture is
 * not given what is hidden in it.
 *
 *     ${XDG_STATE_HOME:-$HOME/.local/state}/tracehook/answers.key
 *
 * It is made when it is first needed, for its owner alone, and never printed. It is written under
 * another name and then linked, so that nobody can read half of it; of several processes that make
 * it at once one wins. Whoever is not the owner of the directory it would lie in (an agent under
 * sudo with its caller's HOME, a container's HOME=/) makes none: nothing is kept then.
 *
 * Async-signal-safe; inside the agent. */
#ifndef CAPTURE_ANSWERS_KEY_H
#define CAPTURE_ANSWERS_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/aes_gcm.h"

/* Where it is, by the values of XDG_STATE_HOME and HOME (either may be NULL; one that is no
 * absolute path counts as not set). False: nowhere, or the path does not fit. */
bool th_answers_key_path(const char *state_home, const char *home, char *ret_path, size_t cap);

/* Reads it; `make`: makes it, and up to three directories above it, when it is not there. 0, or a
 * negative errno: -EPERM it, or its directory, is not this user's alone; -EINVAL it holds no
 * key. */
int th_answers_key_load(const char *path, bool make, uint8_t ret_key[TH_AES_KEY_BYTES]);

#endif
