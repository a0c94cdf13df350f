#include "tests/cli/altered_copy.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/tools.h"

static struct altered_copy copy;

static ssize_t read_original(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, copy.original, sizeof(copy.original));
	close(fd);
	return n < (ssize_t)sizeof(copy.original) ? n : -1;
}

struct altered_copy *altered_copy(const char *file, const char *suffix)
{
	ssize_t n = read_original(file);
	if (n <= 0) {
		exit(64);
	}
	copy.n = (size_t)n;
	copy.path = th_tool_format("%s.%s", file, suffix);
	copy.fd = open(copy.path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	copy.said = dup(1);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (copy.fd < 0 || copy.said < 0 || null < 0 ||
		write(copy.fd, copy.original, copy.n) != n) {
		exit(125);
	}
	dup2(null, 1);
	dup2(null, 2);
	return &copy;
}

int altered_copy_verify(const struct altered_copy *c)
{
	static char name[] = "verify";
	char *argv[] = {name, c->path, NULL};
	optind = 0;
	return th_cmd_verify.run(2, argv);
}
