/* In what two calls differ, item by item: JSON paths, fields, status, tokens, with both values. */
#ifndef TOOLS_DIFF_PAIR_H
#define TOOLS_DIFF_PAIR_H

#include "tools/diff_side.h"

#define TH_DIFF_ITEMS_MAX 200 /* of a pair; further ones are counted */

enum th_diff_in {
	TH_DIFF_REQUEST,
	TH_DIFF_ANSWER,
	TH_DIFF_TOKENS,
};

struct th_diff_value {
	enum {
		TH_DIFF_NOTHING, /* it is not there */
		TH_DIFF_TEXT,	 /* a string's characters; other bytes as they are */
		TH_DIFF_JSON_TEXT,
	} kind;
	uint8_t *bytes;
	size_t n;
};

struct th_diff_item {
	enum th_diff_in in;
	char *path;  /* "body.messages[2].content", "field accept", "status"; as it came */
	bool parted; /* both are texts, which part at: */
	size_t byte, character;
	struct th_diff_value a, b;
};

struct th_diff_items {
	struct th_diff_item *items;
	size_t n, cap;
	size_t more; /* not kept */
};

/* Of two calls that differ in what was asked or in what came. Release with
 * th_diff_items_finish(). */
struct th_diff_items th_diff_pair(
	const struct th_diff_call *a, const struct th_diff_call *b, bool exact);
void th_diff_items_finish(struct th_diff_items *items);

/* "request", "answer", "tokens". */
const char *th_diff_in_name(enum th_diff_in in);

/* Both calls report these counts, and not the same. */
bool th_diff_tokens_differ(const struct th_diff_call *a, const struct th_diff_call *b);

#endif
