#include "tools/export/otlp_answer.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "genai/dig.h"
#include "tools/tools.h"
#include "tools/utf8.h"

size_t th_otlp_answer_add(struct th_otlp_answer *a, const char *p, size_t n)
{
	a->bytes = th_tool_realloc(a->bytes, a->n + n + 1);
	memcpy(a->bytes + a->n, p, n);
	a->n += n;
	return n;
}

void th_otlp_answer_finish(struct th_otlp_answer *a)
{
	free(a->bytes);
	*a = (struct th_otlp_answer){NULL, 0};
}

/* ---- protobuf: ExportTraceServiceResponse { partial_success = 1 { rejected = 1; error = 2 } }
 * ---- */

/* The next field; false: the end, or no protobuf. */
static bool take_field(
	struct th_in *in, uint64_t *ret_number, uint64_t *ret_value, struct th_slice *ret_bytes)
{
	if (in->n == 0) {
		return false;
	}
	uint64_t tag = th_in_varint(in);
	*ret_number = tag >> 3;
	*ret_value = 0;
	*ret_bytes = (struct th_slice){NULL, 0};
	switch (tag & 7) {
	case 0:
		*ret_value = th_in_varint(in);
		break;
	case 1:
		th_in_bytes(in, 8);
		break;
	case 2:
		*ret_bytes = th_in_bytes(in, (size_t)th_in_varint(in));
		break;
	case 5:
		th_in_bytes(in, 4);
		break;
	default:
		in->failed = true;
	}
	return !in->failed;
}

static uint64_t read_partial(struct th_slice s, char **ret_why)
{
	struct th_in in = {s.p, s.n, false};
	uint64_t number, value, rejected = 0;
	struct th_slice bytes;
	while (take_field(&in, &number, &value, &bytes)) {
		if (number == 1) {
			rejected = value;
		} else if (number == 2 && bytes.n) {
			free(*ret_why);
			*ret_why = th_text_line(bytes);
		}
	}
	return rejected;
}

static uint64_t read_protobuf(struct th_slice s, char **ret_why)
{
	struct th_in in = {s.p, s.n, false};
	uint64_t number, value, rejected = 0;
	struct th_slice bytes;
	while (take_field(&in, &number, &value, &bytes)) {
		rejected += number == 1 ? read_partial(bytes, ret_why) : 0;
	}
	return rejected;
}

/* ---- JSON ---- */

static uint64_t read_json(const cJSON *root, char **ret_why)
{
	static const char *const counts[] = {"partialSuccess.rejectedSpans",
		"partialSuccess.rejectedDataPoints", "partialSuccess.rejectedLogRecords"};
	uint64_t rejected = 0;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const char *text = th_dig_text(root, counts[i]);
		double number = th_dig_number(root, counts[i], 0);
		rejected += text ? strtoull(text, NULL, 10) : (uint64_t)(number > 0 ? number : 0);
	}
	const char *why = th_dig_text(root, "partialSuccess.errorMessage");
	*ret_why = why && *why ? th_text_line(th_slice_str(why)) : NULL;
	return rejected;
}

uint64_t th_otlp_answer_rejected(const struct th_otlp_answer *a, char **ret_why)
{
	*ret_why = NULL;
	struct th_slice s = {(const uint8_t *)a->bytes, a->n};
	cJSON *root = a->n ? cJSON_ParseWithLength(a->bytes, a->n) : NULL;
	uint64_t rejected = cJSON_IsObject(root) ? read_json(root, ret_why)
						 : read_protobuf(s, ret_why);
	cJSON_Delete(root);
	return rejected;
}

int th_otlp_answer_say(const struct th_otlp_answer *a, const char *url)
{
	th_auto_free char *why = NULL;
	uint64_t rejected = th_otlp_answer_rejected(a, &why);
	if (rejected) {
		th_tool_error("%s rejected %llu of a batch%s%s", url, (unsigned long long)rejected,
			why ? ": " : "", why ? why : "");
		return TH_EXIT_NO;
	}
	if (why) {
		th_tool_error("%s says: %s", url, why);
	}
	return TH_EXIT_OK;
}
