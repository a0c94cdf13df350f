/* Does a libcurl move its plaintext where we see it? */
#ifndef SHIM_CURL_BACKEND_H
#define SHIM_CURL_BACKEND_H

#include "shim/slot.h"

/* True: it speaks TLS with a library that is not tapped (NSS, mbedTLS, rustls …, or any that is
 * linked into it), so its own hooks must do what the taps do. Asked once per library. */
bool th_curl_untapped(const struct th_library *lib);

#endif
