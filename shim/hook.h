/* How a hook is declared, and what it may use.
 *
 *     TH_HOOK(ssize_t, read, (int fd, void *buf, size_t n))
 *     {
 *             ssize_t ret = TH_REAL(read)(fd, buf, n);
 *             TH_RECORD(th_fd_tracked(fd), th_sock_received(fd, buf, ret, n));
 *             return ret;
 *     }
 *
 * A hook is: the real call first, recorded when it succeeded, its result. TH_HOOK() defines the
 * exported symbol under a private C name (th_hook_read, assembler name "read"), compares its type
 * with the declaration that a header gives (P38), and leaves a slot record by which slot.c finds
 * the real function. The map of exported symbols is made from the TH_HOOK lines, HOOKS.md must name
 * each (tests/shim/check_exports.sh). To add a hook: write it beside its relatives, and its row in
 * HOOKS.md.
 *
 * TH_JUMP_HOOK is for functions that look at their own return address (jump.h).
 *
 * TH_HOOK is for functions of the C library: one address for the process, found at its
 * first call. TH_LIB_HOOK is for functions of libraries of which a process may hold several copies,
 * or hold them out of our sight (P1, P2): their real function depends on who calls. */
#ifndef SHIM_HOOK_H
#define SHIM_HOOK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "shim/arm.h"
#include "shim/slot.h"

struct hostent;
struct th_curl_message;
struct _IO_FILE;
struct th_gnutls_datum;
struct stack_st_X509;
struct x509_st;

#define TH_HOOK(ret, name, params) TH_HOOK_DEFINE(TH_SLOT_LIBC, ret, name, params)
#define TH_LIB_HOOK(ret, name, params) TH_HOOK_DEFINE(TH_SLOT_LIB, ret, name, params)

/* The record of one hook, and in another section where the hook is: C has no way to say how far it
 * is from there. */
#define TH_SLOT(where, ret, name) \
	struct th_slot th_slot_##name __attribute__((section("th_slots"), used, \
		aligned(TH_SLOT_BYTES))) = {NULL, NULL, where, TH_RETURNS_POINTER(ret), #name}; \
	_Static_assert(sizeof(#name) <= TH_SLOT_NAME_MAX, "no room for " #name); \
	__asm__(".pushsection th_hooks, \"a\"\n" \
		".p2align 2\n" \
		".long th_slot_" #name " - .\n" \
		".long " #name " - .\n" \
		".popsection\n")

#define TH_HOOK_DEFINE(where, ret, name, params) \
	__attribute__((visibility("default"))) ret th_hook_##name params __asm__(#name); \
	_Static_assert(__builtin_types_compatible_p(__typeof__(th_hook_##name), __typeof__(name)), \
		"hook of " #name " differs from its declaration"); \
	static TH_SLOT(where, ret, name); \
	ret th_hook_##name params

/* Hooked functions of the C library that return a pointer: their types. */
#define TH_RETURNS_POINTER(ret) \
	_Generic((__typeof__(ret) *)0, struct hostent * * : true, struct _IO_FILE * * : true, struct x509_st * * : true, void ** : true, struct th_curl_message * * : true, struct stack_st_X509 * * : true, const struct th_gnutls_datum * * : true, default : false)

/* The real function, as the caller of this hook would have bound it. Only directly in a hook's
 * body (it looks at the return address). Never NULL: a miss is a function that fails (P1). */
#define TH_REAL(name) \
	((__typeof__(&th_hook_##name))th_slot_real(&th_slot_##name, __builtin_return_address(0)))

/* The same in two steps, for hooks that must also know whether the application called. */
#define TH_SITE(name) th_slot_site(&th_slot_##name, __builtin_return_address(0))
#define TH_REAL_AT(site, name) ((__typeof__(&th_hook_##name))(site).real)

/* Records: `stmt` runs if `wanted` (a cheap question, asked first) and the process is recording,
 * with the guard raised and errno kept. `stmt` holds no cancellation point (P25). */
#define TH_RECORD(wanted, stmt) \
	do { \
		if ((wanted) && th_tap_enter()) { \
			int th_errno_ = errno; \
			stmt; \
			th_tap_leave(); \
			errno = th_errno_; \
		} \
	} while (0)

/* The same for what only changes our table of descriptors: not in a vfork child, which has
 * descriptors of its own and our memory (P26); and no reason for a forked child to become a
 * recorded process. */
#define TH_UPKEEP(wanted, stmt) \
	do { \
		if ((wanted) && th_upkeep_enter()) { \
			int th_errno_ = errno; \
			stmt; \
			th_tap_leave(); \
			errno = th_errno_; \
		} \
	} while (0)

#endif
