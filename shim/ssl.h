/* From calls of an OpenSSL to the recorder: the logic behind hook_ssl.c and hook_bio.c.
 *
 * A connection is known by its SSL object: programs that move the records themselves (asyncio,
 * curl, node) never tell the object a descriptor (P36). All of it runs under the guard (hook.h),
 * right after the real call. Q (P24): on the way back from a failed call only SSL_get_error() and
 * ERR_peek_error() are called, which look at the error queue and change nothing. */
#ifndef SHIM_SSL_H
#define SHIM_SSL_H

#include "base/bytes.h"
#include "shim/openssl_api.h"
#include "shim/slot.h"

/* Has the library all that is needed to follow it? */
bool th_ssl_follows(const struct th_library *lib);

/* A handshake is complete. */
void th_ssl_shaken(const struct th_library *lib, struct ssl_st *ssl);

typedef int th_ssl_shake_fn(struct ssl_st *ssl);

/* Bytes are about to be sent: the library's SSL_do_handshake() when the handshake is not complete,
 * as SSL_write() would call it first (Node leaves it to that); NULL: it is, or cannot be told. */
th_ssl_shake_fn *th_ssl_to_shake(const struct th_library *lib, struct ssl_st *ssl);

/* A call that shakes hands returned `ret` <= 0: has it failed for good? errno is as it left it. */
void th_ssl_unshaken(const struct th_library *lib, struct ssl_st *ssl, int ret);

/* The agent was given, or sent, n > 0 bytes. */
void th_ssl_received(const struct th_library *lib, struct ssl_st *ssl, const void *buf, size_t n);
void th_ssl_sent(const struct th_library *lib, struct ssl_st *ssl, const void *buf, size_t n);
void th_ssl_sent_file(
	const struct th_library *lib, struct ssl_st *ssl, int in, off_t offset, size_t n);

/* A call on it failed: was that the peer's end? errno is as the call left it. */
void th_ssl_failed(const struct th_library *lib, struct ssl_st *ssl, int ret, bool sending);

/* A call that only looks failed, of which th_ssl_failed() was told. */
void th_ssl_looked(struct ssl_st *ssl);

/* It is freed, or cleared for another connection. */
void th_ssl_gone(struct ssl_st *ssl);

#endif
