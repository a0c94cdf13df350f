/* A sealed capture to which the input does something: `verify` must not take it for intact, and
 * what it says of it must be said without reading beyond. And the input as a capture of seals. */
#include "altered.h"
#include "base/cleanup.h"
#include "base/crc32c.h"
#include "tools/sealing.h"
#include "tools/verdict.h"

static struct altered_file good;
static char directory[] = "/tmp/th-fuzz-XXXXXX";
static char path[64];
static FILE *nowhere;

static bool is_intact(void)
{
	struct th_trace *t = NULL;
	struct th_written_list written;
	struct th_verify v;
	if (th_trace_load_written(path, &t, &written, NULL) < 0) {
		return false;
	}
	FUZZ_CHECK(th_verify_make(t, &written, NULL, &v) == 0);
	bool intact = v.n > 0 && v.bad_seals == 0;
	for (size_t i = 0; i < v.n; i++) {
		th_verify_print(nowhere, &v, &v.runs[i]);
		th_verify_json(nowhere, &v, &v.runs[i]);
		intact = intact && v.runs[i].result == TH_VERIFY_INTACT;
	}
	th_verify_file_json(nowhere, &v, path);
	intact = intact && t->n_damage == 0 && th_reader_rewritten(t->reader) == 0;
	th_verify_finish(&v);
	th_trace_free(t);
	return intact;
}

static void seal(void)
{
	struct th_trace *t = NULL;
	size_t appended = 0;
	FUZZ_CHECK(th_trace_load(path, &t, NULL) == 0);
	FUZZ_CHECK(th_sealing_run(path, t, NULL, NULL, &appended) == 0 && appended == 1);
	th_trace_free(t);
}

static void remove_scratch(void)
{
	unlink(path);
	rmdir(directory);
}

static void begin(void)
{
	static struct th_writer w;
	th_chain_ahead_least = 0;
	nowhere = fopen("/dev/null", "w");
	FUZZ_CHECK(nowhere && mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/run.thc", directory);
	atexit(remove_scratch);
	FUZZ_CHECK(th_writer_init(&w, path) == 0);
	altered_write(&w);
	FUZZ_CHECK(th_writer_finish(&w, UINT64_MAX) == 0);
	seal();
	altered_read(path, &good);
	FUZZ_CHECK(is_intact());
}

/* The good one's frames, and behind them blocks with sound headers: the input is their payloads,
 * seals and signatures by turns. */
static void check_seals(struct th_slice in)
{
	static struct altered_file f;
	const uint8_t *file_id = good.bytes + 16;
	struct th_block b;
	f.n = TH_FILE_HEADER_BYTES;
	memcpy(f.bytes, good.bytes, good.n);
	while (f.n < good.n && th_block_decode(f.bytes + f.n, file_id, &b) == 0 &&
		b.type == TH_BLOCK_FRAMES) {
		f.n += TH_BLOCK_HEADER_BYTES + b.stored_bytes;
	}
	b = (struct th_block){.type = TH_BLOCK_SEAL, .writer = th_le64(good.bytes + 64 + 16)};
	for (int n = 0; n < 4; n++) {
		size_t half = in.n / 2;
		b.type = n % 2 ? TH_BLOCK_SIGNATURE : TH_BLOCK_SEAL;
		b.raw_bytes = b.stored_bytes = (uint32_t)half;
		if (f.n + TH_BLOCK_HEADER_BYTES + half > sizeof(f.bytes)) {
			break;
		}
		b.crc = th_crc32c(0, in.p, half);
		th_block_encode(f.bytes + f.n, file_id, &b);
		memcpy(f.bytes + f.n + TH_BLOCK_HEADER_BYTES, in.p, half);
		f.n += TH_BLOCK_HEADER_BYTES + half;
		in.p += half;
		in.n -= half;
	}
	altered_store(path, &f);
	FUZZ_CHECK(!is_intact());
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct altered_file bad;
	if (!nowhere) {
		begin();
	}
	bool altered = altered_make(&good, (struct th_slice){p, n}, &bad);
	altered_store(path, &bad);
	FUZZ_CHECK(is_intact() != altered);
	check_seals((struct th_slice){p, n});
	return 0;
}
