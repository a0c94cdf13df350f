/* Huffman decoding by the code's own structure.
 *
 * The code is canonical: codes of one length are consecutive numbers, given to symbols in
 * ascending order, and any shorter code is, left-aligned, the smaller number. So the RFC's table
 * of 257 codes is said by the symbols in order of code and, per length, the first code. Decoding
 * looks at the next 32 bits: the first length whose codes end above that number is the length of
 * the next code. What occurs in headers has five to eight bits: four comparisons at most, which
 * is as fast as it need be, without a kilobyte-wide state table in every agent. */
#include "wire/hpack_huffman.h"

#include <errno.h>

#define EOS 256

struct length {
	uint64_t end;	/* first 32-bit number above all codes of this length, left-aligned */
	uint32_t first; /* first code */
	uint16_t index; /* its symbol, in symbols[] */
	uint8_t bits;
};

#define LENGTH(bits_, first_, count_, index_) \
	{ \
		.end = ((uint64_t)(first_) + (count_)) << (32 - (bits_)), .first = (first_), \
		.index = (index_), .bits = (bits_), \
	}

static const struct length lengths[] = {
	LENGTH(5, 0x0, 10, 0),
	LENGTH(6, 0x14, 26, 10),
	LENGTH(7, 0x5c, 32, 36),
	LENGTH(8, 0xf8, 6, 68),
	LENGTH(10, 0x3f8, 5, 74),
	LENGTH(11, 0x7fa, 3, 79),
	LENGTH(12, 0xffa, 2, 82),
	LENGTH(13, 0x1ff8, 6, 84),
	LENGTH(14, 0x3ffc, 2, 90),
	LENGTH(15, 0x7ffc, 3, 92),
	LENGTH(19, 0x7fff0, 3, 95),
	LENGTH(20, 0xfffe6, 8, 98),
	LENGTH(21, 0x1fffdc, 13, 106),
	LENGTH(22, 0x3fffd2, 26, 119),
	LENGTH(23, 0x7fffd8, 29, 145),
	LENGTH(24, 0xffffea, 12, 174),
	LENGTH(25, 0x1ffffec, 4, 186),
	LENGTH(26, 0x3ffffe0, 15, 190),
	LENGTH(27, 0x7ffffde, 19, 205),
	LENGTH(28, 0xfffffe2, 29, 224),
	LENGTH(30, 0x3ffffffc, 4, 253),
};

/* In order of code, a new line for each length; EOS, the last one, is left out. */
static const char symbols[EOS + 1] =
	"012aceiost"							   /* 5 */
	" %-./3456789=A_bdfghlmnpru"					   /* 6 */
	":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"				   /* 7 */
	"&*,;XZ"							   /* 8 */
	"!\"()?"							   /* 10 */
	"'+|"								   /* 11 */
	"#>"								   /* 12 */
	"\000$@[]~"							   /* 13 */
	"^}"								   /* 14 */
	"<`{"								   /* 15 */
	"\\\303\320"							   /* 19 */
	"\200\202\203\242\270\302\340\342"				   /* 20 */
	"\231\241\247\254\260\261\263\321\330\331\343\345\346"		   /* 21 */
	"\201\204\205\206\210\222\232\234\240\243\244\251\252\255\262\265" /* 22 */
	"\271\272\273\275\276\304\306\344\350\351"
	"\001\207\211\212\213\214\215\217\223\225\226\227\230\233\235\236" /* 23 */
	"\245\246\250\256\257\264\266\267\274\277\305\347\357"
	"\011\216\220\221\224\237\253\316\327\341\354\355"		   /* 24 */
	"\307\317\352\353"						   /* 25 */
	"\300\301\310\311\312\315\322\325\332\333\356\360\362\363\377"	   /* 26 */
	"\313\314\323\324\326\335\336\337\361\364\365\366\367\370\372\373" /* 27 */
	"\374\375\376"
	"\002\003\004\005\006\007\010\013\014\016\017\020\021\022\023\024" /* 28 */
	"\025\027\030\031\032\033\034\035\036\037\177\334\371"
	"\012\015\026"; /* 30 */

struct bits {
	struct th_slice in;
	uint64_t window; /* the next bits, left-aligned, ones below them */
	unsigned have;
};

static void refill(struct bits *b)
{
	while (b->have <= 56 && b->in.n) {
		unsigned shift = 56 - b->have;
		b->window &= ~((uint64_t)(uint8_t)~b->in.p[0] << shift);
		b->in.p++;
		b->in.n--;
		b->have += 8;
	}
}

/* The ones that follow what was taken become padding, should the input end. */
static void drop(struct bits *b, unsigned n)
{
	b->window = b->window << n | ((1ull << n) - 1);
	b->have -= n;
}

/* RFC 7541 5.2: fewer than eight bits, all ones (the beginning of EOS). */
static bool is_padding(const struct bits *b)
{
	return b->have < 8 && b->window == UINT64_MAX;
}

static const struct length *next_length(uint32_t next)
{
	const struct length *l = lengths;
	while (next >= l->end) {
		l++; /* ends at the last row: its end is 2^32 */
	}
	return l;
}

int th_hpack_huffman_decode(struct th_slice in, uint8_t *out, size_t *ret_n)
{
	struct bits b = {.in = in, .window = UINT64_MAX};
	size_t n = 0;
	for (refill(&b); b.have; refill(&b)) {
		uint32_t next = (uint32_t)(b.window >> 32);
		const struct length *l = next_length(next);
		if (l->bits > b.have) {
			break;
		}
		unsigned symbol = l->index + (next >> (32 - l->bits)) - l->first;
		if (symbol == EOS) {
			return -EBADMSG;
		}
		out[n++] = (uint8_t)symbols[symbol];
		drop(&b, l->bits);
	}
	if (!is_padding(&b)) {
		return -EBADMSG;
	}
	*ret_n = n;
	return 0;
}
