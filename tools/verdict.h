/* What can be said of each run of a capture: is it as it was when it was sealed? */
#ifndef TOOLS_VERDICT_H
#define TOOLS_VERDICT_H

#include <stdio.h>

#include "capture/verify.h"
#include "tools/sign_key.h"
#include "trace/trace.h"

enum th_verify_result {
	TH_VERIFY_INTACT,
	TH_VERIFY_BROKEN,   /* not as one of its seals says, or a signature does not hold */
	TH_VERIFY_UNSEALED, /* there is no seal: nothing can be said */
	TH_VERIFY_UNSIGNED, /* intact, but not signed by the key that was asked for */
};

struct th_verify_run {
	enum th_verify_result result;
	const struct th_run *run; /* NULL: nothing of it is there but its seal */
	size_t number;		  /* of the run in the capture, from 1; 0: none */
	struct th_seal seal;	  /* the newest; n is 0: none */
	size_t n_seals;
	struct th_fault fault;
	/* Offsets of the first seal that names another one before it than there is, and of the
	 * first signature that does not hold; 0: none. */
	uint64_t unlinked_seal, bad_signature;
	bool signed_by_key;	       /* by the key asked for; without such a key: by any */
	struct th_signature signature; /* one that holds, of the key asked for if there is one */
};

struct th_verify {
	const struct th_trace *trace;
	struct th_verify_run *runs;
	size_t n;
	size_t bad_seals; /* blocks that are no seal or signature that can be read */
	uint64_t first_bad;
	struct th_written_list written;
};

/* Checks the runs of `t`. `written`: all its frames, which are taken over in any case, or NULL:
 * they are read. `key`: the public key that has to have signed, or NULL. 0 or a negative errno;
 * *ret_verify is to be finished after success, before the trace is freed. */
int th_verify_make(const struct th_trace *t, struct th_written_list *written, const uint8_t *key,
	struct th_verify *ret_verify);
void th_verify_finish(struct th_verify *v);

/* One line about a run. */
void th_verify_print(FILE *out, const struct th_verify *v, const struct th_verify_run *run);

/* One JSON object about a run; one about the file, which comes last. */
void th_verify_json(FILE *out, const struct th_verify *v, const struct th_verify_run *run);
void th_verify_file_json(FILE *out, const struct th_verify *v, const char *path);

/* "intact", "broken", "unsealed", "unsigned". */
const char *th_verify_word(enum th_verify_result r);

/* What is wrong, in words; NULL: nothing is. The caller frees. */
char *th_verify_text(const struct th_verify *v, const struct th_verify_run *run);

#endif
