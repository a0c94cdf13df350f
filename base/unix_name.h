/* The name of an AF_UNIX peer, as text and as a key of fixed size: what an address and a port are
 * for the internet. */
#ifndef BASE_UNIX_NAME_H
#define BASE_UNIX_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define TH_UNIX_NAME_BYTES 112 /* with NUL: the whole of sun_path and an '@' */
#define TH_UNIX_KEY_BYTES 16

/* The path as the program wrote it; an abstract name begins with '@', as in ss(8), and so does
 * each further NUL in it. False: not AF_UNIX, or a socket without a name. */
bool th_unix_name(const struct sockaddr *sa, socklen_t len, char ret_name[TH_UNIX_NAME_BYTES]);

/* 128 bits of the name (SipHash under two fixed keys): found in tables of addresses. */
void th_unix_key(const char *name, uint8_t ret_key[TH_UNIX_KEY_BYTES]);

#endif
