/* Cookies (RFC 6265). The value of each cookie is replaced by itself, as the one that a server sets
 * and the one that an agent sends back must have the same stand-in. A cookie's attributes stay: the
 * agent goes by them. */
#include "base/text.h"
#include "capture/redactor.h"

struct pair {
	const uint8_t *from, *equals, *to; /* without white space; equals == to: there is none */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct pair take_pair(const uint8_t *p, const uint8_t *stop)
{
	while (p < stop && is_blank(*p)) {
		p++;
	}
	const uint8_t *to = stop;
	while (to > p && is_blank(to[-1])) {
		to--;
	}
	return (struct pair){p, th_find_any(p, to, "="), to};
}

/* "c2VjcmV0==" is no name with a value of "=". */
static bool is_padding(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p == '=') {
		p++;
	}
	return p == end;
}

static void redact_pair(struct th_redactor *r, const struct pair *c)
{
	bool named = c->equals < c->to;
	bool empty = named && c->equals + 1 == c->to && r->side == TH_REDACT_RESPONSE;
	if (!named || (!empty && is_padding(c->equals, c->to))) {
		th_redactor_token(r, c->from, c->to);
		return;
	}
	const uint8_t *value = c->equals + 1;
	while (value < c->to && is_blank(*value)) {
		value++;
	}
	th_redactor_copy(r, c->from, value);
	th_redactor_token(r, value, c->to);
}

void th_redactor_cookie(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	while (p < end) {
		if (th_redactor_full(r, start)) {
			th_redactor_token(r, p, end);
			return;
		}
		const uint8_t *stop = th_find_any(p, end, ";");
		const struct pair c = take_pair(p, stop);
		th_redactor_copy(r, p, c.from);
		redact_pair(r, &c);
		p = stop < end ? stop + 1 : end;
		th_redactor_copy(r, c.to, p);
	}
}

static bool is_attribute(const struct pair *c)
{
	static const char known[][12] = {"domain", "expires", "httponly", "max-age", "partitioned",
		"path", "priority", "samesite", "secure", "version"};
	const struct th_slice name = th_slice_trim(
		(struct th_slice){c->from, (size_t)(c->equals - c->from)});
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (th_slice_ieq(name, th_slice_str(known[i]))) {
			return true;
		}
	}
	return name.n == 0 && c->equals == c->to;
}

/* Gateways join fields: "a=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT, b=2". What follows the first
 * comma in an attribute and has a "=" is the next cookie, with the rest of a date in its name. */
static const uint8_t *joined_cookie(const struct pair *c)
{
	const uint8_t *comma = th_find_any(c->equals, c->to, ",");
	return th_find_any(comma, c->to, "=") < c->to ? comma + 1 : c->to;
}

static void redact_attribute(struct th_redactor *r, const struct pair *c)
{
	const uint8_t *joined = joined_cookie(c);
	th_redactor_copy(r, c->from, joined);
	if (joined < c->to) {
		const struct pair next = take_pair(joined, c->to);
		th_redactor_copy(r, joined, next.from);
		redact_pair(r, &next);
	}
}

void th_redactor_set_cookie(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	bool first = true;
	while (p < end) {
		if (th_redactor_full(r, start)) {
			th_redactor_token(r, p, end);
			return;
		}
		const uint8_t *stop = th_find_any(p, end, ";");
		const struct pair c = take_pair(p, stop);
		th_redactor_copy(r, p, c.from);
		if (!first && is_attribute(&c)) {
			redact_attribute(r, &c);
		} else {
			redact_pair(r, &c);
		}
		first = false;
		p = stop < end ? stop + 1 : end;
		th_redactor_copy(r, c.to, p);
	}
}
