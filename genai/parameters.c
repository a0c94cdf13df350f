/* What a request asks of the model besides its words. The names differ by dialect and none means
 * two things, so one table serves all: members of the request, or of where a dialect keeps its
 * settings (Gemini's generationConfig, converse's inferenceConfig, Ollama's options, Titan's
 * textGenerationConfig). Each member is looked up once: there are few of them, and many requests.
 * Sources: the providers' API references. */
#include <string.h>

#include "genai/dialect.h"

enum what {
	MAX_TOKENS,
	SEED,
	CHOICES,
	TEMPERATURE,
	TOP_P,
	TOP_K,
	FREQUENCY,
	PRESENCE,
	REASONING,
	STOPS,
	OUTPUT,
	PLACE, /* where the settings are */
};

static const struct row {
	const char *name;
	enum what what;
	const char *below; /* the value stands below the member; NULL: the member is it */
} rows[] = {
	{"max_tokens", MAX_TOKENS, NULL},
	{"max_completion_tokens", MAX_TOKENS, NULL},
	{"max_output_tokens", MAX_TOKENS, NULL},
	{"maxOutputTokens", MAX_TOKENS, NULL},
	{"maxTokens", MAX_TOKENS, NULL},
	{"num_predict", MAX_TOKENS, NULL},
	{"max_tokens_to_sample", MAX_TOKENS, NULL},
	{"max_gen_len", MAX_TOKENS, NULL},
	{"maxTokenCount", MAX_TOKENS, NULL},
	{"seed", SEED, NULL},
	{"random_seed", SEED, NULL},
	{"n", CHOICES, NULL},
	{"candidateCount", CHOICES, NULL},
	{"temperature", TEMPERATURE, NULL},
	{"top_p", TOP_P, NULL},
	{"topP", TOP_P, NULL},
	{"p", TOP_P, NULL}, /* Cohere's */
	{"top_k", TOP_K, NULL},
	{"topK", TOP_K, NULL},
	{"k", TOP_K, NULL}, /* Cohere's */
	{"frequency_penalty", FREQUENCY, NULL},
	{"frequencyPenalty", FREQUENCY, NULL},
	{"presence_penalty", PRESENCE, NULL},
	{"presencePenalty", PRESENCE, NULL},
	{"reasoning_effort", REASONING, NULL},
	{"reasoning", REASONING, "effort"},
	{"thinkingConfig", REASONING, "thinkingLevel"},
	{"output_config", REASONING, "effort"},
	{"stop", STOPS, NULL},
	{"stop_sequences", STOPS, NULL},
	{"stopSequences", STOPS, NULL},
	{"response_format", OUTPUT, "type"},
	{"text", OUTPUT, "format.type"},
	{"responseMimeType", OUTPUT, NULL},
	{"response_mime_type", OUTPUT, NULL},
	{"format", OUTPUT, NULL},
	{"generationConfig", PLACE, NULL},
	{"request", PLACE, "generationConfig"},
	{"inferenceConfig", PLACE, NULL},
	{"options", PLACE, NULL},
	{"textGenerationConfig", PLACE, NULL},
};

static void add_stop(struct th_reading *r, const cJSON *text)
{
	struct th_parameters *p = &r->call->parameters;
	if (cJSON_IsString(text) && p->n_stops < TH_STOPS_MAX) {
		th_say_text(r, &p->stops[p->n_stops], text->valuestring);
		p->n_stops += p->stops[p->n_stops] != NULL;
	}
}

static void read_stops(struct th_reading *r, const cJSON *stop)
{
	add_stop(r, stop);
	for (const cJSON *s = cJSON_IsArray(stop) ? stop->child : NULL; s; s = s->next) {
		add_stop(r, s);
	}
}

/* "json_object", "json_schema", "application/json", Ollama's "json" or a schema. */
static bool is_json(const cJSON *format)
{
	const char *text = cJSON_GetStringValue(format);
	return text ? strstr(text, "json") != NULL : cJSON_IsObject(format);
}

static void read_value(struct th_reading *r, enum what what, const cJSON *v)
{
	struct th_parameters *p = &r->call->parameters;
	struct th_setting *const settings[] = {[TEMPERATURE] = &p->temperature,
		[TOP_P] = &p->top_p,
		[TOP_K] = &p->top_k,
		[FREQUENCY] = &p->frequency_penalty,
		[PRESENCE] = &p->presence_penalty};
	switch (what) {
	case MAX_TOKENS:
		th_say_count(&p->max_tokens, v);
		break;
	case SEED:
		th_say_count(&p->seed, v);
		break;
	case CHOICES:
		th_say_count(&p->choices, v);
		break;
	case REASONING:
		th_say_once(r, &p->reasoning, cJSON_GetStringValue(v));
		break;
	case STOPS:
		read_stops(r, v);
		break;
	case OUTPUT:
		p->json |= is_json(v);
		break;
	default:
		if (what < REASONING && cJSON_IsNumber(v)) {
			*settings[what] = (struct th_setting){true, v->valuedouble};
		}
	}
}

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (*name == *rows[i].name && strcmp(name, rows[i].name) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

/* Settings within settings are not looked for. */
static void read_members(struct th_reading *r, const cJSON *in, bool outer)
{
	for (const cJSON *m = cJSON_IsObject(in) ? in->child : NULL; m; m = m->next) {
		const struct row *row = row_of(m->string);
		const cJSON *v = row && row->below ? th_dig(m, row->below) : m;
		if (row && row->what != PLACE) {
			read_value(r, row->what, v);
		} else if (row && outer) {
			read_members(r, v, false);
		}
	}
}

void th_read_parameters(struct th_reading *r)
{
	if (th_call_is_llm(r->call)) {
		read_members(r, r->question, true);
	}
}
