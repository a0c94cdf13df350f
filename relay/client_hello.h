/* What a TLS client says first (RFC 8446 4.1.2), as far as a relay must repeat it to the server. */
#ifndef RELAY_CLIENT_HELLO_H
#define RELAY_CLIENT_HELLO_H

#include "base/bytes.h"

#define TH_CLIENT_HELLO_MAX (64u << 10) /* of what is read until it is whole */

struct th_client_hello {
	char sni[256];	   /* "": none */
	uint8_t alpn[512]; /* the protocols, each with its length before it; as offered */
	size_t alpn_n;
	uint16_t oldest, newest; /* TLS versions as on the wire: 0x0303 is TLS 1.2 */
};

/* The records at the beginning of `in`. 0; -EAGAIN: more bytes are needed; -EPROTO: this is no
 * ClientHello. */
int th_client_hello_read(struct th_slice in, struct th_client_hello *ret_hello);

#endif
