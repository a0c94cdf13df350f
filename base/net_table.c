/* See net_table.h. Addresses are written as 32-bit words of the machine's order; all numbers but
 * the inode in hexadecimal. Fields that nobody needs are skipped. */
#include "base/net_table.h"

#include <string.h>

#define INODE_FIELD 9
#define DIGITS_MAX 16

/* Cuts off the next word of the line; an empty one at its end. */
static struct th_slice next_field(struct th_slice *line)
{
	while (line->n && line->p[0] == ' ') {
		line->p++;
		line->n--;
	}
	struct th_slice field = {line->p, 0};
	while (field.n < line->n && field.p[field.n] != ' ') {
		field.n++;
	}
	line->p += field.n;
	line->n -= field.n;
	return field;
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_number(struct th_slice s, unsigned base, uint64_t *ret_value)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		int digit = digit_of(s.p[i]);
		if (digit < 0 || (unsigned)digit >= base) {
			return false;
		}
		v = v * base + (unsigned)digit;
	}
	*ret_value = v;
	return s.n > 0 && s.n <= DIGITS_MAX;
}

/* "0100007F:1F90" */
static bool read_address(struct th_slice s, struct th_net_entry *e)
{
	uint64_t v;
	size_t digits = s.n > 5 ? s.n - 5 : 0;
	if ((digits != 8 && digits != 32) || s.p[digits] != ':' ||
		!read_number((struct th_slice){s.p + digits + 1, 4}, 16, &v)) {
		return false;
	}
	e->family = digits == 8 ? 4 : 6;
	e->port = (uint16_t)v;
	for (size_t i = 0; i < digits / 8; i++) {
		if (!read_number((struct th_slice){s.p + 8 * i, 8}, 16, &v)) {
			return false;
		}
		uint32_t word = (uint32_t)v;
		memcpy(e->address + 4 * i, &word, sizeof(word));
	}
	return true;
}

bool th_net_table_line(struct th_slice line, struct th_net_entry *ret_entry)
{
	struct th_net_entry e = {0};
	uint64_t state = 0;
	for (int i = 0; i <= INODE_FIELD; i++) {
		struct th_slice field = next_field(&line);
		bool good = i == 1	   ? read_address(field, &e)
			: i == 3	   ? read_number(field, 16, &state)
			: i == INODE_FIELD ? read_number(field, 10, &e.inode)
					   : field.n > 0;
		if (!good) {
			return false;
		}
	}
	e.state = (uint8_t)state;
	*ret_entry = e;
	return true;
}
