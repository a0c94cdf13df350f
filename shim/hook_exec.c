/* Programs that are executed. In a replay the fence goes with them whatever environment they are
 * given (child_env.h). Recording leaves them alone: env -i is to mean what it says. Either way a
 * program that will not carry the library is noted (left.h). */
#include <alloca.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/child_env.h"
#include "shim/hook.h"
#include "shim/left.h"

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

/* Before this process, or a child in its memory, becomes that program. */
static void look(int dir, const char *path, char *const envp[])
{
	const struct th_left_program program = {.dir = dir, .path = path};
	th_left_look(&program, envp);
}

static void look_on_path(const char *file, char *const envp[])
{
	const struct th_left_program program = {.dir = AT_FDCWD, .path = file, .search = true};
	th_left_look(&program, envp);
}

/* After it was started. */
static int spawned(int error, const char *path, bool search, char *const envp[])
{
	const struct th_left_program program = {
		.dir = AT_FDCWD, .path = path, .search = search, .beside = true};
	if (error == 0) {
		th_left_look(&program, envp);
	}
	return error;
}

static int too_large(void)
{
	errno = E2BIG;
	return -1;
}

TH_HOOK(int, execve, (const char *path, char *const argv[], char *const envp[]))
{
	look(AT_FDCWD, path, envp);
	WITH_ENV(envp, too_large(), TH_REAL(execve)(path, argv, env));
}

TH_HOOK(int, execvpe, (const char *file, char *const argv[], char *const envp[]))
{
	look_on_path(file, envp);
	WITH_ENV(envp, too_large(), TH_REAL(execvpe)(file, argv, env));
}

TH_HOOK(int, fexecve, (int fd, char *const argv[], char *const envp[]))
{
	look(fd, NULL, envp);
	WITH_ENV(envp, too_large(), TH_REAL(fexecve)(fd, argv, env));
}

TH_HOOK(int, execveat,
	(int fd, const char *path, char *const argv[], char *const envp[], int flags))
{
	look(fd, path, envp);
	WITH_ENV(envp, too_large(), TH_REAL(execveat)(fd, path, argv, env, flags));
}

TH_HOOK(int, execv, (const char *path, char *const argv[]))
{
	look(AT_FDCWD, path, environ);
	WITH_ENV(environ, too_large(), TH_REAL(execve)(path, argv, env));
}

TH_HOOK(int, execvp, (const char *file, char *const argv[]))
{
	look_on_path(file, environ);
	WITH_ENV(environ, too_large(), TH_REAL(execvpe)(file, argv, env));
}

TH_HOOK(int, posix_spawn,
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, E2BIG,
		spawned(TH_REAL(posix_spawn)(pid, path, actions, attributes, argv, env), path,
			false, envp));
}

TH_HOOK(int, posix_spawnp,
	(pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]))
{
	WITH_ENV(envp, E2BIG,
		spawned(TH_REAL(posix_spawnp)(pid, file, actions, attributes, argv, env), file,
			true, envp));
}

/* ---- through a shell ---- */

/* They hand on this process's own environment, from which it may have taken us. */
static void before_shell(void)
{
	const struct th_left_program shell = {.dir = AT_FDCWD, .path = "/bin/sh", .beside = true};
	int saved = errno;
	th_child_env_restore();
	th_left_look(&shell, environ);
	errno = saved;
}

TH_HOOK(int, system, (const char *command))
{
	if (command) {
		before_shell();
	}
	return TH_REAL(system)(command);
}

TH_HOOK(FILE *, popen, (const char *command, const char *mode))
{
	before_shell();
	return TH_REAL(popen)(command, mode);
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
	look(AT_FDCWD, path, environ);
	WITH_ENV(environ, too_large(), TH_REAL(execve)(path, argv, env));
}

TH_HOOK(int, execlp, (const char *file, const char *first, ...))
{
	GATHER(first, list, argv);
	va_end(list);
	look_on_path(file, environ);
	WITH_ENV(environ, too_large(), TH_REAL(execvpe)(file, argv, env));
}

TH_HOOK(int, execle, (const char *path, const char *first, ...))
{
	GATHER(first, list, argv);
	char *const *envp = va_arg(list, char *const *);
	va_end(list);
	look(AT_FDCWD, path, envp);
	WITH_ENV(envp, too_large(), TH_REAL(execve)(path, argv, env));
}
