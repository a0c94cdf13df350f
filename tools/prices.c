#include "tools/prices.h"

#include <cjson/cJSON.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/tools.h"

#define FILE_MAX (4u << 20)
#define PER 1e6 /* tokens */

struct th_prices {
	cJSON *root;
	const cJSON *models;
};

static bool is_price(const cJSON *price, const char *name, bool needed)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(price, name);
	return n ? cJSON_IsNumber(n) && n->valuedouble >= 0 : !needed;
}

/* NULL, or what is wrong. */
static const char *fault_of(const cJSON *models)
{
	const cJSON *price;
	if (!cJSON_IsObject(models)) {
		return "no object \"models\" in it";
	}
	cJSON_ArrayForEach(price, models)
	{
		if (!is_price(price, "input", true) || !is_price(price, "output", true) ||
			!is_price(price, "cache_read", false) ||
			!is_price(price, "cache_write", false)) {
			return "a model needs \"input\" and \"output\", numbers per million "
			       "tokens";
		}
	}
	return NULL;
}

static int read_all(const char *path, char **ret_text, size_t *ret_n)
{
	th_auto_fclose FILE *f = NULL;
	int code = th_tool_open(path, &f);
	if (code != TH_EXIT_OK) {
		return code;
	}
	char *text = th_tool_alloc(FILE_MAX);
	size_t n = fread(text, 1, FILE_MAX, f);
	if (ferror(f) || n == FILE_MAX) {
		th_tool_error("%s: %s", path, ferror(f) ? "cannot be read" : "too large");
		free(text);
		return TH_EXIT_USAGE;
	}
	*ret_text = text;
	*ret_n = n;
	return TH_EXIT_OK;
}

int th_prices_load(const char *path, struct th_prices **ret_prices)
{
	th_auto_free char *text = NULL;
	size_t n;
	int code = read_all(path, &text, &n);
	if (code != TH_EXIT_OK) {
		return code;
	}
	struct th_prices *p = th_tool_alloc(sizeof(*p));
	p->root = cJSON_ParseWithLength(text, n);
	p->models = cJSON_GetObjectItemCaseSensitive(p->root, "models");
	const char *fault = p->root ? fault_of(p->models) : "it is no JSON";
	if (fault) {
		th_tool_error("%s: not a file of prices: %s", path, fault);
		th_prices_free(p);
		return TH_EXIT_USAGE;
	}
	*ret_prices = p;
	return TH_EXIT_OK;
}

struct th_prices *th_prices_free(struct th_prices *p)
{
	if (p) {
		cJSON_Delete(p->root);
	}
	free(p);
	return NULL;
}

const char *th_prices_currency(const struct th_prices *p)
{
	const cJSON *c = cJSON_GetObjectItemCaseSensitive(p->root, "currency");
	return cJSON_IsString(c) ? c->valuestring : "";
}

static const cJSON *find(const struct th_prices *p, const char *model)
{
	const cJSON *price, *best = NULL;
	cJSON_ArrayForEach(price, p->models)
	{
		bool fits = fnmatch(price->string, model, 0) == 0;
		if (fits && (!best || strlen(price->string) > strlen(best->string))) {
			best = price;
		}
	}
	return best;
}

static double price_of(const cJSON *price, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(price, name);
	return cJSON_GetNumberValue(n ? n : cJSON_GetObjectItemCaseSensitive(price, "input")) / PER;
}

/* Input counts hold what caches did (genai.h): that part has its own price. Without any output
 * count there was no output: embeddings. */
bool th_prices_cost(const struct th_prices *p, const char *model, const struct th_tokens *tokens,
	double *ret_cost)
{
	const cJSON *price = model ? find(p, model) : NULL;
	uint64_t cached = tokens->cache_read.n + tokens->cache_write.n;
	if (!price || tokens->input.from == TH_ABSENT) {
		return false;
	}
	uint64_t plain = tokens->input.n > cached ? tokens->input.n - cached : 0;
	*ret_cost = (double)plain * price_of(price, "input") +
		(double)tokens->cache_read.n * price_of(price, "cache_read") +
		(double)tokens->cache_write.n * price_of(price, "cache_write") +
		(double)tokens->output.n * price_of(price, "output");
	return true;
}
