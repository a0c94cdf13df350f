/* References to OpenSSL's sessions beyond the first: who took one calls SSL_free() for it, and the
 * session lives on. LuaSec does. */
#ifndef SHIM_SSL_REFS_H
#define SHIM_SSL_REFS_H

#include <stdbool.h>

#define TH_SSL_REFS_MAX 256 /* sessions that have such; further ones are not known */

void th_ssl_refs_taken(const void *session);

/* SSL_free() was called: is another reference left? */
bool th_ssl_refs_left(const void *session);

#endif
