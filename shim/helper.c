/* See helper.h. It is a grandchild, in a session of its own, with no terminal and none of the
 * agent's descriptors, and its parent dies at once without a signal, so that no wait() of the
 * agent's ever meets it. Nothing but raw system calls runs between fork and exec. Its environment
 * is the agent's without what steers loaders and TLS libraries, and without ours (but for the name
 * of the key file). SSL_CERT_FILE and SSL_CERT_DIR stay: they say whom the agent trusts, and so
 * whom the player may go to (player/online.h).
 *
 * The program is looked for near the library (build tree, then the usual places of an installed
 * one), where it was configured to be installed, and on PATH. */
#include "shim/helper.h"

#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sys.h"
#include "base/text.h"

#define READY_SECONDS 20
#define READY_FD 3 /* in the helper */
#define PROGRAM "tracehook"
#define PATH_BYTES 4096
#define ENVIRONMENT_LIMIT 8192 /* variables handed on; further ones are dropped */
#define ARGUMENTS (6 + 2 * TH_HELPER_OPTIONS + 1) /* the names, what all are given, the end */
#define PLACES 3

extern char **environ;

/* ---- text ---- */

static void tell(char why[TH_HELPER_WHY_BYTES], const char *what)
{
	size_t n = strlen(what);
	n = n < TH_HELPER_WHY_BYTES ? n : TH_HELPER_WHY_BYTES - 1;
	memcpy(why, what, n);
	why[n] = 0;
}

/* Joins up to three texts and ends them; false when they do not fit. */
static bool join(char *ret_text, size_t cap, const char *a, size_t a_bytes, const char *b)
{
	struct th_out out = {.p = (uint8_t *)ret_text, .cap = cap};
	th_out_bytes(&out, a, a_bytes);
	th_out_bytes(&out, b, strlen(b) + 1);
	return !out.failed;
}

/* The value of a variable in the agent's environment, or "". */
static const char *variable(const char *name)
{
	size_t n = strlen(name);
	for (char **e = environ; e && *e; e++) {
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=') {
			return *e + n + 1;
		}
	}
	return "";
}

/* ---- the program ---- */

static bool runs(const char *path)
{
	return TH_SYS(SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
}

/* The library's own path, links resolved; "" when it cannot be told. */
static void own_path(char ret_path[PATH_BYTES])
{
	Dl_info info;
	ret_path[0] = 0;
	int fd = dladdr((void *)own_path, &info) ? th_sys_open(info.dli_fname, O_PATH, 0) : -1;
	if (fd < 0) {
		return;
	}
	char link[32] = "/proc/self/fd/";
	th_put_decimal(link + strlen(link), (uint32_t)fd);
	long r = TH_SYS(SYS_readlinkat, AT_FDCWD, link, ret_path, PATH_BYTES - 1);
	th_sys_close(fd);
	if (r > 0) {
		ret_path[r] = 0;
	} else {
		join(ret_path, PATH_BYTES, info.dli_fname, strlen(info.dli_fname), "");
	}
}

static bool find_near_library(char ret_path[PATH_BYTES])
{
	static const char *const places[] = {
		"/../tools/" PROGRAM, "/../bin/" PROGRAM, "/../../bin/" PROGRAM};
	char library[PATH_BYTES];
	own_path(library);
	const char *slash = strrchr(library, '/');
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(*places); i++) {
		size_t n = (size_t)(slash - library);
		if (join(ret_path, PATH_BYTES, library, n, places[i]) && runs(ret_path)) {
			return true;
		}
	}
	return false;
}

static bool find_on_path(char ret_path[PATH_BYTES])
{
	const char *p = variable("PATH");
	while (*p) {
		size_t n = strcspn(p, ":");
		if (n > 0 && join(ret_path, PATH_BYTES, p, n, "/" PROGRAM) && runs(ret_path)) {
			return true;
		}
		p += n + (p[n] == ':');
	}
	return false;
}

static bool find_program(char ret_path[PATH_BYTES])
{
	if (find_near_library(ret_path)) {
		return true;
	}
	static const char installed[] = TH_BINDIR "/" PROGRAM;
	if (runs(installed)) {
		memcpy(ret_path, installed, sizeof(installed));
		return true;
	}
	return find_on_path(ret_path);
}

/* ---- the directory ---- */

static const char *place(size_t i)
{
	return i == 0 ? variable("TMPDIR") : i == 1 ? "/tmp" : "/run";
}

/* False: that is no place. */
static bool name_in(const char *base, const uint8_t id[8], char ret_path[TH_HELPER_DIRECTORY_BYTES])
{
	char name[] = "/tracehook-0123456789abcdef";
	th_hex_encode(name + strlen(name) - 16, id, 8);
	return base[0] == '/' &&
		join(ret_path, TH_HELPER_DIRECTORY_BYTES, base, strlen(base), name);
}

int th_helper_directory(char ret_path[TH_HELPER_DIRECTORY_BYTES])
{
	int r = -ENOENT;
	uint64_t id = th_clock_now();
	(void)TH_SYS(SYS_getrandom, &id, sizeof(id), GRND_NONBLOCK);
	for (size_t i = 0; i < PLACES && r < 0; i++) {
		if (name_in(place(i), (const uint8_t *)&id, ret_path)) {
			r = (int)TH_SYS(SYS_mkdirat, AT_FDCWD, ret_path, 0700);
		}
	}
	return r;
}

void th_helper_directory_name(const uint8_t id[8], char ret_path[TH_HELPER_DIRECTORY_BYTES])
{
	for (size_t i = 0; i < PLACES; i++) {
		const char *base = place(i);
		if (name_in(base, id, ret_path) &&
			TH_SYS(SYS_faccessat, AT_FDCWD, base, W_OK) == 0) {
			return;
		}
	}
	ret_path[0] = '\0';
}

/* ---- the process ---- */

struct launch {
	char program[PATH_BYTES];
	char tree[16];
	const char *arguments[ARGUMENTS];
	size_t n_arguments;
	const char *environment[ENVIRONMENT_LIMIT + 1];
	int ready;
};

static void choose_environment(struct launch *l)
{
	static const char key_file[] = "TRACEHOOK_KEY_FILE=";
	static const char *const dropped[] = {"LD_", "TRACEHOOK_", "OPENSSL_"};
	size_t n = 0;
	for (char **e = environ; e && *e && n < ENVIRONMENT_LIMIT; e++) {
		bool keep = true;
		for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++) {
			keep = keep && strncmp(*e, dropped[i], strlen(dropped[i])) != 0;
		}
		keep = keep || strncmp(*e, key_file, strlen(key_file)) == 0;
		if (keep) {
			l->environment[n++] = *e;
		}
	}
}

static void default_signals(void)
{
	const uint64_t zeros[8] = {
		0}; /* struct sigaction as the kernel has it: SIG_DFL, no flags */
	for (int s = 1; s <= 64; s++) {
		TH_SYS(SYS_rt_sigaction, s, zeros, NULL, 8);
	}
	TH_SYS(SYS_rt_sigprocmask, SIG_SETMASK, zeros, NULL, 8);
}

static void let_go(int ready)
{
	/* Out of the way first: with a closed stdin it may be one of the three. */
	int kept = th_sys_fcntl(ready, F_DUPFD, READY_FD + 1);
	int null = th_sys_open("/dev/null", O_RDWR, 0);
	for (int fd = 0; fd < READY_FD; fd++) {
		if (fd != null) {
			TH_SYS(SYS_dup3, null, fd, 0);
		} else {
			th_sys_fcntl(fd, F_SETFD, 0);
		}
	}
	TH_SYS(SYS_dup3, kept, READY_FD, 0);
	TH_SYS(SYS_close_range, READY_FD + 1, ~0u, 0);
}

/* In the grandchild. */
static void run_helper(const struct launch *l)
{
	static const char failed[] = "error: cannot run " PROGRAM "\n";
	default_signals();
	let_go(l->ready);
	TH_SYS(SYS_execve, l->program, l->arguments, l->environment);
	th_sys_write(READY_FD, failed, sizeof(failed) - 1);
	TH_SYS(SYS_exit_group, 127);
	__builtin_unreachable();
}

/* A raw fork, without a signal at its end: only a wait that asks for such children sees it. Safe,
 * since the agent has one thread yet and the child makes system calls only. */
static int fork_quietly(void)
{
	return (int)TH_SYS(SYS_clone, 0, NULL, NULL, NULL, NULL);
}

static int launch(const struct launch *l)
{
	int child = fork_quietly();
	if (child == 0) {
		TH_SYS(SYS_setsid);
		int r = fork_quietly();
		if (r == 0) {
			run_helper(l);
		}
		TH_SYS(SYS_exit_group, r < 0 ? 1 : 0);
		__builtin_unreachable();
	}
	if (child < 0) {
		return child;
	}
	int status = 0;
	long r = -EINTR;
	while (r == -EINTR) {
		r = TH_SYS(SYS_wait4, child, &status, __WALL, NULL);
	}
	return r < 0 ? (int)r : status ? -EAGAIN : 0;
}

/* ---- is it ready? ---- */

/* Reads the one line that the helper says, without its end. */
static int read_line(int fd, char *ret_line, size_t cap)
{
	uint64_t end = th_clock_mono() + READY_SECONDS * 1000000000ull;
	size_t n = 0;
	while (n < cap - 1 && !memchr(ret_line, '\n', n)) {
		uint64_t now = th_clock_mono();
		if (now >= end) {
			return -ETIMEDOUT;
		}
		int r = th_sys_poll1(fd, POLLIN, (int)((end - now) / 1000000) + 1);
		if (r <= 0) {
			continue;
		}
		long got = th_sys_read(fd, ret_line + n, cap - 1 - n);
		if (got == 0 || (got < 0 && got != -EINTR)) {
			break;
		}
		n += got > 0 ? (size_t)got : 0;
	}
	ret_line[n] = 0;
	ret_line[strcspn(ret_line, "\n")] = 0;
	return n > 0 ? 0 : -EPIPE;
}

static int await_ready(int fd, char why[TH_HELPER_WHY_BYTES])
{
	static const char error[] = "error: ";
	char line[TH_HELPER_WHY_BYTES] = "";
	int r = read_line(fd, line, sizeof(line));
	if (r == 0 && strcmp(line, "ready") == 0) {
		return 0;
	}
	if (r == 0 && strcmp(line, "nothing") == 0) {
		tell(why, "there is no run yet");
		return -ENODATA;
	}
	if (r == 0 && strncmp(line, error, strlen(error)) == 0) {
		tell(why, line + strlen(error));
		return -EPROTO;
	}
	tell(why,
		r == -ETIMEDOUT ? "it did not get ready in time" : "it ended before it was ready");
	return r < 0 ? r : -EPROTO;
}

static int launch_and_wait(struct launch *l, char why[TH_HELPER_WHY_BYTES])
{
	int ends[2];
	int r = (int)TH_SYS(SYS_pipe2, ends, O_CLOEXEC);
	if (r < 0) {
		tell(why, "no descriptors are left");
		return r;
	}
	l->ready = ends[1];
	r = launch(l);
	th_sys_close(ends[1]);
	if (r < 0) {
		tell(why, "cannot start a process");
	} else {
		r = await_ready(ends[0], why);
	}
	th_sys_close(ends[0]);
	return r;
}

static void number(char ret_text[16], uint64_t v)
{
	char digits[16];
	size_t n = 0, at = 0;
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v && n < sizeof(digits) - 1);
	while (n > 0) {
		ret_text[at++] = digits[--n];
	}
	ret_text[at] = 0;
}

static void add(struct launch *l, const char *argument)
{
	if (l->n_arguments + 1 < ARGUMENTS) {
		l->arguments[l->n_arguments++] = argument;
	}
}

int th_helper_start(const char *command, const struct th_helper_option *options, size_t n,
	char why[TH_HELPER_WHY_BYTES])
{
	static struct launch l; /* too large for a stack; one is started at a time */
	if (!find_program(l.program)) {
		tell(why, "the program `" PROGRAM "` is neither near the library nor on PATH");
		return -ENOENT;
	}
	l.n_arguments = 0;
	number(l.tree, (uint64_t)TH_SYS(SYS_getpid));
	add(&l, PROGRAM);
	add(&l, command);
	add(&l, "--ready-fd");
	add(&l, "3");
	add(&l, "--tree");
	add(&l, l.tree);
	for (size_t i = 0; i < n; i++) {
		if (options[i].value && *options[i].value) {
			add(&l, options[i].name);
			add(&l, options[i].value);
		}
	}
	choose_environment(&l);
	return launch_and_wait(&l, why);
}
