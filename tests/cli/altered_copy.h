/* A copy of a capture that a test alters, and what `verify` says of it, asked within this process
 * (flip_bits, cut_all). */
#ifndef TESTS_CLI_ALTERED_COPY_H
#define TESTS_CLI_ALTERED_COPY_H

#include <stddef.h>
#include <stdint.h>

struct altered_copy {
	uint8_t original[1 << 20];
	size_t n;
	char *path;
	int fd;
	int said; /* stdout as it was: verify's own words go nowhere */
};

/* Copies the file to one beside it, FILE.SUFFIX. Returns the copy, or ends the process: 64 for a
 * file that cannot be read whole, 125 for one that cannot be written. */
struct altered_copy *altered_copy(const char *file, const char *suffix);

/* The exit code. */
int altered_copy_verify(const struct altered_copy *c);

#endif
