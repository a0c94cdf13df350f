/* A preload under which a thread that asks for a loaded library waits so long that others, which
 * ask at the same time, are all in the middle of it (tests/e2e/loading.sh). */
#include <dlfcn.h>
#include <unistd.h>

void *dlopen(const char *file, int mode)
{
	void *(*real)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
	if (mode & RTLD_NOLOAD) {
		usleep(20000);
	}
	return real(file, mode);
}
