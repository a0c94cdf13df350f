#include "tools/json_out.h"

#include <inttypes.h>

#include "base/text.h"
#include "tools/base64.h"
#include "tools/utf8.h"

#define HEX_MAX 64

static void begin_value(struct th_jout *j)
{
	if (j->comma) {
		putc_unlocked(',', j->out);
	}
	j->comma = true;
}

void th_jout_open(struct th_jout *j, char bracket)
{
	begin_value(j);
	putc_unlocked(bracket, j->out);
	j->comma = false;
}

void th_jout_close(struct th_jout *j, char bracket)
{
	putc_unlocked(bracket, j->out);
	j->comma = true;
}

/* U+007F and the line separators are escaped too: not needed, but kind to terminals and to tools
 * that take JSON for JavaScript. */
static bool is_plain(uint8_t c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void put_escape(FILE *out, uint32_t code)
{
	static const char letters[] = {['"'] = '"',
		['\\'] = '\\',
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't'};
	if (code < sizeof(letters) && letters[code]) {
		putc_unlocked('\\', out);
		putc_unlocked(letters[code], out);
	} else {
		fprintf(out, "\\u%04x", (unsigned)code);
	}
}

static bool must_escape(uint32_t code)
{
	return code < 0xa0 || code == 0x2028 || code == 0x2029;
}

/* Writes one character that is_plain() is not true for; returns its length in the input. */
static size_t put_special(FILE *out, struct th_slice s, bool latin1)
{
	uint32_t code = s.p[0];
	size_t n = latin1 ? 1 : th_utf8_sequence(s, &code);
	if (must_escape(code)) {
		put_escape(out, code);
	} else if (latin1) {
		putc_unlocked((int)(0xc0 | code >> 6), out);
		putc_unlocked((int)(0x80 | (code & 0x3f)), out);
	} else {
		fwrite_unlocked(s.p, 1, n, out);
	}
	return n;
}

static void put_quoted(FILE *out, struct th_slice s)
{
	bool latin1 = !th_utf8_valid(s);
	putc_unlocked('"', out);
	while (s.n) {
		size_t n = 0;
		while (n < s.n && is_plain(s.p[n])) {
			n++;
		}
		if (n) {
			fwrite_unlocked(s.p, 1, n, out);
		} else {
			n = put_special(out, s, latin1);
		}
		s.p += n;
		s.n -= n;
	}
	putc_unlocked('"', out);
}

void th_jout_key_slice(struct th_jout *j, struct th_slice key)
{
	begin_value(j);
	put_quoted(j->out, key);
	putc_unlocked(':', j->out);
	j->comma = false;
}

void th_jout_key(struct th_jout *j, const char *key)
{
	th_jout_key_slice(j, th_slice_str(key));
}

void th_jout_string(struct th_jout *j, struct th_slice s)
{
	begin_value(j);
	put_quoted(j->out, s);
}

void th_jout_text(struct th_jout *j, const char *text)
{
	if (text) {
		th_jout_string(j, th_slice_str(text));
	} else {
		th_jout_null(j);
	}
}

void th_jout_base64(struct th_jout *j, struct th_slice s)
{
	begin_value(j);
	putc_unlocked('"', j->out);
	th_base64_print(j->out, s);
	putc_unlocked('"', j->out);
}

void th_jout_hex(struct th_jout *j, const void *p, size_t n)
{
	char hex[2 * HEX_MAX];
	n = n > HEX_MAX ? HEX_MAX : n;
	th_hex_encode(hex, p, n);
	th_jout_string(j, (struct th_slice){(const uint8_t *)hex, 2 * n});
}

void th_jout_u64(struct th_jout *j, uint64_t v)
{
	begin_value(j);
	fprintf(j->out, "%" PRIu64, v);
}

void th_jout_i64(struct th_jout *j, int64_t v)
{
	begin_value(j);
	fprintf(j->out, "%" PRId64, v);
}

void th_jout_double(struct th_jout *j, double v)
{
	begin_value(j);
	if (v - v != 0) {
		fputs("null", j->out);
	} else {
		fprintf(j->out, "%.12g", v);
	}
}

/* Line ends are white space between tokens: there is none inside a string (RFC 8259). */
void th_jout_json(struct th_jout *j, struct th_slice json)
{
	begin_value(j);
	for (size_t i = 0; i < json.n; i++) {
		bool end = json.p[i] == '\n' || json.p[i] == '\r';
		fputc(end ? ' ' : json.p[i], j->out);
	}
}

void th_jout_bool(struct th_jout *j, bool v)
{
	begin_value(j);
	fputs(v ? "true" : "false", j->out);
}

void th_jout_null(struct th_jout *j)
{
	begin_value(j);
	fputs("null", j->out);
}

void th_jout_put_text(struct th_jout *j, const char *key, const char *text)
{
	th_jout_key(j, key);
	th_jout_text(j, text);
}

void th_jout_put_u64(struct th_jout *j, const char *key, uint64_t v)
{
	th_jout_key(j, key);
	th_jout_u64(j, v);
}

void th_jout_put_known(struct th_jout *j, const char *key, uint64_t v)
{
	th_jout_key(j, key);
	if (v) {
		th_jout_u64(j, v);
	} else {
		th_jout_null(j);
	}
}

void th_jout_put_bool(struct th_jout *j, const char *key, bool v)
{
	th_jout_key(j, key);
	th_jout_bool(j, v);
}

void th_jout_put_null(struct th_jout *j, const char *key)
{
	th_jout_key(j, key);
	th_jout_null(j);
}
