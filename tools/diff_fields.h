/* The answer of an exchange as diff compares it: which fields count, and the body's form. */
#ifndef TOOLS_DIFF_FIELDS_H
#define TOOLS_DIFF_FIELDS_H

#include "player/canon_request.h"

/* Why a response field says nothing about what was answered, as one clause; NULL: it counts. */
const char *th_diff_field_ignored(struct th_slice name);

/* "name: value" LF per field that counts, sorted by name, names in lower case. Appended. */
void th_diff_fields(const struct th_head *head, bool exact, struct th_buf *out);

enum th_diff_form {
	TH_DIFF_EMPTY,
	TH_DIFF_JSON,	/* one JSON value */
	TH_DIFF_EVENTS, /* an event stream, as a JSON array of its data */
	TH_DIFF_RAW,
};

/* Appends the decoded body; the form says as what. */
enum th_diff_form th_diff_body(const struct th_message *m, struct th_buf *out);

#endif
