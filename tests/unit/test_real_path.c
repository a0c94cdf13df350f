#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/real_path.h"

static char dir[] = "/tmp/real-path-XXXXXX";

static void setup(void)
{
	cr_assert(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	mkdir("a", 0700);
	mkdir("a/b", 0700);
	cr_assert_eq(symlink("/bin/true", "a/b/out"), 0);
	cr_assert_eq(symlink("../../a/./b//prog", "a/b/up"), 0);
	cr_assert_eq(symlink("b", "a/link"), 0);
	cr_assert_eq(symlink("a/link/", "deep"), 0);
	cr_assert_eq(symlink("self", "self"), 0);
	cr_assert_eq(symlink("/proc/self/exe", "magic"), 0);
	cr_assert_eq(symlink("../../../../../../../../../proc", "proc"), 0);
	cr_assert_eq(symlink("nowhere", "dangling"), 0);
	fclose(fopen("a/b/prog", "w"));
}

static void teardown(void)
{
	cr_assert_eq(chdir("/"), 0);
	static const char *const names[] = {"a/b/out", "a/b/up", "a/link", "deep", "self", "magic",
		"proc", "dangling", "a/b/prog", "a/b", "a", ""};
	char path[PATH_MAX];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
}

TestSuite(real_path, .init = setup, .fini = teardown);

static const char *found(const char *path)
{
	static char room[TH_REAL_PATH_BYTES + 1];
	memset(room, 'x', sizeof(room));
	size_t n = th_real_path(path, room);
	cr_assert_lt(n, TH_REAL_PATH_BYTES);
	cr_assert_eq(room[TH_REAL_PATH_BYTES], 'x');
	room[n] = '\0';
	return room;
}

static void expect_as_realpath(const char *path)
{
	char *real = realpath(path, NULL);
	cr_assert(real);
	cr_expect_str_eq(found(path), real, "%s", path);
	free(real);
}

Test(real_path, says_what_realpath_says)
{
	static const char *const paths[] = {"/bin/true", "/usr/bin/env", "a/b/prog", "./a/b/prog",
		"a/../a/b/./prog", "a//b///prog", "../../../../../../../bin/true", "/../bin/true",
		"a/b/out", "a/b/up", "a/link/prog", "a/link/../b/up", "deep/prog", "deep/up",
		"deep/../link/out", "a"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char absolute[PATH_MAX];
		expect_as_realpath(paths[i]);
		snprintf(absolute, sizeof(absolute), "%s/%s", dir, paths[i]);
		expect_as_realpath(paths[i][0] == '/' ? paths[i] : absolute);
	}
}

Test(real_path, says_it_in_the_root_too)
{
	cr_assert_eq(chdir("/"), 0);
	expect_as_realpath("bin/true");
	expect_as_realpath("./usr/../bin/true");
}

/* What it does not know it does not tell: /proc does then. */
Test(real_path, says_nothing_otherwise)
{
	static const char *const paths[] = {"", "/", "a/", "nothing", "a/nothing", "self",
		"dangling", "magic", "/proc/self/exe", "/dev/fd/0", "proc/self/exe", "a/b/prog/x"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		cr_expect_str_eq(found(paths[i]), "", "%s", paths[i]);
	}
}

Test(real_path, of_any_length_stays_within_its_room)
{
	char path[2 * TH_REAL_PATH_BYTES] = "";
	for (size_t n = 0; n + 16 < sizeof(path); n += 2) {
		memset(path, '.', n);
		for (size_t i = 1; i < n; i += 2) {
			path[i] = '/';
		}
		strcpy(path + n, "a/b/up");
		const char *real = found(path);
		cr_expect(!real[0] || strstr(real, "/a/b/prog"), "%zu", n);
		memset(path, 'n', n);
		strcpy(path + n, "/x");
		cr_expect_str_eq(found(path), "");
	}
}
