/* For the limits (raw_tap.c, map_tap.c): all that goes through OpenSSL passes keep(), which the
 * includer has. */
#ifndef BENCH_SSL_TAP_H
#define BENCH_SSL_TAP_H

#include <dlfcn.h>
#include <openssl/ssl.h>

/* Keeps `n` bytes, none when it is negative; returns `n`. */
__attribute__((visibility("hidden"))) int keep(const void *p, int n);

int SSL_read(SSL *ssl, void *buf, int num)
{
	static int (*real)(SSL *, void *, int);
	real = real ? real : (int (*)(SSL *, void *, int))dlsym(RTLD_NEXT, "SSL_read");
	return keep(buf, real(ssl, buf, num));
}

int SSL_write(SSL *ssl, const void *buf, int num)
{
	static int (*real)(SSL *, const void *, int);
	real = real ? real : (int (*)(SSL *, const void *, int))dlsym(RTLD_NEXT, "SSL_write");
	return keep(buf, real(ssl, buf, num));
}

#endif
