#include "shim/next.h"

#include <criterion/criterion.h>
#include <dlfcn.h>

/* With several versions in glibc (realpath, posix_spawn, pthread_cond_wait), of other libraries
 * than libc, and what is not there. */
Test(next, finds_what_the_loader_finds)
{
	static const char *const names[] = {"connect", "read", "write", "close", "sendmmsg",
		"recvmsg", "fopen", "fclose", "fgets", "realpath", "posix_spawn", "posix_spawnp",
		"pthread_cond_wait", "pthread_cond_destroy", "getaddrinfo", "gethostbyname_r",
		"__read_chk", "sendfile64", "fcntl64", "dlsym", "dlopen", "res_nquery", "execvpe",
		"regexec", "timer_create", "glob", "sched_getaffinity", "nosuch"};
	th_next_begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		void *p = (void *)names;
		cr_assert(th_next_find(names[i], &p), "%s", names[i]);
		cr_assert_eq(p, dlsym(RTLD_NEXT, names[i]), "%s", names[i]);
	}
}

Test(next, leaves_the_rest_to_the_loader)
{
	void *p;
	cr_assert_not(th_next_find("read", &p), "before the beginning");
	th_next_begin();
	cr_assert_not(th_next_find("rawmemchr", &p), "an indirect function");
	cr_assert_not(th_next_find("environ", &p), "no function");
}
