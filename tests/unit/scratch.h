/* A directory of its own for each test, and files in it. Include once per test program and use
 * scratch_setup and scratch_teardown as the suite's .init and .fini. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[32];
static char scratch_path[64]; /* of a capture in it */

static inline void scratch_setup(void)
{
	strcpy(scratch_dir, "/tmp/th-test-XXXXXX");
	cr_assert_not_null(mkdtemp(scratch_dir));
	snprintf(scratch_path, sizeof(scratch_path), "%s/run.thc", scratch_dir);
}

static inline void scratch_teardown(void)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", scratch_dir);
	cr_assert_eq(system(command), 0);
}

/* Number of files in the directory. */
static inline int scratch_files(void)
{
	char command[64];
	snprintf(command, sizeof(command), "ls %s | wc -l", scratch_dir);
	FILE *f = popen(command, "r");
	int n = -1;
	cr_assert_eq(fscanf(f, "%d", &n), 1);
	pclose(f);
	return n;
}

static inline void scratch_write(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

/* -1: there is no such file. */
static inline long scratch_size(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? -1 : (long)st.st_size;
}

/* The whole file; the caller frees. */
static inline uint8_t *scratch_read(const char *path, size_t *ret_n)
{
	long n = scratch_size(path);
	cr_assert_geq(n, 0);
	uint8_t *p = malloc((size_t)n + 1);
	int fd = open(path, O_RDONLY);
	cr_assert_eq(read(fd, p, (size_t)n), n);
	close(fd);
	*ret_n = (size_t)n;
	return p;
}

#endif
