/* The capture's writer, one per process, inside the agent.
 *
 * Frames go into the process's live file, preallocated beside the capture, through a shared mapping
 * of a part of it: the kernel keeps them through kill -9, and no frame costs a system call. When
 * the process ends in good order the live file is folded: compressed into a block and appended to
 * the capture with one O_APPEND write; if it does not, whoever finds the orphan folds it
 * (capture/fold.h).
 *
 * No malloc, no stdio, no long-lived descriptor (P33): mappings survive closefrom. Thread-safe.
 * Errors never reach the agent: they are counted, and a LOST frame says so once there is room. */
#ifndef CAPTURE_WRITER_H
#define CAPTURE_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/lock.h"
#include "base/siphash.h"
#include "capture/again.h"
#include "capture/append.h"
#include "capture/frame.h"
#include "capture/key.h"
#include "capture/live.h"

#define TH_CAPTURE_PATH_MAX 4000 /* room for the live file's suffix within PATH_MAX */

/* Zeroed static storage is a valid, closed writer: every put is then counted as lost. */
struct th_writer {
	struct th_lock lock;
	uint64_t id;		      /* writer id, random */
	uint64_t next_seq;	      /* number of the next frame */
	uint64_t first_seq;	      /* number of the live file's first frame */
	int64_t waiting;	      /* frames in live files that were left and not folded yet */
	uint32_t finishing;	      /* threads in th_writer_finish() */
	struct th_live_window window; /* on the live file; map NULL: there is none yet */
	size_t live_size;
	size_t tail;		    /* offset of the next frame in the live file */
	uint64_t inode, live_inode; /* of the capture, and of the live file */
	uint32_t live_count;	    /* live files made so far, for their names */
	uint32_t live_folded;	    /* of them, folded by finish */
	uint64_t retry_at;	    /* th_clock_mono(): no attempt to get room before */
	int room_error;		    /* what the last such attempt gave */
	uint8_t file_id[16];
	uint8_t key[TH_SIPHASH_KEY_BYTES]; /* the file's redaction key */
	uint64_t lost_events, lost_bytes;  /* not yet said in a LOST frame */
	uint64_t losses;		   /* events, said or not */
	int error;			   /* last negative errno */
	bool encrypted;
	bool is_open;		     /* between th_writer_open() and th_writer_settle() */
	struct th_capture_open open; /* of the capture, then */
	uint8_t *staging; /* encrypted: a frame is put together here, and never in the live file */
	struct th_live_key live_key;
	size_t spared; /* bytes of the live file's frames that stand in others before them */
	/* From here on not cleared: what is long. */
	char path[TH_CAPTURE_PATH_MAX];
	char live_path[TH_CAPTURE_PATH_MAX + 64];
	struct th_again again; /* what requests in the live file's window say */
};

/* `w`: zeroed, or a writer before. Opens (creating it with its header when it is missing or empty)
 * the capture at absolute `path`, reads its redaction key, closes it again. Returns 0 or a negative
 * errno: -EINVAL not a capture, -ENOTSUP a capture of a newer version, -ENAMETOOLONG, what
 * th_key_why() explains. On failure the writer stays closed. */
int th_writer_init(struct th_writer *w, const char *path);

/* The same, and leaves the capture open for what is put directly: one that is opened for each
 * record is most of what recording a process costs that says nothing. Until th_writer_settle(),
 * soon. */
int th_writer_open(struct th_writer *w, const char *path);
void th_writer_settle(struct th_writer *w);

/* Appends a frame with a payload of `n` parts (at most TH_FRAME_PAYLOAD_MAX together). `time` in
 * ns since the epoch. Returns 0, or a negative errno after counting the loss. errno may change. */
int th_writer_put(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id, uint64_t time,
	const struct iovec *parts, int n);

/* The same, of a header that is put together: its length and crc are set here. */
int th_writer_put_frame(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n);

/* The same of two that come together, as a head and its body do. */
struct th_writer_frame {
	const struct th_frame_header *header;
	const struct iovec *parts;
	int n;
};
void th_writer_put_two(struct th_writer *w, const struct th_writer_frame two[2]);

/* As th_writer_put(), but while the process has no live file the frame becomes a block of its own
 * in the capture at once: for what every process writes (RUN, PROCESS), so that one without
 * traffic never makes a live file. */
int th_writer_put_direct(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id,
	uint64_t time, const struct iovec *parts, int n);

/* What is put directly first, at one time, as one block: `payloads` of `types`, `n` of them (at
 * most TH_WRITER_TOGETHER). */
#define TH_WRITER_TOGETHER 4
int th_writer_put_together(struct th_writer *w, uint64_t time, const uint8_t *types,
	const struct iovec *payloads, int n);

/* Was something lost that no frame has told of yet, or is there no room for the next frame? */
bool th_writer_broken(const struct th_writer *w);

/* Makes sure that there is room for what an exchange begins with, and tells of losses: whoever asks
 * before each call that is to be recorded knows that it will be. True: so it is. Does not wait: for
 * a lock, nor for a disk that was full a moment ago. */
bool th_writer_mend(struct th_writer *w);

/* In a forked child: forgets the parent's live file and takes a new writer id (P28, P29). */
void th_writer_forked(struct th_writer *w);

/* Folds this process's live files into the capture and removes them; what cannot be compressed
 * within `budget_ns` is appended uncompressed, and of several files those not begun within
 * twice the budget are left (-ETIME). The writer stays usable: a later put begins a new live file
 * (P12). Returns 0 or a negative errno, the live file then left for others to fold. */
int th_writer_finish(struct th_writer *w, uint64_t budget_ns);

#endif
