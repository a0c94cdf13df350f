/* Three entries matter: LD_PRELOAD names this library, TRACEHOOK_MODE closes the fence, and the
 * context (children.h) leads to the player and the capture. The first is merged with what the child
 * is given, the second is set, the third is added when it is not there. A library loaded without
 * LD_PRELOAD (ld.so.preload) needs no help to be loaded again. */
#include "shim/child_env.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "shim/arm.h"
#include "shim/children.h"

#define PRELOAD "LD_PRELOAD="
#define MODE "TRACEHOOK_MODE="
#define CONTEXT TH_CONTEXT_VARIABLE "="
#define PRELOAD_MAX 4096

static char preload[PRELOAD_MAX]; /* "LD_PRELOAD=…"; empty: there was none, or too long a one */

static const char *value_of(char *const envp[], const char *name)
{
	size_t n = strlen(name);
	for (; envp && *envp; envp++) {
		if (strncmp(*envp, name, n) == 0) {
			return *envp + n;
		}
	}
	return NULL;
}

void th_child_env_begin(void)
{
	const char *value = value_of(environ, PRELOAD);
	if (value && sizeof(PRELOAD) + strlen(value) <= sizeof(preload)) {
		strcpy(preload, PRELOAD);
		strcat(preload, value);
	}
}

static bool is_preloaded(char *const envp[])
{
	const char *value = value_of(envp, PRELOAD);
	return !preload[0] || (value && strstr(value, preload + sizeof(PRELOAD) - 1));
}

/* A word that is no mode closes the fence. */
static const char *mode_entry(void)
{
	return th_arm_config.mode == TH_CONFIG_REPLAY ? MODE "replay" : MODE "fenced";
}

static bool is_complete(char *const envp[])
{
	const char *mode = value_of(envp, MODE);
	return is_preloaded(envp) && mode && strcmp(mode, mode_entry() + sizeof(MODE) - 1) == 0 &&
		value_of(envp, CONTEXT);
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
	const char *value = value_of(envp, PRELOAD);
	size_t n = count(envp);
	if (n > TH_CHILD_ENV_MAX) {
		return SIZE_MAX;
	}
	return (n + 4) * sizeof(char *) + sizeof(preload) + 1 + (value ? strlen(value) : 0);
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
	bool preloaded = is_preloaded(envp);
	for (size_t i = 0; envp && envp[i]; i++) {
		if (!begins(envp[i], MODE) && (preloaded || !begins(envp[i], PRELOAD))) {
			*next++ = envp[i];
		}
	}
	if (!preloaded) {
		*next++ = merge_preload(value_of(envp, PRELOAD), text);
	}
	*next++ = (char *)mode_entry();
	if (!value_of(envp, CONTEXT)) {
		*next++ = (char *)th_children_context();
	}
	*next = NULL;
	return out;
}
