#include "shim/next.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

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

static const struct th_image *holder_named(const char *part)
{
	const struct th_image *image;
	for (size_t i = 0; (image = th_next_object(i)); i++) {
		if (strstr(image->name, part)) {
			return image;
		}
	}
	return NULL;
}

Test(next, knows_whose_an_address_is)
{
	int here;
	cr_assert_null(th_next_holder((void *)strtoul), "before the beginning");
	th_next_begin();
	const struct th_image *libc = holder_named("/libc.so");
	cr_assert_not_null(libc);
	cr_expect_eq(th_next_holder(dlsym(RTLD_DEFAULT, "strtoul")), libc);
	cr_expect_eq(th_next_holder((void *)holder_named), th_next_object(0));
	cr_expect_null(th_next_holder(&here), "a stack");
	void *more = dlopen("libanl.so.1", RTLD_NOW);
	if (!more || holder_named("/libanl.so")) {
		cr_skip_test("nothing that could be loaded and unloaded");
	}
	cr_expect_eq(th_next_holder(dlsym(RTLD_DEFAULT, "strtoul")), libc);
	dlclose(more);
	cr_expect_null(th_next_holder(dlsym(RTLD_DEFAULT, "strtoul")), "for the loader to say");
}

/* Of each object, its own functions and those of what it needs. */
Test(next, finds_in_a_scope_what_the_loader_finds_there)
{
	static const char *const names[] = {
		"strtoul", "read", "cr_panic", "dlsym", "_r_debug", "environ", "nosuch"};
	const struct th_image *image;
	size_t found = 0;
	th_next_begin();
	for (size_t i = 1; (image = th_next_object(i)); i++) {
		void *handle = dlopen(image->name, RTLD_NOW | RTLD_NOLOAD);
		for (size_t n = 0; handle && n < sizeof(names) / sizeof(*names); n++) {
			void *p = th_next_in_scope(image, names[n]);
			cr_expect(!p || p == dlsym(handle, names[n]), "%s", names[n]);
			found += p != NULL;
		}
	}
	cr_expect_gt(found, 2);
}
