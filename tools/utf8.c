#include "tools/utf8.h"

#include <stdlib.h>

#include "tools/tools.h"

struct range {
	uint32_t first, last;
};

static bool in_ranges(const struct range *r, size_t n, uint32_t code)
{
	for (size_t i = 0; i < n; i++) {
		if (code >= r[i].first && code <= r[i].last) {
			return true;
		}
	}
	return false;
}

#define IN_RANGES(table, code) in_ranges(table, sizeof(table) / sizeof(table[0]), code)

/* Coarse on purpose: a column too many or too few in a table does no harm. */
static const struct range combining[] = {{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd},
	{0x610, 0x61a}, {0x64b, 0x65f}, {0x900, 0x902}, {0x93c, 0x93c}, {0xe31, 0xe31},
	{0xe34, 0xe3a}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};
static const struct range wide[] = {{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf},
	{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
/* Not shown as they are: C0, DEL and C1; zero-width and direction controls; line separators. */
static const struct range unsafe[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x200b, 0x200f}, {0x2028, 0x202e},
	{0x2060, 0x2069}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0001, 0xe007f}};

static bool is_continuation(struct th_slice s, size_t i)
{
	return i < s.n && (s.p[i] & 0xc0) == 0x80;
}

static size_t sequence_length(uint8_t first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first >= 0xc2 && first <= 0xdf) {
		return 2;
	}
	if (first >= 0xe0 && first <= 0xef) {
		return 3;
	}
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t th_utf8_sequence(struct th_slice s, uint32_t *ret_code)
{
	static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s.n ? sequence_length(s.p[0]) : 0;
	if (n == 0) {
		return 0;
	}
	uint32_t code = s.p[0] & first_bits[n];
	for (size_t i = 1; i < n; i++) {
		if (!is_continuation(s, i)) {
			return 0;
		}
		code = code << 6 | (s.p[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		return 0;
	}
	*ret_code = code;
	return n;
}

bool th_utf8_valid(struct th_slice s)
{
	while (s.n) {
		uint32_t code;
		size_t n = s.p[0] < 0x80 ? 1 : th_utf8_sequence(s, &code);
		if (n == 0) {
			return false;
		}
		s.p += n;
		s.n -= n;
	}
	return true;
}

unsigned th_utf8_width(uint32_t code)
{
	if (code < 0x300) {
		return 1;
	}
	if (IN_RANGES(combining, code)) {
		return 0;
	}
	return IN_RANGES(wide, code) ? 2 : 1;
}

size_t th_utf8_columns(const char *text)
{
	struct th_slice s = th_slice_str(text);
	size_t columns = 0;
	while (s.n) {
		uint32_t code = ' ';
		bool ascii = s.p[0] >= ' ' &&
			s.p[0] < 0x7f; /* nearly all of it: no need to look twice */
		size_t n = ascii ? 1 : th_utf8_sequence(s, &code);
		columns += ascii ? 1 : th_utf8_width(code);
		n = n ? n : 1;
		s.p += n;
		s.n -= n;
	}
	return columns;
}

static void print_escape(FILE *out, uint32_t code)
{
	static const char letters[] = "0......abtnvfr";
	if (code == '\n' || code == '\r' || code == '\t') {
		fprintf(out, "\\%c", letters[code]);
	} else if (code < 0x100) {
		fprintf(out, "\\x%02x", code);
	} else {
		fprintf(out, "\\u%04x", code);
	}
}

/* Length of the run at the start of `s` that can be written as it is. */
static size_t plain_run(struct th_slice s, bool lines)
{
	size_t done = 0;
	while (done < s.n) {
		uint32_t code = 0;
		size_t n = th_utf8_sequence((struct th_slice){s.p + done, s.n - done}, &code);
		bool kept = lines && (code == '\n' || code == '\t');
		if (n == 0 || (!kept && IN_RANGES(unsafe, code))) {
			break;
		}
		done += n;
	}
	return done;
}

static void print_safe(FILE *out, struct th_slice s, bool lines)
{
	while (s.n) {
		size_t n = plain_run(s, lines);
		if (n) {
			fwrite(s.p, 1, n, out);
		} else if (lines && s.n > 1 && s.p[0] == '\r' && s.p[1] == '\n') {
			n = 1;
		} else {
			uint32_t code = s.p[0];
			n = th_utf8_sequence(s, &code);
			print_escape(out, n ? code : s.p[0]);
			n = n ? n : 1;
		}
		s.p += n;
		s.n -= n;
	}
}

char *th_text_line(struct th_slice s)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	if (!out) {
		th_tool_no_memory();
	}
	print_safe(out, s, false);
	if (fclose(out) != 0 || !text) {
		th_tool_no_memory();
	}
	return text;
}

void th_text_print(FILE *out, struct th_slice s)
{
	print_safe(out, s, true);
}
