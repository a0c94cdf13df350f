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

/* The first bytes were moved on a client's session: opens the connection. */
void th_tls_begin(struct th_tls_entry *e, const struct th_tls_facts *facts);

/* Bytes sent from a file, which the application never held. */
void th_tls_sent_file(const struct th_tls_entry *e, int in, off_t offset, size_t n);

struct th_tls_end {
	enum th_end how; /* TH_END_COMPLETE: no end, it wants more */
	int code;	 /* errno, 0 unknown */
};

/* The transport failed: the socket call inside the library's knows best, else `error`. */
struct th_tls_end th_tls_transport_end(int error);

/* A call that sends, or receives, told the application of `end`. */
void th_tls_ended(struct th_tls_entry *e, struct th_tls_end end, bool sending);

/* The session is freed, or cleared for another connection. */
void th_tls_gone(struct th_tls_entry *e);

#endif
