/* Cuts each file that is mapped to be read, and not to be executed, once it is mapped: what the
 * tool does when somebody cuts a capture while it reads it (tests/e2e/removed.sh). */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
	void *map = real(at, n, protection, flags, fd, offset);
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (flags & MAP_SHARED && protection == PROT_READ && truncate(path, 0) != 0) {
		perror("cut_preload");
	}
	return map;
}
