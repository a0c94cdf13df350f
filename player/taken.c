#include "player/taken.h"

#include <sys/ioctl.h>

#include "base/clock.h"

void th_given_add(struct th_given **list, struct th_given *g)
{
	g->next = *list;
	g->at = list;
	if (g->next) {
		g->next->at = &g->next;
	}
	*list = g;
}

void th_given_remove(struct th_given *g)
{
	if (!g->at) {
		return;
	}
	*g->at = g->next;
	if (g->next) {
		g->next->at = g->at;
	}
	g->at = NULL;
}

bool th_given_is_taken(const struct th_given *g)
{
	int left = 0;
	return ioctl(g->fd, TIOCOUTQ, &left) != 0 || left == 0 || th_clock_mono() >= g->until;
}
