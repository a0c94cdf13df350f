/* Which connection a TLS session (an SSL object, a GnuTLS session) carries: a fixed table, looked
 * up without a lock.
 *
 * A session is begun and freed by one thread (its library's rule), so only the keys are shared
 * between threads; an entry's contents belong to whoever uses the session. GnuTLS lets one thread
 * send while another receives: what each of them writes in the entry is said to be its own. */
#ifndef SHIM_TLS_TABLE_H
#define SHIM_TLS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "recorder/recorder.h"

struct th_rewrite;

struct th_tls_entry {
	_Atomic(const void *) session;
	struct th_conn_ref conn;
	bool ignored;			  /* a server's side: nothing of it is recorded */
	bool ended;			  /* the session itself has told the end */
	bool of_curl;			  /* what libcurl shows: it goes with its socket */
	bool http2;			  /* of_curl: its beginning was told */
	uint32_t streams;		  /* of_curl: how many were begun */
	struct th_gnutls_session *gnutls; /* what only gnutls.c knows; NULL for OpenSSL */
	struct th_rewrite *rewrite;	  /* begun and not all sent (propagate.h); NULL */
	/* How the socket beneath ended, should the object never be asked again. */
	uint64_t inode;	       /* of that socket; 0: unknown */
	int fd;		       /* of it, when it was found out */
	_Atomic uint8_t end;   /* enum th_end; 0: it did not */
	_Atomic uint32_t code; /* errno of it */
};

/* NULL: not there. */
struct th_tls_entry *th_tls_table_find(const void *session);
/* A new entry, empty but for its key; NULL: no room. The key must not be in the table. */
struct th_tls_entry *th_tls_table_add(const void *session);
void th_tls_table_remove(struct th_tls_entry *e);

/* The socket `inode` ended; `e` was put above it once and may by now be somebody else's. */
void th_tls_table_ended(struct th_tls_entry *e, uint64_t inode, enum th_end how, uint32_t code);

/* The same of how the agent came upon it: bits of enum th_met. */
void th_tls_table_met(struct th_tls_entry *e, uint64_t inode, uint16_t met);

#endif
