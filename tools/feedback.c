#include "tools/feedback.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/pretty_json.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

static const struct th_annotation *const *all_of(
	const struct th_run *run, const uint8_t *span_id, size_t *ret_n)
{
	*ret_n = 0;
	return span_id ? th_annotations_of(run, span_id, ret_n) : NULL;
}

static void put_words(struct th_jout *j, const char *key, struct th_slice words)
{
	th_jout_key(j, key);
	if (words.n) {
		th_jout_string(j, words);
	} else {
		th_jout_null(j);
	}
}

static void put_data(struct th_jout *j, struct th_slice data)
{
	th_jout_key(j, "data");
	if (th_pretty_json_is(data)) {
		th_jout_json(j, data);
	} else {
		th_jout_null(j);
	}
}

static void put_one(struct th_jout *j, const struct th_annotation *a)
{
	th_jout_open(j, '{');
	th_jout_put_u64(j, "time_unix_nano", a->time);
	put_words(j, "name", a->name);
	th_jout_key(j, "score");
	if (a->scored) {
		th_jout_double(j, a->score);
	} else {
		th_jout_null(j);
	}
	put_words(j, "label", a->label);
	put_words(j, "comment", a->comment);
	put_words(j, "author", a->author);
	put_data(j, a->data);
	th_jout_close(j, '}');
}

void th_feedback_json(struct th_jout *j, const struct th_run *run, const uint8_t *span_id)
{
	size_t n;
	const struct th_annotation *const *all = all_of(run, span_id, &n);
	if (n == 0) {
		return;
	}
	th_jout_key(j, "feedback");
	th_jout_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		put_one(j, all[i]);
	}
	th_jout_close(j, ']');
}

char *th_feedback_word(const struct th_run *run, const uint8_t *span_id)
{
	size_t n;
	const struct th_annotation *const *all = all_of(run, span_id, &n);
	if (n == 0) {
		return NULL;
	}
	const struct th_annotation *a = all[n - 1];
	th_auto_free char *score = a->scored ? th_tool_format("%g", a->score) : NULL;
	th_auto_free char *label = th_text_line(a->label.n ? a->label : a->name);
	th_auto_free char *more = n > 1 ? th_tool_format(", +%zu", n - 1) : NULL;
	return th_tool_format("%s%s%s%s", score ? score : "", score && *label ? " " : "",
		*label || score ? label : "noted", more ? more : "");
}

static void print_part(FILE *out, const char *what, struct th_slice text)
{
	if (text.n) {
		th_auto_free char *line = th_text_line(text);
		fprintf(out, "%s%s", what, line);
	}
}

void th_feedback_text(FILE *out, const struct th_run *run, const uint8_t *span_id)
{
	size_t n;
	char date[TH_UNITS_TEXT + 8];
	const struct th_annotation *const *all = all_of(run, span_id, &n);
	for (size_t i = 0; i < n; i++) {
		const struct th_annotation *a = all[i];
		fprintf(out, "\nfeedback, %s", th_units_date(date, a->time));
		print_part(out, " by ", a->author);
		fputc(':', out);
		print_part(out, " ", a->name);
		if (a->scored) {
			fprintf(out, " %g", a->score);
		}
		print_part(out, " ", a->label);
		print_part(out, "\n  ", a->comment);
		fputc('\n', out);
		th_pretty_json_print(out, a->data, "  ");
	}
}
