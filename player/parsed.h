/* Recorded chains of certificates, read once: for OpenSSL 3 to read one takes longer than what else
 * a handshake does. */
#ifndef PLAYER_PARSED_H
#define PLAYER_PARSED_H

#include <openssl/x509.h>

#include "base/bytes.h"

struct th_parsed;

/* NULL without memory. */
struct th_parsed *th_parsed_create(void);
/* Takes NULL; returns NULL. */
struct th_parsed *th_parsed_destroy(struct th_parsed *p);

/* The certificates of a chain (per certificate: u32 length, DER) up to the first that cannot be
 * read. The chain's bytes stay as they are and where they are; the stack is owned here. NULL:
 * without memory, or there are too many chains. Thread-safe. */
STACK_OF(X509) * th_parsed_chain(struct th_parsed *p, struct th_slice chain);

/* The same, read anew: the caller's, by sk_X509_pop_free(). */
STACK_OF(X509) * th_parsed_read(struct th_slice chain);

#endif
