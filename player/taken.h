/* Answers that were sent and may not have been read yet. The kernel tells nobody when the agent
 * reads; who needs to know looks at the socket. Nobody does while one thing happens at a time, so
 * that an answer costs no more than to send it. */
#ifndef PLAYER_TAKEN_H
#define PLAYER_TAKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of them, in the memory of who sent it, which is zeroed at first. */
struct th_given {
	struct th_given *next, **at; /* at: NULL: it is in no list */
	size_t rank;		     /* whatever it is to the list's owner */
	int fd;			     /* of a socket, open as long as this is in a list */
	uint64_t until;		     /* taken for read from then on, th_clock_mono() */
};

void th_given_add(struct th_given **list, struct th_given *g);

/* Does nothing when it is in no list. */
void th_given_remove(struct th_given *g);

/* Has the agent read all that was sent, or gone, or is it past waiting for? */
bool th_given_is_taken(const struct th_given *g);

#endif
