/* Machine code that is made at run time: memory for it, and putting it in place.
 *
 * No page is ever writable and executable at once (W^X): memory is mapped readable and executable
 * and filled through /proc/self/mem, by which the kernel writes past the protection into a private
 * copy, as a debugger does. That leaves the protection and the name of a mapping as they are
 * (perf, gdb and crash reports see what they saw before), works where making memory executable
 * later is forbidden (PR_SET_MDWE), and never takes a page away from a thread that is running in
 * it, which mprotect() would. Where there is no /proc, new memory is made writable first and
 * executable afterwards, and existing code is not touched.
 *
 * Constructor and slow paths only: system calls, a lock. errno may change. */
#ifndef SHIM_CODE_H
#define SHIM_CODE_H

#include <stddef.h>

#define TH_CODE_BYTES_MAX 256 /* of one piece */

/* Places n bytes of code within reach (+-2 GiB) of `near`; NULL: anywhere. `make` writes the code
 * to `buf` as it is to stand at `at`, and returns its length, 0: it cannot. The place, or NULL. */
typedef size_t th_code_make(void *ctx, unsigned char buf[TH_CODE_BYTES_MAX], const void *at);
void *th_code_add(const void *near, th_code_make *make, void *ctx);

/* Writes n bytes over existing code. 0 or a negative errno. */
int th_code_patch(void *at, const void *bytes, size_t n);

#endif
