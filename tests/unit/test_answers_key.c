#include "capture/answers_key.h"

#include "tests/unit/scratch.h"

#include <errno.h>

static char path[256];
static uint8_t key[TH_AES_KEY_BYTES], again[TH_AES_KEY_BYTES];

static void remove_all(void)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -rf '%s/home'", scratch_dir);
	cr_assert_eq(system(command), 0);
}

static char *home(void)
{
	static char name[128];
	snprintf(name, sizeof(name), "%s/home", scratch_dir);
	return name;
}

static void set_up(void)
{
	scratch_setup();
	mkdir(home(), 0755);
	cr_assert(th_answers_key_path(NULL, home(), path, sizeof(path)));
}

TestSuite(answers_key, .init = set_up, .fini = scratch_teardown);

static mode_t mode_of(const char *name)
{
	struct stat st;
	cr_assert_eq(stat(name, &st), 0, "%s", name);
	return st.st_mode & 07777;
}

Test(answers_key, place)
{
	char p[64];
	cr_assert(th_answers_key_path(NULL, "/home/me", p, sizeof(p)));
	cr_assert_str_eq(p, "/home/me/.local/state/tracehook/answers.key");
	cr_assert(th_answers_key_path("/s", "/home/me", p, sizeof(p)));
	cr_assert_str_eq(p, "/s/tracehook/answers.key");
	cr_assert(th_answers_key_path("not/absolute", "/home/me", p, sizeof(p)));
	cr_assert_str_eq(p, "/home/me/.local/state/tracehook/answers.key");
	cr_assert_not(th_answers_key_path(NULL, NULL, p, sizeof(p)));
	cr_assert_not(th_answers_key_path("", "home", p, sizeof(p)));
	cr_assert_not(
		th_answers_key_path(NULL, "/home/of/somebody/with/a/long/name", p, sizeof(p)));
}

Test(answers_key, is_made_once)
{
	cr_assert_eq(th_answers_key_load(path, false, key), -ENOENT);
	cr_assert_eq(th_answers_key_load(path, true, key), 0);
	cr_assert_eq(th_answers_key_load(path, true, again), 0);
	cr_assert_arr_eq(key, again, sizeof(key));
	cr_assert_eq(th_answers_key_load(path, false, again), 0);
	cr_assert_arr_eq(key, again, sizeof(key));
	cr_assert_eq(mode_of(path), 0600);
	*strrchr(path, '/') = '\0';
	cr_assert_eq(mode_of(path), 0700);
}

Test(answers_key, keys_differ)
{
	cr_assert_eq(th_answers_key_load(path, true, key), 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(th_answers_key_load(path, true, again), 0);
	cr_assert_arr_neq(key, again, sizeof(key));
}

Test(answers_key, whatever_the_umask)
{
	mode_t before = umask(0277);
	cr_assert_eq(th_answers_key_load(path, true, key), geteuid() == 0 ? 0 : -EACCES);
	umask(before);
}

Test(answers_key, not_where_others_may_write)
{
	cr_assert_eq(chmod(home(), 0777), 0);
	cr_assert_eq(th_answers_key_load(path, true, key), -EPERM);
	cr_assert_eq(chmod(home(), 0755), 0);
	cr_assert_eq(th_answers_key_load(path, true, key), 0);
	cr_assert_eq(chmod(path, 0640), 0);
	cr_assert_eq(th_answers_key_load(path, true, key), -EPERM, "others may read it");
}

Test(answers_key, no_link_and_no_rubbish)
{
	char other[280];
	cr_assert_eq(th_answers_key_load(path, true, key), 0);
	snprintf(other, sizeof(other), "%s.real", path);
	cr_assert_eq(rename(path, other), 0);
	cr_assert_eq(symlink(other, path), 0);
	cr_assert_eq(th_answers_key_load(path, true, again), -ELOOP);
	cr_assert_eq(unlink(path), 0);
	scratch_write(path, "rubbish", 7);
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(th_answers_key_load(path, true, again), -EINVAL);
}

Test(answers_key, no_home)
{
	remove_all();
	cr_assert_lt(th_answers_key_load(path, true, key), 0);
	struct stat st;
	cr_assert_eq(stat(home(), &st), -1, "a home is not made");
}
