/* What was mended is JSON; and of a whole JSON text every beginning can be mended or is none. */
#include "genai/dig.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	bool cut = false;
	cJSON *root = th_dig_parse((struct th_slice){p, n}, &cut);
	FUZZ_CHECK(root || !cut);
	char *text = root ? cJSON_PrintUnformatted(root) : NULL;
	bool object = cJSON_IsObject(root) || cJSON_IsArray(root);
	size_t length = text && object ? strlen(text) : 0;
	for (size_t i = 1; i < length && length < 512; i++) {
		cJSON *part = th_dig_parse((struct th_slice){(uint8_t *)text, i}, &cut);
		FUZZ_CHECK(part && cut);
		cJSON_Delete(part);
	}
	cJSON_free(text);
	cJSON_Delete(root);
	return 0;
}
