/* What tests of dialects share: one exchange made by hand, and the call that is read from it. */
#ifndef TESTS_UNIT_TALK_H
#define TESTS_UNIT_TALK_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "genai/genai.h"
#include "tests/unit/made_run.h"

struct talk {
	struct made *made;
	struct th_exchange *x;
	struct th_call *call; /* NULL: it is none */
};

/* "POST /path" to a host; response head such as "200 application/json". */
static inline struct talk talk_new(const char *line, const char *host, const char *question,
	const char *status_and_type, const char *answer)
{
	static char heads[16][2][512];
	static unsigned next;
	char(*h)[512] = heads[next++ % 16];
	struct talk t = {.made = made_new()};
	struct th_process *p = made_process(t.made, "0");
	snprintf(h[0], 512, "%s HTTP/1.1\r\nHost: %s\r\n\r\n", line, host);
	snprintf(h[1], 512, "HTTP/1.1 %.3s X\r\nContent-Type: %s\r\n\r\n",
		status_and_type ? status_and_type : "", status_and_type ? status_and_type + 4 : "");
	struct th_connection *c = made_connection(t.made, p, 1);
	t.x = made_exchange(t.made, c, 1, h[0], question, status_and_type ? h[1] : NULL, answer);
	return t;
}

static inline struct th_call *talk_read(struct talk *t)
{
	t->call = th_call_free(t->call);
	int r = th_call_read(t->x, &t->call);
	cr_assert(r == 0 || r == -2, "%d", r);
	return t->call;
}

static inline void talk_free(struct talk *t)
{
	th_call_free(t->call);
	free(t->made);
}

#define EXPECT_COUNT(count, value, provenance) \
	do { \
		cr_expect_eq((count).n, (uint64_t)(value), #count " is %llu", \
			(unsigned long long)(count).n); \
		cr_expect_str_eq(th_provenance_name((count).from), provenance); \
	} while (0)

#endif
