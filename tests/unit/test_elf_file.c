#include "base/elf_file.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>

#include "tests/unit/guard.h"

/* A file with a loader, a loaded part that holds all of it, and two tables of symbols. */
struct file {
	Elf64_Ehdr head;
	Elf64_Phdr segments[3];
	Elf64_Shdr sections[4];
	Elf64_Sym exported[2], all[3];
	char names[24];
	char loader[16];
};

static Elf64_Sym function(unsigned name, unsigned section)
{
	return (Elf64_Sym){
		name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (Elf64_Half)section, 0x100, 10};
}

static Elf64_Shdr table(unsigned type, size_t offset, size_t n)
{
	return (Elf64_Shdr){.sh_type = type, .sh_link = 3, .sh_offset = offset, .sh_size = n};
}

static struct file make(void)
{
	struct file f = {.head = {.e_machine = EM_AARCH64,
				 .e_phoff = offsetof(struct file, segments),
				 .e_phentsize = sizeof(Elf64_Phdr),
				 .e_phnum = 3,
				 .e_shoff = offsetof(struct file, sections),
				 .e_shentsize = sizeof(Elf64_Shdr),
				 .e_shnum = 4}};
	memcpy(f.head.e_ident, ELFMAG, SELFMAG);
	f.head.e_ident[EI_CLASS] = ELFCLASS64;
	f.segments[0] = (Elf64_Phdr){.p_type = PT_INTERP,
		.p_offset = offsetof(struct file, loader),
		.p_filesz = sizeof(f.loader)};
	f.segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC};
	f.segments[2] = (Elf64_Phdr){.p_type = PT_LOAD, .p_filesz = sizeof(f)};
	f.sections[1] = table(SHT_DYNSYM, offsetof(struct file, exported), sizeof(f.exported));
	f.sections[2] = table(SHT_SYMTAB, offsetof(struct file, all), sizeof(f.all));
	f.sections[3] = table(SHT_STRTAB, offsetof(struct file, names), sizeof(f.names));
	memcpy(f.names, "\0read\0write", 12);
	memcpy(f.loader, "/lib/ld.so", 10);
	f.exported[0] = function(1, 1);
	f.exported[1] = function(6, SHN_UNDEF);
	f.all[2] = function(6, 1);
	return f;
}

static int read_cut(const struct file *f, size_t n, struct th_elf *ret_elf)
{
	return th_elf_read(th_guard((struct th_slice){(const uint8_t *)f, n}), ret_elf);
}

Test(elf_file, says_what_the_file_is)
{
	struct file f = make();
	struct th_elf elf;
	struct th_slice part;
	size_t at = 0;
	cr_assert_eq(read_cut(&f, sizeof(f), &elf), 0);
	cr_assert(elf.dynamic && elf.machine == EM_AARCH64);
	cr_assert(th_slice_eq(elf.loader, TH_SLICE_LIT("/lib/ld.so")));
	cr_assert(th_elf_defines(&elf.exported, "read"));
	cr_assert_not(th_elf_defines(&elf.exported, "write"), "it is only wanted");
	cr_assert(th_elf_defines(&elf.all, "write"));
	cr_assert_not(th_elf_defines(&elf.all, "read"));
	cr_assert(th_elf_next_loaded(&elf, &at, &part) && part.n == sizeof(f));
	cr_assert_not(th_elf_next_loaded(&elf, &at, &part));
}

Test(elf_file, other_files_are_none)
{
	struct th_elf elf;
	struct file f = make();
	f.head.e_ident[EI_CLASS] = ELFCLASS32;
	cr_assert_eq(read_cut(&f, sizeof(f), &elf), -ENOEXEC);
	cr_assert_eq(th_elf_read(TH_SLICE_LIT("#!/bin/sh\n"), &elf), -ENOEXEC);
	cr_assert_eq(th_elf_read((struct th_slice){NULL, 0}, &elf), -ENOEXEC);
}

Test(elf_file, a_file_that_is_cut_is_never_read_behind_its_end)
{
	struct file f = make();
	struct th_elf elf;
	struct th_slice part;
	for (size_t n = 0; n < sizeof(f); n++) {
		size_t at = 0;
		int r = read_cut(&f, n, &elf);
		cr_assert(r != 0 || n >= offsetof(struct file, loader), "%zu bytes", n);
		cr_assert(r != 0 || !th_elf_next_loaded(&elf, &at, &part), "%zu bytes", n);
	}
}

Test(elf_file, what_lies_outside_is_refused)
{
	struct th_elf elf;
	struct file f = make();
	f.sections[1].sh_offset = UINT64_MAX - 1;
	cr_assert_eq(read_cut(&f, sizeof(f), &elf), -EBADMSG);
	f = make();
	f.names[sizeof(f.names) - 1] = 'x';
	cr_assert_eq(read_cut(&f, sizeof(f), &elf), -EBADMSG, "names that do not end");
	f = make();
	f.all[2].st_name = sizeof(f.names);
	f.head.e_phoff = UINT64_MAX;
	cr_assert_eq(read_cut(&f, sizeof(f), &elf), 0);
	cr_assert_not(th_elf_defines(&elf.all, "write"), "a name outside is no name");
	cr_assert_not(elf.dynamic);
}
