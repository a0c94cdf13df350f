/* What tokens cost, from a file that the user keeps: prices change, and tracehook knows none.
 *
 * JSON: {"currency": "USD", "models": {"gpt-4o*": {"input": 2.5, "output": 10, "cache_read": 1.25,
 * "cache_write": 0}}}, per million tokens. A name may be a pattern of the shell; the longest that
 * fits counts. Prices of caches that are not given are the price of input. */
#ifndef TOOLS_PRICES_H
#define TOOLS_PRICES_H

#include "genai/genai.h"

struct th_prices;

/* TH_EXIT_OK and the prices; else the exit code after an error line. */
int th_prices_load(const char *path, struct th_prices **ret_prices);

/* Takes NULL; returns NULL. */
struct th_prices *th_prices_free(struct th_prices *p);

/* "USD"; "" when the file names none. */
const char *th_prices_currency(const struct th_prices *p);

/* False: the model has no price, or a count that it needs is absent. */
bool th_prices_cost(const struct th_prices *p, const char *model, const struct th_tokens *tokens,
	double *ret_cost);

#endif
