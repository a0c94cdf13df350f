/* Binding; see slot.h for the idea.
 *
 * No lock anywhere (P9): a look-up is idempotent, and its answer is published with one release
 * store. Two threads may look up the same site at once and both keep it; that costs an entry.
 *
 * Left out: a caller that jumped instead of calling (P3) is taken for the function it was called
 * from, which usually lives in the same object; and a pointer that the program got from dlsym() on
 * a handle comes through a door that says which library is meant (entry.h). */
#include "shim/slot.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <string.h>

#include "shim/entry.h"
#include "shim/inside.h"
#include "shim/log.h"
#include "shim/next.h"

#define NEAR_SITES 64  /* on a page or two; a program has a few dozen */
#define FAR_SITES 2048 /* where near there is no room; when full, look-ups are made anew */
#define SITE_PROBES 16
#define OBJECTS_MAX 512 /* looked through as a last resort */

extern struct th_slot __start_th_slots[], __stop_th_slots[];

struct site_entry {
	_Atomic(const void *) caller; /* claims the entry */
	_Atomic(const void *) callee; /* publishes it: the slot, or the door's entry */
	struct th_site site;
};

static struct site_entry near_sites[NEAR_SITES], far_sites[FAR_SITES];
static struct th_library libraries[TH_LIBRARIES_MAX];

/* Stand-ins for a function that cannot be found. Called with any arguments: the calling
 * conventions of our targets let the caller clear the stack. */
static long missing_null(void)
{
	errno = ENOSYS;
	return 0; /* a pointer: NULL; a call of OpenSSL: failed */
}

static long missing_minus_one(void)
{
	errno = ENOSYS;
	return -1;
}

static long missing_curl(void)
{
	errno = ENOSYS;
	return 4; /* CURLE_NOT_BUILT_IN, CURLM_INTERNAL_ERROR; -1 says "once more" there */
}

static bool is_of(const struct th_slot *s, const char *library)
{
	return s->scope == TH_SLOT_LIB && strncmp(s->name, library, strlen(library)) == 0;
}

static void *missing(const struct th_slot *s)
{
	if (s->returns_pointer) {
		return (void *)missing_null;
	}
	if (is_of(s, "curl_")) {
		return (void *)missing_curl;
	}
	bool zero_is_success = s->scope != TH_SLOT_LIB || is_of(s, "gnutls_");
	return zero_is_success ? (void *)missing_minus_one : (void *)missing_null;
}

/* ---- the loader ---- */

typedef void *dlsym_fn(void *, const char *);
typedef void *dlvsym_fn(void *, const char *, const char *);
typedef void *dlopen_fn(const char *, int);

/* dlsym() is hooked, and so is dlvsym(): their own names lead to us. */
static dlsym_fn *real_dlsym(void)
{
	static _Atomic(dlsym_fn *) kept;
	dlsym_fn *f = atomic_load_explicit(&kept, memory_order_acquire);
	if (!f) {
		f = (dlsym_fn *)th_next_libc("dlsym");
		atomic_store_explicit(&kept, f, memory_order_release);
	}
	return f;
}

void *th_slot_symbol(void *handle, const char *name)
{
	dlsym_fn *f = real_dlsym();
	return f ? f(handle, name) : NULL;
}

void *th_slot_symbol_of(void *handle, const char *name, const char *version)
{
	static _Atomic(dlvsym_fn *) kept;
	dlvsym_fn *f = atomic_load_explicit(&kept, memory_order_acquire);
	if (!f) {
		f = (dlvsym_fn *)th_slot_symbol(RTLD_NEXT, "dlvsym");
		atomic_store_explicit(&kept, f, memory_order_release);
	}
	return f ? f(handle, name, version) : NULL;
}

void *th_slot_load(const char *file, int mode)
{
	static _Atomic(dlopen_fn *) kept;
	dlopen_fn *f = atomic_load_explicit(&kept, memory_order_acquire);
	if (!f) {
		f = (dlopen_fn *)th_slot_symbol(RTLD_NEXT, "dlopen");
		atomic_store_explicit(&kept, f, memory_order_release);
	}
	return f ? f(file, mode) : NULL;
}

/* ---- the C library ---- */

void *th_slot_find(struct th_slot *s)
{
	int saved = errno;
	void *p = NULL;
	if (!th_next_find(s->name, &p)) {
		p = th_slot_symbol(RTLD_NEXT, s->name);
		p = p == th_slot_hook(s) ? NULL : p;
	}
	errno = saved;
	if (!p) {
		return missing(s);
	}
	atomic_store_explicit(&s->real, p, memory_order_release);
	return p;
}

void th_slot_begin(void)
{
	if (th_next_begin()) {
		return;
	}
	for (struct th_slot *s = __start_th_slots; s < __stop_th_slots; s++) {
		if (s->scope == TH_SLOT_LIBC) {
			(void)th_slot_find(s);
		}
	}
}

/* ---- libraries ---- */

/* Which of the loaded objects an address is in. dladdr() looks for the symbol, too, through all
 * that the object has: 20 us for a library of some size, and a call site asks seven times. */
struct object {
	uintptr_t address;
	uintptr_t base;		      /* of its first segment; 0: in none */
	const char *name;	      /* as dlopen() takes it; "": the program */
	const struct th_image *image; /* the program was started with it; NULL */
};

static int take_holder(struct dl_phdr_info *info, size_t size, void *data)
{
	struct object *o = data;
	uintptr_t base = 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + h->p_vaddr;
		if (h->p_type != PT_LOAD) {
			continue;
		}
		base = base ? base : from;
		if (o->address >= from && o->address - from < h->p_memsz) {
			o->base = base;
			o->name = info->dlpi_name ? info->dlpi_name : "";
			return 1;
		}
	}
	return 0;
}

static uintptr_t base_of(const struct th_image *image)
{
	size_t i = 0;
	while (image->phdr[i].p_type != PT_LOAD) {
		i++;
	}
	return image->bias + image->phdr[i].p_vaddr;
}

/* What a program is started with stays, and is known without a walk through all objects. */
static struct object object_of(const void *address)
{
	struct object o = {(uintptr_t)address, 0, "", th_next_holder(address)};
	if (o.image) {
		o.base = base_of(o.image);
		o.name = o.image->name;
	} else {
		dl_iterate_phdr(take_holder, &o);
	}
	return o;
}

/* Of the linker: where this library begins and ends in memory. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

static uintptr_t own_object(void)
{
	return (uintptr_t)__ehdr_start;
}

static bool is_own(const void *p)
{
	return (const char *)p >= __ehdr_start && (const char *)p < _end;
}

/* `name` in the scope of a loaded object; NULL: none, or only ours. */
static void *symbol_in(const char *object, const char *name)
{
	void *handle = th_slot_load(object, RTLD_NOLOAD | RTLD_LAZY);
	if (!handle) {
		return NULL;
	}
	void *p = th_slot_symbol(handle, name);
	dlclose(handle);
	return p && !is_own(p) ? p : NULL;
}

struct nth_object {
	size_t left;
	char name[PATH_MAX];
};

static int take_nth(struct dl_phdr_info *info, size_t size, void *data)
{
	struct nth_object *nth = data;
	if (nth->left-- > 0) {
		return 0;
	}
	strncpy(nth->name, info->dlpi_name ? info->dlpi_name : "", sizeof(nth->name) - 1);
	return 1;
}

/* One object at a time: dlopen() within the callback could deadlock on the loader's locks. */
static void *symbol_anywhere(const char *name)
{
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		struct nth_object nth = {.left = i};
		if (!dl_iterate_phdr(take_nth, &nth)) {
			return NULL;
		}
		void *p = nth.name[0] ? symbol_in(nth.name, name) : NULL;
		if (p) {
			return p;
		}
	}
	return NULL;
}

/* What follows this library, in what the program was started with or in what was added since. */
static void *symbol_behind(const char *name)
{
	void *p = NULL;
	return th_next_find(name, &p) && p ? p : th_slot_symbol(RTLD_NEXT, name);
}

static void *find(const char *name, const struct object *from)
{
	void *p = NULL;
	if (from->name[0] && from->base != own_object()) {
		p = from->image ? th_next_in_scope(from->image, name) : NULL;
		p = p ? p : symbol_in(from->name, name);
	}
	p = p ? p : symbol_behind(name);
	return p && !is_own(p) ? p : symbol_anywhere(name);
}

/* The entry of the object at `base`, made at need: two threads that meet it at once get the same.
 */
static struct th_library *library_at(uintptr_t base)
{
	for (size_t i = 0; i < TH_LIBRARIES_MAX; i++) {
		uintptr_t there = 0;
		if (atomic_compare_exchange_strong(&libraries[i].base, &there, base) ||
			there == base) {
			return &libraries[i];
		}
	}
	return NULL;
}

/* Each thread that finds the library not yet pinned pins it: the handle is the same. */
static void *pin(struct th_library *lib, const char *name)
{
	void *handle = atomic_load_explicit(&lib->handle, memory_order_acquire);
	if (!handle) {
		handle = th_slot_load(name, RTLD_NOLOAD | RTLD_LAZY | RTLD_NODELETE);
		atomic_store_explicit(&lib->handle, handle, memory_order_release);
	}
	return handle;
}

static const struct th_library *library_of(const struct object *o)
{
	struct th_library *lib = o->base ? library_at(o->base) : NULL;
	if (lib && o->image) {
		lib->image = o->image;
	} else if (lib) {
		(void)pin(lib, o->name);
	}
	return lib;
}

const struct th_library *th_library_of(const void *p)
{
	struct object o = object_of(p);
	return library_of(&o);
}

const struct th_library *th_library_inside(const void *p, const struct th_inside *inside)
{
	const struct th_library *lib = th_library_of(p);
	if (lib) {
		libraries[th_library_index(lib)].inside = inside;
	}
	return lib;
}

size_t th_library_index(const struct th_library *lib)
{
	return (size_t)(lib - libraries);
}

void *th_library_symbol(const struct th_library *lib, const char *name)
{
	if (lib->inside) {
		return th_inside_symbol(lib->inside, name);
	}
	void *p = lib->image ? th_next_in_scope(lib->image, name) : NULL;
	if (p) {
		return p;
	}
	int saved = errno;
	void *handle = pin(&libraries[th_library_index(lib)], lib->image ? lib->image->name : "");
	p = handle ? th_slot_symbol(handle, name) : NULL;
	if (p && is_own(p)) {
		p = NULL;
	}
	errno = saved;
	return p;
}

/* Two threads may both do this: they store the same. */
static int look_up(
	const char (*names)[TH_FUNCTION_NAME_MAX], const struct th_library *lib, void *ret_at[])
{
	for (size_t i = 0; names[i][0]; i++) {
		ret_at[i] = th_library_symbol(lib, names[i]);
		if (!ret_at[i]) {
			th_log("a library cannot be followed: it lacks", names[i], 0);
			return -1;
		}
	}
	return 1;
}

const void *th_library_functions(struct th_functions *functions,
	const char (*names)[TH_FUNCTION_NAME_MAX], const struct th_library *lib)
{
	if (!lib) {
		return NULL;
	}
	size_t i = th_library_index(lib);
	int state = atomic_load_explicit(&functions->of[i].state, memory_order_acquire);
	if (state == 0) {
		state = look_up(names, lib, functions->of[i].at);
		atomic_store_explicit(&functions->of[i].state, state, memory_order_release);
	}
	return state > 0 ? functions->of[i].at : NULL;
}

/* ---- call sites ---- */

static struct th_site make_site(
	const struct th_slot *s, const struct th_entry *entry, const void *caller)
{
	int saved = errno;
	struct th_site site = {.real = missing(s)};
	const struct object from = object_of(caller);
	void *target = entry ? entry->target : find(s->name, &from);
	if (target) {
		const struct object of = object_of(target);
		entry = entry ? entry : th_entry_over(target);
		site.real = entry ? entry->real : target;
		site.lib = entry ? entry->lib : library_of(&of);
		site.inside = entry && entry->end > 0;
		site.own = from.base == own_object();
		site.application = !site.own && (site.inside || from.base != of.base);
	}
	errno = saved;
	return site;
}

static bool keep_in(struct site_entry *sites, size_t n, size_t at, const void *callee,
	const void *caller, const struct th_site *site)
{
	for (size_t i = 0; i < SITE_PROBES; i++) {
		struct site_entry *e = &sites[(at + i) % n];
		const void *nobody = NULL;
		if (atomic_compare_exchange_strong(&e->caller, &nobody, caller)) {
			e->site = *site;
			atomic_store_explicit(&e->callee, callee, memory_order_release);
			return true;
		}
	}
	return false;
}

/* NULL: it is not there. Who finds a free place tells so. */
static const struct site_entry *look_in(const struct site_entry *sites, size_t n, size_t at,
	const void *callee, const void *caller, bool *ret_room)
{
	for (size_t i = 0; i < SITE_PROBES; i++) {
		const struct site_entry *e = &sites[(at + i) % n];
		const void *here = atomic_load_explicit(&e->caller, memory_order_relaxed);
		if (!here) {
			*ret_room = true;
			return NULL;
		}
		if (here == caller &&
			atomic_load_explicit(&e->callee, memory_order_acquire) == callee) {
			return e;
		}
	}
	*ret_room = false;
	return NULL;
}

static inline size_t place_of(const void *callee, const void *caller)
{
	uintptr_t mix = ((uintptr_t)caller >> 2) ^ ((uintptr_t)callee >> 3);
	return (mix * 0x9e3779b97f4a7c15u) >> 32;
}

static __attribute__((noinline)) struct th_site look_for_site(
	struct th_slot *s, const struct th_entry *entry, const void *caller)
{
	const void *callee = entry ? (const void *)entry : s;
	const size_t at = place_of(callee, caller);
	bool near = true;
	const struct site_entry *e = look_in(near_sites, NEAR_SITES, at, callee, caller, &near);
	if (!e && !near) {
		bool room;
		e = look_in(far_sites, FAR_SITES, at, callee, caller, &room);
	}
	if (e) {
		return e->site;
	}
	struct th_site site = make_site(s, entry, caller);
	/* A miss may find its library loaded later. */
	if (site.lib && !keep_in(near_sites, NEAR_SITES, at, callee, caller, &site)) {
		(void)keep_in(far_sites, FAR_SITES, at, callee, caller, &site);
	}
	return site;
}

struct th_site th_slot_site(struct th_slot *s, const void *caller)
{
	const struct th_entry *entry = th_entry_take(s);
	const void *callee = entry ? (const void *)entry : s;
	const struct site_entry *e = &near_sites[place_of(callee, caller) % NEAR_SITES];
	if (atomic_load_explicit(&e->caller, memory_order_relaxed) == caller &&
		atomic_load_explicit(&e->callee, memory_order_acquire) == callee) {
		return e->site; /* as each but the first time */
	}
	return look_for_site(s, entry, caller);
}
