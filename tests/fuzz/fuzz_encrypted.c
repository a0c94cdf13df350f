/* An encrypted capture, once with its live file and once folded, to which the input does something:
 * a reader who has the key gets frames that were written, or none, and never another one. */
#include "altered.h"
#include "capture/key.h"
#include "capture/reader.h"

#define FRAMES_MAX 16

struct known {
	uint8_t type;
	uint32_t id;
	uint8_t payload[256];
	size_t n;
};

static char directory[] = "/tmp/th-fuzz-XXXXXX";
static char path[64], live_path[TH_CAPTURE_PATH_MAX + 64];
static struct altered_file folded, live, empty;
static struct known known[FRAMES_MAX];
static size_t n_known;

static bool is_known(const struct th_frame *f)
{
	const struct known *k = f->seq < n_known ? &known[f->seq] : NULL;
	return k && k->type == f->type && k->id == f->id && f->time == 1000 &&
		k->n == f->payload.n && memcmp(k->payload, f->payload.p, k->n) == 0;
}

static void note(const struct th_frame *f)
{
	struct known *k = &known[n_known++];
	FUZZ_CHECK(n_known <= FRAMES_MAX && f->payload.n <= sizeof(k->payload));
	*k = (struct known){.type = f->type, .id = f->id, .n = f->payload.n};
	memcpy(k->payload, f->payload.p, f->payload.n);
}

/* How many frames there are, each of them one that was written. */
static size_t read_all(bool first)
{
	struct th_reader *r = NULL;
	struct th_frame f;
	size_t n = 0;
	if (th_reader_open(path, &r, NULL) < 0) {
		return 0;
	}
	for (; th_reader_next(r, &f); n++) {
		if (first) {
			note(&f);
		}
		FUZZ_CHECK(is_known(&f));
	}
	th_reader_close(r);
	return n;
}

static void remove_scratch(void)
{
	unlink(live_path);
	unlink(path);
	rmdir(directory);
}

static void use_key(void)
{
	static const struct altered_file key = {"0123456789abcdef0123456789abcdef", 32};
	char key_path[64];
	snprintf(key_path, sizeof(key_path), "%s/key", directory);
	altered_store(key_path, &key);
	FUZZ_CHECK(th_key_load(key_path) == 0);
	unlink(key_path);
}

static void begin(void)
{
	static struct th_writer w;
	FUZZ_CHECK(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/run.thc", directory);
	atexit(remove_scratch);
	use_key();
	FUZZ_CHECK(th_writer_init(&w, path) == 0);
	altered_write(&w);
	snprintf(live_path, sizeof(live_path), "%s", w.live_path);
	altered_read(path, &empty);
	FUZZ_CHECK(read_all(true) == 5);
	int fd = open(live_path, O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && read(fd, live.bytes, 1024) == 1024); /* and zeros behind it */
	live.n = 1024;
	close(fd);
	FUZZ_CHECK(th_writer_finish(&w, UINT64_MAX) == 0);
	altered_read(path, &folded);
	FUZZ_CHECK(read_all(false) == 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct altered_file bad;
	if (n_known == 0) {
		begin();
	}
	bool altered = altered_make(&folded, (struct th_slice){p, n}, &bad);
	altered_store(path, &bad);
	FUZZ_CHECK(read_all(false) == 5 || altered);
	altered = altered_make(&live, (struct th_slice){p, n}, &bad);
	altered_store(path, &empty);
	altered_store(live_path, &bad);
	FUZZ_CHECK(read_all(false) == 5 || altered);
	unlink(live_path);
	return 0;
}
