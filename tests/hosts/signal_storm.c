/* P19, P20, P21: a signal handler that uses the network while the program does. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "peer.h"

static int storm_fd;
static volatile sig_atomic_t storms;

static void handler(int sig)
{
	int saved = errno;
	char buf[16];
	if (send(storm_fd, "E-storm", 7, 0) == 7 && recv(storm_fd, buf, 7, MSG_WAITALL) == 7) {
		storms++;
	}
	errno = saved;
}

static int exchange(int fd)
{
	char buf[512] = "E-main";
	size_t got = 0;
	if (send(fd, buf, sizeof(buf), 0) != sizeof(buf)) {
		return 0;
	}
	while (got < sizeof(buf)) {
		ssize_t n = recv(fd, buf + got, sizeof(buf) - got, 0);
		if (n <= 0) {
			return 0;
		}
		got += (size_t)n;
	}
	return 1;
}

int main(void)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct itimerval soon = {{0, 0}, {0, 0}};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &act, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL); /* and with it in the server's threads */
	int fd = peer_dial(), good = 0;
	storm_fd = peer_dial();
	good += exchange(fd); /* its thread is there now */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (int i = 0; i < 3000; i++) {
		soon.it_value.tv_usec = 1 + i % 50;  /* some are sooner than any exchange */
		setitimer(ITIMER_REAL, &soon, NULL); /* once each time, so the program gets on */
		good += exchange(fd);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("%d good, %s\n", good, storms > 0 ? "stormy" : "calm");
	return 0;
}
