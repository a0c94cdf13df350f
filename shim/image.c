/* See image.h. Addresses in the dynamic section are absolute where the loader has relocated it, as
 * glibc does on our targets, but for read-only ones (the vdso), whose addresses are too low. */
#include "shim/image.h"

#include <string.h>

#define PAGE 4096u
#define HIDDEN_VERSION 0x8000u

static const void *at(const struct th_image *image, const ElfW(Dyn) * d)
{
	uintptr_t p = d->d_un.d_ptr;
	return (const void *)(p < image->bias ? p + image->bias : p);
}

static void read_entry(struct th_image *image, const ElfW(Dyn) * d, bool *ret_runpath)
{
	switch (d->d_tag) {
	case DT_SYMTAB:
		image->symbols = at(image, d);
		break;
	case DT_STRTAB:
		image->strings = at(image, d);
		break;
	case DT_GNU_HASH:
		image->gnu_hash = at(image, d);
		break;
	case DT_VERSYM:
		image->versions = at(image, d);
		break;
	case DT_JMPREL:
		image->plt = at(image, d);
		break;
	case DT_PLTRELSZ:
		image->plt_n = d->d_un.d_val / sizeof(*image->plt);
		break;
	case DT_RELA:
		image->rela = at(image, d);
		break;
	case DT_RELASZ:
		image->rela_n = d->d_un.d_val / sizeof(*image->rela);
		break;
	case DT_RELACOUNT:
		image->relative_n = d->d_un.d_val;
		break;
	case DT_RPATH:
		image->rpath = true;
		break;
	case DT_RUNPATH:
		*ret_runpath = true;
		break;
	default:
		break;
	}
}

static void read_segments(struct th_image *image)
{
	for (size_t i = 0; i < image->phdrs; i++) {
		const ElfW(Phdr) *p = &image->phdr[i];
		uintptr_t start = image->bias + p->p_vaddr;
		if (p->p_type == PT_DYNAMIC) {
			image->dynamic = (const ElfW(Dyn) *)start;
		} else if (p->p_type == PT_GNU_RELRO) {
			image->relro = start & ~(uintptr_t)(PAGE - 1);
			image->relro_end = (start + p->p_memsz) & ~(uintptr_t)(PAGE - 1);
		}
	}
}

bool th_image_read(const struct dl_phdr_info *info, struct th_image *ret_image)
{
	struct th_image image = {.bias = info->dlpi_addr,
		.name = info->dlpi_name ? info->dlpi_name : "",
		.phdr = info->dlpi_phdr,
		.phdrs = info->dlpi_phnum};
	bool runpath = false;
	read_segments(&image);
	for (const ElfW(Dyn) *d = image.dynamic; d && d->d_tag != DT_NULL; d++) {
		read_entry(&image, d, &runpath);
	}
	if (!image.symbols || !image.strings) {
		return false;
	}
	image.rpath = image.rpath && !runpath;
	*ret_image = image;
	return true;
}

bool th_image_holds(const struct th_image *image, uintptr_t address)
{
	for (size_t i = 0; i < image->phdrs; i++) {
		const ElfW(Phdr) *p = &image->phdr[i];
		uintptr_t start = image->bias + p->p_vaddr;
		if (p->p_type == PT_LOAD && address >= start && address < start + p->p_memsz) {
			return true;
		}
	}
	return false;
}

/* ---- symbols: the GNU hash section, as the loader reads it ---- */

uint32_t th_image_hash(const char *name)
{
	uint32_t h = 5381;
	for (; *name; name++) {
		h = h * 33 + (unsigned char)*name;
	}
	return h;
}

static bool may_hold(const uint32_t *table, uint32_t h)
{
	const ElfW(Addr) *bloom = (const ElfW(Addr) *)(table + 4);
	unsigned bits = 8 * sizeof(*bloom);
	ElfW(Addr) word = bloom[(h / bits) & (table[2] - 1)]; /* a power of two */
	return (word >> (h % bits)) & (word >> ((h >> table[3]) % bits)) & 1;
}

/* Older versions of a function are hidden from who asks for none. */
static bool is_offered(const struct th_image *image, uint32_t i)
{
	return image->symbols[i].st_shndx != SHN_UNDEF &&
		!(image->versions && image->versions[i] & HIDDEN_VERSION);
}

const ElfW(Sym) * th_image_symbol(const struct th_image *image, const char *name, uint32_t hash)
{
	const uint32_t *table = image->gnu_hash;
	if (!table || table[0] == 0 || !may_hold(table, hash)) {
		return NULL;
	}
	uint32_t first = table[1];
	const uint32_t *buckets = table + 4 + table[2] * (sizeof(ElfW(Addr)) / sizeof(*table));
	const uint32_t *chain = buckets + table[0];
	uint32_t i = buckets[hash % table[0]];
	for (bool last = i < first; !last; i++) {
		const ElfW(Sym) *s = &image->symbols[i];
		if ((chain[i - first] | 1) == (hash | 1) && is_offered(image, i) &&
			strcmp(image->strings + s->st_name, name) == 0) {
			return s;
		}
		last = chain[i - first] & 1;
	}
	return NULL;
}

bool th_image_find(const struct th_image *image, const char *name, struct th_function *ret_function)
{
	const ElfW(Sym) *s = th_image_symbol(image, name, th_image_hash(name));
	if (!s || ELF64_ST_TYPE(s->st_info) != STT_FUNC) {
		return false;
	}
	ret_function->at = (void *)(image->bias + s->st_value);
	ret_function->size = s->st_size;
	return true;
}

/* ---- references, as the loader resolves them ---- */

static uint32_t which(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (name[0] == names[i][0] && strcmp(name, names[i]) == 0) {
			return 1u << i;
		}
	}
	return 0;
}

uint32_t th_image_calls(const struct th_image *image, const char *const *names, size_t n)
{
	const struct {
		const ElfW(Rela) * at;
		size_t begin, end;
	} tables[] = {
		{image->plt, 0, image->plt_n}, {image->rela, image->relative_n, image->rela_n}};
	uint32_t found = 0;
	for (size_t t = 0; t < 2; t++) {
		for (size_t i = tables[t].begin; tables[t].at && i < tables[t].end; i++) {
			const ElfW(Sym) *s = &image->symbols[ELF64_R_SYM(tables[t].at[i].r_info)];
			found |= s->st_shndx == SHN_UNDEF
				? which(image->strings + s->st_name, names, n)
				: 0;
		}
	}
	return found;
}
