#include "capture/answers_key.h"

#include "base/bytes.h"
#include "base/sys.h"
#include "base/text.h"
#include "capture/key.h"

#define NAME "/tracehook/answers.key"
#define DEFAULT_STATE "/.local/state"
#define DIRECTORIES 3	   /* that may be made: .local, state, tracehook */
#define PATH_MAX_HERE 4096 /* with the name under which it is made */
#define UNIQUE_BYTES 8

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

bool th_answers_key_path(const char *state_home, const char *home, char *ret_path, size_t cap)
{
	struct th_out out = {.p = (uint8_t *)ret_path, .cap = cap - 1};
	const bool own = is_absolute(state_home);
	const char *base = own ? state_home : home;
	if (!is_absolute(base)) {
		return false;
	}
	th_out_bytes(&out, base, strlen(base));
	th_out_bytes(&out, DEFAULT_STATE, own ? 0 : sizeof(DEFAULT_STATE) - 1);
	th_out_bytes(&out, NAME, sizeof(NAME) - 1);
	ret_path[out.n] = '\0';
	return !out.failed;
}

static uint32_t user(void)
{
	return (uint32_t)TH_SYS(SYS_geteuid);
}

/* ---- reading ---- */

static int read_own(int fd, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	struct stat st;
	int r = th_sys_fstat(fd, &st);
	if (r == 0 && st.st_uid != user()) {
		r = -EPERM;
	}
	return r < 0 ? r : th_key_read(fd, ret_key);
}

static int read_file(const char *path, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	int fd = th_sys_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0);
	if (fd < 0) {
		return fd;
	}
	int r = read_own(fd, ret_key);
	th_sys_close(fd);
	return r;
}

/* ---- making ---- */

/* Cuts the path behind its n-th directory from the end; false: there is none. */
static bool cut(char *path, int n)
{
	size_t end = strlen(path);
	while (n > 0 && end > 0) {
		end--;
		n -= path[end] == '/';
	}
	path[end] = '\0';
	return end > 0;
}

/* Is that directory there, this user's, and not for others to write to? */
static int check_directory(const char *path)
{
	struct stat st;
	int r = th_sys_stat(path, &st);
	if (r < 0) {
		return r;
	}
	return S_ISDIR(st.st_mode) && st.st_uid == user() && !(st.st_mode & 022) ? 0 : -EPERM;
}

/* Makes those of the last directories that are missing, below one that is this user's. */
static int make_directories(const char *path)
{
	char part[PATH_MAX_HERE];
	int missing = 0, r = -ENOENT;
	while (r == -ENOENT && missing <= DIRECTORIES) {
		memcpy(part, path, strlen(path) + 1);
		r = cut(part, missing + 1) ? check_directory(part) : -EPERM;
		missing += r == -ENOENT;
	}
	for (; r == 0 && missing > 0; missing--) {
		memcpy(part, path, strlen(path) + 1);
		cut(part, missing);
		r = (int)TH_SYS(SYS_mkdirat, AT_FDCWD, part, 0700);
		r = r == -EEXIST ? 0 : r;
	}
	return r;
}

static int write_key(int fd)
{
	uint8_t key[TH_AES_KEY_BYTES];
	char text[2 * TH_AES_KEY_BYTES + 1];
	int r = th_sys_random(key, sizeof(key));
	th_hex_encode(text, key, sizeof(key));
	text[sizeof(text) - 1] = '\n';
	if (r == 0) {
		r = (int)TH_SYS(SYS_fchmod, fd, 0600); /* whatever the umask took away */
	}
	if (r == 0) {
		long n = th_sys_pwrite(fd, text, sizeof(text), 0);
		r = n == (long)sizeof(text) ? 0 : n < 0 ? (int)n : -ENOSPC;
	}
	return r < 0 ? r : (int)TH_SYS(SYS_fsync, fd);
}

/* Some file systems know no links. */
static int publish(const char *from, const char *to)
{
	int r = (int)TH_SYS(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
	if (r < 0 && r != -EEXIST) {
		r = (int)TH_SYS(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1 /* NOREPLACE */);
	}
	return r == -EEXIST ? 0 : r;
}

static int make_file(const char *path)
{
	char beside[PATH_MAX_HERE];
	uint8_t unique[UNIQUE_BYTES];
	size_t n = strlen(path);
	int r = th_sys_random(unique, sizeof(unique));
	if (r < 0) {
		return r;
	}
	memcpy(beside, path, n);
	beside[n++] = '.';
	th_hex_encode(beside + n, unique, sizeof(unique));
	beside[n + 2 * sizeof(unique)] = '\0';
	int fd = th_sys_open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return fd;
	}
	r = write_key(fd);
	th_sys_close(fd);
	r = r < 0 ? r : publish(beside, path);
	(void)th_sys_unlink(beside);
	return r;
}

int th_answers_key_load(const char *path, bool make, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	if (strlen(path) + 2 * UNIQUE_BYTES + 2 > PATH_MAX_HERE) {
		return -ENAMETOOLONG;
	}
	int r = read_file(path, ret_key);
	if (r != -ENOENT || !make) {
		return r;
	}
	r = make_directories(path);
	r = r < 0 ? r : make_file(path);
	return r < 0 ? r : read_file(path, ret_key);
}
