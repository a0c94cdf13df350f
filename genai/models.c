/* Lists of models, whoever gives them: a provider that we know, or an answer that looks like one.
 */
#include "genai/dialect.h"

static enum th_claim claims(const struct th_reading *r)
{
	if (!th_method_is(r, "GET")) {
		return TH_CLAIM_NONE;
	}
	bool list = th_path_ends(r, "/models") || th_path_ends(r, "/api/tags");
	bool one = th_path_has(r, "/v1/models/") || th_path_has(r, "/v1beta/models/");
	bool known = th_provider_of(r) != NULL || cJSON_IsArray(th_dig(r->whole, "data")) ||
		cJSON_IsArray(th_dig(r->whole, "models"));
	return (list || one) && known ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

static void question(struct th_reading *r)
{
	r->call->operation = TH_OP_MODELS;
}

static void answer(struct th_reading *r, const cJSON *a)
{
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	r->is_final = true;
}

const struct th_dialect th_models = {"models", claims, question, answer, event};
