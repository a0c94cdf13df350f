/* P27: a forked child is noticed when it uses the network, whatever made it; one that only cleans
 * up is not. Each child goes on with its parent's connection or leaves it alone. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "peer.h"

static int fd;

static void talk(const char *what)
{
	char buf[32];
	send(fd, what, strlen(what), 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
	fflush(stdout);
}

static void in_child(pid_t pid, const char *what)
{
	if (pid == 0) {
		if (what) {
			talk(what);
		}
		close(fd);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

int main(void)
{
	fd = peer_dial();
	talk("E-parent");
	in_child(fork(), NULL);
	in_child(fork(), "E-fork");
	in_child(_Fork(), "E-_Fork");
	in_child((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), "E-clone");
	talk("E-after");
	return 0;
}
