/* Where the lines of a head are, beside those of another one of its connection: agents ask again
 * and again with nearly the same head, and are answered with one whose fields are named alike. The
 * model stays the one it was as long as those that come have its fields, whatever their values are;
 * else the next head is the model. */
#ifndef BASE_LINES_BESIDE_H
#define BASE_LINES_BESIDE_H

#include "base/lines.h"

#define TH_LINES_MODEL_BYTES 2048 /* of a head; a longer one is no model */
#define TH_LINES_MODEL_BLOCKS (TH_LINES_MODEL_BYTES / TH_LINES_BLOCK)

/* Zeroed memory has none in it. */
struct th_lines_model {
	struct th_lines lines; /* of the head that came last; fresh: it is the model now */
	bool shifted;	       /* its lines are not all where the model's are */
	uint8_t strange;       /* heads whose start line is another than the model's */
	uint16_t bytes, start; /* of the model; 0 bytes: there is none */
	uint64_t marked;
	/* Of each block of bytes: which fields are in it, and which bytes are of a name or of a
	 * value with marks in it. */
	uint64_t fields[TH_LINES_MODEL_BLOCKS + 1];
	uint32_t fixed[TH_LINES_MODEL_BLOCKS + 2];
	uint8_t head[TH_LINES_MODEL_BYTES + TH_LINES_BESIDE];
};

/* As th_lines_of(), into m->lines. What they know (lines.h) is of the model that was before. */
bool th_lines_beside(struct th_lines_model *m, struct th_slice in);

/* What comes next is beside nothing. */
static inline void th_lines_forget(struct th_lines_model *m)
{
	m->bytes = 0;
}

#endif
