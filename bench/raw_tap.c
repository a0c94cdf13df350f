/* The least that a durable recorder can do: each call's bytes are written to a file by one write(),
 * undecoded. $RAW_TAP_FILE names it. The physical limit of that design, to compare with. */
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

static int out = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("RAW_TAP_FILE");
	out = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

static int keep(const void *p, int n)
{
	if (n > 0 && write(out, p, (size_t)n) < 0) {
		abort(); /* a bench that measures nothing must not look fast */
	}
	return n;
}

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
