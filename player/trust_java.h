/* The trust store of a Java VM, with one certificate more. */
#ifndef PLAYER_TRUST_JAVA_H
#define PLAYER_TRUST_JAVA_H

#include "player/trust.h"

/* Reads a store (JKS or PKCS #12) and writes it as JKS, which every VM reads, with the CA added.
 * `password` may be NULL; without one nobody checks the store's. 0 or a negative errno. */
int th_trust_java(const struct th_trust *t, const char *from, const char *password, const char *to);

#endif
