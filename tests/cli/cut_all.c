/* cut_all FILE [KEY-FILE]: what a power cut leaves: cuts a sealed capture at every byte, one after
 * the other, and asks each time: `verify` must say no (exit 1) and, unless it
 * was between two blocks, where; and every exchange whose blocks are before the cut must be there,
 * byte for byte. Writes beside FILE. */
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "capture/key.h"
#include "tests/cli/altered_copy.h"
#include "tools/tools.h"
#include "trace/trace.h"

#define BLOCKS_MAX 256

static struct {
	uint64_t end; /* of a block, and of all before it */
	uint64_t sum; /* of the finished exchanges that are there when the file ends here */
	size_t n;     /* how many they are */
} blocks[BLOCKS_MAX];
static size_t n_blocks;

static uint64_t mix(uint64_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++) {
		sum = (sum ^ b[i]) * 0x100000001b3;
	}
	return sum;
}

static uint64_t message_sum(uint64_t sum, const struct th_message *m)
{
	sum = mix(sum, m->head.bytes.p, m->head.bytes.n);
	for (size_t i = 0; i < m->n_pieces; i++) {
		sum = mix(sum, m->pieces[i].bytes.p, m->pieces[i].bytes.n);
	}
	return sum;
}

/* Sums are added, so that the order does not count. */
static uint64_t count_exchanges(const struct th_trace *t, size_t *ret_n)
{
	uint64_t sum = 0;
	*ret_n = 0;
	for (size_t r = 0; r < t->n_runs; r++) {
		for (size_t i = 0; i < t->runs[r]->n_exchanges; i++) {
			const struct th_exchange *x = t->runs[r]->exchanges[i];
			if (x->request.finished && x->response.finished) {
				sum += message_sum(
					message_sum(x->id + 1, &x->request), &x->response);
				++*ret_n;
			}
		}
	}
	return sum;
}

/* Where blocks end; their headers are in the clear. */
static bool find_blocks(const uint8_t *p, size_t n)
{
	size_t at = TH_FILE_HEADER_BYTES;
	blocks[n_blocks++].end = at;
	while (at + TH_BLOCK_HEADER_BYTES <= n && n_blocks < BLOCKS_MAX) {
		at += TH_BLOCK_HEADER_BYTES + th_le32(p + at + 40);
		blocks[n_blocks++].end = at;
	}
	return at == n;
}

static bool has_damage_at(const struct th_trace *t, uint64_t offset)
{
	for (size_t i = 0; i < t->n_damage; i++) {
		if (t->damage[i].offset == offset) {
			return true;
		}
	}
	return false;
}

/* What is wrong with how the file is read that was cut at `cut`, behind block `b`; NULL: nothing.
 */
static const char *check(const struct altered_copy *c, size_t cut, size_t b)
{
	struct th_trace *t = NULL;
	const char *wrong = NULL;
	if (th_trace_load(c->path, &t, NULL) < 0) {
		return "it does not open";
	}
	size_t n;
	uint64_t sum = count_exchanges(t, &n);
	if (cut == blocks[b].end) {
		blocks[b].sum = sum;
		blocks[b].n = n;
		wrong = t->n_damage ? "it seems damaged, cut between two blocks" : NULL;
		wrong = b && n < blocks[b - 1].n ? "there are fewer exchanges" : wrong;
	} else if (n < blocks[b].n || (n == blocks[b].n && sum != blocks[b].sum)) {
		wrong = "exchanges before the cut are not there, or not as they were";
	} else if (!has_damage_at(t, blocks[b].end)) {
		wrong = "where it was cut is not said";
	}
	th_trace_free(t);
	int code = altered_copy_verify(c);
	return wrong						  ? wrong
		: code != (cut == c->n ? TH_EXIT_OK : TH_EXIT_NO) ? "the exit code"
								  : NULL;
}

static size_t cut_all(const struct altered_copy *c)
{
	size_t faults = 0, b = 0;
	(void)!ftruncate(c->fd, TH_FILE_HEADER_BYTES);
	for (size_t cut = TH_FILE_HEADER_BYTES; cut <= c->n; cut++) {
		if (cut > TH_FILE_HEADER_BYTES &&
			pwrite(c->fd, c->original + cut - 1, 1, (off_t)cut - 1) != 1) {
			return c->n;
		}
		b += b + 1 < n_blocks && cut == blocks[b + 1].end;
		const char *wrong = check(c, cut, b);
		if (wrong && faults++ == 0) {
			dprintf(c->said, "cut at %zu: %s\n", cut, wrong);
		}
	}
	return faults;
}

/* Cut within the file's header it is no capture, and the exit code says so. */
static size_t cut_header(const struct altered_copy *c)
{
	size_t faults = 0;
	for (int cut = TH_FILE_HEADER_BYTES - 1; cut >= 0; cut--) {
		faults += ftruncate(c->fd, cut) < 0 || altered_copy_verify(c) != TH_EXIT_DAMAGED;
	}
	return faults;
}

int main(int argc, char **argv)
{
	if (argc < 2 || (argc > 2 && th_key_load(argv[2]) < 0)) {
		return 64;
	}
	const struct altered_copy *c = altered_copy(argv[1], "cut");
	if (!find_blocks(c->original, c->n)) {
		return 125;
	}
	size_t faults = cut_all(c);
	faults += cut_header(c);
	dprintf(c->said, "%zu blocks, %zu exchanges; %zu cuts not as they should be\n",
		n_blocks - 1, blocks[n_blocks - 1].n, faults);
	return faults != 0;
}
