/* Spans grouped by what they have in common, and each group's figures. */
#ifndef TOOLS_STATS_H
#define TOOLS_STATS_H

#include "tools/prices.h"
#include "tools/quantiles.h"
#include "tools/span_facts.h"

struct th_stats_group {
	char *name;
	size_t count, errors;
	struct th_values took, first;
	struct th_tokens tokens;
	double cost;	 /* of the calls that have one */
	size_t priced;	 /* calls that have one */
	size_t unpriced; /* model calls that succeeded and have none */
	uint64_t busy;	 /* sum of durations, ns */
};

/* What spans are grouped by; its text is the caller's to free, NULL: the span is in no group. */
struct th_stats_key {
	const char *name;
	char *(*of)(const struct th_span_facts *s);
};

/* "model", "host", "tool", "process", "step", "type"; NULL: no such key. */
const struct th_stats_key *th_stats_key(const char *name);
extern const struct th_stats_key th_stats_keys[];
extern const size_t th_stats_n_keys;

struct th_stats {
	struct th_stats_group *groups; /* the busiest first */
	size_t n;
};

/* Groups the spans. prices may be NULL. Release with th_stats_finish(). */
void th_stats_of(struct th_stats *ret_stats, const struct th_stats_key *key,
	const struct th_span_facts *const *spans, size_t n, const struct th_prices *prices);
void th_stats_finish(struct th_stats *t);

#endif
