/* Errors as providers write them: an object, a text, or a message beside a header that names the
 * type. */
#include <stdio.h>

#include "genai/dialect.h"

/* The most telling name: a status word, a code, a type; Amazon's stands in a header. */
static void say_type(struct th_reading *r, const cJSON *error)
{
	struct th_slice type;
	char text[128];
	static const char *const names[] = {"status", "code", "type"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		th_say_once(r, &r->call->error_type, th_dig_text(error, names[i]));
	}
	if (!r->call->error_type && r->exchange->response.head.bytes.n &&
		th_head_get(&r->exchange->response.head, "x-amzn-errortype", &type)) {
		const uint8_t *colon = memchr(type.p, ':', type.n);
		size_t n = colon ? (size_t)(colon - type.p) : type.n;
		snprintf(
			text, sizeof(text), "%.*s", (int)(n < 100 ? n : 100), (const char *)type.p);
		th_say_once(r, &r->call->error_type, text);
	}
	if (!r->call->error_type && cJSON_IsNumber(th_dig(error, "code"))) {
		snprintf(text, sizeof(text), "%.0f", th_dig_number(error, "code", 0));
		th_say_once(r, &r->call->error_type, text);
	}
}

bool th_say_error(struct th_reading *r, const cJSON *body)
{
	const cJSON *list = cJSON_IsArray(body) ? body->child : body;
	const cJSON *error = th_dig(list, "error");
	const char *message = th_dig_text(error, "message");
	if (!error && r->status >= 400) {
		error = list; /* {"message": …}, {"detail": …} */
		message = th_dig_text(error, "message");
		message = message ? message : th_dig_text(error, "detail");
	}
	if (!error || cJSON_IsFalse(error)) {
		return false;
	}
	if (cJSON_IsString(error)) {
		message = error->valuestring;
	}
	say_type(r, error);
	th_say_once(r, &r->call->error_type, r->status >= 400 ? NULL : "error");
	th_say_once(r, &r->call->error_message, message);
	return true;
}
