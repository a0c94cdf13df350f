/* P30, P31, P32: programs that are executed without the library are noted, whatever executes them,
 * and run all the same; what is not executed after all is not. argv[1] is a program that is linked
 * statically and ends with 7. */
#include <alloca.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "peer.h"

static char *const nothing[] = {NULL};
static char true_[] = "true";
static char *const argv_true[] = {true_, NULL};
static const char *lonely;

static int ended(pid_t pid)
{
	int status = -1;
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define IN_CHILD(fork_kind, call) \
	do { \
		pid_t child_ = fork_kind(); \
		if (child_ == 0) { \
			call; \
			_exit(127); \
		} \
		printf("%s: %d\n", #call, ended(child_)); \
		fflush(stdout); \
	} while (0)

/* In the parent's name: the child runs in its memory. */
static void in_vfork_children(void)
{
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	IN_CHILD(vfork, execve("/bin/true", argv_true, nothing));
	IN_CHILD(vfork, execle("/bin/true", "true", (char *)NULL, nothing));
	IN_CHILD(vfork, execvpe("true", argv_true, nothing));
	IN_CHILD(vfork, fexecve(fd, argv_true, nothing));
	IN_CHILD(vfork, execl(lonely, lonely, (char *)NULL));
	close(fd);
}

static void not_executed(void)
{
	IN_CHILD(vfork, execve("/no/such/program", argv_true, nothing));
	IN_CHILD(vfork, execve("/tmp", argv_true, nothing));
	IN_CHILD(vfork, execvpe("no such program", argv_true, nothing));
	IN_CHILD(vfork, execvpe("", argv_true, nothing));
}

static void spawned(void)
{
	pid_t pid;
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv_true, nothing) == 0);
	CHECK(ended(pid) == 0);
	CHECK(posix_spawnp(&pid, "true", NULL, NULL, argv_true, nothing) == 0);
	CHECK(ended(pid) == 0);
	CHECK(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv_true, nothing) == ENOENT);
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv_true, environ) == 0);
	CHECK(ended(pid) == 0);
}

static void with_the_library_gone(void)
{
	FILE *f;
	unsetenv("LD_PRELOAD");
	CHECK(system("exit 3") == 3 << 8);
	CHECK(system(NULL) != 0);
	f = popen("exit 4", "r");
	CHECK(f && pclose(f) == 4 << 8);
	IN_CHILD(vfork, execv("/bin/true", argv_true));
	IN_CHILD(vfork, execvp("true", argv_true));
	IN_CHILD(vfork, execlp("true", "true", (char *)NULL));
}

/* Goes to the file's directory; its name there. */
static const char *go_to(char *path)
{
	char *slash = strrchr(path, '/');
	*slash = 0;
	CHECK(chdir(path) == 0);
	return slash + 1;
}

int main(int argc, char **argv)
{
	lonely = go_to(argv[1]);
	setenv("PATH", "/no/such/directory:/bin", 1);
	in_vfork_children();
	not_executed();
	spawned();
	/* A process of its own, for the note. */
	IN_CHILD(fork, execve("/bin/true", argv_true, nothing));
	with_the_library_gone();
	return failures != 0;
}
