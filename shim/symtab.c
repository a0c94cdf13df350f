/* See symtab.h. The file is mapped only when its section headers name a table; it cannot be written
 * while it runs (ETXTBSY). */
#include "shim/symtab.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/elf_file.h"
#include "base/pool.h"
#include "base/sys.h"

#define SECTIONS_MAX 256
#define ROWS_MAX (TH_POOL_LARGEST_BLOCK / sizeof(struct th_symtab_row))

static bool is_wanted(const char *name)
{
	static const char beginnings[][12] = {
		"SSL_", "X509", "BIO_", "ERR_", "ASN1_", "EVP_", "OPENSSL_", "d2i_", "i2d_"};
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* FNV-1a; 64 bits of it stand for the name among some thousands. */
static uint64_t hash(const char *name)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *name; name++) {
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	}
	return h;
}

/* The row of a symbol; false: not one to keep. */
static bool read_row(const struct th_elf_symbols *t, size_t i, struct th_symtab_row *ret_row)
{
	Elf64_Sym s;
	memcpy(&s, t->rows.p + i * sizeof(s), sizeof(s));
	const char *name = (const char *)t->names.p + s.st_name;
	if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF || s.st_size == 0 ||
		s.st_name >= t->names.n || !is_wanted(name)) {
		return false;
	}
	*ret_row = (struct th_symtab_row){hash(name), s.st_value, s.st_size};
	return true;
}

static size_t read_rows(const struct th_elf_symbols *t, struct th_symtab_row *rows, size_t cap)
{
	size_t n = 0;
	struct th_symtab_row row;
	for (size_t i = 0; i < t->rows.n / sizeof(Elf64_Sym); i++) {
		if (read_row(t, i, &row)) {
			if (n < cap) {
				rows[n] = row;
			}
			n++;
		}
	}
	return n;
}

int th_symtab_parse(struct th_slice file, struct th_symtab *ret_table)
{
	static const char sign[] = "\0SSL_read";
	struct th_elf elf;
	int r = th_elf_read(file, &elf);
	if (r < 0) {
		return r;
	}
	struct th_elf_symbols t = elf.all;
	if (t.names.n == 0 || !memmem(t.names.p, t.names.n, sign, sizeof(sign))) {
		return -ENOENT;
	}
	size_t n = read_rows(&t, NULL, 0);
	if (n == 0) {
		return -ENOENT;
	}
	struct th_symtab_row *rows = n <= ROWS_MAX ? th_pool_alloc(n * sizeof(*rows)) : NULL;
	if (!rows) {
		return -ENOMEM;
	}
	(void)read_rows(&t, rows, n);
	*ret_table = (struct th_symtab){.rows = rows, .n = n};
	return 0;
}

bool th_symtab_find(const struct th_symtab *t, const char *name, struct th_function *ret_function)
{
	uint64_t h = hash(name);
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].hash == h) {
			ret_function->at = (void *)(t->bias + t->rows[i].value);
			ret_function->size = t->rows[i].size;
			return true;
		}
	}
	return false;
}

/* ---- the program's own file ---- */

static bool is_elf(const Elf64_Ehdr *e)
{
	return memcmp(e->e_ident, ELFMAG, SELFMAG) == 0 && e->e_ident[EI_CLASS] == ELFCLASS64 &&
		e->e_shentsize == sizeof(Elf64_Shdr) && e->e_shnum <= SECTIONS_MAX;
}

static bool names_a_table(int fd)
{
	Elf64_Ehdr e;
	Elf64_Shdr s[SECTIONS_MAX];
	if (th_sys_pread(fd, &e, sizeof(e), 0) != sizeof(e) || !is_elf(&e)) {
		return false;
	}
	size_t n = e.e_shnum * sizeof(*s);
	if (th_sys_pread(fd, s, n, (off_t)e.e_shoff) != (long)n) {
		return false;
	}
	for (size_t i = 0; i < e.e_shnum; i++) {
		if (s[i].sh_type == SHT_SYMTAB) {
			return true;
		}
	}
	return false;
}

static int parse_mapped(int fd, struct th_symtab *ret_table)
{
	struct stat st;
	if (th_sys_fstat(fd, &st) < 0 || st.st_size <= 0) {
		return -ENOENT;
	}
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		return -ENOMEM;
	}
	int r = th_symtab_parse((struct th_slice){p, (size_t)st.st_size}, ret_table);
	munmap(p, (size_t)st.st_size);
	return r;
}

/* True also when that cannot be read. */
static bool may_name_a_table(const char *path)
{
	int fd = th_sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	bool may = fd < 0 || names_a_table(fd);
	if (fd >= 0) {
		th_sys_close(fd);
	}
	return may;
}

int th_symtab_of_program(const char *executed, struct th_symtab *ret_table)
{
	if (executed && !may_name_a_table(executed)) {
		return -ENOENT;
	}
	int fd = th_sys_open("/proc/self/exe", O_RDONLY, 0);
	if (fd < 0) {
		return fd;
	}
	int r = names_a_table(fd) ? parse_mapped(fd, ret_table) : -ENOENT;
	th_sys_close(fd);
	return r;
}
