/* OpenAI's embeddings, and those of Mistral and of gateways. Vectors are not looked at. */
#include "genai/openai.h"

static enum th_claim claims(const struct th_reading *r)
{
	bool ollama = th_path_ends(r, "/api/embeddings");
	return !ollama && th_path_ends(r, "/embeddings") ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

static void question(struct th_reading *r)
{
	r->call->operation = TH_OP_EMBEDDINGS;
	th_openai_model(r);
	th_asked(r, th_dig(r->question, "input"));
}

static void answer(struct th_reading *r, const cJSON *a)
{
	th_openai_identity(r, a);
	r->call->tokens.output = (struct th_count){TH_ABSENT, 0};
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	answer(r, e);
	r->is_final = true;
}

const struct th_dialect th_openai_embeddings = {
	"openai.embeddings", claims, question, answer, event};
