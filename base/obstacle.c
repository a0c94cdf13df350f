/* Sources: elf(5) (PT_INTERP: a program without it never meets the loader, but for the loader
 * itself), ld.so(8) on secure-execution mode, execve(2) on "#!" and on what set-user-ID means for a
 * script (nothing), capabilities(7). P31, P32.
 *
 * Left out: mounts with nosuid, other binary formats (binfmt_misc), musl's loader. */
#include "base/obstacle.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/sys.h"

#define INTERPRETERS_MAX 4 /* of one script, as the kernel has it */
#define SEGMENTS_MAX 128
#define LINE_MAX_BYTES 256

/* "/lib64/ld-linux-x86-64.so.2 ./agent": the loader has no loader, and preloads all the same. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld.so", 5) == 0;
}

static enum th_obstacle check_segments(int fd, const Elf64_Ehdr *h, const char *path)
{
	Elf64_Phdr p;
	for (unsigned i = 0; i < h->e_phnum && i < SEGMENTS_MAX; i++) {
		off_t at = (off_t)(h->e_phoff + (uint64_t)i * h->e_phentsize);
		if (th_sys_pread(fd, &p, sizeof(p), at) != (long)sizeof(p) ||
			p.p_type == PT_INTERP) {
			return TH_OBSTACLE_NONE;
		}
	}
	return is_loader(path) ? TH_OBSTACLE_NONE : TH_OBSTACLE_STATIC;
}

static enum th_obstacle check_elf(int fd, const char *path)
{
	Elf64_Ehdr own, h;
	if (th_sys_pread(fd, &h, sizeof(h), 0) != (long)sizeof(h)) {
		return TH_OBSTACLE_NONE;
	}
	if (h.e_ident[EI_CLASS] != ELFCLASS64) {
		return TH_OBSTACLE_32BIT;
	}
	int self = th_sys_open("/proc/self/exe", O_RDONLY, 0);
	long n = self < 0 ? 0 : th_sys_pread(self, &own, sizeof(own), 0);
	if (self >= 0) {
		th_sys_close(self);
	}
	if (n == (long)sizeof(own) && own.e_machine != h.e_machine) {
		return TH_OBSTACLE_MACHINE;
	}
	return check_segments(fd, &h, path);
}

/* Would it run with an id that is not its caller's real one? */
static enum th_obstacle check_rights(const struct stat *st)
{
	bool user = st->st_mode & S_ISUID && (long)st->st_uid != TH_SYS(SYS_getuid);
	bool group = (st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
		(long)st->st_gid != TH_SYS(SYS_getgid);
	bool allowed = TH_SYS(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
	return (user || group) && allowed ? TH_OBSTACLE_SET_USER : TH_OBSTACLE_NONE;
}

static bool has_capabilities(int fd)
{
	return TH_SYS(SYS_getuid) != 0 && TH_SYS(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
		TH_SYS(SYS_fgetxattr, fd, "security.capability", NULL, 0) > 0;
}

/* "#! /usr/bin/env python3" → "/usr/bin/env". */
static bool read_interpreter(int fd, char ret_path[LINE_MAX_BYTES])
{
	char line[LINE_MAX_BYTES];
	long n = th_sys_pread(fd, line, sizeof(line) - 1, 0);
	if (n < 3 || line[0] != '#' || line[1] != '!') {
		return false;
	}
	line[n] = '\0';
	char *path = line + 2 + strspn(line + 2, " \t");
	path[strcspn(path, " \t\r\n")] = '\0';
	memcpy(ret_path, path, strlen(path) + 1);
	return true;
}

/* A program that may be executed but not read is still one with rights of its own. */
static enum th_obstacle check_unreadable(int dir, const char *path)
{
	struct stat st;
	long r = TH_SYS(SYS_newfstatat, dir, path, &st, 0);
	return r < 0 || !S_ISREG(st.st_mode) ? TH_OBSTACLE_NONE : check_rights(&st);
}

/* Of the file itself; or false and its interpreter. */
static bool judge(
	int fd, const char *path, enum th_obstacle *ret_obstacle, char ret_next[LINE_MAX_BYTES])
{
	char magic[SELFMAG];
	struct stat st;
	*ret_obstacle = TH_OBSTACLE_NONE;
	if (th_sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		th_sys_pread(fd, magic, SELFMAG, 0) != SELFMAG) {
		return true;
	}
	if (memcmp(magic, ELFMAG, SELFMAG) != 0) {
		return !read_interpreter(fd, ret_next);
	}
	*ret_obstacle = check_rights(&st);
	if (*ret_obstacle == TH_OBSTACLE_NONE) {
		*ret_obstacle = has_capabilities(fd) ? TH_OBSTACLE_CAPABILITIES
						     : check_elf(fd, path);
	}
	return true;
}

enum th_obstacle th_obstacle_of(int dir, const char *path)
{
	char interpreter[LINE_MAX_BYTES];
	enum th_obstacle obstacle = TH_OBSTACLE_NONE;
	for (int depth = 0; depth <= INTERPRETERS_MAX; depth++) {
		/* Not blocking: a FIFO of that name would. */
		int fd = (int)TH_SYS(
			SYS_openat, dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
		if (fd < 0) {
			return check_unreadable(dir, path);
		}
		char next[LINE_MAX_BYTES];
		bool judged = judge(fd, path, &obstacle, next);
		th_sys_close(fd);
		if (judged) {
			return obstacle;
		}
		memcpy(interpreter, next, sizeof(interpreter));
		path = interpreter;
	}
	return TH_OBSTACLE_NONE;
}
