/* See url.h. Not a general URL parser: paths are compared as they are written (clients resolve dot
 * segments, so a Location with some leads to a place that is not known), and names as ASCII. */
#include "trace/url.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "trace/http.h"

#define REDACTED "th-redacted:"

static struct th_slice from(struct th_slice s, size_t n)
{
	return (struct th_slice){s.p + n, s.n - n};
}

static size_t until(struct th_slice s, const char *set)
{
	size_t n = 0;
	while (n < s.n && !(s.p[n] && strchr(set, s.p[n]))) {
		n++;
	}
	return n;
}

static bool begins(struct th_slice s, struct th_slice with)
{
	return s.n >= with.n && th_slice_ieq((struct th_slice){s.p, with.n}, with);
}

static struct th_slice without_fragment(struct th_slice s)
{
	s.n = until(s, "#");
	return s;
}

/* "authority/path?query#fragment" */
static struct th_url parse_rest(bool https, struct th_slice s)
{
	struct th_url u = {.https = https};
	size_t end = until(s, "/?#");
	u.authority = (struct th_slice){s.p, end};
	u.target = without_fragment(from(s, end));
	const uint8_t *at = end ? memrchr(s.p, '@', end) : NULL;
	if (at) {
		u.authority = from(u.authority, (size_t)(at - s.p) + 1);
	}
	return u;
}

static bool absolute(struct th_slice s, struct th_url *ret_url)
{
	if (begins(s, TH_SLICE_LIT("https://")) || begins(s, TH_SLICE_LIT("wss://"))) {
		*ret_url = parse_rest(true, from(s, begins(s, TH_SLICE_LIT("wss")) ? 6 : 8));
		return true;
	}
	if (begins(s, TH_SLICE_LIT("http://")) || begins(s, TH_SLICE_LIT("ws://"))) {
		*ret_url = parse_rest(false, from(s, begins(s, TH_SLICE_LIT("ws")) ? 5 : 7));
		return true;
	}
	return false;
}

struct th_url th_url_parse(struct th_slice text)
{
	struct th_url u;
	return absolute(text, &u) ? u : parse_rest(false, text);
}

struct th_slice th_url_authority(struct th_slice text)
{
	struct th_slice scheme = {text.p, until(text, ":/?#")};
	struct th_slice rest = from(text, scheme.n);
	bool has_scheme = scheme.n && begins(rest, TH_SLICE_LIT("://"));
	return parse_rest(false, has_scheme ? from(rest, 3) : text).authority;
}

struct th_url th_url_follow(const struct th_url *base, struct th_slice location)
{
	struct th_url u = *base;
	if (absolute(location, &u)) {
		return u;
	}
	if (begins(location, TH_SLICE_LIT("//"))) {
		return parse_rest(base->https, from(location, 2));
	}
	u.target = without_fragment(location);
	u.any_target = u.target.n == 0 || u.target.p[0] != '/';
	return u;
}

/* ---- comparing ---- */

/* Host and port, the scheme's own port left out. */
static struct th_slice portless(struct th_slice authority, bool https)
{
	struct th_slice port = https ? TH_SLICE_LIT(":443") : TH_SLICE_LIT(":80");
	bool has = authority.n > port.n && th_slice_eq(from(authority, authority.n - port.n), port);
	authority.n -= has ? port.n : 0;
	return authority;
}

bool th_url_same_host(const struct th_url *u, const struct th_exchange *x)
{
	th_auto_free char *authority = th_http_authority(x);
	return authority &&
		th_slice_ieq(portless(u->authority, u->https),
			portless(th_slice_str(authority), u->https));
}

static bool holds_redaction(struct th_slice s)
{
	return s.n && memmem(s.p, s.n, REDACTED, strlen(REDACTED));
}

static bool same_target(struct th_slice a, struct th_slice b)
{
	size_t path = until(a, "?");
	struct th_slice a_path = path ? (struct th_slice){a.p, path} : TH_SLICE_LIT("/");
	struct th_slice b_path = {b.p, until(b, "?")};
	if (!th_slice_eq(a_path, b_path)) {
		return false;
	}
	struct th_slice a_query = from(a, path), b_query = from(b, b_path.n);
	return th_slice_eq(a_query, b_query) || holds_redaction(a_query) ||
		holds_redaction(b_query);
}

bool th_url_asked(const struct th_url *u, const struct th_exchange *x)
{
	if (!th_url_same_host(u, x)) {
		return false;
	}
	if (th_slice_eq(th_http_method(x), TH_SLICE_LIT("CONNECT"))) {
		return true;
	}
	bool https = strcmp(th_http_scheme(x), "https") == 0;
	return https == u->https && (u->any_target || same_target(u->target, th_http_target(x)));
}
