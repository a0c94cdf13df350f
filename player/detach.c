#include "player/detach.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

void th_detach_let_go(int kept)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) {
		if (fd != kept && null >= 0) {
			dup2(null, fd);
		}
	}
	unsigned keep = kept > 2 ? (unsigned)kept : 2;
	if (keep > 3) {
		syscall(SYS_close_range, 3, keep - 1, 0);
	}
	syscall(SYS_close_range, keep + 1, ~0u, 0);
}

int th_detach_signals(void)
{
	sigset_t set;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void th_detach_say(int fd, const char *word, const char *why)
{
	if (fd >= 0) {
		dprintf(fd, "%s%s\n", word, why);
		close(fd);
	}
}
