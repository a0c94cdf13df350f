/* The plaintext of a libcurl whose TLS library is not tapped: libcurl shows it to a debug callback,
 * byte for byte. The agent's own callback and verbosity stay as they are. */
#ifndef SHIM_CURL_TAP_H
#define SHIM_CURL_TAP_H

#include "shim/curl_handles.h"
#include "shim/slot.h"

/* A transfer begins: if libcurl's TLS is not tapped, it is listened to from here on. */
void th_curl_tap_begin(const struct th_library *lib, struct th_curl_handle *h);
/* It is over, with libcurl's result or TH_TRANSFER_LEFT: the agent's settings are put back. */
void th_curl_tap_end(const struct th_library *lib, struct th_curl_handle *h, int result);

/* While it is listened to, may the agent's option not reach libcurl? (It is kept for later.) */
bool th_curl_tap_holds(const void *easy, int option);

/* A copy was made of a handle that may be listened to: it gets the agent's settings. */
void th_curl_tap_copied(const struct th_library *lib, const struct th_curl_handle *h, void *copy);

/* curl_easy_send(), curl_easy_recv() moved n bytes of a transfer that only connected. */
void th_curl_tap_moved(
	const struct th_library *lib, void *easy, bool sent, const void *p, size_t n);

#endif
