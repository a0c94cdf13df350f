/* Does the program have a TLS library in itself that cannot be tapped (rustls, BoringSSL, an
 * OpenSSL whose symbols were stripped)? Then its connections go through the relay, and in a replay
 * it must be made to trust the player by the variables that it reads. */
#ifndef SHIM_OWN_TLS_H
#define SHIM_OWN_TLS_H

#include <stdbool.h>

/* Looks at what is loaded, once, after th_inside_begin(). False where there is any TLS library that
 * can be tapped: then that is the one that is used; and where no variable would reach it. */
bool th_own_tls(void);

#endif
