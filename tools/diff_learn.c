/* See diff_learn.h. The matcher's own code says what each of the built-in patterns takes in both
 * requests; where it took something that differs, that place and that pattern are proposed. Then
 * the proposal is tried: what two requests still differ in is said in a comment, with the rule that
 * would let anything pass there, since nobody but the agent's author knows whether it may.
 *
 * Steps that are numbers become "*": a conversation grows, and its messages move. Left out: paths
 * that differ, since requests to different paths are never taken for the same. */
#include "tools/diff_learn.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/volatile.h"
#include "tools/tools.h"
#include "tools/utf8.h"

struct proposal {
	char *scope; /* "POST https://api.example/v1/chat" */
	char *where; /* a line of a rules file, up to its patterns */
	unsigned patterns;
};

struct learning {
	const struct th_diff *diff;
	struct th_rules *builtin;
	struct proposal *proposals;
	size_t n, cap;
};

/* ---- one request ---- */

struct request {
	struct th_canon canon;
	struct th_canon masked;
	struct th_masks masks;
};

static void finish_request(struct request *r)
{
	th_canon_finish(&r->canon);
	th_canon_finish(&r->masked);
	th_masks_finish(&r->masks);
}

/* False: it has no request to speak of. */
static bool read_request(
	const struct th_diff_call *c, const struct th_rules *rules, struct request *ret)
{
	if (!c->x || th_canon_request(c->x, &ret->canon) < 0) {
		return false;
	}
	if (th_volatile_mask(rules, &ret->canon, &ret->masked, &ret->masks) < 0) {
		th_tool_no_memory();
	}
	return true;
}

/* Method, scheme, authority and path are the canonical text's first words. */
static char *scope_of(const struct th_canon *c)
{
	const char *method = (const char *)c->text.p, *scheme = method + strlen(method) + 1;
	const char *authority = scheme + strlen(scheme) + 1;
	return th_tool_format(
		"%s %s://%s%s", method, scheme, authority, (const char *)c->text.p + c->path_at);
}

/* ---- proposals ---- */

/* Of "json /messages/2/content" the 2 becomes a star. */
static char *without_numbers(const char *where)
{
	char *text = th_tool_format("%s", where), *to = text;
	for (const char *p = where; *p;) {
		size_t digits = *p == '/' ? strspn(p + 1, "0123456789") : 0;
		*to++ = *p++;
		if (digits && (p[digits] == '/' || p[digits] == '\0')) {
			*to++ = '*';
			p += digits;
		}
	}
	*to = '\0';
	return text;
}

static void propose(struct learning *l, const char *scope, const struct th_mask *m)
{
	th_auto_free char *where = without_numbers(m->where);
	for (size_t i = 0; i < l->n; i++) {
		struct proposal *p = &l->proposals[i];
		if (strcmp(p->scope, scope) == 0 && strcmp(p->where, where) == 0) {
			p->patterns |= m->pattern;
			return;
		}
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->proposals = th_tool_realloc(l->proposals, l->cap * sizeof(*l->proposals));
	}
	l->proposals[l->n++] = (struct proposal){
		th_tool_format("%s", scope), th_steal(&where), m->pattern};
}

static bool same_place(const struct th_mask *a, const struct th_mask *b)
{
	return a->pattern == b->pattern && strcmp(a->where, b->where) == 0;
}

/* Masks come in the order of the text, so those of one place are met in their order. */
static void propose_all(struct learning *l, const struct request *a, const struct request *b)
{
	th_auto_free char *scope = scope_of(&a->canon);
	size_t next = 0;
	for (size_t i = 0; i < a->masks.n; i++) {
		const struct th_mask *m = &a->masks.list[i];
		size_t k = next;
		while (k < b->masks.n && !same_place(m, &b->masks.list[k])) {
			k++;
		}
		if (k == b->masks.n) {
			continue;
		}
		next = k + 1;
		if (!th_slice_eq(m->value, b->masks.list[k].value)) {
			propose(l, scope, m);
		}
	}
}

static void learn_row(struct learning *l, size_t row)
{
	const struct th_diff_call *x = th_diff_call_a(l->diff, row),
				  *y = th_diff_call_b(l->diff, row);
	th_cleanup(finish_request) struct request a = {0};
	th_cleanup(finish_request) struct request b = {0};
	if (l->diff->kinds[row] & TH_DIFF_KIND_REQUEST && read_request(x, l->builtin, &a) &&
		read_request(y, l->builtin, &b)) {
		propose_all(l, &a, &b);
	}
}

/* ---- the file ---- */

static int by_scope_and_place(const void *p, const void *q)
{
	const struct proposal *x = p, *y = q;
	int c = strcmp(x->scope, y->scope);
	return c ? c : strcmp(x->where, y->where);
}

static void print_proposals(FILE *out, const struct learning *l)
{
	fputs("tracehook-rules 1\n", out);
	for (size_t i = 0; i < l->n; i++) {
		const struct proposal *p = &l->proposals[i];
		if (i == 0 || strcmp(l->proposals[i - 1].scope, p->scope) != 0) {
			fprintf(out, "for %s\n", p->scope);
		}
		fputs(p->where, out);
		for (unsigned bit = 1; bit <= TH_PATTERN_OPTIONAL; bit <<= 1) {
			if (p->patterns & bit) {
				fprintf(out, " %s", th_pattern_name((enum th_pattern)bit));
			}
		}
		fputc('\n', out);
	}
}

static char *print_to_memory(const struct learning *l, size_t *ret_n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_n);
	if (!f) {
		th_tool_no_memory();
	}
	print_proposals(f, l);
	if (fclose(f) != 0) {
		th_tool_no_memory();
	}
	return text;
}

/* ---- is it enough? ---- */

/* True: the rules let these two pass for the same; else a comment says what is in the way. */
static bool explained(FILE *out, const struct learning *l, const struct th_rules *rules, size_t row)
{
	th_cleanup(finish_request) struct request a = {0};
	th_cleanup(finish_request) struct request b = {0};
	th_cleanup(th_buf_finish) struct th_buf why = {0};
	const struct th_diff_call *x = th_diff_call_a(l->diff, row),
				  *y = th_diff_call_b(l->diff, row);
	bool read = read_request(x, rules, &a) && read_request(y, rules, &b);
	if (read && th_slice_eq(th_buf_view(&a.masked.text), th_buf_view(&b.masked.text))) {
		return true;
	}
	if (read) {
		th_volatile_difference(rules, &b.canon, &a.canon, &why);
	}
	th_auto_free char *line = th_text_line(th_buf_view(&why));
	fprintf(out, "# not explained: #%zu of A and #%zu of B: %s\n", th_diff_number(x),
		th_diff_number(y), line);
	return false;
}

static bool explain_rows(FILE *out, const struct learning *l, const struct th_rules *rules)
{
	static const unsigned alone = TH_DIFF_KIND_ONLY_A | TH_DIFF_KIND_ONLY_B;
	size_t rest = 0;
	for (size_t i = 0; i < l->diff->rows.n; i++) {
		unsigned kinds = l->diff->kinds[i];
		if (kinds & alone) {
			const struct th_diff_call *a = th_diff_call_a(l->diff, i),
						  *b = th_diff_call_b(l->diff, i);
			th_auto_free char *name = th_text_line(
				th_slice_str((a ? a : b)->facts->name));
			fprintf(out, "# only in %s: #%zu %s\n", a ? "A" : "B",
				th_diff_number(a ? a : b), name);
			rest++;
		} else if (kinds & TH_DIFF_KIND_REQUEST) {
			rest += !explained(out, l, rules, i);
		}
	}
	return rest == 0;
}

static void finish_learning(struct learning *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->proposals[i].scope);
		free(l->proposals[i].where);
	}
	free(l->proposals);
	th_rules_destroy(l->builtin);
}

bool th_diff_learn(FILE *out, const struct th_diff *d)
{
	char why[TH_RULES_WHY_BYTES];
	struct th_rules *rules = NULL;
	size_t n;
	th_cleanup(finish_learning) struct learning l = {.diff = d, .builtin = th_rules_builtin()};
	if (!l.builtin) {
		th_tool_no_memory();
	}
	for (size_t i = 0; i < d->rows.n; i++) {
		learn_row(&l, i);
	}
	if (l.n) {
		qsort(l.proposals, l.n, sizeof(*l.proposals), by_scope_and_place);
	}
	th_auto_free char *text = print_to_memory(&l, &n);
	fwrite(text, 1, n, out);
	if (th_rules_parse((struct th_slice){(const uint8_t *)text, n}, &rules, why) < 0) {
		fprintf(out, "# these rules cannot be used: %s\n", why);
		return false;
	}
	bool all = explain_rows(out, &l, rules);
	th_rules_destroy(rules);
	return all;
}
