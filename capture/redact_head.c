/* Walking over HTTP/1 heads (RFC 9112) to redact them, line by line; see redact.h. */
#include "capture/redact.h"

#include "base/scan.h"
#include "base/text.h"
#include "capture/redactor.h"
#include "capture/secret.h"

static const uint8_t *find_last(const uint8_t *p, const uint8_t *end, uint8_t c)
{
	const uint8_t *found = NULL;
	for (; p < end; p++) {
		found = *p == c ? p : found;
	}
	return found;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space around the value stays, so that nothing but the value changes. */
static void redact_trimmed(
	struct th_redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from = p, *to = end;
	while (from < to && is_space(*from)) {
		from++;
	}
	while (to > from && is_space(to[-1])) {
		to--;
	}
	th_redactor_copy(r, p, from);
	if (th_redactor_ambiguous(r, p, end)) {
		th_redactor_token(r, from, to);
	} else {
		th_redactor_value(r, name, from, to);
	}
	th_redactor_copy(r, to, end);
}

/* One field with its continuation lines, without the last line's end. */
void th_redactor_field_line(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *colon = th_scan(p, end, ':');
	if (colon == end && r->side == TH_REDACT_RESPONSE && !th_redactor_ambiguous(r, p, end)) {
		th_redactor_copy(r, p, end); /* the head was cut, and no value had come */
		return;
	}
	if (colon == end) {
		th_redactor_token(r, p, end);
		return;
	}
	struct th_slice name = th_slice_trim((struct th_slice){p, (size_t)(colon - p)});
	if (th_redactor_ambiguous(r, p, colon)) {
		th_redactor_token(r, p, end);
		return;
	}
	th_redactor_copy(r, p, colon + 1);
	redact_trimmed(r, name, colon + 1, end);
}

/* ---- heads ---- */

/* End of the line at `p`, before its CR LF or LF (or CR, when the head was cut there). */
static const uint8_t *line_end(const uint8_t *p, const uint8_t *end, const uint8_t **ret_next)
{
	const uint8_t *lf = th_scan(p, end, '\n');
	*ret_next = lf < end ? lf + 1 : end;
	return lf > p && lf[-1] == '\r' ? lf - 1 : lf;
}

/* The line at `p` and the ones that continue it (obs-fold, RFC 9112 5.2). */
static const uint8_t *field_end(const uint8_t *p, const uint8_t *end, const uint8_t **ret_next)
{
	const uint8_t *stop = line_end(p, end, ret_next);
	while (*ret_next < end && (**ret_next == ' ' || **ret_next == '\t')) {
		stop = line_end(*ret_next, end, ret_next);
	}
	return stop;
}

void th_redactor_request_line(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *target = th_find_any(p, end, " \t");
	if (target == end || th_find_any(p, target, "?#=@:/") < target) {
		target = p; /* no method in front */
	}
	while (target < end && (*target == ' ' || *target == '\t')) {
		target++;
	}
	const uint8_t *version = find_last(target, end, ' ');
	if (!version || end - version < 6 || memcmp(version, " HTTP/", 6) != 0) {
		version = end;
	}
	th_redactor_copy(r, p, target);
	if (th_redactor_ambiguous(r, target, version)) {
		th_redactor_token(r, target, version);
	} else {
		size_t from = r->out.n;
		th_redactor_url(r, target, version);
		if (r->how->rules) {
			th_redactor_search(r, from, true);
		}
	}
	th_redactor_copy(r, version, end);
}

/* Most fields have nothing to hide, and are told apart cheaply: this is done for each field that an
 * agent sends and is sent. */
static bool hides_nothing(const struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *colon = r->plain && !r->how->rules ? th_scan(p, end, ':') : end;
	if (colon == end) {
		return p == end;
	}
	const struct th_slice name = th_slice_trim((struct th_slice){p, (size_t)(colon - p)});
	return th_secret_field(name) == TH_SECRET_NOT &&
		(r->no_marks || !th_redactor_has_marks(colon + 1, end));
}

static void redact_fields(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *kept = p; /* what is behind it up to p is yet to be copied */
	while (p < end) {
		const uint8_t *next;
		const uint8_t *stop = field_end(p, end, &next);
		if (r->tokens < TH_REDACT_HEAD_TOKENS && hides_nothing(r, p, stop)) {
			p = next;
			continue;
		}
		th_redactor_copy(r, kept, p);
		if (r->tokens >= TH_REDACT_HEAD_TOKENS) {
			r->by_rule = true; /* with the head's end in it, it is no value */
			th_redactor_token(r, p, end);
			th_out_bytes(&r->out, "\r\n\r\n", 4);
			return;
		}
		th_redactor_field_line(r, p, stop);
		th_redactor_copy(r, stop, next);
		p = kept = next;
	}
	th_redactor_copy(r, kept, p);
}

size_t th_redact_h1_head(
	const struct th_redaction *how, struct th_slice in, uint8_t *out, bool *ret_redacted)
{
	struct th_redactor r = th_redactor_begin(how, TH_REDACT_REQUEST, in, out);
	if (in.n == 0 || how->off) {
		return th_redactor_leave(in, out);
	}
	const uint8_t *p = in.p, *end = in.p + in.n;
	const uint8_t *next, *stop;
	while (p < end && (*p == '\r' || *p == '\n')) {
		p++;
	}
	th_redactor_copy(&r, in.p, p);
	stop = line_end(p, end, &next);
	th_redactor_request_line(&r, p, stop);
	th_redactor_copy(&r, stop, next);
	redact_fields(&r, next, end);
	return th_redactor_finish(&r, ret_redacted);
}

size_t th_redact_h1_lines(const struct th_redaction *how, enum th_redact_side side,
	struct th_slice in, uint8_t *out, bool *ret_redacted)
{
	static const char status[] = "HTTP/1.";
	struct th_redactor r = th_redactor_begin(how, side, in, out);
	if (in.n == 0 || how->off) {
		return th_redactor_leave(in, out);
	}
	const uint8_t *p = in.p, *end = in.p + in.n, *next = p;
	if (side == TH_REDACT_RESPONSE && in.n >= sizeof(status) - 1 &&
		memcmp(p, status, sizeof(status) - 1) == 0) {
		line_end(p, end, &next);
		th_redactor_copy(&r, p, next);
	}
	redact_fields(&r, next, end);
	return th_redactor_finish(&r, ret_redacted);
}
