/* flip_bits FILE: flips every single bit of a sealed capture, one at a time, and asks
 * `verify` each time: it must say no (exit 1), every time. Writes beside FILE. The key of an
 * encrypted one is in TRACEHOOK_KEY_FILE. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/key.h"
#include "tests/cli/altered_copy.h"
#include "tools/tools.h"

static bool put_byte(const struct altered_copy *c, size_t at, uint8_t byte)
{
	return pwrite(c->fd, &byte, 1, (off_t)at) == 1;
}

/* How many flipped bits went unnoticed; the first one is said. */
static size_t flip_all(const struct altered_copy *c)
{
	size_t unnoticed = 0;
	for (size_t bit = 0; bit < 8 * c->n; bit++) {
		size_t at = bit / 8;
		if (!put_byte(c, at, c->original[at] ^ (uint8_t)(1 << bit % 8))) {
			return 8 * c->n;
		}
		int code = altered_copy_verify(c);
		if (code != TH_EXIT_NO && unnoticed++ == 0) {
			dprintf(c->said, "bit %zu of the byte at %zu: exit %d\n", bit % 8, at,
				code);
		}
		if (!put_byte(c, at, c->original[at])) {
			return 8 * c->n;
		}
	}
	return unnoticed;
}

int main(int argc, char **argv)
{
	const char *key = getenv("TRACEHOOK_KEY_FILE");
	if (argc != 2 || (key && th_key_load(key) < 0)) {
		return 64;
	}
	const struct altered_copy *c = altered_copy(argv[1], "flipped");
	int before = altered_copy_verify(c);
	size_t unnoticed = flip_all(c);
	int after = altered_copy_verify(c);
	dprintf(c->said, "%s before, %zu of its bits unnoticed, %s after\n",
		before ? "broken" : "intact", unnoticed, after ? "broken" : "intact");
	return before || after || unnoticed;
}
