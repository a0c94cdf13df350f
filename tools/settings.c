/* config.h is all that the tools know of the shim. Variables that the launcher sets itself are left
 * out of the check: the capture was checked as a file, and a context of an outer run is replaced.
 */
#include "tools/settings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/key.h"
#include "capture/scrub_rules.h"
#include "tools/tools.h"

static const char *get_setting(void *mode, const char *name)
{
	if (strcmp(name, "TRACEHOOK_MODE") == 0) {
		return mode;
	}
	if (strcmp(name, "TRACEHOOK_CAPTURE") == 0 || strcmp(name, TH_CONTEXT_VARIABLE) == 0) {
		return NULL;
	}
	return getenv(name);
}

/* Nobody's mistake, but perhaps somebody's hope. */
static void say_strangers(void)
{
	size_t at = 0;
	for (const char *entry; (entry = th_config_stranger(environ, &at));) {
		th_tool_error("%.*s is no variable of tracehook's: ignored",
			(int)strcspn(entry, "="), entry);
	}
}

bool th_settings_read(const char *mode, struct th_config *ret_config)
{
	char why[TH_CONFIG_WHY_MAX] = "";
	if (th_config_parse(get_setting, (void *)mode, "/", ret_config, why) == 0 &&
		th_config_check_names(ret_config, environ, why) == 0) {
		say_strangers();
		return true;
	}
	static const char prefix[] = "tracehook: ";
	const char *what = strncmp(why, prefix, strlen(prefix)) == 0 ? why + strlen(prefix) : why;
	const char *end = strrchr(what, ';');
	th_tool_error("%.*s; nothing was run", (int)(end ? end - what : (long)strlen(what)), what);
	return false;
}

int th_settings_load_key(void)
{
	const char *value = getenv("TRACEHOOK_KEY_FILE");
	if (!value || !*value) {
		return TH_EXIT_OK;
	}
	th_auto_free char *path = realpath(value, NULL);
	int r = path ? th_key_load(path) : -errno;
	if (r < 0) {
		const char *why = th_key_why(r);
		th_tool_error("TRACEHOOK_KEY_FILE: %s: %s", value, why ? why : strerror(-r));
		return TH_EXIT_USAGE;
	}
	setenv("TRACEHOOK_KEY_FILE", path, 1);
	return TH_EXIT_OK;
}

int th_settings_read_rules(const char *name, const char *consequence,
	struct th_scrub_rules **ret_rules, uint8_t **ret_text, struct th_slice *ret_view)
{
	char why[TH_SCRUB_RULES_WHY_MAX];
	struct stat st;
	if (stat(name, &st) == 0 && !S_ISREG(st.st_mode)) { /* opening a pipe may take for ever */
		th_tool_error(
			"redaction rules %s: it is not a regular file; %s", name, consequence);
		return TH_EXIT_USAGE;
	}
	th_auto_fclose FILE *f = fopen(name, "re");
	th_auto_free uint8_t *text = malloc(TH_SCRUB_RULES_FILE_MAX + 1);
	th_auto_free struct th_scrub_rules *rules = calloc(1, sizeof(*rules));
	size_t n = f && text ? fread(text, 1, TH_SCRUB_RULES_FILE_MAX + 1, f) : 0;
	if (!f || !rules || !text || ferror(f)) {
		th_tool_error("redaction rules %s: %s; %s", name, strerror(errno), consequence);
		return TH_EXIT_MISSING;
	}
	if (!th_scrub_rules_parse((struct th_slice){text, n}, rules, why)) {
		th_tool_error("redaction rules %s: %s; %s", name, why, consequence);
		return TH_EXIT_USAGE;
	}
	*ret_view = (struct th_slice){text, n};
	*ret_rules = th_steal(&rules);
	*ret_text = th_steal(&text);
	return TH_EXIT_OK;
}

int th_settings_check_rules(const struct th_config *config)
{
	th_auto_free struct th_scrub_rules *rules = NULL;
	th_auto_free uint8_t *text = NULL;
	struct th_slice view;
	const char *name = config->rules[0] ? getenv("TRACEHOOK_REDACT") : NULL;
	return name ? th_settings_read_rules(name, "nothing was run", &rules, &text, &view)
		    : TH_EXIT_OK;
}

bool th_settings_int(const char *text, int *ret_value)
{
	uint64_t v;
	if (!th_parse_u64(th_slice_str(text), &v) || v > INT32_MAX) {
		return false;
	}
	*ret_value = (int)v;
	return true;
}

bool th_settings_number(const char *text, double *ret_number)
{
	char *end;
	if (*text == '\0' || strspn(text, "0123456789.") != strlen(text)) {
		return false;
	}
	double v = strtod(text, &end);
	if (*end || end == text || !isfinite(v)) {
		return false;
	}
	*ret_number = v;
	return true;
}
