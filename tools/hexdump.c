#include "tools/hexdump.h"

#define PER_LINE 16

static void print_line(FILE *out, const uint8_t *p, size_t n, size_t offset)
{
	fprintf(out, "%08zx ", offset);
	for (size_t i = 0; i < PER_LINE; i++) {
		fputs(i == PER_LINE / 2 ? "  " : " ", out);
		if (i < n) {
			fprintf(out, "%02x", p[i]);
		} else {
			fputs("  ", out);
		}
	}
	fputs("  |", out);
	for (size_t i = 0; i < n; i++) {
		fputc(p[i] >= ' ' && p[i] < 0x7f ? p[i] : '.', out);
	}
	fputs("|\n", out);
}

void th_hexdump_print(FILE *out, struct th_slice s, const char *indent)
{
	for (size_t at = 0; at < s.n; at += PER_LINE) {
		size_t n = s.n - at < PER_LINE ? s.n - at : PER_LINE;
		fputs(indent, out);
		print_line(out, s.p + at, n, at);
	}
}
