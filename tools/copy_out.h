/* A capture written by a tool from frames of another one: each keeps its writer and its number. */
#ifndef TOOLS_COPY_OUT_H
#define TOOLS_COPY_OUT_H

#include "capture/layout.h"
#include "capture/reader.h"

struct th_copy_out;

enum th_copy_kind {
	TH_COPY_OTHER,	 /* a capture of its own: another file id */
	TH_COPY_ARCHIVE, /* the same one, packed as small as can be: seals go with it */
};

/* Makes the file at `path`, which must not exist, with the redaction key of `from`, and encrypted
 * when that is. 0 or a negative errno. */
int th_copy_out_create(const char *path, const struct th_reader *from, enum th_copy_kind kind,
	struct th_copy_out **ret_out);

/* One frame; a writer's in the order of their numbers. 0, or a negative errno: -EFBIG, a payload is
 * larger than the format has it. */
int th_copy_out_frame(struct th_copy_out *o, const struct th_frame *f);

/* A block that holds no frames, behind the frames so far. 0 or a negative errno. */
int th_copy_out_extra(struct th_copy_out *o, const struct th_extra *extra);

/* Writes what is left. 0 or a negative errno, also that of an earlier call. */
int th_copy_out_flush(struct th_copy_out *o);

/* Frees it; what was not flushed is not in the file. Takes NULL; returns NULL. */
struct th_copy_out *th_copy_out_destroy(struct th_copy_out *o);

#endif
