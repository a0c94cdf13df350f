#include "tools/player_conf.h"

#include <string.h>

#include "tools/settings.h"

bool th_player_conf_match(const char *words, enum th_match *ret_match)
{
	bool plain = !words || !*words || strcmp(words, "canonical") == 0;
	if (!plain && strcmp(words, "sequence") != 0) {
		return false;
	}
	*ret_match = plain ? TH_MATCH_CANONICAL : TH_MATCH_SEQUENCE;
	return true;
}

bool th_player_conf_on_miss(const char *word, enum th_on_miss *ret_on_miss)
{
	bool fail = !word || !*word || strcmp(word, "fail") == 0;
	if (!fail && strcmp(word, "abort") != 0) {
		return false;
	}
	*ret_on_miss = fail ? TH_ON_MISS_FAIL : TH_ON_MISS_ABORT;
	return true;
}

bool th_player_conf_pace(const char *text, double *ret_pace)
{
	if (!text || !*text) {
		*ret_pace = 0;
		return true;
	}
	return th_settings_number(text, ret_pace);
}
