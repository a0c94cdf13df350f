/* Do the frames of a capture still agree with its seals? Reading side.
 *
 * The proof is the SHA-256 chain of each writer. Where it breaks is found with the seal's tags: the
 * first frame whose chain value has not the first two bytes noted for it. A change may escape its
 * own tag once in 65,536 times and is then named one frame late; it does not escape the chain. */
#ifndef CAPTURE_VERIFY_H
#define CAPTURE_VERIFY_H

#include "capture/seal.h"

enum th_fault_kind {
	TH_FAULT_NONE = 0,
	TH_FAULT_CHANGED,  /* a frame is there and is another one */
	TH_FAULT_REMOVED,  /* a frame is not there, others behind it are */
	TH_FAULT_INSERTED, /* `count` frames stand before the one that belongs here */
	TH_FAULT_MOVED,	   /* the frame that belongs here stands further behind */
	TH_FAULT_CUT,	   /* from here on nothing is there */
	TH_FAULT_UNKNOWN,  /* without tags: somewhere behind what is known */
	TH_FAULT_WRITER,   /* all frames of a process are gone */
	TH_FAULT_ADDED,	   /* after the seal: frames, or a whole process, that it does not cover */
};

/* The first thing that is not as the seal says, in the order of the seal's writers. */
struct th_fault {
	enum th_fault_kind kind;
	uint64_t writer, number;      /* of the frame */
	uint64_t count;		      /* CUT, ADDED, INSERTED: frames */
	const struct th_frame *frame; /* that stands there now; NULL: none */
	bool placed;
	struct th_place place; /* of the frame; of where it should stand */
};

/* Compares. 0 and *ret_fault, whose kind may be NONE; -ENOMEM; -EIO. */
int th_seal_check(struct th_hasher *h, const struct th_reader *r, const struct th_written_list *l,
	const struct th_seal *seal, struct th_fault *ret_fault);

/* Frames that stand behind the last one that the seal covers, of its writers; as above. */
void th_seal_check_rest(
	const struct th_written_list *l, const struct th_seal *seal, struct th_fault *ret_fault);

#endif
