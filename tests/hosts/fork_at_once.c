/* P27: the threads of a forked child use the network at the same moment: one of them notices the
 * fork, which may take a while, the others wait for it, and nothing that they do is missed. */
#include <stdio.h>
#include <sys/wait.h>

#include "peer.h"

#define THREADS 4

static pthread_barrier_t begun;

static void *dial(void *arg)
{
	pthread_barrier_wait(&begun);
	peer_dial();
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	int status = -1;
	peer_address();
	pthread_barrier_init(&begun, NULL, THREADS);
	if (fork() == 0) {
		for (int i = 0; i < THREADS; i++) {
			pthread_create(&threads[i], NULL, dial, NULL);
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
		}
		_exit(0);
	}
	wait(&status);
	printf("%d\n", status);
	return 0;
}
