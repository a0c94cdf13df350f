/* The certificates that a server gave (OpenSSL), to be recorded. */
#ifndef SHIM_PEER_CHAIN_H
#define SHIM_PEER_CHAIN_H

#include "recorder/recorder.h"
#include "shim/slot.h"

struct ssl_st;

/* Tells the recorder of them, for the connection `conn` whose handshake `ssl` has completed. */
void th_certificates_tell(
	const struct th_library *lib, const struct ssl_st *ssl, struct th_conn_ref conn);

#endif
