/* Whose model it is, by host, then by what only one provider's answers carry. Sources: the
 * providers' documents; gen_ai.provider.name of OpenTelemetry's conventions where it has a name. */
#include "genai/dialect.h"

#include "base/text.h"

/* Where in the host the text may stand. */
enum at {
	WHOLE,
	END,
	BEGIN,
	WITHIN,
};

static const struct {
	enum at at;
	const char *text;
	const char *provider;
} hosts[] = {
	{WHOLE, "api.openai.com", "openai"},
	{WHOLE, "chatgpt.com", "openai"},
	{END, ".api.openai.com", "openai"},
	{END, ".openai.azure.com", "azure.ai.openai"},
	{END, ".cognitiveservices.azure.com", "azure.ai.openai"},
	{WHOLE, "api.anthropic.com", "anthropic"},
	{WHOLE, "generativelanguage.googleapis.com", "gcp.gemini"},
	{WHOLE, "cloudcode-pa.googleapis.com", "gcp.gemini"},
	{END, "aiplatform.googleapis.com", "gcp.vertex_ai"},
	{BEGIN, "aiplatform.", "gcp.vertex_ai"},
	{BEGIN, "bedrock-runtime", "aws.bedrock"},
	{BEGIN, "bedrock-mantle.", "aws.bedrock"},
	{WHOLE, "api.mistral.ai", "mistral_ai"},
	{WHOLE, "codestral.mistral.ai", "mistral_ai"},
	{WHOLE, "api.cohere.com", "cohere"},
	{WHOLE, "api.cohere.ai", "cohere"},
	{WHOLE, "api.groq.com", "groq"},
	{WHOLE, "api.deepseek.com", "deepseek"},
	{WHOLE, "api.x.ai", "x_ai"},
	{WHOLE, "api.perplexity.ai", "perplexity"},
	{BEGIN, "api.moonshot.", "moonshot_ai"},
	{WITHIN, ".ml.cloud.ibm.com", "ibm.watsonx.ai"},
	{WHOLE, "api.githubcopilot.com", "github_copilot"},
	{WHOLE, "openrouter.ai", "openrouter"},
	{END, ":11434", "ollama"},
};

static bool matches(const char *host, enum at at, const char *text)
{
	size_t n = strlen(host), k = strlen(text);
	switch (at) {
	case WHOLE:
		return strcmp(host, text) == 0;
	case END:
		return n >= k && strcmp(host + n - k, text) == 0;
	case BEGIN:
		return strncmp(host, text, k) == 0;
	default:
		return strstr(host, text) != NULL;
	}
}

/* Fields that gateways hand through. */
static const struct {
	const char *field;
	const char *provider;
} signs[] = {
	{"openai-organization", "openai"},
	{"openai-processing-ms", "openai"},
	{"anthropic-organization-id", "anthropic"},
	{"x-amzn-bedrock-input-token-count", "aws.bedrock"},
};

const char *th_provider_of(const struct th_reading *r)
{
	struct th_slice value;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (matches(r->host, hosts[i].at, hosts[i].text)) {
			return hosts[i].provider;
		}
	}
	if (matches(r->host, END, ".services.ai.azure.com")) {
		return th_path_has(r, "/anthropic/") ? "anthropic"
			: th_path_has(r, "/openai/") ? "azure.ai.openai"
						     : "azure.ai.inference";
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (r->exchange->response.head.bytes.n &&
			th_head_get(&r->exchange->response.head, signs[i].field, &value)) {
			return signs[i].provider;
		}
	}
	return NULL;
}
