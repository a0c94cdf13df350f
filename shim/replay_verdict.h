/* Inside replaying: a certificate of the player's may say what the recorded verification said. */
#ifndef SHIM_REPLAY_VERDICT_H
#define SHIM_REPLAY_VERDICT_H

#include <string.h>

#include "base/bytes.h"
#include "player/protocol.h"

/* The TH_TLS_CODE() in the value of an extension; 0: it holds none. */
static inline uint32_t th_replay_verdict_in(struct th_slice extension)
{
	const size_t mark = sizeof(TH_VERDICT_MARK) - 1;
	const size_t head = 2; /* tag and length */
	bool ours = extension.n == head + mark + 4 &&
		memcmp(extension.p + head, TH_VERDICT_MARK, mark) == 0;
	return ours ? th_le32(extension.p + head + mark) : 0;
}

#endif
