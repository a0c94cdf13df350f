/* A process of ours beside the agent: the player or the relay, which is `tracehook` itself. It must
 * not be seen. */
#ifndef SHIM_HELPER_H
#define SHIM_HELPER_H

#include <stddef.h>
#include <stdint.h>

#include "player/protocol.h"

#define TH_HELPER_WHY_BYTES 256
#define TH_HELPER_OPTIONS 16 /* at most */

/* The longest directory whose sockets still fit an address of AF_UNIX. */
#define TH_HELPER_DIRECTORY_BYTES (108 - sizeof("/0123456789abcdef") + 1)

/* Makes a directory for it, with a name that nobody guesses. 0 or a negative errno. */
int th_helper_directory(char ret_path[TH_HELPER_DIRECTORY_BYTES]);

/* Such a name, from a number that nobody guesses, not made yet; "" when there is no place. */
void th_helper_directory_name(const uint8_t id[8], char ret_path[TH_HELPER_DIRECTORY_BYTES]);

struct th_helper_option {
	const char *name;
	const char *value; /* NULL or "": left out */
};

/* Starts `tracehook COMMAND` with the options and waits until it is ready; one at a time in a
 * process. 0; -ENODATA: it said that there is nothing for it to do; or another negative errno, and
 * the reason. */
int th_helper_start(const char *command, const struct th_helper_option *options, size_t n,
	char why[TH_HELPER_WHY_BYTES]);

#endif
