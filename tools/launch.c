/* Sources: environ(7), ld.so(8) on LD_PRELOAD, credentials in preload-craft P30-P32; env(1) for the
 * exit codes of a command that cannot be run; posix_spawn(3).
 *
 * posix_spawn and not fork: in replay this process has the player's threads, and the error of exec
 * comes back as a result. Handlers are installed before the start, with the signals blocked until
 * the agent's pid is known, so that none is lost in between. What was ignored stays ignored
 * (nohup). */
#include "tools/launch.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/tools.h"

#define LIBRARY "libtracehook.so"

extern char **environ;

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
#define N_FORWARDED (sizeof(forwarded) / sizeof(forwarded[0]))

static volatile sig_atomic_t agent_pid;

/* What the kernel sends (the terminal's ^C, a hang-up) went to the whole process group; what a
 * process sends went to us alone. */
static void forward(int sig, siginfo_t *info, void *context)
{
	int saved = errno;
	if (agent_pid > 0 && info->si_code <= 0) {
		kill((pid_t)agent_pid, sig);
	}
	errno = saved;
}

static char *directory_of_tool(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0) {
		return NULL;
	}
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash) {
		return NULL;
	}
	*slash = '\0';
	return th_tool_format("%s", path);
}

/* In a build tree, installed (perhaps moved as a whole), installed where it was configured. */
static char *find_library(const char *tool)
{
	static const char *const places[] = {"%s/../shim/" LIBRARY, "%s/../" TH_LIBDIR "/" LIBRARY,
		"%s/../lib/" LIBRARY, TH_PREFIX "/" TH_LIBDIR "/" LIBRARY};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		th_auto_free char *path = i < 3 ? th_tool_format(places[i], tool)
						: th_tool_format("%s", places[i]);
		char *real = realpath(path, NULL);
		if (real) {
			return real;
		}
	}
	return NULL;
}

char *th_launch_library(void)
{
	th_auto_free char *tool = directory_of_tool();
	th_auto_free char *library = find_library(tool ? tool : TH_PREFIX "/bin");
	if (!library) {
		th_tool_error(LIBRARY " was not found beside this program nor in " TH_PREFIX
				      "/" TH_LIBDIR "; is the installation whole?");
		return NULL;
	}
	if (strpbrk(library, " :")) {
		th_tool_error("%s cannot be preloaded: the loader splits LD_PRELOAD at spaces and "
			      "colons; install tracehook under another path",
			library);
		return NULL;
	}
	return th_steal(&library);
}

static int executable_error(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		return errno;
	}
	return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : EACCES;
}

/* As execvp(3) looks for it: 0 and the path, or the errno that it would end with. */
static int search_path(const char *program, char **ret_path)
{
	const char *path = getenv("PATH");
	int error = ENOENT;
	path = path ? path : "/bin:/usr/bin";
	for (;;) {
		int n = (int)strcspn(path, ":");
		th_auto_free char *full = th_tool_format(
			"%.*s%s%s", n, path, n ? "/" : "./", program);
		int e = executable_error(full);
		if (e == 0) {
			*ret_path = th_steal(&full);
			return 0;
		}
		error = e == EACCES ? EACCES : error;
		if (path[n] == '\0') {
			return error;
		}
		path += n + 1;
	}
}

static int cannot_run(const char *program, int error)
{
	bool forgot_slash = error == ENOENT && !strchr(program, '/') &&
		executable_error(program) == 0;
	th_tool_error("%s cannot be run: %s", program,
		forgot_slash ? "it is not in PATH; ./ before it names the one in this directory"
			     : strerror(error));
	return error == ENOENT || error == ENOTDIR ? TH_EXIT_NOT_FOUND : TH_EXIT_NOT_EXECUTABLE;
}

int th_launch_find(const char *program, char **ret_path)
{
	int error = *program ? 0 : ENOENT;
	if (strchr(program, '/')) {
		error = executable_error(program);
		*ret_path = error ? NULL : th_tool_format("%s", program);
	} else if (!error) {
		error = search_path(program, ret_path);
	}
	return error ? cannot_run(program, error) : TH_EXIT_OK;
}

static void set_environment(const struct th_launch *l, const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	bool any = before && *before;
	th_auto_free char *preload = th_tool_format(
		"%s%s%s", library, any ? ":" : "", any ? before : "");
	th_auto_free char *context = th_tool_format("1;player=%s%s%s%s%s;capture=%s",
		l->player ? l->player : "", l->record ? ";record=" : "", l->record ? l->record : "",
		l->relay ? ";relay=" : "", l->relay ? l->relay : "", l->capture);
	setenv("LD_PRELOAD", preload, 1);
	setenv("TRACEHOOK_MODE", l->mode, 1);
	setenv("TRACEHOOK_CAPTURE", l->capture, 1);
	setenv("TRACEHOOK_CONTEXT", context, 1);
}

struct signals {
	sigset_t mask;	   /* as it was */
	sigset_t handled;  /* those that are forwarded */
	sigset_t defaults; /* what the agent must find at its default */
};

static void take_signals(struct signals *s)
{
	sigemptyset(&s->handled);
	sigemptyset(&s->defaults);
	for (size_t i = 0; i < N_FORWARDED; i++) {
		struct sigaction old;
		sigaction(forwarded[i], NULL, &old);
		if (old.sa_handler != SIG_IGN) {
			sigaddset(&s->handled, forwarded[i]);
			sigaddset(&s->defaults, forwarded[i]);
		}
	}
	pthread_sigmask(SIG_BLOCK, &s->handled, &s->mask);
	for (size_t i = 0; i < N_FORWARDED; i++) {
		struct sigaction act = {
			.sa_sigaction = forward, .sa_flags = SA_SIGINFO | SA_RESTART};
		if (sigismember(&s->handled, forwarded[i])) {
			sigaction(forwarded[i], &act, NULL);
		}
	}
}

static int spawn_free(const struct signals *s, char **argv, pid_t *ret_pid)
{
	posix_spawnattr_t attr;
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &s->mask);
	posix_spawnattr_setsigdefault(&attr, &s->defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int error = posix_spawnp(ret_pid, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return error;
}

/* Behind a fence where one is wanted and can be had. */
static int spawn(const struct th_launch *l, const struct signals *s, char **argv, pid_t *ret_pid)
{
	struct th_fence *f = l->fence;
	th_auto_free char *path = NULL;
	if (!th_fence_wanted(f) || th_launch_find(argv[0], &path) != TH_EXIT_OK) {
		return spawn_free(s, argv, ret_pid);
	}
	struct th_fence_start start = {path, argv, &s->mask, &s->defaults};
	int r = th_fence_spawn(f, &start, ret_pid);
	if (r >= 0) {
		return r;
	}
	return f->wish == TH_FENCE_NAMESPACE ? EPERM : spawn_free(s, argv, ret_pid);
}

/* A script without "#!" is the shell's, as with execvp(3). */
static int spawn_script(
	const struct th_launch *l, const struct signals *s, char **argv, pid_t *ret_pid)
{
	static char shell[] = "/bin/sh";
	size_t n = 0;
	while (argv[n]) {
		n++;
	}
	th_auto_free char **args = th_tool_alloc((n + 2) * sizeof(*args));
	args[0] = shell;
	memcpy(args + 1, argv, (n + 1) * sizeof(*args));
	return spawn(l, s, args, ret_pid);
}

static void wait_for(struct th_launched *l)
{
	while (waitpid(l->pid, &l->status, 0) < 0 && errno == EINTR) {
	}
}

int th_launch_run(const struct th_launch *l, const char *library, struct th_launched *ret_launched)
{
	struct signals s;
	pid_t pid = 0;
	if (library) {
		set_environment(l, library);
	}
	take_signals(&s);
	if (l->pipe_default) {
		sigaddset(&s.defaults, SIGPIPE);
	}
	int error = spawn(l, &s, l->argv, &pid);
	if (error == ENOEXEC) {
		error = spawn_script(l, &s, l->argv, &pid);
	}
	if (error == 0) {
		agent_pid = pid;
	}
	pthread_sigmask(SIG_SETMASK, &s.mask, NULL);
	if (error && l->fence && l->fence->wish == TH_FENCE_NAMESPACE && l->fence->why_not) {
		th_tool_error("no network namespace: %s; nothing was run", l->fence->why_not);
		return TH_EXIT_TOOL_FAILED;
	}
	if (error) {
		return cannot_run(l->argv[0], error);
	}
	*ret_launched = (struct th_launched){.pid = pid};
	wait_for(ret_launched);
	agent_pid = 0;
	return TH_EXIT_OK;
}

int th_launch_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

_Noreturn void th_launch_end_like(int status)
{
	fflush(NULL);
	if (WIFSIGNALED(status)) {
		int sig = WTERMSIG(status);
		sigset_t only;
		sigemptyset(&only);
		sigaddset(&only, sig);
		prctl(PR_SET_DUMPABLE, 0);
		signal(sig, SIG_DFL);
		pthread_sigmask(SIG_UNBLOCK, &only, NULL);
		raise(sig);
	}
	_exit(th_launch_exit_code(status));
}
