/* What a TLS session moves through its socket, while a call of the session's that is seen itself is
 * under way. Of those records only the number is kept, and each call of the agent's has two or
 * three of them: so they take a short way here, without the guard and without a lock. It is only
 * for what is usual; it says no where the long one (sock.h) would find out, ask or tell anything
 * else: an error, an end, a connection that is not open or not known to carry nothing else, a
 * replay.
 *
 * Safe wherever a hook is called (P21): it takes no lock and calls nothing. */
#ifndef SHIM_BENEATH_H
#define SHIM_BENEATH_H

#include "shim/arm.h"
#include "shim/sock.h"

/* Behind the questions that are here, without a call. */
bool th_beneath_take(int fd, ssize_t ret);
bool th_beneath_owns(int fd);
bool th_beneath_give(int fd, ssize_t ret);

/* A call that receives returned `ret`: true, and that is all there is to it. */
static inline bool th_beneath_received(int fd, ssize_t ret)
{
	return th_thread.session && ret > 0 && th_beneath_take(fd, ret);
}

/* Something is about to be sent: is it the session's own, so that there is nothing to be asked? */
static inline bool th_beneath_sends(int fd)
{
	return th_thread.session && th_beneath_owns(fd);
}

/* Then: the call returned `ret`; true, and that is all there is to it. */
static inline bool th_beneath_sent(int fd, ssize_t ret)
{
	return ret > 0 && th_beneath_give(fd, ret);
}

#endif
