/* See elf_file.h. Tables are found by the section headers, which linkers and strip(1) leave in
 * place; a file without them has no tables. */
#include "base/elf_file.h"

#include <elf.h>
#include <errno.h>

#define SECTIONS_MAX 256
#define SEGMENTS_MAX 128

/* Part of the file; false: it lies outside. */
static bool part(struct th_slice file, uint64_t offset, uint64_t n, struct th_slice *ret_part)
{
	if (offset > file.n || n > file.n - offset) {
		return false;
	}
	*ret_part = (struct th_slice){file.p + offset, (size_t)n};
	return true;
}

/* ---- sections ---- */

static int read_symbols(struct th_slice file, struct th_slice headers, const Elf64_Shdr *section,
	struct th_elf_symbols *ret_symbols)
{
	Elf64_Shdr names;
	struct th_elf_symbols s;
	if (section->sh_link >= headers.n / sizeof(names)) {
		return 0; /* no names: no table to us */
	}
	memcpy(&names, headers.p + section->sh_link * sizeof(names), sizeof(names));
	if (!part(file, section->sh_offset, section->sh_size, &s.rows) ||
		!part(file, names.sh_offset, names.sh_size, &s.names) ||
		(s.names.n > 0 && s.names.p[s.names.n - 1] != 0)) {
		return -EBADMSG;
	}
	*ret_symbols = s;
	return 0;
}

static int read_sections(struct th_elf *elf, struct th_slice headers)
{
	int r = 0;
	Elf64_Shdr s;
	for (size_t i = 0; i < headers.n / sizeof(s) && r == 0; i++) {
		memcpy(&s, headers.p + i * sizeof(s), sizeof(s));
		if (s.sh_type == SHT_SYMTAB) {
			r = read_symbols(elf->file, headers, &s, &elf->all);
		} else if (s.sh_type == SHT_DYNSYM) {
			r = read_symbols(elf->file, headers, &s, &elf->exported);
		}
	}
	return r;
}

/* ---- segments ---- */

static bool read_segment(const struct th_elf *elf, size_t i, Elf64_Phdr *ret_segment)
{
	Elf64_Ehdr e;
	struct th_slice header;
	memcpy(&e, elf->file.p, sizeof(e));
	if (i >= e.e_phnum || i >= SEGMENTS_MAX || e.e_phentsize != sizeof(*ret_segment) ||
		e.e_phoff > elf->file.n ||
		!part(elf->file, e.e_phoff + i * sizeof(*ret_segment), sizeof(*ret_segment),
			&header)) {
		return false;
	}
	memcpy(ret_segment, header.p, sizeof(*ret_segment));
	return true;
}

static void read_segments(struct th_elf *elf)
{
	Elf64_Phdr p;
	for (size_t i = 0; read_segment(elf, i, &p); i++) {
		elf->dynamic |= p.p_type == PT_DYNAMIC;
		if (p.p_type == PT_INTERP &&
			part(elf->file, p.p_offset, p.p_filesz, &elf->loader)) {
			elf->loader.n = strnlen((const char *)elf->loader.p, elf->loader.n);
		}
	}
}

bool th_elf_next_loaded(const struct th_elf *elf, size_t *at, struct th_slice *ret_part)
{
	Elf64_Phdr p;
	while (read_segment(elf, *at, &p)) {
		++*at;
		if (p.p_type == PT_LOAD && part(elf->file, p.p_offset, p.p_filesz, ret_part)) {
			return true;
		}
	}
	return false;
}

/* ---- */

int th_elf_read(struct th_slice file, struct th_elf *ret_elf)
{
	Elf64_Ehdr e;
	struct th_slice headers = {NULL, 0};
	struct th_elf elf = {.file = file};
	if (file.n < sizeof(e) || memcmp(file.p, ELFMAG, SELFMAG) != 0 ||
		file.p[EI_CLASS] != ELFCLASS64) {
		return -ENOEXEC;
	}
	memcpy(&e, file.p, sizeof(e));
	if (e.e_shnum > 0 &&
		(e.e_shentsize != sizeof(Elf64_Shdr) || e.e_shnum > SECTIONS_MAX ||
			!part(file, e.e_shoff, e.e_shnum * sizeof(Elf64_Shdr), &headers))) {
		return -EBADMSG;
	}
	elf.machine = e.e_machine;
	int r = read_sections(&elf, headers);
	if (r < 0) {
		return r;
	}
	read_segments(&elf);
	*ret_elf = elf;
	return 0;
}

bool th_elf_defines(const struct th_elf_symbols *symbols, const char *name)
{
	Elf64_Sym s;
	for (size_t i = 0; i < symbols->rows.n / sizeof(s); i++) {
		memcpy(&s, symbols->rows.p + i * sizeof(s), sizeof(s));
		if (ELF64_ST_TYPE(s.st_info) == STT_FUNC && s.st_shndx != SHN_UNDEF &&
			s.st_name < symbols->names.n &&
			strcmp((const char *)symbols->names.p + s.st_name, name) == 0) {
			return true;
		}
	}
	return false;
}
