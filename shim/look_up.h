/* Between the hooks of look-ups: hook_name.c and hook_gai.c. */
#ifndef SHIM_LOOK_UP_H
#define SHIM_LOOK_UP_H

#include "shim/replay.h"

/* getaddrinfo() or its like came back with `ret`, and with `list` if that is 0: recorded. */
void th_look_up_answered(
	const char *name, const struct addrinfo *hints, int ret, const struct addrinfo *list);

/* The real getaddrinfo(). */
th_getaddrinfo *th_look_up_real(void);

#endif
