#include "tools/player_conf.h"

#include <string.h>

#include "base/bytes.h"
#include "tools/settings.h"

static bool add_match(const char *word, size_t n, struct th_player_conf *conf, char **ret_rules)
{
	static const char file[] = "volatile:";
	const size_t prefix = sizeof(file) - 1;
	struct th_slice s = {(const uint8_t *)word, n};
	if (th_slice_eq(s, TH_SLICE_LIT("sequence"))) {
		conf->match |= TH_MATCH_SEQUENCE;
		return true;
	}
	if (th_slice_eq(s, TH_SLICE_LIT("volatile"))) {
		conf->match |= TH_MATCH_VOLATILE;
		return true;
	}
	if (n > prefix && strncmp(word, file, prefix) == 0 && !*ret_rules) {
		conf->match |= TH_MATCH_VOLATILE;
		conf->rules = *ret_rules = strndup(word + prefix, n - prefix);
		return conf->rules != NULL;
	}
	return th_slice_eq(s, TH_SLICE_LIT("canonical"));
}

bool th_player_conf_match(const char *words, struct th_player_conf *conf, char **ret_rules)
{
	conf->match = TH_MATCH_CANONICAL;
	while (words && *words) {
		size_t n = strcspn(words, ",");
		if (!add_match(words, n, conf, ret_rules)) {
			return false;
		}
		words += n + (words[n] == ',');
	}
	return true;
}

bool th_player_conf_on_miss(const char *word, enum th_on_miss *ret_on_miss)
{
	static const char *const words[] = {[TH_ON_MISS_FAIL] = "fail",
		[TH_ON_MISS_ABORT] = "abort",
		[TH_ON_MISS_LIVE] = "live"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word && *word ? word : words[TH_ON_MISS_FAIL], words[i]) == 0) {
			*ret_on_miss = (enum th_on_miss)i;
			return true;
		}
	}
	return false;
}

bool th_player_conf_pace(const char *text, double *ret_pace)
{
	if (!text || !*text) {
		*ret_pace = 0;
		return true;
	}
	return th_settings_number(text, ret_pace);
}
