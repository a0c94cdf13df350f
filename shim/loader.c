/* See loader.h.
 *
 * dlopen with RTLD_DEEPBIND: as soon as the library is there its bindings are led to the hooks
 * (rebind.h). The moment after dlopen() is ours only when we make the call, and then the loader
 * takes us for the one who asks. That is the same where the library is given as a path, and nobody
 * has a DT_RPATH that would be inherited by it. Otherwise the bindings are led when the agent asks
 * for the library's first symbol. Clearing the flag, which is simpler, would change which
 * libraries the agent runs on: programs set it because two of them clash.
 *
 * dlsym on a handle: gives the hook, of the C library's functions; a door to the hook, of others
 * (entry.h). Patching the functions would spare the answer, but not the question: only dlsym()
 * tells that somebody goes past the hooks, and patching what everybody else reaches through them
 * would be a risk for nothing. RTLD_DEFAULT finds the hooks by itself, RTLD_NEXT is asked by those
 * who stand before a function as we do; and so may be an object that has a function of that name.
 *
 * dlvsym asks for a version, which no function of ours has: the hooks are not found whatever the
 * handle is, RTLD_DEFAULT and RTLD_NEXT included.
 *
 * dlmopen: in a namespace of its own a library has another C library, which no hook stands before,
 * and whose errno no hook could set. A recording says that it was loaded; a replay cannot keep it
 * from the network, and does not let it be loaded.
 *
 * Left out: what a library does in its constructors, before it is led; a version of a function of
 * the C library that is another function than the one which new programs get (posix_spawn). */
#include "shim/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "recorder/emit.h"
#include "shim/arm.h"
#include "shim/entry.h"
#include "shim/hook.h"
#include "shim/image.h"
#include "shim/log.h"
#include "shim/next.h"
#include "shim/rebind.h"

static const struct th_loader_answer not_ours = {NULL, false};

static _Atomic bool due; /* something was loaded whose bindings are still to be led */

static void lead_what_is_due(void)
{
	if (atomic_exchange(&due, false)) {
		th_rebind_loaded();
	}
}

/* ---- dlopen ---- */

static int has_rpath(struct dl_phdr_info *info, size_t size, void *data)
{
	struct th_image image;
	return th_image_read(info, &image) && image.rpath;
}

static bool same_for_any_caller(const char *file)
{
	return file[0] == '/' && !strchr(file, '$') && !dl_iterate_phdr(has_rpath, NULL);
}

static struct th_loader_answer open_deep(const char *file, int mode)
{
	atomic_store(&due, true);
	if (!same_for_any_caller(file)) {
		return not_ours;
	}
	struct th_loader_answer answer = {th_slot_load(file, mode), true};
	int saved = errno;
	lead_what_is_due();
	errno = saved;
	return answer;
}

struct th_loader_answer th_loader_open(
	const char *file, int mode, const void *unused, const void *caller)
{
	if (th_arm_is(TH_ARM_PASS)) {
		return not_ours;
	}
	int saved = errno;
	lead_what_is_due();
	errno = saved;
	return file && (mode & RTLD_DEEPBIND) ? open_deep(file, mode) : not_ours;
}

/* The loader itself says that there is no such file, so that dlerror() has something to say. */
static struct th_loader_answer refuse(long space, const char *file)
{
	th_log("a namespace of its own was refused to", file, 0);
	void *(*load)(Lmid_t, const char *,
		int) = (void *(*)(Lmid_t, const char *, int))th_slot_symbol(RTLD_NEXT, "dlmopen");
	if (load) {
		(void)load(space, "/tracehook: a replay has no namespaces", RTLD_LAZY);
	}
	return (struct th_loader_answer){NULL, true};
}

struct th_loader_answer th_loader_open_apart(
	long space, const char *file, unsigned long mode, const void *caller)
{
	if (space == LM_ID_BASE) {
		return th_loader_open(file, (int)mode, NULL, caller);
	}
	if (th_arm_closed()) {
		return refuse(space, file);
	}
	TH_RECORD(true, th_emit_lost(1, 0, "a library was loaded into a namespace of its own"));
	return not_ours;
}

/* ---- dlsym ---- */

struct definition {
	uintptr_t address; /* within the object that is asked about */
	const char *name;
	bool found;
};

static int defines(struct dl_phdr_info *info, size_t size, void *data)
{
	struct definition *d = data;
	struct th_image image;
	if (!th_image_read(info, &image) || !th_image_holds(&image, d->address)) {
		return 0;
	}
	struct th_function function;
	d->found = th_image_find(&image, d->name, &function);
	return 1;
}

/* Is the caller itself one who stands before a function of that name? */
static bool interposes(const void *caller, const char *name)
{
	struct definition d = {(uintptr_t)caller, name, false};
	dl_iterate_phdr(defines, &d);
	return d.found;
}

/* What to give in the place of `p`, which the agent would get; NULL: nothing. */
static void *in_place_of(void *p, struct th_slot *s)
{
	if (!p || p == th_slot_hook(s)) {
		return NULL;
	}
	if (s->scope == TH_SLOT_LIBC) {
		return p == th_slot_real(s, NULL) ? th_slot_hook(s) : NULL;
	}
	const struct th_entry *e = th_entry_for(s, p);
	TH_RECORD(!e, th_emit_lost(1, 0, "a TLS function got by dlsym could not be followed"));
	return e ? e->door : NULL;
}

static struct th_loader_answer symbol(void *handle, struct th_slot *s, const void *caller)
{
	void *p = in_place_of(th_slot_symbol(handle, s->name), s);
	return p && !interposes(caller, s->name) ? (struct th_loader_answer){p, true} : not_ours;
}

struct th_loader_answer th_loader_symbol(
	void *handle, const char *name, const void *unused, const void *caller)
{
	if (th_arm_is(TH_ARM_PASS)) {
		return not_ours;
	}
	int saved = errno;
	lead_what_is_due();
	bool whole = handle == RTLD_DEFAULT || handle == RTLD_NEXT || !name;
	struct th_slot *s = whole ? NULL : th_slot_named(name);
	struct th_loader_answer answer = s ? symbol(handle, s, caller) : not_ours;
	errno = saved;
	return answer;
}

/* ---- dlvsym ---- */

/* What the scope of the object at `caller` holds: a library that was loaded RTLD_LOCAL sees more
 * than we do. */
static void *in_scope_of(const void *caller, const char *name, const char *version)
{
	Dl_info info;
	void *handle = dladdr(caller, &info) && info.dli_fname
		? th_slot_load(info.dli_fname, RTLD_NOLOAD | RTLD_LAZY)
		: NULL;
	void *p = handle ? th_slot_symbol_of(handle, name, version) : NULL;
	if (handle) {
		dlclose(handle);
	}
	return p;
}

/* Who asks for the next of what it has itself is given the hook, if it stands before us. */
static struct th_loader_answer symbol_of(
	void *handle, struct th_slot *s, const char *version, const void *caller)
{
	bool next = handle == RTLD_NEXT;
	if (next ? !th_next_precedes(caller) : interposes(caller, s->name)) {
		return not_ours;
	}
	void *p = th_slot_symbol_of(handle, s->name, version);
	if (!p && handle == RTLD_DEFAULT) {
		p = in_scope_of(caller, s->name, version);
	}
	p = in_place_of(p, s);
	return p ? (struct th_loader_answer){p, true} : not_ours;
}

struct th_loader_answer th_loader_symbol_of(
	void *handle, const char *name, const char *version, const void *caller)
{
	if (th_arm_is(TH_ARM_PASS)) {
		return not_ours;
	}
	int saved = errno;
	lead_what_is_due();
	struct th_slot *s = name && version ? th_slot_named(name) : NULL;
	struct th_loader_answer answer = s ? symbol_of(handle, s, version, caller) : not_ours;
	errno = saved;
	return answer;
}
