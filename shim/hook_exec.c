/* Programs that are executed, for replays only: the fence goes with them whatever environment they
 * are given (child_env.h). Recording leaves them alone: env -i is to mean what it says, and the
 * tool says what was not recorded. Not hooked: system() and popen(), which hand on the process's
 * own environment, from which a program would have to have removed the preload. */
#include <alloca.h>
#include <spawn.h>
#include <stdarg.h>
#include <unistd.h>

#include "shim/child_env.h"
#include "shim/hook.h"

/* Runs `call` with `env` set to the environment to use; -1 and E2BIG when that is too large. A
 * macro, since the memory must last as long as the hook. */
#define WITH_ENV(envp, failure, call) \
	do { \
		char *const *env = (envp); \
		size_t room_ = th_child_env_room(env); \
		if (room_ == SIZE_MAX) { \
			return failure; \
		} \
		if (room_) { \
			env = th_child_env_fill(env, alloca(room_)); \
		} \
		return call; \
	} while (0)

static int too_large(void)
{
	errno = E2BIG;
	return -1;
}

TH_HOOK(int, execve, (const char *path, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, too_large(), TH_REAL(execve)(path, argv, env));
}

TH_HOOK(int, execvpe, (const char *file, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, too_large(), TH_REAL(execvpe)(file, argv, env));
}

TH_HOOK(int, fexecve, (int fd, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, too_large(), TH_REAL(fexecve)(fd, argv, env));
}

TH_HOOK(int, execveat,
	(int fd, const char *path, char *const argv[], char *const envp[], int flags))
{
	WITH_ENV(envp, too_large(), TH_REAL(execveat)(fd, path, argv, env, flags));
}

TH_HOOK(int, execv, (const char *path, char *const argv[]))
{
	WITH_ENV(environ, too_large(), TH_REAL(execve)(path, argv, env));
}

TH_HOOK(int, execvp, (const char *file, char *const argv[]))
{
	WITH_ENV(environ, too_large(), TH_REAL(execvpe)(file, argv, env));
}

TH_HOOK(int, posix_spawn,
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, E2BIG, TH_REAL(posix_spawn)(pid, path, actions, attributes, argv, env));
}

TH_HOOK(int, posix_spawnp,
	(pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, E2BIG, TH_REAL(posix_spawnp)(pid, file, actions, attributes, argv, env));
}

/* ---- arguments one by one ---- */

static size_t count_arguments(va_list list)
{
	size_t n = 1;
	while (va_arg(list, char *)) {
		n++;
	}
	return n;
}

/* Takes the NULL that ends them from the list, too. */
static void take_arguments(const char *first, va_list list, char **out)
{
	*out++ = (char *)first;
	while ((*out++ = va_arg(list, char *))) {
	}
}

/* Makes `argv` of a hook's arguments from `first` on; `list` is left after the NULL. */
#define GATHER(first, list, argv) \
	va_list list; \
	va_start(list, first); \
	size_t argv##_n = first ? count_arguments(list) : 0; \
	va_end(list); \
	char **argv = alloca((argv##_n + 1) * sizeof(*argv)); \
	va_start(list, first); \
	if (argv##_n) { \
		take_arguments(first, list, argv); \
	} else { \
		argv[0] = NULL; \
	}

TH_HOOK(int, execl, (const char *path, const char *first, ...))
{
	GATHER(first, list, argv);
	va_end(list);
	WITH_ENV(environ, too_large(), TH_REAL(execve)(path, argv, env));
}

TH_HOOK(int, execlp, (const char *file, const char *first, ...))
{
	GATHER(first, list, argv);
	va_end(list);
	WITH_ENV(environ, too_large(), TH_REAL(execvpe)(file, argv, env));
}

TH_HOOK(int, execle, (const char *path, const char *first, ...))
{
	GATHER(first, list, argv);
	char *const *envp = va_arg(list, char *const *);
	va_end(list);
	WITH_ENV(envp, too_large(), TH_REAL(execve)(path, argv, env));
}
