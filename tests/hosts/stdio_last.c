/* What is left in a stream's buffer is written when the process ends, after every destructor (P12).
 * A stream that was closed is not touched again, nor is one that another thread holds. */
#include <stdio.h>

#include "peer.h"

static void *hold(void *arg)
{
	flockfile(arg);
	pause();
	return NULL;
}

int main(void)
{
	FILE *closed = fdopen(peer_dial(), "r+");
	fputs("x-closed", closed);
	fclose(closed);
	FILE *held = fdopen(peer_dial(), "r+");
	pthread_t thread;
	pthread_create(&thread, NULL, hold, held);
	while (ftrylockfile(held) == 0) {
		funlockfile(held);
	}
	FILE *last = fdopen(peer_dial(), "r+");
	fputs("x-last", last);
	printf("written later\n");
	return 0;
}
