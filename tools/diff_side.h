/* One run as diff sees it: everything that it did on the network, in order, each with digests of
 * what was asked and of what came, so that two runs are compared without their bodies at hand.
 *
 * Exchanges, and what failed before it could become one (look-ups, connections) or stayed closed to
 * us. Processes and tools are not calls: they show in what was asked. */
#ifndef TOOLS_DIFF_SIDE_H
#define TOOLS_DIFF_SIDE_H

#include "tools/span_facts.h"

#define TH_DIFF_DIGEST 32
#define TH_DIFF_SKETCH 16

struct th_diff_call {
	const struct th_span_facts *facts;
	const struct th_exchange *x; /* NULL: it never became an exchange */
	const char *lane;	     /* of its process, in the order of first connections */
	uint32_t thread;
	uint8_t place[TH_DIFF_DIGEST];	 /* where it went: method, scheme, authority, path */
	uint8_t asked[TH_DIFF_DIGEST];	 /* the request, canonical */
	uint8_t came[TH_DIFF_DIGEST];	 /* the answer: status, fields, body, how it ended */
	uint32_t sketch[TH_DIFF_SKETCH]; /* of the request's texts: alike when the requests are */
	uint64_t began, ended;		 /* ns since the epoch; ended >= began */
};

struct th_diff_side {
	const struct th_run *run;
	struct th_span_list spans;
	struct th_diff_call *calls; /* in the order in which they were made */
	size_t n;
	char (*lanes)[64]; /* one per process of the run */
	bool exact;
};

/* `exact`: every field of an answer and every byte of its body counts, also those fields that
 * differ each time (diff_fields.h), also the white space of JSON. The run must stay. Release with
 * th_diff_side_finish(). */
struct th_diff_side th_diff_side_of(const struct th_run *run, bool exact);
void th_diff_side_finish(struct th_diff_side *s);

/* How alike two requests are: 0 to TH_DIFF_SKETCH. */
unsigned th_diff_alike(const struct th_diff_call *a, const struct th_diff_call *b);

/* The number by which dump and show name it; 0: it is no exchange. */
static inline size_t th_diff_number(const struct th_diff_call *c)
{
	return c->x ? c->x->order + 1 : 0;
}

#endif
