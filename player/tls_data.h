/* Application data of TLS 1.3 (RFC 8446 5, 7) behind a handshake by OpenSSL. What SSL_read() and
 * SSL_write() do beside the ciphers takes as long as these for a small call, and copies what is
 * sent; the ciphers are OpenSSL's here, too.
 *
 * Not here: TLS 1.2, records that the client wants to be small, early data, authentication behind
 * the handshake, which the player never asks for. */
#ifndef PLAYER_TLS_DATA_H
#define PLAYER_TLS_DATA_H

#include <sys/types.h>

#include "player/buf.h"
#include "player/tls_made.h"

#define TH_TLS_RECORD_MAX (16u << 10) /* bytes of data in one */

struct th_tls_data;

/* After the handshake, of which nothing was read that came behind it. NULL: OpenSSL is to go on. */
struct th_tls_data *th_tls_data_create(SSL *ssl, const struct th_tls_made *made);
/* The same by a cipher and a hash that were agreed on. */
struct th_tls_data *th_tls_data_by(
	const EVP_CIPHER *cipher, const EVP_MD *md, const struct th_tls_made *made);
/* Takes NULL; returns NULL. */
struct th_tls_data *th_tls_data_destroy(struct th_tls_data *d);

/* As th_stream_read(). What a KeyUpdate asks for is added to `out`. */
ssize_t th_tls_data_read(struct th_tls_data *d, int fd, void *p, size_t n, struct th_buf *out);

/* Is there input that a poll of the descriptor would not show? */
bool th_tls_data_has_input(const struct th_tls_data *d);

/* Adds records with these bytes to `out`, which notes a failure. */
void th_tls_data_write(struct th_tls_data *d, struct th_slice bytes, struct th_buf *out);

/* Adds an alert (RFC 8446 6), the last thing that is said: nothing is added after it. */
void th_tls_data_alert(struct th_tls_data *d, uint8_t level, uint8_t number, struct th_buf *out);

#endif
