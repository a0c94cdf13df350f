/* The relay as a proxy: for programs that no library can be loaded into (linked statically: Go,
 * musl) but that go through what HTTPS_PROXY names. It is a program like others under the library,
 * which records, or replays, what it says to servers; only what it says to its program is its own.
 *
 * A thread for each connection, which asks by CONNECT (RFC 9110 9.3.6); nothing else is answered.
 */
#ifndef RELAY_PROXY_H
#define RELAY_PROXY_H

#include <stdint.h>

#include "base/bytes.h"
#include "player/buf.h"

struct th_proxy;

/* It listens on loopback, not answering yet. `directory`: for the files of th_proxy_trust(). NULL
 * on failure, errno says why. */
struct th_proxy *th_proxy_create(const char *directory);

uint16_t th_proxy_port(const struct th_proxy *p);

/* As th_trust_answer(), and takes what the program trusts for its own. */
int th_proxy_trust(struct th_proxy *p, struct th_slice ask, struct th_buf *ret_answer);

/* From now on it answers, in threads of its own. 0 or a negative errno. */
int th_proxy_start(struct th_proxy *p);

/* The program is gone: waits until what it said last has been handed on, a second at most. */
void th_proxy_drain(struct th_proxy *p);

#endif
