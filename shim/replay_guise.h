/* Inside replaying: sockets of AF_UNIX that lead to the player and must look like connections to
 * the internet (libcurl, say, reuses a connection only if getpeername() looks so).
 *
 * A guise belongs to a socket, not to a descriptor: it is found by the socket's inode number, so
 * that close, dup, fork and passing it to another thread need no care (P34). Inode numbers of
 * sockets are not drawn again before 2^32 others. */
#ifndef SHIM_REPLAY_GUISE_H
#define SHIM_REPLAY_GUISE_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#define TH_GUISES_MAX 8192 /* sockets at a time, in a process; beyond: connect() says ENOBUFS */
#define TH_GUISE_OPTIONS 10

union th_peer_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

struct th_guise {
	_Atomic uint64_t inode; /* 0: free; stored last, read first */
	union th_peer_address peer, local;
	socklen_t peer_bytes; /* of a Unix socket's peer */
	uint64_t stream_id;
	int fd;		      /* the number it had when it was made: is it still in use? */
	bool datagram;	      /* a UDP socket: it has no stream, and reaches nobody */
	bool connected;	      /* false: the connection failed, or will have */
	_Atomic bool pending; /* connect() said EINPROGRESS, and was not asked again */
	_Atomic int error;    /* still to be told to the agent, 0: none */
	_Atomic bool asked;   /* the player was asked how the stream ended */
	_Atomic uint64_t options[TH_GUISE_OPTIONS]; /* as the agent set them (replay_option.c) */
};

/* The guise of a descriptor's socket, or NULL. Costs a comparison while there is none at all, else
 * one fstat. The memory stays; the guise stays while its socket is open. */
struct th_guise *th_guise_of(int fd);

/* Had the descriptor's socket one when th_guise_of() was asked last? Costs no system call; the
 * number may be another file's by now. False of numbers that are not small. */
bool th_guise_likely(int fd);

/* Publishes a guise for the socket with `inode`; `wanted` is copied. NULL: no room. */
struct th_guise *th_guise_put(uint64_t inode, const struct th_guise *wanted);

void th_guise_drop(struct th_guise *g);

/* 0: no socket. */
uint64_t th_guise_inode(int fd);

#endif
