#include "tools/preload_check.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static const char *check(const void *bytes, size_t n)
{
	strcpy(path, "/tmp/th-preload-XXXXXX");
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
	const char *why = th_preload_obstacle(path);
	unlink(path);
	return why;
}

static const char *check_text(const char *text)
{
	return check(text, strlen(text));
}

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
};

static struct image image_like_own(uint32_t segment_type)
{
	struct image m = {0};
	int fd = open("/proc/self/exe", O_RDONLY);
	cr_assert_eq(read(fd, &m.header, sizeof(m.header)), (ssize_t)sizeof(m.header));
	close(fd);
	m.header.e_phoff = offsetof(struct image, segments);
	m.header.e_phnum = 2;
	m.header.e_phentsize = sizeof(Elf64_Phdr);
	m.segments[0].p_type = PT_LOAD;
	m.segments[1].p_type = segment_type;
	return m;
}

Test(preload_check, dynamic_programs_are_fine_static_ones_are_not)
{
	struct image m = image_like_own(PT_INTERP);
	cr_assert_null(check(&m, sizeof(m)));
	m = image_like_own(PT_NOTE);
	cr_assert_str_eq(check(&m, sizeof(m)), "it is linked statically");
	cr_assert_null(th_preload_obstacle("/proc/self/exe"));
}

Test(preload_check, other_machines)
{
	struct image m = image_like_own(PT_INTERP);
	m.header.e_machine = EM_MIPS;
	cr_assert_str_eq(check(&m, sizeof(m)), "it is for another processor");
	m.header.e_ident[EI_CLASS] = ELFCLASS32;
	cr_assert_str_eq(check(&m, sizeof(m)), "it is a 32-bit program");
}

Test(preload_check, scripts_are_judged_by_their_interpreter)
{
	struct image m = image_like_own(PT_NOTE);
	char interpreter[] = "/tmp/th-interpreter-XXXXXX", text[128];
	int fd = mkstemp(interpreter);
	cr_assert_eq(write(fd, &m, sizeof(m)), (ssize_t)sizeof(m));
	close(fd);
	snprintf(text, sizeof(text), "#! %s -x\n", interpreter);
	cr_assert_str_eq(check_text(text), "it is linked statically");
	unlink(interpreter);
	cr_assert_null(check_text("#!/bin/sh\n"));
}

/* What cannot be judged is left to the attempt. */
Test(preload_check, damaged_and_missing_files)
{
	struct image m = image_like_own(PT_NOTE);
	cr_assert_null(th_preload_obstacle("/no/such/file"));
	cr_assert_null(check_text(""));
	cr_assert_null(check_text("#!"));
	cr_assert_null(check_text("#!/no/such/interpreter\n"));
	cr_assert_null(check_text("echo hello\n"));
	for (size_t n = 0; n < sizeof(m); n++) {
		cr_assert_null(check(&m, n), "%zu", n);
	}
}
