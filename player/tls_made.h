/* What a handshake of TLS 1.3 by OpenSSL leaves behind for whoever goes on without it (tls_data.h):
 * the secrets, and how many records have been written by them. */
#ifndef PLAYER_TLS_MADE_H
#define PLAYER_TLS_MADE_H

#include <openssl/ssl.h>
#include <stdint.h>

struct th_tls_made {
	uint8_t secrets[2][EVP_MAX_MD_SIZE]; /* the client's, the server's */
	size_t n[2];			     /* bytes of each */
	uint64_t written; /* records of the server since it has its secret: tickets */
};

/* Of all handshakes of a server's context th_tls_made_begin() may ask. */
void th_tls_made_watch(SSL_CTX *ctx);

/* Before the handshake, which must not read ahead; `made` must stay until it is over. */
void th_tls_made_begin(SSL *ssl, struct th_tls_made *made);

#endif
