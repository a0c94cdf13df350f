/* A double of capture/writer.h that keeps frames in memory, and tells them as text.
 *
 * fake_text() gives a line per frame: "#1 req-head c1 LB GET / …", with CR and LF spelled out.
 * Frames that continue the line before (same type and id, no LAST yet) are joined to it, so the
 * text is the same however the bytes were split. */
#ifndef TESTS_UNIT_FAKE_WRITER_H
#define TESTS_UNIT_FAKE_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct fake_frame {
	uint8_t type, flags;
	uint32_t id;
	uint64_t time;
	size_t n;
	uint8_t *p;
};

#define FAKE_FRAMES_MAX 8192

extern struct fake_frame fake_frames[FAKE_FRAMES_MAX];
extern size_t fake_count;
extern unsigned fake_finished, fake_direct;

/* Forgets all frames. */
void fake_forget(void);

/* Valid until the next call. */
const char *fake_text(void);

#endif
