/* OpenAI's old completions, as gateways and local servers still speak them: a text goes on. */
#include "genai/openai.h"

static enum th_claim claims(const struct th_reading *r)
{
	bool chat = th_path_ends(r, "/chat/completions");
	return !chat && th_path_ends(r, "/completions") ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

static void question(struct th_reading *r)
{
	r->call->operation = TH_OP_COMPLETION;
	r->call->n_messages = 1;
	r->call->new_turn = true;
	th_openai_model(r);
	th_asked(r, th_dig(r->question, "prompt"));
}

static void answer(struct th_reading *r, const cJSON *a)
{
	th_openai_identity(r, a);
	for (const cJSON *c = th_dig_first(a, "choices"); c; c = c->next) {
		const char *finish = th_dig_text(c, "finish_reason");
		th_said(r, th_dig_text(c, "text"));
		th_say_finish(r, th_dig_number(c, "index", 0), finish);
		r->is_final |= finish != NULL;
	}
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	answer(r, e);
}

const struct th_dialect th_openai_completions = {
	"openai.completions", claims, question, answer, event};
