/* P26: what a vfork child closes before exec is its own, though our tables are in its memory. */
#include <stdio.h>
#include <sys/wait.h>

#include "peer.h"

int main(void)
{
	char buf[16];
	int status = 0, fd = peer_dial();
	pid_t pid = vfork();
	if (pid == 0) {
		dup2(fd, 1);
		close(fd);
		dup2(2, fd);
		closefrom(3);
		close_range(3, ~0u, 0);
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("child %d\n", WEXITSTATUS(status));
	send(fd, "E-still", 7, 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
	return 0;
}
