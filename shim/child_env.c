/* Three entries matter: LD_PRELOAD names this library, TRACEHOOK_MODE closes the fence, and the
 * context (children.h) leads to the player and the capture. The first is merged with what the child
 * is given, the second is set, the third is added when it is not there. A library loaded without
 * LD_PRELOAD (ld.so.preload) needs no help to be loaded again. */
#include "shim/child_env.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lasting.h"
#include "base/sys.h"
#include "shim/arm.h"
#include "shim/children.h"
#include "shim/next.h"

#define PRELOAD "LD_PRELOAD="
#define MODE "TRACEHOOK_MODE="
#define CONTEXT TH_CONTEXT_VARIABLE "="
#define PRELOAD_MAX 4096

static const char *preload; /* "LD_PRELOAD=…"; NULL: there was none, or too long a one */
static const char *own_file;
static size_t own_file_bytes;
static const char *own_name; /* of this library's file: the part of `preload` that counts */
static size_t own_name_bytes;

const char *th_child_env_value(char *const envp[], const char *name)
{
	size_t n = strlen(name);
	for (; envp && *envp; envp++) {
		if (**envp == *name && strncmp(*envp, name, n) == 0) {
			return *envp + n;
		}
	}
	return NULL;
}

static const char *base_name(const char *path, size_t n)
{
	const char *slash = memrchr(path, '/', n);
	return slash ? slash + 1 : path;
}

/* The loader splits at colons and spaces. */
static size_t entry_bytes(const char *list)
{
	size_t n = 0;
	while (list[n] && list[n] != ':' && list[n] != ' ') {
		n++;
	}
	return n;
}

/* Our entry of a list. NULL: none is. */
static const char *find_us(const char *list)
{
	const size_t all = strlen(list);
	if (all == own_file_bytes && memcmp(list, own_file, all) == 0) {
		return list; /* mostly */
	}
	while (*list) {
		size_t n = entry_bytes(list);
		const char *base = base_name(list, n);
		if ((size_t)(list + n - base) == own_name_bytes &&
			memcmp(base, own_name, own_name_bytes) == 0) {
			return list;
		}
		list += n + (list[n] != '\0');
	}
	return NULL;
}

/* `value` with our entry, where it begins at `us`, as of the working directory. */
static const char *make_absolute(const char *value, const char *us)
{
	char here[PATH_MAX];
	struct th_out out = th_lasting_begin();
	out.cap = out.cap < PRELOAD_MAX ? out.cap : PRELOAD_MAX;
	th_out_bytes(&out, PRELOAD, sizeof(PRELOAD) - 1);
	th_out_bytes(&out, value, (size_t)(us - value));
	if (us[0] != '/' && memchr(us, '/', entry_bytes(us)) &&
		TH_SYS(SYS_getcwd, here, sizeof(here)) > 0 && here[0] == '/' &&
		!strpbrk(here, ": ")) {
		th_out_bytes(&out, here, strlen(here));
		th_out_u8(&out, '/');
	}
	th_out_bytes(&out, us, strlen(us) + 1);
	return th_lasting_end(&out);
}

/* A relative path would be lost on a child that is started in another directory, and the loader
 * would complain there. */
void th_child_env_begin(void)
{
	const char *file = th_next_own_file();
	const char *value = th_child_env_value(environ, PRELOAD);
	if (!value || !file) {
		return;
	}
	own_file = file;
	own_file_bytes = strlen(file);
	own_name = base_name(file, own_file_bytes);
	own_name_bytes = strlen(own_name);
	const char *us = find_us(value);
	preload = us ? make_absolute(value, us) : NULL;
	if (preload && strcmp(preload + sizeof(PRELOAD) - 1, value) != 0) {
		th_children_put((char *)preload);
	}
}

bool th_child_env_carries(char *const envp[])
{
	const char *value = th_child_env_value(envp, PRELOAD);
	return !preload || (value && find_us(value));
}

/* A word that is no mode closes the fence. */
static const char *mode_entry(void)
{
	return th_arm_config.mode == TH_CONFIG_REPLAY ? MODE "replay" : MODE "fenced";
}

static bool is_complete(char *const envp[])
{
	const char *mode = th_child_env_value(envp, MODE);
	return th_child_env_carries(envp) && mode &&
		strcmp(mode, mode_entry() + sizeof(MODE) - 1) == 0 &&
		th_child_env_value(envp, CONTEXT);
}

static size_t count(char *const envp[])
{
	size_t n = 0;
	while (envp && envp[n]) {
		n++;
	}
	return n;
}

size_t th_child_env_room(char *const envp[])
{
	if (!th_arm_closed() || is_complete(envp)) {
		return 0;
	}
	const char *value = th_child_env_value(envp, PRELOAD);
	size_t n = count(envp);
	if (n > TH_CHILD_ENV_MAX) {
		return SIZE_MAX;
	}
	return (n + 4) * sizeof(char *) + PRELOAD_MAX + 1 + (value ? strlen(value) : 0);
}

static bool begins(const char *entry, const char *name)
{
	return strncmp(entry, name, strlen(name)) == 0;
}

/* Ours first, then what the child was to have. */
static char *merge_preload(const char *theirs, char *text)
{
	char *p = stpcpy(text, preload);
	if (theirs && theirs[0]) {
		*p++ = ':';
		strcpy(p, theirs);
	}
	return text;
}

char *const *th_child_env_fill(char *const envp[], void *room)
{
	char **out = room, **next = out;
	char *text = (char *)(out + count(envp) + 4);
	bool preloaded = th_child_env_carries(envp);
	for (size_t i = 0; envp && envp[i]; i++) {
		if (!begins(envp[i], MODE) && (preloaded || !begins(envp[i], PRELOAD))) {
			*next++ = envp[i];
		}
	}
	if (!preloaded) {
		*next++ = merge_preload(th_child_env_value(envp, PRELOAD), text);
	}
	*next++ = (char *)mode_entry();
	if (!th_child_env_value(envp, CONTEXT)) {
		*next++ = (char *)th_children_context();
	}
	*next = NULL;
	return out;
}

/* Merged once: the entry must last, and putenv() does not copy it. */
static char *lasting_preload(const char *theirs)
{
	static char merged[2 * PRELOAD_MAX];
	if (theirs && PRELOAD_MAX + strlen(theirs) >= sizeof(merged)) {
		return (char *)preload;
	}
	return merge_preload(theirs, merged);
}

void th_child_env_restore(void)
{
	if (!th_arm_closed() || is_complete(environ)) {
		return;
	}
	if (!th_child_env_carries(environ)) {
		putenv(lasting_preload(th_child_env_value(environ, PRELOAD)));
	}
	putenv((char *)mode_entry());
	if (!th_child_env_value(environ, CONTEXT)) {
		putenv((char *)th_children_context());
	}
}
