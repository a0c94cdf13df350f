/* flip_bits FILE: flips every single bit of a sealed capture, one at a time, and asks
 * `verify` each time, within this process: it must say no (exit 1), every time. Writes beside FILE.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tools.h"

static int said; /* stdout as it was */

static int verify(char *path)
{
	static char name[] = "verify";
	char *argv[] = {name, path, NULL};
	optind = 0;
	return th_cmd_verify.run(2, argv);
}

static uint8_t *read_file(const char *path, size_t *ret_n)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return NULL;
	}
	uint8_t *p = malloc((size_t)st.st_size);
	*ret_n = (size_t)st.st_size;
	bool whole = p && read(fd, p, *ret_n) == st.st_size;
	close(fd);
	return whole ? p : NULL;
}

/* How many flipped bits went unnoticed; the first one is said. */
static size_t flip_all(char *copy, int fd, uint8_t *p, size_t n)
{
	size_t unnoticed = 0;
	for (size_t bit = 0; bit < 8 * n; bit++) {
		uint8_t flipped = p[bit / 8] ^ (uint8_t)(1 << bit % 8);
		if (pwrite(fd, &flipped, 1, (off_t)(bit / 8)) != 1) {
			return 8 * n;
		}
		int code = verify(copy);
		if (code != TH_EXIT_NO && unnoticed++ == 0) {
			dprintf(said, "bit %zu of the byte at %zu: exit %d\n", bit % 8, bit / 8,
				code);
		}
		if (pwrite(fd, p + bit / 8, 1, (off_t)(bit / 8)) != 1) {
			return 8 * n;
		}
	}
	return unnoticed;
}

int main(int argc, char **argv)
{
	size_t n = 0;
	uint8_t *p = argc == 2 ? read_file(argv[1], &n) : NULL;
	if (!p) {
		return 64;
	}
	char *copy = th_tool_format("%s.flipped", argv[1]);
	int fd = open(copy, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n || (said = dup(1)) < 0) {
		return 125;
	}
	dup2(null, 1);
	dup2(null, 2);
	int before = verify(copy);
	size_t unnoticed = flip_all(copy, fd, p, n);
	int after = verify(copy);
	dprintf(said, "%s before, %zu of its bits unnoticed, %s after\n",
		before ? "broken" : "intact", unnoticed, after ? "broken" : "intact");
	free(p);
	free(copy);
	return before || after || unnoticed;
}
