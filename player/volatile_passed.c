/* What the relaxation let pass, for the report: the masks of both sides, one beside the other. */
#include <stdlib.h>

#include "player/explain.h"
#include "player/volatile.h"

#define VALUE_MAX 120

void th_masks_finish(struct th_masks *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->list[i].where);
		free((uint8_t *)m->list[i].value.p);
	}
	free(m->list);
	*m = (struct th_masks){0};
}

void th_passed_free(struct th_passed *list, size_t n)
{
	for (size_t i = 0; list && i < n; i++) {
		free(list[i].where);
		free(list[i].asked);
		free(list[i].recorded);
	}
	free(list);
}

struct passing {
	struct th_passed *list;
	size_t n;
};

static char *shown(const struct th_mask *m)
{
	struct th_buf out = {0};
	if (m) {
		th_explain_text(m->value, VALUE_MAX, &out);
	}
	return th_buf_take(&out);
}

static void pass(struct passing *p, const struct th_mask *asked, const struct th_mask *recorded)
{
	const struct th_mask *any = asked ? asked : recorded;
	if ((asked && recorded && th_slice_eq(asked->value, recorded->value)) ||
		p->n == TH_PASSED_MAX) {
		return;
	}
	p->list[p->n++] = (struct th_passed){.where = strdup(any->where),
		.pattern = th_pattern_name(any->pattern),
		.asked = shown(asked),
		.recorded = shown(recorded)};
}

static const struct th_mask *next_of(const struct th_masks *m, bool optional, size_t *at)
{
	while (*at < m->n && (m->list[*at].pattern == TH_PATTERN_OPTIONAL) != optional) {
		++*at;
	}
	return *at < m->n ? &m->list[(*at)++] : NULL;
}

/* Masks come in the same order on both sides, since the masked forms are equal. */
static void pass_masks(struct passing *p, const struct th_masks *a, const struct th_masks *r)
{
	size_t i = 0, k = 0;
	const struct th_mask *asked, *recorded;
	while ((asked = next_of(a, false, &i)) && (recorded = next_of(r, false, &k))) {
		pass(p, asked, recorded);
	}
}

static bool is_optional_at(const struct th_mask *m, const char *where)
{
	return m->pattern == TH_PATTERN_OPTIONAL && strcmp(m->where, where) == 0;
}

/* What stands where `mask`, one of `own`, does: a place may come twice (JSON's keys do), so the
 * second belongs to the second. NULL: nothing. */
static const struct th_mask *other_of(
	const struct th_masks *own, const struct th_mask *mask, const struct th_masks *others)
{
	size_t before = 0;
	for (const struct th_mask *m = own->list; m < mask; m++) {
		before += is_optional_at(m, mask->where);
	}
	for (size_t i = 0; i < others->n; i++) {
		if (is_optional_at(&others->list[i], mask->where) && before-- == 0) {
			return &others->list[i];
		}
	}
	return NULL;
}

static void pass_optional(struct passing *p, const struct th_masks *a, const struct th_masks *r)
{
	size_t i = 0;
	for (const struct th_mask *mask; (mask = next_of(a, true, &i));) {
		pass(p, mask, other_of(a, mask, r));
	}
	i = 0;
	for (const struct th_mask *mask; (mask = next_of(r, true, &i));) {
		if (!other_of(r, mask, a)) {
			pass(p, NULL, mask);
		}
	}
}

struct th_passed *th_volatile_passed(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_canon *recorded, size_t *ret_n)
{
	struct passing p = {.list = calloc(TH_PASSED_MAX, sizeof(*p.list))};
	struct th_masks a = {0}, r = {0};
	struct th_canon masked = {0};
	if (p.list && th_volatile_mask(rules, asked, &masked, &a) == 0 &&
		th_volatile_mask(rules, recorded, &masked, &r) == 0) {
		pass_masks(&p, &a, &r);
		pass_optional(&p, &a, &r);
	}
	th_canon_finish(&masked);
	th_masks_finish(&a);
	th_masks_finish(&r);
	*ret_n = p.n;
	if (p.n == 0) {
		free(p.list);
		return NULL;
	}
	return p.list;
}
