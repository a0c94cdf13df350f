/* Where in a capture everything is, so that a reader need not open all of it (for one span of
 * many).
 *
 * A survey goes over all parts (blocks and live files) and tells of their frames; who has chosen
 * the parts that he needs reads them with th_reader_next(). What is told comes from the frames'
 * headers, not from the index in the headers of blocks; that is compared, and where there is none
 * the checksum of the block is. Payloads of parts that are not chosen are not looked at, and damage
 * in them is not found. */
#ifndef CAPTURE_SURVEY_H
#define CAPTURE_SURVEY_H

#include "capture/reader.h"

struct th_frame_mark {
	uint64_t writer, seq, time;
	uint32_t id, part;
	uint8_t type, flags;
};

/* False: stop, there is no memory. */
struct th_survey_teller {
	bool (*tell)(void *to, const struct th_frame_mark *mark);
	void *to;
};

/* Of a reader that was opened for an outline, before it gave a frame. 0; -EBADMSG: the capture is
 * not in order, or parts of it are there twice: read all of it; -ENOMEM, -ENOTSUP. */
int th_reader_survey(struct th_reader *r, const struct th_survey_teller *teller);

/* How much there is to read, as it is stored, in bytes. */
uint64_t th_reader_stored(const struct th_reader *r);

/* After a survey: how many parts there are, and what is in one. They are in the order of frames. */
size_t th_reader_parts(const struct th_reader *r);
struct th_block_told th_reader_part(const struct th_reader *r, size_t part);

/* From now on only frames of these parts are given, from the first one on. A frame says how many
 * were passed over before it (th_frame.skipped); th_reader_told() is of all. */
void th_reader_choose(struct th_reader *r, const bool *parts);

#endif
