/* See next.h. The loader's list of objects is in its search order while nothing was loaded at run
 * time. What is not plain (an indirect function, an object without a GNU hash section, too many
 * objects) is left to dlsym(). */
#include "shim/next.h"

#include "shim/image.h"

#define OBJECTS_MAX 96

static struct th_image objects[OBJECTS_MAX];
static size_t n_objects;
static const char *own_file;

struct walk {
	bool behind; /* this library was met */
	bool plain;
};

/* Objects without a dynamic section, as the vdso may be, define nothing that is hooked. */
static int note(struct dl_phdr_info *info, size_t size, void *data)
{
	struct walk *w = data;
	struct th_image image;
	if (!th_image_read(info, &image)) {
		return 0;
	}
	if (!w->behind) {
		w->behind = th_image_holds(&image, (uintptr_t)objects);
		own_file = w->behind && image.name[0] ? image.name : own_file;
		return 0;
	}
	w->plain = image.gnu_hash && n_objects < OBJECTS_MAX;
	if (w->plain) {
		objects[n_objects++] = image;
	}
	return !w->plain;
}

bool th_next_begin(void)
{
	struct walk w = {false, true};
	n_objects = 0;
	dl_iterate_phdr(note, &w);
	if (!w.plain) {
		n_objects = 0;
	}
	return n_objects > 0;
}

bool th_next_find(const char *name, void **ret_function)
{
	uint32_t hash = th_image_hash(name);
	for (size_t i = 0; i < n_objects; i++) {
		const ElfW(Sym) *s = th_image_symbol(&objects[i], name, hash);
		if (s && ELF64_ST_TYPE(s->st_info) != STT_FUNC) {
			return false;
		}
		if (s) {
			*ret_function = (void *)(objects[i].bias + s->st_value);
			return true;
		}
	}
	*ret_function = NULL;
	return n_objects > 0;
}

const char *th_next_own_file(void)
{
	return own_file;
}
