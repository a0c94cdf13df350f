/* What a request asks of the model besides its words. The names differ by dialect and none means
 * two things, so one table serves all: members of the request, or of where a dialect keeps its
 * settings (Gemini's generationConfig, converse's inferenceConfig, Ollama's options, Titan's
 * textGenerationConfig). Sources: the providers' API references. */
#include <string.h>

#include "genai/dialect.h"

static const char *const places[] = {"", "generationConfig", "request.generationConfig",
	"inferenceConfig", "options", "textGenerationConfig"};

/* The first of these names that any place has; NULL: none. */
static const cJSON *find(const struct th_reading *r, const char *const *names)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const cJSON *in = *places[i] ? th_dig(r->question, places[i]) : r->question;
		for (size_t k = 0; in && names[k]; k++) {
			const cJSON *found = th_dig(in, names[k]);
			if (found) {
				return found;
			}
		}
	}
	return NULL;
}

#define FIND(r, ...) find(r, (const char *const[]){__VA_ARGS__, NULL})

static struct th_setting measure(const cJSON *number)
{
	return (struct th_setting){
		cJSON_IsNumber(number), cJSON_IsNumber(number) ? number->valuedouble : 0};
}

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
static bool wants_json(const struct th_reading *r)
{
	const cJSON *f = FIND(r, "response_format.type", "text.format.type", "responseMimeType",
		"response_mime_type", "format");
	const char *text = cJSON_GetStringValue(f);
	return text ? strstr(text, "json") != NULL : cJSON_IsObject(f);
}

void th_read_parameters(struct th_reading *r)
{
	struct th_parameters *p = &r->call->parameters;
	bool cohere = strcmp(r->call->dialect, "cohere") == 0;
	if (!r->question || !th_call_is_llm(r->call)) {
		return;
	}
	th_say_count(&p->max_tokens,
		FIND(r, "max_completion_tokens", "max_output_tokens", "max_tokens",
			"maxOutputTokens", "maxTokens", "num_predict", "max_tokens_to_sample",
			"max_gen_len", "maxTokenCount"));
	th_say_count(&p->seed, FIND(r, "seed", "random_seed"));
	th_say_count(&p->choices, FIND(r, "n", "candidateCount"));
	p->temperature = measure(FIND(r, "temperature"));
	p->top_p = measure(FIND(r, "top_p", "topP", cohere ? "p" : "top_p"));
	p->top_k = measure(FIND(r, "top_k", "topK", cohere ? "k" : "top_k"));
	p->frequency_penalty = measure(FIND(r, "frequency_penalty", "frequencyPenalty"));
	p->presence_penalty = measure(FIND(r, "presence_penalty", "presencePenalty"));
	th_say_text(r, &p->reasoning,
		cJSON_GetStringValue(FIND(r, "reasoning_effort", "reasoning.effort",
			"thinkingConfig.thinkingLevel", "output_config.effort")));
	read_stops(r, FIND(r, "stop", "stop_sequences", "stopSequences"));
	p->json = wants_json(r);
}
