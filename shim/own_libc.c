/* Functions of the C library that are not worth importing. The loader takes some 800 instructions
 * for each imported name, in every program of the agent's that starts, though most of them never
 * talk; so what is small stands here, hidden, and binds within this library. Kept as imports are
 * the functions whose speed on many bytes counts (memcpy, memchr, …).
 *
 * Three kinds: short texts, by the byte; memory, past the C library as in base/sys.h, but with
 * errno; and what few programs make us call, which is found when it is called (next.h). They are
 * what their manual pages say, in the C locale, so that callers need not know of this file.
 *
 * libzstd is built on malloc(), which this library never lets it call: th_pack gives it all its
 * memory. The linker leads it to stand-ins that have none to give (meson.build). */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "shim/next.h"
#include "shim/slot.h"

#define OWN __attribute__((visibility("hidden")))

/* ---- short texts ---- */

OWN size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;
	while (n < max && s[n]) {
		n++;
	}
	return n;
}

OWN int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

OWN int strncmp(const char *a, const char *b, size_t n)
{
	size_t i = 0;
	while (i < n && a[i] && a[i] == b[i]) {
		i++;
	}
	return i == n ? 0 : (unsigned char)a[i] - (unsigned char)b[i];
}

static int lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

OWN int strcasecmp(const char *a, const char *b)
{
	while (*a && lower((unsigned char)*a) == lower((unsigned char)*b)) {
		a++;
		b++;
	}
	return lower((unsigned char)*a) - lower((unsigned char)*b);
}

OWN char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (!*s) {
			return NULL;
		}
	}
	return (char *)s;
}

OWN void *memrchr(const void *p, int c, size_t n)
{
	const unsigned char *bytes = p;
	while (n > 0 && bytes[n - 1] != (unsigned char)c) {
		n--;
	}
	return n > 0 ? (void *)(bytes + n - 1) : NULL;
}

OWN char *strrchr(const char *s, int c)
{
	return memrchr(s, c, strlen(s) + 1);
}

/* Asked of whole environments: a byte at a time, but only once. */
static size_t span(const char *s, const char *set, bool in)
{
	uint64_t bits[4] = {0};
	size_t n = 0;
	for (; *set; set++) {
		bits[(unsigned char)*set >> 6] |= 1ull << (*set & 63);
	}
	while (s[n] && ((bits[(unsigned char)s[n] >> 6] >> (s[n] & 63)) & 1) == in) {
		n++;
	}
	return n;
}

OWN size_t strspn(const char *s, const char *set)
{
	return span(s, set, true);
}

OWN size_t strcspn(const char *s, const char *set)
{
	return span(s, set, false);
}

OWN char *strpbrk(const char *s, const char *set)
{
	s += span(s, set, false);
	return *s ? (char *)s : NULL;
}

OWN char *stpcpy(char *to, const char *from)
{
	size_t n = strlen(from);
	return (char *)memcpy(to, from, n + 1) + n;
}

OWN char *strcpy(char *to, const char *from)
{
	(void)stpcpy(to, from);
	return to;
}

OWN char *strcat(char *to, const char *from)
{
	(void)stpcpy(to + strlen(to), from);
	return to;
}

OWN char *strncpy(char *to, const char *from, size_t n)
{
	size_t copied = strnlen(from, n);
	memcpy(to, from, copied);
	memset(to + copied, 0, n - copied);
	return to;
}

/* What clang makes of a memcmp() that only asks whether. */
OWN int bcmp(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n);
}

OWN void *memmem(const void *in, size_t in_n, const void *what, size_t n)
{
	const unsigned char *p = in, *first = what;
	if (n == 0) {
		return (void *)in;
	}
	for (; in_n >= n; p++, in_n--) {
		const unsigned char *found = memchr(p, *first, in_n - n + 1);
		if (!found) {
			return NULL;
		}
		in_n -= (size_t)(found - p);
		p = found;
		if (memcmp(p, what, n) == 0) {
			return (void *)p;
		}
	}
	return NULL;
}

/* ---- memory ---- */

static long with_errno(long r)
{
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

OWN void *mmap(void *at, size_t n, int access, int flags, int fd, off_t offset)
{
	return (void *)with_errno(TH_SYS(SYS_mmap, at, n, access, flags, fd, offset));
}

OWN int munmap(void *p, size_t n)
{
	return (int)with_errno(TH_SYS(SYS_munmap, p, n));
}

OWN int mprotect(void *p, size_t n, int access)
{
	return (int)with_errno(TH_SYS(SYS_mprotect, p, n, access));
}

OWN int madvise(void *p, size_t n, int advice)
{
	return (int)with_errno(TH_SYS(SYS_madvise, p, n, advice));
}

void __stack_chk_fail(void);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

/* libzstd is built so. */
OWN void __stack_chk_fail(void)
{
	__builtin_trap();
}

OWN void *__wrap_malloc(size_t n)
{
	return NULL;
}

OWN void *__wrap_calloc(size_t n, size_t size)
{
	return NULL;
}

/* Of what vasprintf() gave us: by the agent's own allocator, if it has one. */
OWN void __wrap_free(void *p)
{
	void (*release)(void *) = p ? (void (*)(void *))th_slot_symbol(RTLD_DEFAULT, "free") : NULL;
	if (release) {
		release(p);
	}
}

/* ---- found when called ---- */

static void *found(const char *name)
{
	void *p = NULL;
	if (!th_next_find(name, &p)) {
		p = th_slot_symbol(RTLD_NEXT, name);
	}
	return p;
}

#define FOUND(ret, name, params, arguments) \
	OWN ret name params \
	{ \
		return ((__typeof__(&name))found(#name))arguments; \
	}

FOUND(unsigned long, getauxval, (unsigned long type), (type))
FOUND(int, putenv, (char *entry), (entry))
FOUND(int, sigaction, (int number, const struct sigaction *action, struct sigaction *ret_before),
	(number, action, ret_before))
FOUND(int, unsetenv, (const char *name), (name))
FOUND(int, dladdr, (const void *address, Dl_info *ret_info), (address, ret_info))
FOUND(int, dlclose, (void *handle), (handle))
FOUND(int, inet_aton, (const char *text, struct in_addr *ret_address), (text, ret_address))
FOUND(const char *, inet_ntop, (int family, const void *address, char *ret_text, socklen_t n),
	(family, address, ret_text, n))
FOUND(int, inet_pton, (int family, const char *text, void *ret_address),
	(family, text, ret_address))
FOUND(char *, strdup, (const char *s), (s))
FOUND(FILE *, fopencookie, (void *cookie, const char *mode, cookie_io_functions_t calls),
	(cookie, mode, calls))
FOUND(int, fflush_unlocked, (FILE * f), (f))
FOUND(int, ftrylockfile, (FILE * f), (f))
FOUND(void, funlockfile, (FILE * f), (f))
FOUND(size_t, __fpending, (FILE * f), (f))
FOUND(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f))
FOUND(int, vasprintf, (char **ret_text, const char *format, va_list arguments),
	(ret_text, format, arguments))
FOUND(int *, __h_errno_location, (void), ())
FOUND(int, pthread_setcancelstate, (int state, int *ret_before), (state, ret_before))

/* The agent's: it may have been given another (libfaketime), and then goes by that. */
OWN time_t time(time_t *ret_now)
{
	return ((__typeof__(&time))th_slot_symbol(RTLD_DEFAULT, "time"))(ret_now);
}

/* As new as glibc 2.32. */
OWN const char *strerrordesc_np(int error)
{
	__typeof__(&strerrordesc_np) f = found("strerrordesc_np");
	return f ? f(error) : "system error";
}
