/* Look-ups that a program makes itself, by asking name servers (c-ares, Node's dns.resolve, dig):
 * what it learns is recorded as getaddrinfo's answers are. */
#ifndef SHIM_NAME_SERVER_H
#define SHIM_NAME_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Does a name server listen there? */
static inline bool th_name_server_port(const struct sockaddr *sa, socklen_t len)
{
	_Static_assert(
		offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
		"the port is at one place");
	return sa && len >= sizeof(struct sockaddr_in) &&
		(sa->sa_family == AF_INET || sa->sa_family == AF_INET6) &&
		((const struct sockaddr_in *)sa)->sin_port == htons(53);
}

/* A name server's answer came: recorded if it is one, to a question for addresses. `name` is what
 * the program asked for, if it is known to have asked for something else; else NULL. */
void th_name_server_answered(const void *message, size_t n, const char *name);

#endif
