/* See world_answers.h. */
#include "player/world_answers.h"

#include <errno.h>
#include <stdlib.h>

#include "player/world_build.h"
#include "wire/dns.h"

struct th_world_answer {
	char name[TH_WORLD_NAME_MAX + 1];
	bool stream;
	size_t order;
	const struct th_dns_said *said;
};

static int rank(const struct th_dns_said *d)
{
	struct th_dns_answer a;
	if (d->message.n == 0) {
		return 0;
	}
	if (th_dns_read_answer(d->message, &a) < 0) {
		return 1;
	}
	if (a.code != TH_DNS_NO_ERROR && a.code != TH_DNS_NO_SUCH_NAME) {
		return 2;
	}
	return a.truncated ? 3 : a.records == 0 ? 4 : 5;
}

static int compare_keys(const struct th_world_answer *a, const struct th_world_answer *b)
{
	int c = strcmp(a->name, b->name);
	if (c == 0) {
		c = (int)a->said->type - (int)b->said->type;
	}
	return c ? c : (int)a->stream - (int)b->stream;
}

static int compare(const void *pa, const void *pb)
{
	const struct th_world_answer *a = pa, *b = pb;
	int c = compare_keys(a, b);
	if (c == 0) {
		c = rank(b->said) - rank(a->said);
	}
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

int th_world_answers_gather(struct th_world_answers *a, const struct th_run *run)
{
	size_t n = 0;
	a->answers = calloc(run->n_dns + 1, sizeof(*a->answers));
	a->entries = calloc(run->n_dns + 1, sizeof(*a->entries));
	if (!a->answers || !a->entries) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < run->n_dns; i++) {
		struct th_world_answer *at = &a->answers[n];
		at->said = run->dns[i];
		at->order = i;
		at->stream = at->said->way != TH_DNS_BY_DATAGRAM;
		n += th_world_normal_name(at->said->name, at->name);
	}
	qsort(a->answers, n, sizeof(*a->answers), compare);
	for (size_t i = 0; i < n; i++) {
		if (a->n == 0 || compare_keys(&a->answers[a->n - 1], &a->answers[i]) != 0) {
			a->answers[a->n++] = a->answers[i];
			a->bytes += strlen(a->answers[i].name) + 1 + a->answers[i].said->message.n;
		}
	}
	return 0;
}

void th_world_answers_lay(struct th_world_answers *a, struct th_out *out)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct th_world_answer *from = &a->answers[i];
		a->entries[i] = (struct th_world_dns){.name_offset = (uint32_t)out->n,
			.type = from->said->type,
			.stream = from->stream,
			.resolver = from->said->way == TH_DNS_BY_RESOLVER,
			.message_size = (uint32_t)from->said->message.n};
		th_out_bytes(out, from->name, strlen(from->name) + 1);
		a->entries[i].message_offset = (uint32_t)out->n;
		th_out_bytes(out, from->said->message.p, from->said->message.n);
	}
}

void th_world_answers_finish(struct th_world_answers *a)
{
	free(a->answers);
	free(a->entries);
	*a = (struct th_world_answers){0};
}
