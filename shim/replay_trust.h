/* Making the agent trust the player (DESIGN 2.3): its CA is handed to the real verification of
 * the agent's own TLS library, so every check of the client's still runs. */
#ifndef SHIM_REPLAY_TRUST_H
#define SHIM_REPLAY_TRUST_H

#include <openssl/x509_vfy.h>

#include "shim/slot.h"

/* X509_verify_cert(), with the player's CA as the only trusted certificate if `ctx` is about one
 * that it issued. `site` is the call's (slot.h). */
int th_replay_verify(struct th_site site, X509_STORE_CTX *ctx);

#endif
