/* The key under which what was replaced in answers is kept (capture/kept.h): one per user, in a
 * file of the user's own that lies outside of any capture, so that whoever is given a capture is
 * not given what is hidden in it.
 *
 *     $XDG_STATE_HOME/tracehook/answers.key, or without that variable
 *     ~/.local/state/tracehook/answers.key
 *
 * where ~ is the user's home by /etc/passwd, and only where there is none, or none that can be
 * used, by HOME: the key is the user's, and agents are often run with a HOME of their own that is
 * thrown away behind them. (Not getpwuid(): inside an agent no name service is asked.)
 *
 * It is made when it is first needed, for its owner alone, and never printed. It is written under
 * another name and then linked, so that nobody can read half of it; of several processes that make
 * it at once one wins. Whoever is not the owner of the directory it would lie in (an agent under
 * sudo with its caller's XDG_STATE_HOME, a container's HOME=/) makes none there.
 *
 * Async-signal-safe; inside the agent. */
#ifndef CAPTURE_ANSWERS_KEY_H
#define CAPTURE_ANSWERS_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/aes_gcm.h"

#define TH_ANSWERS_KEYS 2 /* at most, one per place */
#define TH_ANSWERS_PATH_MAX 1024
#define TH_ANSWERS_PASSWD "/etc/passwd"

/* What says where it is; a NULL, or what is no absolute path, counts as not set. */
struct th_answers_where {
	const char *state_home; /* XDG_STATE_HOME */
	const char *passwd;	/* a file like /etc/passwd */
	const char *home;	/* HOME */
};

/* The places where it may be, best first; how many. */
size_t th_answers_key_places(
	const struct th_answers_where *where, char ret_paths[TH_ANSWERS_KEYS][TH_ANSWERS_PATH_MAX]);

/* Those that are there; how many. A reader tries each. */
size_t th_answers_keys(
	const struct th_answers_where *where, uint8_t ret_keys[TH_ANSWERS_KEYS][TH_AES_KEY_BYTES]);

/* The one to write with: the first that is there, else it is made, with up to three directories
 * above it, in the first place where that can be done. 0, or a negative errno of the best place:
 * -ENOENT there is none; -EPERM it, or its directory, is not this user's alone; -EINVAL it holds no
 * key. */
int th_answers_key(const struct th_answers_where *where, uint8_t ret_key[TH_AES_KEY_BYTES]);

#endif
