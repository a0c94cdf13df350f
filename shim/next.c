/* See next.h. The loader's list of objects is in its search order while nothing was loaded at run
 * time. What is not plain (an indirect function, an object without a GNU hash section, too many
 * objects) is left to dlsym(). */
#include "shim/next.h"

#include <string.h>

#include "base/lasting.h"

#define OBJECTS_MAX 512

static struct th_image *objects; /* base/lasting.h */
static size_t n_objects, n_walked;
static size_t behind;		    /* the first behind this library */
static bool plain;		    /* all behind it can be searched here */
static unsigned long long unloaded; /* how many objects had been by then */
static const struct th_image *own;

/* Objects without a dynamic section, as the vdso may be, define nothing that is hooked. */
static int note(struct dl_phdr_info *info, size_t size, void *most)
{
	struct th_image *image = &objects[n_objects];
	n_walked++;
	unloaded = info->dlpi_subs;
	if (n_objects == *(const size_t *)most) {
		plain = false;
		return 0;
	}
	if (!th_image_read(info, image)) {
		return 0;
	}
	n_objects++;
	if (own) {
		plain = plain && image->gnu_hash;
	} else if (th_image_holds(image, (uintptr_t)&objects)) {
		own = image;
		behind = n_objects;
	}
	return 0;
}

bool th_next_begin(void)
{
	n_objects = n_walked = 0;
	own = NULL;
	plain = true;
	struct th_out room = th_lasting_begin();
	size_t most = room.cap / sizeof(*objects);
	most = most < OBJECTS_MAX ? most : OBJECTS_MAX;
	objects = (void *)room.p;
	dl_iterate_phdr(note, &most);
	room.n = n_objects * sizeof(*objects);
	(void)th_lasting_end(&room);
	plain = plain && own && behind < n_objects;
	return plain;
}

bool th_next_find(const char *name, void **ret_function)
{
	uint32_t hash = th_image_hash(name);
	if (!plain) {
		return false;
	}
	for (size_t i = behind; i < n_objects; i++) {
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
	return true;
}

/* ---- past dlsym ---- */

struct search {
	const char *name;
	void *function;
	bool behind; /* this library was passed */
};

/* The C library gives its functions versions; who stands before one hardly does. */
static bool is_versioned(const struct th_image *image, const ElfW(Sym) * s)
{
	return !image->versions || (image->versions[s - image->symbols] & 0x7fff) > VER_NDX_GLOBAL;
}

static int look_behind(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;
	struct th_image image;
	if (!th_image_read(info, &image)) {
		return 0;
	}
	if (!search->behind) {
		search->behind = th_image_holds(&image, (uintptr_t)&objects);
		return 0;
	}
	const ElfW(Sym) *s = th_image_symbol(&image, search->name, th_image_hash(search->name));
	if (!s || ELF64_ST_TYPE(s->st_info) != STT_FUNC || !is_versioned(&image, s)) {
		return 0;
	}
	search->function = (void *)(image.bias + s->st_value);
	return 1;
}

void *th_next_libc(const char *name)
{
	struct search search = {.name = name};
	dl_iterate_phdr(look_behind, &search);
	return search.function;
}

/* ---- what there is ---- */

bool th_next_precedes(const void *address)
{
	for (size_t i = 0; own && i + 1 < behind; i++) {
		if (th_image_holds(&objects[i], (uintptr_t)address)) {
			return true;
		}
	}
	return false;
}

const char *th_next_own_file(void)
{
	return own && own->name[0] ? own->name : NULL;
}

const struct th_image *th_next_object(size_t i)
{
	return i < n_objects ? &objects[i] : NULL;
}

bool th_next_is_own(const struct th_image *image)
{
	return image == own;
}

size_t th_next_walked(void)
{
	return n_walked;
}

/* ---- whose an address is, and what its object calls ---- */

static int ask_unloaded(struct dl_phdr_info *info, size_t size, void *ret_n)
{
	*(unsigned long long *)ret_n = info->dlpi_subs;
	return 1;
}

const struct th_image *th_next_holder(const void *address)
{
	unsigned long long now = unloaded + 1;
	for (size_t i = 0; i < n_objects; i++) {
		if (th_image_holds(&objects[i], (uintptr_t)address)) {
			dl_iterate_phdr(ask_unloaded, &now);
			return now == unloaded ? &objects[i] : NULL;
		}
	}
	return NULL;
}

/* By the name of its file, as most are. */
static const struct th_image *needed(const char *name)
{
	for (size_t i = 0; i < n_objects; i++) {
		const char *slash = strrchr(objects[i].name, '/');
		if (strcmp(slash ? slash + 1 : objects[i].name, name) == 0) {
			return &objects[i];
		}
	}
	return NULL;
}

void *th_next_in_scope(const struct th_image *image, const char *name)
{
	struct th_function f;
	if (!image->gnu_hash || th_image_find(image, name, &f)) {
		return image->gnu_hash ? f.at : NULL;
	}
	for (const ElfW(Dyn) *d = image->dynamic; d->d_tag != DT_NULL; d++) {
		const struct th_image *other = d->d_tag == DT_NEEDED
			? needed(image->strings + d->d_un.d_val)
			: NULL;
		if (d->d_tag == DT_NEEDED && (!other || !other->gnu_hash || other == own)) {
			return NULL;
		}
		if (other && th_image_find(other, name, &f)) {
			return f.at;
		}
	}
	return NULL;
}
