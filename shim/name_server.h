/* Look-ups that a program makes itself, by asking name servers (c-ares, Node's dns.resolve, dig):
 * what it learns is recorded as it came, and addresses as getaddrinfo's answers are. */
#ifndef SHIM_NAME_SERVER_H
#define SHIM_NAME_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "shim/sock.h"

/* Does a name server listen there? */
static inline bool th_name_server_port(const struct sockaddr *sa, socklen_t len)
{
	return th_sock_port(sa, len) == 53;
}

/* A name server's answer came (enum th_dns_way): recorded if it is one. `name` is what the program
 * asked for, if it is known to have asked for something else; else NULL. */
void th_name_server_answered(uint8_t way, const void *message, size_t n, const char *name);

/* A question went out on `fd`: it is recorded as unanswered unless an answer to it is told above
 * before the descriptor is closed, or the process ends (`fd` -1: any descriptor). */
void th_name_server_asked(int fd, const void *message, size_t n);
void th_name_server_gave_up(int fd);

/* In a forked child: its parent waits for the answers. */
void th_name_server_forked(void);

/* What the resolver's functions say when they find nothing: h_errno as an EAI_ code. */
int th_name_server_result(int host_error);

#endif
