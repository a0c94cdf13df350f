/* Views into message heads (RFC 9112 2-5; RFC 9113 8.3 for the list form).
 *
 * A line ends at LF; one CR before it is dropped (RFC 9112 2.2). A folded value (5.2) is seen as
 * one value with its line break inside. Lines without a colon are passed over: the recorder must
 * find the framing that real peers find, not judge them. */
#include "wire/head.h"

#include "base/scan.h"
#include "base/text.h"

#define LIST_NAME_BYTES 2
#define LIST_VALUE_BYTES 4
#define AROUND_VALUE 3 /* of a line of th_lines: the colon, CR, LF */

static bool is_tchar(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (th_lower(c) >= 'a' && th_lower(c) <= 'z')) {
		return true;
	}
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The line at *pos without its end; *pos moves behind it. Without an LF the rest is the line. */
static struct th_slice take_line(struct th_slice in, size_t *pos)
{
	if (*pos >= in.n) {
		return (struct th_slice){in.p, 0};
	}
	const uint8_t *p = in.p + *pos, *end = in.p + in.n, *lf = th_scan(p, end, '\n');
	size_t len = (size_t)(lf - p);
	*pos += lf < end ? len + 1 : len;
	if (len && p[len - 1] == '\r') {
		len--;
	}
	return (struct th_slice){p, len};
}

static size_t skip_empty_lines(struct th_slice in)
{
	size_t i = 0;
	while (i < in.n && (in.p[i] == '\r' || in.p[i] == '\n')) {
		i++;
	}
	return i;
}

static struct th_slice first_line(struct th_slice head)
{
	size_t pos = skip_empty_lines(head);
	return take_line(head, &pos);
}

/* Cuts `s` at its first space; false when there is none. */
static bool cut_at_space(struct th_slice *s, struct th_slice *ret_before)
{
	const uint8_t *sp = s->n ? memchr(s->p, ' ', s->n) : NULL;
	if (!sp) {
		return false;
	}
	*ret_before = (struct th_slice){s->p, (size_t)(sp - s->p)};
	s->n -= ret_before->n + 1;
	s->p = sp + 1;
	return true;
}

static bool is_version(struct th_slice s)
{
	return s.n == 8 && memcmp(s.p, "HTTP/", 5) == 0 && is_digit(s.p[5]) && s.p[6] == '.' &&
		is_digit(s.p[7]);
}

static bool is_token(struct th_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_tchar(s.p[i])) {
			return false;
		}
	}
	return s.n > 0;
}

bool th_h1_request_line(struct th_slice head, struct th_slice *ret_method,
	struct th_slice *ret_target, struct th_slice *ret_version)
{
	struct th_slice line = first_line(head), method, target;
	if (!cut_at_space(&line, &method) || !is_token(method)) {
		return false;
	}
	/* The version is what follows the last space: targets with raw spaces are seen in the wild.
	 */
	const uint8_t *sp = line.n ? memrchr(line.p, ' ', line.n) : NULL;
	if (!sp || sp == line.p) {
		return false;
	}
	target = (struct th_slice){line.p, (size_t)(sp - line.p)};
	struct th_slice version = {sp + 1, line.n - target.n - 1};
	if (!is_version(version)) {
		return false;
	}
	*ret_method = method;
	*ret_target = target;
	*ret_version = version;
	return true;
}

bool th_h1_status_line(struct th_slice head, struct th_slice *ret_version, uint16_t *ret_status,
	struct th_slice *ret_reason)
{
	struct th_slice line = first_line(head), version;
	if (!cut_at_space(&line, &version) || !is_version(version) || line.n < 3) {
		return false;
	}
	const uint8_t *d = line.p;
	if (!is_digit(d[0]) || !is_digit(d[1]) || !is_digit(d[2]) || d[0] == '0') {
		return false;
	}
	if (line.n > 3 && d[3] != ' ') {
		return false;
	}
	size_t skip = line.n > 3 ? 4 : 3;
	*ret_version = version;
	*ret_status = (uint16_t)((d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0'));
	*ret_reason = (struct th_slice){line.p + skip, line.n - skip};
	return true;
}

static bool next_listed(struct th_slice in, size_t *pos, struct th_field *ret_field)
{
	struct th_in cur = {in.p + *pos, in.n - *pos, false};
	size_t name_n = th_in_u16(&cur);
	size_t value_n = th_in_u32(&cur);
	struct th_field f;
	f.name = th_in_bytes(&cur, name_n);
	f.value = th_in_bytes(&cur, value_n);
	if (cur.failed) {
		return false;
	}
	*pos += LIST_NAME_BYTES + LIST_VALUE_BYTES + name_n + value_n;
	*ret_field = f;
	return true;
}

/* Lengthens `line`, which ends before *pos, over the folded lines behind it. */
static void unfold(struct th_slice in, size_t *pos, struct th_slice *line)
{
	while (*pos < in.n && (in.p[*pos] == ' ' || in.p[*pos] == '\t')) {
		struct th_slice more = take_line(in, pos);
		line->n = (size_t)(more.p + more.n - line->p);
	}
}

static bool next_line_field(struct th_slice in, size_t *pos, struct th_field *ret_field)
{
	if (*pos == 0) {
		*pos = skip_empty_lines(in);
		take_line(in, pos);
	}
	while (*pos < in.n) {
		struct th_slice line = take_line(in, pos);
		if (line.n == 0) {
			return false;
		}
		unfold(in, pos, &line);
		const uint8_t *colon = th_scan(line.p, line.p + line.n, ':');
		if (colon < line.p + line.n) {
			size_t n = (size_t)(colon - line.p);
			ret_field->name = th_slice_trim((struct th_slice){line.p, n});
			ret_field->value = th_slice_trim(
				(struct th_slice){colon + 1, line.n - n - 1});
			return true;
		}
	}
	return false;
}

/* Of a letter, case ignored; 0: none. */
static uint32_t letter_bit(uint8_t c)
{
	unsigned i = (unsigned)(c | 0x20) - 'a';
	return i < 26 ? 1u << i : 0;
}

static struct th_field field_at(const struct th_head *h, size_t i)
{
	const struct th_line line = th_lines_line(h->lines, i);
	const uint8_t *head = h->bytes.p;
	const size_t name_n = line.colon - (size_t)line.at;
	const size_t value_n = line.end - (size_t)line.colon - AROUND_VALUE;
	return (struct th_field){{head + line.at, name_n},
		th_slice_trim((struct th_slice){head + line.colon + 1, value_n})};
}

struct th_slice th_head_line(const struct th_head *h, size_t i)
{
	return field_at(h, i).value;
}

/* The next field whose name begins with one of the letters; 0: any. *pos counts fields. */
static bool next_of_lines(
	const struct th_head *h, uint32_t letters, size_t *pos, struct th_field *ret_field)
{
	for (size_t i = *pos; i < h->lines->n; i++) {
		const size_t at = th_lines_line(h->lines, i).at;
		if (!letters || letters & letter_bit(h->bytes.p[at])) {
			*pos = i + 1;
			*ret_field = field_at(h, i);
			return true;
		}
	}
	*pos = h->lines->n;
	return false;
}

bool th_head_next(const struct th_head *h, size_t *pos, struct th_field *ret_field)
{
	if (h->lines) {
		return next_of_lines(h, 0, pos, ret_field);
	}
	if (*pos >= h->bytes.n) {
		return false;
	}
	return h->list ? next_listed(h->bytes, pos, ret_field)
		       : next_line_field(h->bytes, pos, ret_field);
}

/* Whole fields whose lines begin with another letter. Not the start line. This is done for each
 * head that is recorded, several times. */
static void pass_over(struct th_slice in, uint32_t letters, size_t *pos)
{
	if (in.n == 0) { /* there may be no bytes to point at */
		return;
	}
	const uint8_t *p = in.p + *pos, *end = in.p + in.n;
	while (p < end) {
		uint32_t bit = letter_bit(*p);
		if (!bit || bit & letters) {
			break;
		}
		do {
			p = th_scan(p, end, '\n');
			p += p < end;
		} while (p < end && (*p == ' ' || *p == '\t'));
	}
	*pos = (size_t)(p - in.p);
}

bool th_head_next_of(
	const struct th_head *h, const char *letters, size_t *pos, struct th_field *ret_field)
{
	uint32_t bits = 0;
	for (; *letters; letters++) {
		bits |= letter_bit((uint8_t)*letters);
	}
	if (h->lines) {
		return next_of_lines(h, bits, pos, ret_field);
	}
	if (!h->list) {
		if (*pos == 0) {
			*pos = skip_empty_lines(h->bytes);
			take_line(h->bytes, pos);
		}
		pass_over(h->bytes, bits, pos);
	}
	return th_head_next(h, pos, ret_field);
}

static bool next_tagged(
	const struct th_head *h, struct th_slice name, size_t *pos, struct th_field *ret_field)
{
	const unsigned tag = th_lines_tag(name.p, name.n);
	size_t i = *pos;
	while ((i = th_lines_tagged(h->lines, tag, i)) < h->lines->n) {
		*ret_field = field_at(h, i++);
		if (th_slice_ieq(ret_field->name, name)) {
			*pos = i;
			return true;
		}
	}
	return false;
}

/* The next field of that name. */
static bool next_named(
	const struct th_head *h, struct th_slice name, size_t *pos, struct th_field *ret_field)
{
	const char first[] = {(char)name.p[0], '\0'};
	if (h->lines) {
		return next_tagged(h, name, pos, ret_field);
	}
	while (th_head_next_of(h, first, pos, ret_field)) {
		if (th_slice_ieq(ret_field->name, name)) {
			return true;
		}
	}
	return false;
}

bool th_head_next_named(
	const struct th_head *h, struct th_slice name, size_t *pos, struct th_slice *ret_value)
{
	struct th_field f;
	if (!next_named(h, name, pos, &f)) {
		return false;
	}
	*ret_value = f.value;
	return true;
}

bool th_head_get(const struct th_head *h, const char *name, struct th_slice *ret_value)
{
	size_t pos = 0;
	return th_head_next_named(h, th_slice_str(name), &pos, ret_value);
}

bool th_head_request(
	const struct th_head *h, struct th_slice *ret_method, struct th_slice *ret_target)
{
	struct th_slice method, target, version;
	if (!h->list) {
		if (!th_h1_request_line(h->bytes, &method, &target, &version)) {
			return false;
		}
	} else {
		if (!th_head_get(h, ":method", &method)) {
			return false;
		}
		if (!th_head_get(h, ":path", &target)) {
			target = (struct th_slice){NULL, 0}; /* CONNECT has none */
		}
	}
	*ret_method = method;
	*ret_target = target;
	return true;
}

/* Of a status line as most are; 0: it is looked at closely. */
static uint16_t status_at_once(struct th_slice head)
{
	const uint8_t *p = head.p;
	if (head.n < 13 || th_le64(p) != th_le64("HTTP/1.1") || p[8] != ' ' || p[12] != ' ') {
		return 0;
	}
	unsigned a = p[9] - (unsigned)'0', b = p[10] - (unsigned)'0', c = p[11] - (unsigned)'0';
	return a <= 9 && b <= 9 && c <= 9 && a ? (uint16_t)(a * 100 + b * 10 + c) : 0;
}

uint16_t th_head_status(const struct th_head *h)
{
	struct th_slice version, reason, value;
	uint16_t status = h->list ? 0 : status_at_once(h->bytes);
	uint64_t number;
	if (status) {
		return status;
	}
	if (!h->list) {
		return th_h1_status_line(h->bytes, &version, &status, &reason) ? status : 0;
	}
	if (!th_head_get(h, ":status", &value) || value.n != 3 || !th_parse_u64(value, &number)) {
		return 0;
	}
	return (uint16_t)number;
}

struct th_slice th_head_authority(const struct th_head *h)
{
	struct th_slice value;
	if (h->list && th_head_get(h, ":authority", &value)) {
		return value;
	}
	return th_head_get(h, "host", &value) ? value : (struct th_slice){NULL, 0};
}

bool th_list_next(struct th_slice *list, struct th_slice *ret_element)
{
	if (list->n == 0) {
		return false;
	}
	const uint8_t *comma = memchr(list->p, ',', list->n);
	size_t n = comma ? (size_t)(comma - list->p) : list->n;
	*ret_element = th_slice_trim((struct th_slice){list->p, n});
	size_t taken = comma ? n + 1 : n;
	list->p += taken;
	list->n -= taken;
	return true;
}

bool th_head_has_token(const struct th_head *h, const char *name, const char *token)
{
	struct th_slice wanted = th_slice_str(token), value, element;
	size_t pos = 0;
	while (th_head_next_named(h, th_slice_str(name), &pos, &value)) {
		while (th_list_next(&value, &element)) {
			if (th_slice_ieq(element, wanted)) {
				return true;
			}
		}
	}
	return false;
}

static bool has_other_than(const struct th_head *h, const char *name, const char *harmless)
{
	struct th_slice value, element;
	size_t pos = 0;
	while (th_head_next_named(h, th_slice_str(name), &pos, &value)) {
		while (th_list_next(&value, &element)) {
			if (element.n && !th_slice_ieq(element, th_slice_str(harmless)) &&
				!th_slice_ieq(element, TH_SLICE_LIT("identity"))) {
				return true;
			}
		}
	}
	return false;
}

static bool has_coded_type(const struct th_head *h)
{
	static const char types[][36] = {"application/vnd.amazon.eventstream", "application/gzip",
		"application/x-gzip", "application/zip", "application/x-zip-compressed",
		"application/zstd"};
	struct th_slice type;
	if (!th_head_get(h, "content-type", &type)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct th_slice coded = th_slice_str(types[i]);
		if (type.n >= coded.n && th_slice_ieq((struct th_slice){type.p, coded.n}, coded)) {
			return true;
		}
	}
	return false;
}

bool th_head_is_coded(const struct th_head *h)
{
	static const char fields[][28] = {
		"content-encoding", "grpc-encoding", "connect-content-encoding"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (has_other_than(h, fields[i], "")) {
			return true;
		}
	}
	return has_other_than(h, "transfer-encoding", "chunked") || has_coded_type(h);
}
