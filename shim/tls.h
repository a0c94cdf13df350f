/* A session of a TLS library, from what its calls say to the recorder: what is the same for
 * OpenSSL (ssl.c) and GnuTLS (gnutls.c), who know how to ask their objects and how to read their
 * results. All of it runs under the guard (hook.h). */
#ifndef SHIM_TLS_H
#define SHIM_TLS_H

#include <sys/types.h>

#include "base/bytes.h"
#include "shim/tls_table.h"

/* What the object says of its connection when the handshake is over. */
struct th_tls_facts {
	uint8_t transport; /* enum th_transport */
	int fd;		   /* the socket beneath, if it is the object that uses it */
	const char *sni;   /* may be NULL */
	struct th_slice alpn;
};

/* A client's session is complete, or has moved its first bytes: opens the connection. */
void th_tls_begin(struct th_tls_entry *e, const struct th_tls_facts *facts);

/* Is the socket that the thread used last known for the session's? Then there is no need to ask for
 * it and bind. */
bool th_tls_is_bound(const struct th_tls_entry *e);

/* The session has just taken something from its socket: `fd`, or the one that the thread used
 * last. */
void th_tls_bind(struct th_tls_entry *e, int fd);

/* Bytes sent from a file, which the application never held. */
void th_tls_sent_file(const struct th_tls_entry *e, int in, off_t offset, size_t n);

struct th_tls_end {
	enum th_end how; /* TH_END_COMPLETE: no end, it wants more */
	int code;	 /* errno, 0 unknown */
};

/* The transport failed: the socket call inside the library's knows best, else `error`. */
struct th_tls_end th_tls_transport_end(int error);

/* The same as the reason of a handshake that failed (TH_TLS_CODE); 0: it goes on. */
uint32_t th_tls_why_cut(struct th_tls_end end);

/* A call that sends, or receives, told the application of `end`. */
void th_tls_ended(struct th_tls_entry *e, struct th_tls_end end, bool sending);

/* The agent closes the socket `inode` beneath: an end that it saw there and the session never told
 * is told now. A program that moves the records itself need not ask its session (asyncio does not).
 * `e` was put above that socket once and may by now be somebody else's: then nothing happens. */
void th_tls_settle(struct th_tls_entry *e, uint64_t inode);

/* The socket `inode` is closed: settles, and takes along what only stands for the socket. */
void th_tls_closed(struct th_tls_entry *e, uint64_t inode);

/* The session is freed, or cleared for another connection. */
void th_tls_gone(struct th_tls_entry *e);

#endif
