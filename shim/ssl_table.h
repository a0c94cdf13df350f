/* Which connection an SSL object carries: a fixed table, looked up without a lock.
 *
 * An SSL object is used by one thread at a time (its own rule), so only the keys are shared
 * between threads; an entry's contents belong to whoever uses the object. */
#ifndef SHIM_SSL_TABLE_H
#define SHIM_SSL_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "recorder/recorder.h"

struct th_ssl_entry {
	_Atomic(const void *) ssl;
	struct th_conn_ref conn;
	bool ignored; /* a server's side: nothing of it is recorded */
	/* How the socket beneath ended, should the object never be asked again. */
	uint64_t inode;	       /* of that socket; 0: unknown */
	_Atomic uint8_t end;   /* enum th_end; 0: it did not */
	_Atomic uint32_t code; /* errno of it */
};

/* NULL: not there. */
struct th_ssl_entry *th_ssl_table_find(const void *ssl);
/* A new entry, empty but for its key; NULL: no room. The key must not be in the table. */
struct th_ssl_entry *th_ssl_table_add(const void *ssl);
void th_ssl_table_remove(struct th_ssl_entry *e);

/* The socket `inode` ended; `e` was put above it once and may by now be somebody else's. */
void th_ssl_table_ended(struct th_ssl_entry *e, uint64_t inode, enum th_end how, uint32_t code);

#endif
