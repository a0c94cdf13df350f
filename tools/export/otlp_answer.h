/* What a collector answers: nothing, or that it took only a part, in JSON or protobuf whatever it
 * was sent (several answer one with the other). */
#ifndef TOOLS_EXPORT_OTLP_ANSWER_H
#define TOOLS_EXPORT_OTLP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

struct th_otlp_answer {
	char *bytes;
	size_t n;
};

/* Takes more of it; returns n. */
size_t th_otlp_answer_add(struct th_otlp_answer *a, const char *p, size_t n);

/* What was rejected, and why: *ret_why is the caller's to free, NULL: nothing was said. */
uint64_t th_otlp_answer_rejected(const struct th_otlp_answer *a, char **ret_why);

/* A line on stderr when something was rejected. TH_EXIT_OK, or TH_EXIT_NO then: what is missing at
 * the other end is no success. */
int th_otlp_answer_say(const struct th_otlp_answer *a, const char *url);

void th_otlp_answer_finish(struct th_otlp_answer *a);

#endif
