/* Making a libcurl trust the player whose TLS library is not hooked (curl_backend.h): by libcurl's
 * own options. */
#ifndef SHIM_REPLAY_TRUST_CURL_H
#define SHIM_REPLAY_TRUST_CURL_H

#include "shim/slot.h"

/* Before a transfer of `easy`. Does nothing but in a replay, for an application's own call. */
void th_replay_curl_trust(struct th_site site, void *easy);

#endif
