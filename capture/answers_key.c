#include "capture/answers_key.h"

#include "base/bytes.h"
#include "base/sys.h"
#include "base/text.h"
#include "capture/key.h"

#define NAME "/tracehook/answers.key"
#define DEFAULT_STATE "/.local/state"
#define DIRECTORIES 3 /* that may be made: .local, state, tracehook */
#define UNIQUE_BYTES 8
#define BESIDE_BYTES (2 * UNIQUE_BYTES + 2) /* of the name under which it is made */
#define PASSWD_PIECE 1024

static uint32_t user(void)
{
	return (uint32_t)TH_SYS(SYS_geteuid);
}

/* ---- places ---- */

/* Of "name:x:1000:1000:text:/home/me:/bin/sh" the home, when it is that user's. */
static struct th_slice home_in(struct th_slice line, uint32_t uid)
{
	struct th_slice fields[6];
	size_t n = 0, from = 0;
	uint64_t id;
	for (size_t i = 0; i < line.n && n < 6; i++) {
		if (line.p[i] == ':') {
			fields[n++] = (struct th_slice){line.p + from, i - from};
			from = i + 1;
		}
	}
	bool same = n == 6 && th_parse_u64(fields[2], &id) && id == uid;
	return same ? fields[5] : (struct th_slice){NULL, 0};
}

/* The home of `uid` in an open file, copied to `room`; it is read piece by piece. */
static struct th_slice find_home(int fd, uint32_t uid, uint8_t room[PASSWD_PIECE])
{
	struct th_slice found = {NULL, 0};
	off_t at = 0;
	for (long n; !found.n && (n = th_sys_pread(fd, room, PASSWD_PIECE, at)) > 0;) {
		const uint8_t *p = room, *end = room + n, *lf;
		while (!found.n && (lf = memchr(p, '\n', (size_t)(end - p)))) {
			found = home_in((struct th_slice){p, (size_t)(lf - p)}, uid);
			p = lf + 1;
		}
		at += p > room ? p - room : n; /* a line that is longer is no user's */
	}
	return found;
}

/* `base` and what is behind it, as the next of the paths. */
static void add_place(
	char (*paths)[TH_ANSWERS_PATH_MAX], size_t *n, struct th_slice base, const char *state)
{
	struct th_out out = {.p = (uint8_t *)paths[*n], .cap = TH_ANSWERS_PATH_MAX - BESIDE_BYTES};
	if (base.n == 0 || base.p[0] != '/') {
		return;
	}
	th_out_bytes(&out, base.p, base.n);
	th_out_bytes(&out, state, strlen(state));
	th_out_bytes(&out, NAME, sizeof(NAME) - 1);
	paths[*n][out.n] = '\0';
	*n += !out.failed && (*n == 0 || strcmp(paths[0], paths[*n]) != 0);
}

size_t th_answers_key_places(
	const struct th_answers_where *where, char ret_paths[TH_ANSWERS_KEYS][TH_ANSWERS_PATH_MAX])
{
	uint8_t room[PASSWD_PIECE];
	size_t n = 0;
	if (where->state_home && where->state_home[0] == '/') {
		add_place(ret_paths, &n, th_slice_str(where->state_home), "");
		return n;
	}
	int fd = where->passwd ? th_sys_open(where->passwd, O_RDONLY | O_NOCTTY, 0) : -ENOENT;
	if (fd >= 0) {
		add_place(ret_paths, &n, find_home(fd, user(), room), DEFAULT_STATE);
		th_sys_close(fd);
	}
	if (where->home) {
		add_place(ret_paths, &n, th_slice_str(where->home), DEFAULT_STATE);
	}
	return n;
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

/* Is that directory there, this user's, and not for everybody to write to? (For the group it often
 * is, with a group per user.) */
static int check_directory(const char *path)
{
	struct stat st;
	int r = th_sys_stat(path, &st);
	if (r < 0) {
		return r;
	}
	return S_ISDIR(st.st_mode) && st.st_uid == user() && !(st.st_mode & S_IWOTH) ? 0 : -EPERM;
}

/* Makes those of the last directories that are missing, below one that is this user's. */
static int make_directories(const char *path)
{
	char part[TH_ANSWERS_PATH_MAX];
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
	char beside[TH_ANSWERS_PATH_MAX];
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

/* ---- all of it ---- */

size_t th_answers_keys(
	const struct th_answers_where *where, uint8_t ret_keys[TH_ANSWERS_KEYS][TH_AES_KEY_BYTES])
{
	char paths[TH_ANSWERS_KEYS][TH_ANSWERS_PATH_MAX];
	size_t n = 0, places = th_answers_key_places(where, paths);
	for (size_t i = 0; i < places; i++) {
		n += read_file(paths[i], ret_keys[n]) == 0;
	}
	return n;
}

static int make(const char *path, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	int r = make_directories(path);
	r = r < 0 ? r : make_file(path);
	return r < 0 ? r : read_file(path, ret_key);
}

int th_answers_key(const struct th_answers_where *where, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	char paths[TH_ANSWERS_KEYS][TH_ANSWERS_PATH_MAX];
	int errors[TH_ANSWERS_KEYS] = {-ENOENT};
	size_t places = th_answers_key_places(where, paths);
	for (size_t i = 0; i < places; i++) {
		errors[i] = read_file(paths[i], ret_key);
		if (errors[i] == 0) {
			return 0;
		}
	}
	for (size_t i = 0; i < places; i++) {
		if (errors[i] == -ENOENT && (errors[i] = make(paths[i], ret_key)) == 0) {
			return 0;
		}
	}
	return errors[0];
}
