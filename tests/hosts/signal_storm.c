/* P19-P21: a signal handler that uses the network while the program does. */
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

int main(void)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	int fd = peer_dial(), good = 0;
	storm_fd = peer_dial();
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 3000; i++) {
		char buf[512] = "E-main";
		ssize_t n = send(fd, buf, sizeof(buf), 0);
		n = n == sizeof(buf) ? recv(fd, buf, sizeof(buf), MSG_WAITALL) : n;
		good += n == sizeof(buf);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%d good, %s\n", good, storms > 2 ? "stormy" : "calm");
	return 0;
}
