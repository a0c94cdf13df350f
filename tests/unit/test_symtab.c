#include "shim/symtab.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>

#include "tests/unit/guard.h"

/* A file with three sections: none, the symbols, their names. */
struct file {
	Elf64_Ehdr head;
	Elf64_Shdr sections[3];
	Elf64_Sym symbols[4];
	char names[64];
};

static struct file make(void)
{
	struct file f = {.head = {.e_shoff = offsetof(struct file, sections),
				 .e_shentsize = sizeof(Elf64_Shdr),
				 .e_shnum = 3}};
	memcpy(f.head.e_ident, ELFMAG, SELFMAG);
	f.head.e_ident[EI_CLASS] = ELFCLASS64;
	f.sections[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
		.sh_link = 2,
		.sh_offset = offsetof(struct file, symbols),
		.sh_size = sizeof(f.symbols)};
	f.sections[2] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct file, names),
		.sh_size = sizeof(f.names)};
	memcpy(f.names, "\0SSL_read\0main\0SSL_write", 24);
	f.symbols[1] = (Elf64_Sym){1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x100, 10};
	f.symbols[2] = (Elf64_Sym){10, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x200, 20};
	f.symbols[3] = (Elf64_Sym){15, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 1, 0x300, 30};
	return f;
}

static int parse(const struct file *f, size_t n, struct th_symtab *ret_table)
{
	return th_symtab_parse(th_guard((struct th_slice){(const uint8_t *)f, n}), ret_table);
}

Test(symtab, keeps_the_functions_of_tls_libraries)
{
	struct file f = make();
	struct th_symtab t;
	struct th_function function;
	cr_assert_eq(parse(&f, sizeof(f), &t), 0);
	cr_assert_eq(t.n, 2);
	t.bias = 0x1000;
	cr_assert(th_symtab_find(&t, "SSL_write", &function));
	cr_assert(function.at == (void *)0x1300 && function.size == 30);
	cr_assert_not(th_symtab_find(&t, "main", &function));
	cr_assert_not(th_symtab_find(&t, "SSL_peek", &function));
}

Test(symtab, a_file_that_is_cut_is_refused)
{
	struct file f = make();
	struct th_symtab t;
	for (size_t n = 0; n < sizeof(f); n++) {
		cr_assert_eq(
			parse(&f, n, &t), n < sizeof(f.head) ? -ENOEXEC : -EBADMSG, "%zu bytes", n);
	}
}

Test(symtab, offsets_and_names_that_lead_outside_are_refused)
{
	struct th_symtab t;
	struct file f = make();
	f.sections[1].sh_offset = UINT64_MAX - 1;
	cr_assert_eq(parse(&f, sizeof(f), &t), -EBADMSG);
	f = make();
	f.sections[1].sh_size = UINT64_MAX;
	cr_assert_eq(parse(&f, sizeof(f), &t), -EBADMSG);
	f = make();
	f.sections[1].sh_link = 3;
	cr_assert_eq(parse(&f, sizeof(f), &t), -ENOENT, "no names");
	f = make();
	f.symbols[3].st_name = sizeof(f.names);
	cr_assert_eq(parse(&f, sizeof(f), &t), 0);
	cr_assert_eq(t.n, 1, "a name outside is no name");
	f = make();
	f.names[sizeof(f.names) - 1] = 'x';
	cr_assert_eq(parse(&f, sizeof(f), &t), -EBADMSG, "names that do not end");
}

Test(symtab, other_programs_have_none)
{
	struct th_symtab t;
	struct file f = make();
	f.names[3] = 'x';
	cr_assert_eq(parse(&f, sizeof(f), &t), -ENOENT);
	f = make();
	f.sections[1].sh_type = SHT_NOTE;
	cr_assert_eq(parse(&f, sizeof(f), &t), -ENOENT);
	static const char *const paths[] = {NULL, "/proc/self/exe", "/dev/null", "/nowhere"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		cr_assert_eq(th_symtab_of_program(paths[i], &t), -ENOENT,
			"this program has no TLS library inside");
	}
}
