/* From calls of a GnuTLS to the recorder: the logic behind hook_gnutls.c. All of it runs under the
 * guard (hook.h), right after the real call, whose result is handed on as `ret`; but for
 * th_gnutls_send2(). */
#ifndef SHIM_GNUTLS_H
#define SHIM_GNUTLS_H

#include "shim/gnutls_api.h"
#include "shim/slot.h"

/* A session was made; `flags` of gnutls_init(). */
void th_gnutls_made(const struct gnutls_session_int *s, unsigned flags);

/* It will ask for this name (SNI). Nothing is kept of a name that is no host's. */
void th_gnutls_named(const struct gnutls_session_int *s, int type, const void *name, size_t n);

/* A handshake of it is complete. */
void th_gnutls_shaken(const struct th_library *lib, struct gnutls_session_int *s);

/* gnutls_handshake() returned `ret` < 0: has it failed for good? */
void th_gnutls_unshaken(const struct th_library *lib, struct gnutls_session_int *s, int ret);

/* The application has asked for its peer's certificate to be verified. */
void th_gnutls_judged(const struct th_library *lib, struct gnutls_session_int *s, unsigned status);

/* Receiving `ret` bytes to `data`. */
void th_gnutls_received(
	const struct th_library *lib, struct gnutls_session_int *s, const void *data, ssize_t ret);
void th_gnutls_received_packet(const struct th_library *lib, struct gnutls_session_int *s,
	struct mbuffer_st *const *packet, ssize_t ret);

/* Sending n bytes. NULL: goes on with what an interrupted call has begun. */
void th_gnutls_sent(const struct th_library *lib, struct gnutls_session_int *s, const void *data,
	size_t n, ssize_t ret);
/* The same, to go with the handshake if the server agrees; else it is forgotten. */
void th_gnutls_sent_early(const struct gnutls_session_int *s, const void *data, size_t n);
/* Sending what was buffered: only a failure is news. */
void th_gnutls_flushed(
	const struct th_library *lib, const struct gnutls_session_int *s, ssize_t ret);
/* Bytes were sent that never were in the application's memory. */
void th_gnutls_sent_unseen(const struct th_library *lib, struct gnutls_session_int *s);

/* It is freed. */
void th_gnutls_gone(const struct gnutls_session_int *s);

typedef ssize_t th_gnutls_send2_fn(
	struct gnutls_session_int *s, const void *data, size_t n, size_t pad, unsigned flags);

/* The library's own gnutls_record_send2(); NULL: it has none, or cannot be followed. */
th_gnutls_send2_fn *th_gnutls_send2(const struct th_library *lib);

#endif
