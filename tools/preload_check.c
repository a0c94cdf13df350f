/* Sources: elf(5) (PT_INTERP: a program without it never meets the loader), ld.so(8) on
 * secure-execution mode, execve(2) on "#!". P31, P32. */
#include "tools/preload_check.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

#define INTERPRETERS_MAX 4 /* of one script, as the kernel has it */
#define SEGMENTS_MAX 128

static const char *check_segments(int fd, const Elf64_Ehdr *h)
{
	Elf64_Phdr p;
	for (unsigned i = 0; i < h->e_phnum && i < SEGMENTS_MAX; i++) {
		off_t at = (off_t)(h->e_phoff + (uint64_t)i * h->e_phentsize);
		if (pread(fd, &p, sizeof(p), at) != (ssize_t)sizeof(p)) {
			return NULL;
		}
		if (p.p_type == PT_INTERP) {
			return NULL;
		}
	}
	return "it is linked statically";
}

static const char *check_elf(int fd)
{
	Elf64_Ehdr own, h;
	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h)) {
		return NULL;
	}
	if (h.e_ident[EI_CLASS] != ELFCLASS64) {
		return "it is a 32-bit program";
	}
	th_auto_close int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self >= 0 && pread(self, &own, sizeof(own), 0) == (ssize_t)sizeof(own) &&
		own.e_machine != h.e_machine) {
		return "it is for another processor";
	}
	return check_segments(fd, &h);
}

static const char *check_rights(int fd)
{
	struct stat st;
	if (geteuid() == 0 || fstat(fd, &st) != 0) {
		return NULL;
	}
	if (st.st_mode & S_ISUID) {
		return "it runs as another user (set-user-ID)";
	}
	return fgetxattr(fd, "security.capability", NULL, 0) > 0 ? "it has file capabilities"
								 : NULL;
}

/* "#! /usr/bin/env python3" → "/usr/bin/env". */
static bool read_interpreter(int fd, char *ret_path, size_t room)
{
	char line[256];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
	if (n < 3 || line[0] != '#' || line[1] != '!') {
		return false;
	}
	line[n] = '\0';
	char *path = line + 2 + strspn(line + 2, " \t");
	path[strcspn(path, " \t\r\n")] = '\0';
	if (strlen(path) >= room) {
		return false;
	}
	strcpy(ret_path, path);
	return true;
}

const char *th_preload_obstacle(const char *path)
{
	char interpreter[256];
	for (int depth = 0; depth < INTERPRETERS_MAX; depth++) {
		char magic[SELFMAG];
		th_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			return NULL;
		}
		const char *why = check_rights(fd);
		if (why) {
			return why;
		}
		if (pread(fd, magic, SELFMAG, 0) == SELFMAG &&
			memcmp(magic, ELFMAG, SELFMAG) == 0) {
			return check_elf(fd);
		}
		if (!read_interpreter(fd, interpreter, sizeof(interpreter))) {
			return NULL;
		}
		path = interpreter;
	}
	return NULL;
}
