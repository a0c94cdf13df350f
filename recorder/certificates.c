/* See certificates.h. A small table of hashes: a process meets few peers, and a chain that fell out
 * of the table is only written once more. */
#include "recorder/certificates.h"

#include "base/lock.h"
#include "base/siphash.h"
#include "recorder/emit.h"
#include "recorder/process.h"

#define KNOWN_MAX 64

static struct {
	struct th_lock lock;
	uint64_t hashes[KNOWN_MAX];
	uint32_t numbers[KNOWN_MAX]; /* 0: free */
	uint32_t written;
} known;

static uint32_t number_of(struct th_slice chain)
{
	uint64_t hash = th_siphash(th_process_redaction()->key, chain.p, chain.n);
	uint32_t at = (uint32_t)(hash % KNOWN_MAX);
	if (known.numbers[at] == 0 || known.hashes[at] != hash) {
		known.hashes[at] = hash;
		known.numbers[at] = ++known.written;
		th_emit_certificates(known.written, chain);
	}
	return known.numbers[at];
}

uint32_t th_certificates_number(struct th_slice chain)
{
	if (chain.n == 0 || chain.n > TH_CERTIFICATES_MAX || !th_lock(&known.lock)) {
		return 0;
	}
	uint32_t number = number_of(chain);
	th_unlock(&known.lock);
	return number;
}

void th_certificates_forked(void)
{
	th_lock_reset(&known.lock);
	memset(known.numbers, 0, sizeof(known.numbers));
	known.written = 0;
}
