/* Misspelt variables. TRACEHOOK_MOD=replay would otherwise record, from the live network, what was
 * to be replayed without one.
 *
 * Not every unknown name is a mistake: somebody's TRACEHOOK_HOME is none of our business. A name is
 * one of ours misspelt when few edits lead to it, case ignored: one for most, two for the longest,
 * or TRACEHOOK_REPO would be REPORT. And whoever gives an unknown TRACEHOOK_ variable the value
 * "replay" means the mode. */
#include <errno.h>
#include <string.h>

#include "base/edit_distance.h"
#include "base/text.h"
#include "shim/config_line.h"

#define PREFIX "TRACEHOOK_"
#define MODE "TRACEHOOK_MODE"
#define NAME_MAX_BYTES 31 /* a longer name is none of ours misspelt */
#define SHORT_BYTES (sizeof(PREFIX) - 1 + 6)

static const char names[][24] = {MODE, "TRACEHOOK_CAPTURE", "TRACEHOOK_TRACE_ID", "TRACEHOOK_META",
	"TRACEHOOK_MATCH", "TRACEHOOK_ON_MISS", "TRACEHOOK_ON_ERROR", "TRACEHOOK_PACE",
	"TRACEHOOK_SAMPLE", "TRACEHOOK_REDACT", "TRACEHOOK_BODY", "TRACEHOOK_KEY_FILE",
	"TRACEHOOK_PROPAGATE", "TRACEHOOK_REPORT", "TRACEHOOK_LOG", "TRACEHOOK_ACCESS_LOG",
	TH_CONTEXT_VARIABLE};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* Case ignored. Asked of every variable there is. */
static bool is_like(const char *entry)
{
	static const char like[] = "TRAC";
	for (size_t i = 0; i < sizeof(like) - 1; i++) {
		if ((entry[i] & ~('a' - 'A')) != like[i]) {
			return false;
		}
	}
	return true;
}

/* The upper-case name of an entry that has a value. */
static bool read_name(const char *entry, char ret_name[NAME_MAX_BYTES + 1])
{
	size_t n = strcspn(entry, "=");
	if (n > NAME_MAX_BYTES || entry[n] != '=' || !entry[n + 1]) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		char c = entry[i];
		ret_name[i] = c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
	}
	ret_name[n] = '\0';
	return true;
}

static bool is_ours(const char *entry)
{
	const size_t prefix = sizeof(PREFIX) - 1, n = strcspn(entry, "=");
	if (strncmp(entry, PREFIX, prefix) != 0) {
		return false;
	}
	for (size_t i = 0; i < N_NAMES; i++) {
		const char *rest = names[i] + prefix;
		if (*rest == entry[prefix] && strncmp(rest, entry + prefix, n - prefix) == 0 &&
			!names[i][n]) {
			return true;
		}
	}
	return false;
}

static bool means_replay(const char *value)
{
	struct th_slice s = th_slice_trim(th_slice_str(value));
	return th_slice_ieq(s, TH_SLICE_LIT("replay")) || th_slice_ieq(s, TH_SLICE_LIT("auto"));
}

/* Which of ours is meant; NULL: none. */
static const char *meant_by(const char *name, const char *value)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < N_NAMES; i++) {
		size_t length = strlen(names[i]);
		unsigned most = length > SHORT_BYTES ? 2 : 1;
		bool near = n <= length + most && length <= n + most;
		if (near && th_edit_distance(name, names[i]) <= most) {
			return names[i];
		}
	}
	return strncmp(name, PREFIX, sizeof(PREFIX) - 1) == 0 && means_replay(value) ? names[0]
										     : NULL;
}

static bool has_mode(char *const envp[])
{
	for (; envp && *envp; envp++) {
		if (strncmp(*envp, MODE "=", sizeof(MODE)) == 0) {
			return (*envp)[sizeof(MODE)] != '\0';
		}
	}
	return false;
}

static int misspelt(struct th_config *conf, char *const envp[], const char *entry,
	const char *meant, char why[TH_CONFIG_WHY_MAX])
{
	char name[NAME_MAX_BYTES + 1] = "", problem[64] = " is no variable of tracehook's: ";
	memcpy(name, entry, strcspn(entry, "="));
	strcat(problem, meant);
	strcat(problem, "?");
	bool fence = conf->mode == TH_CONFIG_REPLAY || conf->mode == TH_CONFIG_AUTO ||
		conf->closed || (strcmp(meant, MODE) == 0 && !has_mode(envp));
	conf->verdict = fence ? TH_CONFIG_FENCED : TH_CONFIG_UNTOUCHED;
	return th_config_mistake(conf, name, entry + strlen(name) + 1, problem, why);
}

int th_config_check_names(struct th_config *conf, char *const envp[], char why[TH_CONFIG_WHY_MAX])
{
	char name[NAME_MAX_BYTES + 1];
	for (char *const *e = envp; e && *e && conf->mode != TH_CONFIG_OFF; e++) {
		if (!is_like(*e) || is_ours(*e) || !read_name(*e, name)) {
			continue;
		}
		const char *meant = meant_by(name, *e + strlen(name) + 1);
		if (meant) {
			return misspelt(conf, envp, *e, meant, why);
		}
	}
	return 0;
}

const char *th_config_stranger(char *const envp[], size_t *ret_at)
{
	for (size_t i = *ret_at; envp && envp[i]; i++) {
		if (strncmp(envp[i], PREFIX, sizeof(PREFIX) - 1) == 0 && !is_ours(envp[i])) {
			*ret_at = i + 1;
			return envp[i];
		}
	}
	return NULL;
}
