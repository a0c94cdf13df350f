#include "capture/answers_key.h"

#include "tests/unit/scratch.h"

#include <errno.h>

static char path[TH_ANSWERS_PATH_MAX];
static struct th_answers_where where;
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
	snprintf(path, sizeof(path), "%s/.local/state/tracehook/answers.key", home());
	where.home = home();
}

TestSuite(answers_key, .init = set_up, .fini = scratch_teardown);

static mode_t mode_of(const char *name)
{
	struct stat st;
	cr_assert_eq(stat(name, &st), 0, "%s", name);
	return st.st_mode & 07777;
}

static int load(uint8_t ret_key[TH_AES_KEY_BYTES])
{
	uint8_t keys[TH_ANSWERS_KEYS][TH_AES_KEY_BYTES];
	size_t n = th_answers_keys(&where, keys);
	memcpy(ret_key, keys[0], TH_AES_KEY_BYTES);
	return n == 1 ? 0 : -ENOENT;
}

static size_t places(const struct th_answers_where *w, const char *first, const char *second)
{
	char paths[TH_ANSWERS_KEYS][TH_ANSWERS_PATH_MAX];
	size_t n = th_answers_key_places(w, paths);
	cr_assert_eq(n, (size_t)(first != NULL) + (second != NULL), "%zu", n);
	for (size_t i = 0; i < n; i++) {
		cr_assert_str_eq(paths[i], i ? second : first);
	}
	return n;
}

Test(answers_key, places)
{
	char long_home[TH_ANSWERS_PATH_MAX] = "/";
	places(&(struct th_answers_where){.home = "/home/me"},
		"/home/me/.local/state/tracehook/answers.key", NULL);
	places(&(struct th_answers_where){"/s", NULL, "/home/me"}, "/s/tracehook/answers.key",
		NULL);
	places(&(struct th_answers_where){"not/absolute", NULL, "/home/me"},
		"/home/me/.local/state/tracehook/answers.key", NULL);
	places(&(struct th_answers_where){"", NULL, "home"}, NULL, NULL);
	memset(long_home + 1, 'x', sizeof(long_home) - 2);
	places(&(struct th_answers_where){.home = long_home}, NULL, NULL);
}

/* A home of its own, as sandboxes give to agents, makes no other user of one. */
Test(answers_key, the_users_home_comes_first)
{
	char passwd[96], text[6000] = "root:x:4294967294:0::/root:/bin/sh\n#\nnobody\n";
	for (int i = 0; i < 60; i++) { /* several pieces */
		sprintf(text + strlen(text), "user%d:x:%d:1:Some Body:/home/user%d:/bin/sh\n", i,
			4000000 + i, i);
	}
	memset(text + strlen(text), 'x', 1500); /* a line of which not all fits */
	sprintf(text + strlen(text), "\nme:x:%u:1::/home/of/me:/bin/sh\nx", (unsigned)geteuid());
	snprintf(passwd, sizeof(passwd), "%s/passwd", scratch_dir);
	scratch_write(passwd, text, strlen(text));
	places(&(struct th_answers_where){NULL, passwd, "/tmp/own"},
		"/home/of/me/.local/state/tracehook/answers.key",
		"/tmp/own/.local/state/tracehook/answers.key");
	places(&(struct th_answers_where){NULL, passwd, "/home/of/me"},
		"/home/of/me/.local/state/tracehook/answers.key", NULL);
	for (size_t n = 0; n < strlen(text); n += 61) { /* cut anywhere */
		char paths[TH_ANSWERS_KEYS][TH_ANSWERS_PATH_MAX];
		scratch_write(passwd, text, n);
		th_answers_key_places(&(struct th_answers_where){NULL, passwd, "/h"}, paths);
	}
}

Test(answers_key, the_next_place_when_one_cannot_be_used)
{
	char passwd[96], text[200];
	uint8_t keys[TH_ANSWERS_KEYS][TH_AES_KEY_BYTES];
	snprintf(passwd, sizeof(passwd), "%s/passwd", scratch_dir);
	sprintf(text, "me:x:%u:1::/nonexistent:/bin/sh\n", (unsigned)geteuid());
	scratch_write(passwd, text, strlen(text));
	where.passwd = passwd;
	cr_assert_eq(th_answers_key(&where, key), 0);
	cr_assert_eq(th_answers_keys(&where, keys), 1);
	cr_assert_arr_eq(keys[0], key, sizeof(key));
}

Test(answers_key, is_made_once)
{
	cr_assert_eq(load(key), -ENOENT);
	cr_assert_eq(th_answers_key(&where, key), 0);
	cr_assert_eq(th_answers_key(&where, again), 0);
	cr_assert_arr_eq(key, again, sizeof(key));
	cr_assert_eq(load(again), 0);
	cr_assert_arr_eq(key, again, sizeof(key));
	cr_assert_eq(mode_of(path), 0600);
	*strrchr(path, '/') = '\0';
	cr_assert_eq(mode_of(path), 0700);
}

Test(answers_key, keys_differ)
{
	cr_assert_eq(th_answers_key(&where, key), 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(th_answers_key(&where, again), 0);
	cr_assert_arr_neq(key, again, sizeof(key));
}

Test(answers_key, whatever_the_umask)
{
	mode_t before = umask(0277);
	cr_assert_eq(th_answers_key(&where, key), geteuid() == 0 ? 0 : -EACCES);
	umask(before);
}

Test(answers_key, not_where_others_may_write)
{
	cr_assert_eq(chmod(home(), 0777), 0);
	cr_assert_eq(th_answers_key(&where, key), -EPERM);
	cr_assert_eq(chmod(home(), 0755), 0);
	cr_assert_eq(th_answers_key(&where, key), 0);
	cr_assert_eq(chmod(path, 0640), 0);
	cr_assert_eq(th_answers_key(&where, key), -EPERM, "others may read it");
}

Test(answers_key, no_link_and_no_rubbish)
{
	char other[TH_ANSWERS_PATH_MAX + 8];
	cr_assert_eq(th_answers_key(&where, key), 0);
	snprintf(other, sizeof(other), "%s.real", path);
	cr_assert_eq(rename(path, other), 0);
	cr_assert_eq(symlink(other, path), 0);
	cr_assert_eq(th_answers_key(&where, again), -ELOOP);
	cr_assert_eq(unlink(path), 0);
	scratch_write(path, "rubbish", 7);
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(th_answers_key(&where, again), -EINVAL);
}

Test(answers_key, no_home)
{
	remove_all();
	cr_assert_lt(th_answers_key(&where, key), 0);
	struct stat st;
	cr_assert_eq(stat(home(), &st), -1, "a home is not made");
}
