/* See rebind.h.
 *
 * Entries that the loader has made read-only (RELRO) are made writable for the moment: they are
 * data, and other threads only read them. An entry is one aligned word, so that a thread that
 * calls meanwhile gets one or the other. One that is not bound yet (lazy binding) leads to the hook
 * at once. dl_iterate_phdr() keeps the loader's lock, so that nothing is unloaded under us and no
 * two threads do this at once; within it nothing is called that could want another of its locks.
 *
 * Left out: pointers to functions in a library's own data (R_X86_64_64): the program may have
 * changed them since. */
#include "shim/rebind.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "shim/image.h"
#include "shim/log.h"
#include "shim/next.h"
#include "shim/slot.h"

#define PAGE 4096u

#if defined(__x86_64__)
#define TYPE_JUMP_SLOT R_X86_64_JUMP_SLOT
#define TYPE_GLOB_DAT R_X86_64_GLOB_DAT
#elif defined(__aarch64__)
#define TYPE_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define TYPE_GLOB_DAT R_AARCH64_GLOB_DAT
#endif

static size_t at_start; /* objects; they are never unloaded, and later ones come behind them */

struct walk {
	size_t left; /* to be skipped */
	long rebound;
};

/* ---- one entry ---- */

static void point(const struct th_image *image, void *_Atomic *entry, void *hook)
{
	uintptr_t page = (uintptr_t)entry & ~(uintptr_t)(PAGE - 1);
	bool sealed = page >= image->relro && page < image->relro_end;
	if (sealed && mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) < 0) {
		th_log("a library loaded RTLD_DEEPBIND cannot be followed", image->name, errno);
		return;
	}
	atomic_store_explicit(entry, hook, memory_order_release);
	if (sealed) {
		mprotect((void *)page, PAGE, PROT_READ);
	}
}

static long rebind_one(const struct th_image *image, const ElfW(Rela) * r)
{
	unsigned type = ELF64_R_TYPE(r->r_info);
	if (type != TYPE_JUMP_SLOT && type != TYPE_GLOB_DAT) {
		return 0;
	}
	const ElfW(Sym) *symbol = &image->symbols[ELF64_R_SYM(r->r_info)];
	struct th_slot *s = th_slot_named(image->strings + symbol->st_name);
	void *_Atomic *entry = (void *_Atomic *)(image->bias + r->r_offset);
	if (!s || atomic_load_explicit(entry, memory_order_relaxed) == th_slot_hook(s)) {
		return 0;
	}
	point(image, entry, th_slot_hook(s));
	return 1;
}

/* ---- all of them ---- */

void th_rebind_begin(void)
{
	at_start = th_next_walked();
}

static int rebind_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct walk *w = data;
	struct th_image image;
	if (w->left > 0) {
		w->left--;
		return 0;
	}
	if (th_image_read(info, &image)) {
		for (size_t i = 0; i < image.plt_n; i++) {
			w->rebound += rebind_one(&image, &image.plt[i]);
		}
		for (size_t i = 0; i < image.rela_n; i++) {
			w->rebound += rebind_one(&image, &image.rela[i]);
		}
	}
	return 0;
}

void th_rebind_loaded(void)
{
	struct walk w = {.left = at_start};
	dl_iterate_phdr(rebind_object, &w);
	th_log("bindings led to the hooks", NULL, w.rebound);
}
