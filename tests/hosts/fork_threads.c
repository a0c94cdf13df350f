/* P28: forks while other threads are recording; children record too. Nothing may hang. */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

#include "peer.h"

#define THREADS 4
#define FORKS 60

static _Atomic int stop;

static int exchange(int fd)
{
	char buf[64];
	return send(fd, "E-exchange", 10, 0) == 10 && recv(fd, buf, sizeof(buf), 0) == 10;
}

static void *busy(void *arg)
{
	while (!stop) {
		int fd = peer_dial();
		for (int i = 0; i < 20; i++) {
			exchange(fd);
		}
		close(fd);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	int good = 0;
	peer_address();
	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, busy, NULL);
	}
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			alarm(10);
			int fd = peer_dial();
			_exit(exchange(fd) ? 0 : 1);
		}
		int status = -1;
		waitpid(pid, &status, 0);
		good += status == 0;
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%d of %d\n", good, FORKS);
	return 0;
}
