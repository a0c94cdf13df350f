#include "tools/export/otlp_out.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "tools/tools.h"
#include "tools/utf8.h"

enum wire {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5,
};

#define VARINT_MAX 10

void th_otlp_init(struct th_otlp *o, bool json)
{
	*o = (struct th_otlp){.json = json};
	o->out = open_memstream(&o->bytes, &o->n);
	if (!o->out) {
		th_tool_no_memory();
	}
	o->j.out = o->out;
	if (json) {
		th_jout_open(&o->j, '{');
	}
}

char *th_otlp_finish(struct th_otlp *o, size_t *ret_n)
{
	if (o->json) {
		th_jout_close(&o->j, '}');
	}
	bool failed = ferror(o->out);
	if (fclose(o->out) != 0 || failed) {
		th_tool_no_memory();
	}
	*ret_n = o->n;
	return o->bytes;
}

size_t th_otlp_size(struct th_otlp *o)
{
	fflush(o->out);
	return o->n;
}

/* ---- protobuf ---- */

static size_t varint(uint8_t bytes[VARINT_MAX], uint64_t v)
{
	size_t n = 0;
	while (v >= 0x80) {
		bytes[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (uint8_t)v;
	return n;
}

static void put_varint(struct th_otlp *o, uint64_t v)
{
	uint8_t bytes[VARINT_MAX];
	fwrite(bytes, 1, varint(bytes, v), o->out);
}

static void put_tag(struct th_otlp *o, unsigned number, enum wire wire)
{
	put_varint(o, (uint64_t)number << 3 | wire);
}

static void put_le(struct th_otlp *o, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fputc((int)(v >> 8 * i & 0xff), o->out);
	}
}

static void put_bytes(struct th_otlp *o, unsigned number, const void *p, size_t n)
{
	put_tag(o, number, WIRE_BYTES);
	put_varint(o, n);
	if (n) {
		fwrite(p, 1, n, o->out);
	}
}

static void begin(struct th_otlp *o, unsigned number)
{
	if (o->depth == TH_OTLP_DEPTH_MAX) {
		abort(); /* the descriptions in this folder nest six deep */
	}
	put_tag(o, number, WIRE_BYTES);
	o->field[o->depth] = number;
	o->open[o->depth++] = th_otlp_size(o);
}

/* The content goes a few bytes up to make room for its length. */
static void end(struct th_otlp *o)
{
	uint8_t length[VARINT_MAX];
	size_t from = o->open[--o->depth], to = th_otlp_size(o);
	size_t k = varint(length, to - from);
	fwrite(length, 1, k, o->out);
	fflush(o->out);
	memmove(o->bytes + from + k, o->bytes + from, to - from);
	memcpy(o->bytes + from, length, k);
}

/* ---- messages ---- */

void th_otlp_open(struct th_otlp *o, struct th_otlp_field f)
{
	if (o->json) {
		th_jout_key(&o->j, f.name);
		th_jout_open(&o->j, '{');
	} else {
		begin(o, f.number);
	}
}

void th_otlp_item(struct th_otlp *o, struct th_otlp_field f)
{
	if (o->json) {
		th_jout_open(&o->j, '{');
	} else {
		begin(o, f.number);
	}
}

void th_otlp_close(struct th_otlp *o)
{
	if (o->json) {
		th_jout_close(&o->j, '}');
	} else {
		end(o);
	}
}

void th_otlp_list(struct th_otlp *o, struct th_otlp_field f)
{
	if (o->json) {
		th_jout_key(&o->j, f.name);
		th_jout_open(&o->j, '[');
	}
}

void th_otlp_list_end(struct th_otlp *o)
{
	if (o->json) {
		th_jout_close(&o->j, ']');
	}
}

/* ---- values ---- */

/* Protobuf's strings are UTF-8 or the whole message is refused: what is not is written as ISO
 * 8859-1, as in JSON. */
static void put_latin1(struct th_otlp *o, unsigned number, struct th_slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		n += s.p[i] < 0x80 ? 1 : 2;
	}
	put_tag(o, number, WIRE_BYTES);
	put_varint(o, n);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= 0x80) {
			fputc(0xc0 | s.p[i] >> 6, o->out);
		}
		fputc(s.p[i] < 0x80 ? s.p[i] : 0x80 | (s.p[i] & 0x3f), o->out);
	}
}

void th_otlp_text(struct th_otlp *o, struct th_otlp_field f, struct th_slice text)
{
	if (o->json) {
		th_jout_key(&o->j, f.name);
		th_jout_string(&o->j, text);
	} else if (th_utf8_valid(text)) {
		put_bytes(o, f.number, text.p, text.n);
	} else {
		put_latin1(o, f.number, text);
	}
}

void th_otlp_id(struct th_otlp *o, struct th_otlp_field f, const uint8_t *id, size_t n)
{
	if (o->json) {
		th_jout_key(&o->j, f.name);
		th_jout_hex(&o->j, id, n);
	} else {
		put_bytes(o, f.number, id, n);
	}
}

void th_otlp_number(struct th_otlp *o, struct th_otlp_field f, uint32_t v)
{
	if (o->json) {
		th_jout_put_u64(&o->j, f.name, v);
	} else {
		put_tag(o, f.number, WIRE_VARINT);
		put_varint(o, v);
	}
}

void th_otlp_flag(struct th_otlp *o, struct th_otlp_field f, bool v)
{
	if (o->json) {
		th_jout_put_bool(&o->j, f.name, v);
	} else {
		put_tag(o, f.number, WIRE_VARINT);
		put_varint(o, v);
	}
}

static void put_decimal(struct th_otlp *o, const char *key, bool negative, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%s%" PRIu64, negative ? "-" : "", v);
	if (key) {
		th_jout_key(&o->j, key);
	}
	th_jout_text(&o->j, text);
}

void th_otlp_int(struct th_otlp *o, struct th_otlp_field f, int64_t v)
{
	if (o->json) {
		put_decimal(o, f.name, v < 0, v < 0 ? -(uint64_t)v : (uint64_t)v);
	} else {
		put_tag(o, f.number, WIRE_VARINT);
		put_varint(o, (uint64_t)v);
	}
}

void th_otlp_fixed64(struct th_otlp *o, struct th_otlp_field f, uint64_t v)
{
	if (o->json) {
		put_decimal(o, f.name, false, v);
	} else {
		put_tag(o, f.number, WIRE_64);
		put_le(o, v, 8);
	}
}

void th_otlp_fixed32(struct th_otlp *o, struct th_otlp_field f, uint32_t v)
{
	if (o->json) {
		th_jout_put_u64(&o->j, f.name, v);
	} else {
		put_tag(o, f.number, WIRE_32);
		put_le(o, v, 4);
	}
}

static uint64_t bits_of(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

void th_otlp_double(struct th_otlp *o, struct th_otlp_field f, double v)
{
	if (o->json) {
		th_jout_key(&o->j, f.name);
		th_jout_double(&o->j, v);
	} else {
		put_tag(o, f.number, WIRE_64);
		put_le(o, bits_of(v), 8);
	}
}

void th_otlp_fixed64s(struct th_otlp *o, struct th_otlp_field f, const uint64_t *v, size_t n)
{
	th_otlp_list(o, f);
	if (!o->json) {
		put_tag(o, f.number, WIRE_BYTES);
		put_varint(o, 8 * n);
	}
	for (size_t i = 0; i < n; i++) {
		if (o->json) {
			put_decimal(o, NULL, false, v[i]);
		} else {
			put_le(o, v[i], 8);
		}
	}
	th_otlp_list_end(o);
}

void th_otlp_doubles(struct th_otlp *o, struct th_otlp_field f, const double *v, size_t n)
{
	th_otlp_list(o, f);
	if (!o->json) {
		put_tag(o, f.number, WIRE_BYTES);
		put_varint(o, 8 * n);
	}
	for (size_t i = 0; i < n; i++) {
		if (o->json) {
			th_jout_double(&o->j, v[i]);
		} else {
			put_le(o, bits_of(v[i]), 8);
		}
	}
	th_otlp_list_end(o);
}

/* ---- attributes ---- */

#define VALUE TH_OTLP(2, "value")

static void open_attribute(struct th_otlp *o, struct th_otlp_field list, const char *key)
{
	th_otlp_item(o, list);
	th_otlp_text(o, TH_OTLP(1, "key"), th_slice_str(key));
	th_otlp_open(o, VALUE);
}

static void close_attribute(struct th_otlp *o)
{
	th_otlp_close(o);
	th_otlp_close(o);
}

void th_otlp_put_slice(
	struct th_otlp *o, struct th_otlp_field list, const char *key, struct th_slice text)
{
	open_attribute(o, list, key);
	th_otlp_text(o, TH_OTLP(1, "stringValue"), text);
	close_attribute(o);
}

void th_otlp_put_text(
	struct th_otlp *o, struct th_otlp_field list, const char *key, const char *text)
{
	if (text) {
		th_otlp_put_slice(o, list, key, th_slice_str(text));
	}
}

void th_otlp_put_bool(struct th_otlp *o, struct th_otlp_field list, const char *key, bool v)
{
	open_attribute(o, list, key);
	th_otlp_flag(o, TH_OTLP(2, "boolValue"), v);
	close_attribute(o);
}

void th_otlp_put_int(struct th_otlp *o, struct th_otlp_field list, const char *key, int64_t v)
{
	open_attribute(o, list, key);
	th_otlp_int(o, TH_OTLP(3, "intValue"), v);
	close_attribute(o);
}

void th_otlp_put_double(struct th_otlp *o, struct th_otlp_field list, const char *key, double v)
{
	open_attribute(o, list, key);
	th_otlp_double(o, TH_OTLP(4, "doubleValue"), v);
	close_attribute(o);
}

void th_otlp_put_texts(struct th_otlp *o, struct th_otlp_field list, const char *key,
	const char *const *texts, size_t n)
{
	open_attribute(o, list, key);
	th_otlp_open(o, TH_OTLP(5, "arrayValue"));
	th_otlp_list(o, TH_OTLP(1, "values"));
	for (size_t i = 0; i < n; i++) {
		th_otlp_item(o, TH_OTLP(1, "values"));
		th_otlp_text(o, TH_OTLP(1, "stringValue"), th_slice_str(texts[i]));
		th_otlp_close(o);
	}
	th_otlp_list_end(o);
	th_otlp_close(o);
	close_attribute(o);
}
