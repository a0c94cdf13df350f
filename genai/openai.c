#include "genai/openai.h"

#include <stdlib.h>

/* "/openai/deployments/NAME/chat/completions" */
static void deployment(struct th_reading *r)
{
	static const char mark[] = "/deployments/";
	const uint8_t *at = memmem(r->path.p, r->path.n, mark, sizeof(mark) - 1);
	if (!at) {
		return;
	}
	at += sizeof(mark) - 1;
	size_t left = r->path.n - (size_t)(at - r->path.p);
	const uint8_t *slash = memchr(at, '/', left);
	char *name = th_path_segment((struct th_slice){at, slash ? (size_t)(slash - at) : left});
	th_say_text(r, &r->call->model_asked, name);
	free(name);
}

void th_openai_model(struct th_reading *r)
{
	deployment(r);
	th_say_once(r, &r->call->model_asked, th_dig_text(r->question, "model"));
}

/* xAI's and Gemini's counts of output leave reasoning out; the total has it. */
static void add_reasoning(const struct th_reading *r, struct th_tokens *t)
{
	bool gemini = strncmp(r->call->provider, "gcp.", 4) == 0;
	if (t->total.from && t->output.from && t->total.n > t->input.n + t->output.n) {
		uint64_t left = t->total.n - t->input.n - t->output.n;
		if (gemini || (t->reasoning.n && left == t->reasoning.n)) {
			t->output = (struct th_count){TH_DERIVED, t->output.n + left};
		}
	}
}

void th_openai_usage(struct th_reading *r, const cJSON *u)
{
	struct th_tokens *t = &r->call->tokens;
	th_say_count(&t->input, th_dig(u, "prompt_tokens"));
	th_say_count(&t->input, th_dig(u, "input_tokens"));
	th_say_count(&t->output, th_dig(u, "completion_tokens"));
	th_say_count(&t->output, th_dig(u, "output_tokens"));
	th_say_count(&t->total, th_dig(u, "total_tokens"));
	th_say_count(&t->cache_read, th_dig(u, "cached_tokens"));
	th_say_count(&t->cache_read, th_dig(u, "prompt_cache_hit_tokens"));
	th_say_count(&t->cache_read, th_dig(u, "prompt_tokens_details.cached_tokens"));
	th_say_count(&t->cache_read, th_dig(u, "input_tokens_details.cached_tokens"));
	th_say_count(&t->cache_write, th_dig(u, "prompt_tokens_details.cache_write_tokens"));
	th_say_count(&t->cache_write, th_dig(u, "input_tokens_details.cache_write_tokens"));
	th_say_count(&t->reasoning, th_dig(u, "completion_tokens_details.reasoning_tokens"));
	th_say_count(&t->reasoning, th_dig(u, "output_tokens_details.reasoning_tokens"));
	add_reasoning(r, t);
}

void th_openai_identity(struct th_reading *r, const cJSON *a)
{
	th_say_once(r, &r->call->response_id, th_dig_text(a, "id"));
	const char *model = th_dig_text(a, "model");
	if (model && *model) {
		th_say_once(r, &r->call->model_used, model);
	}
	th_openai_usage(r, th_dig(a, "x_groq.usage"));
	th_openai_usage(r, th_dig(a, "usage"));
}
