#include "tests/unit/fake_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "capture/fold.h"
#include "capture/frame.h"
#include "capture/writer.h"

struct fake_frame fake_frames[FAKE_FRAMES_MAX];
size_t fake_count;
unsigned fake_finished, fake_direct;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int th_writer_init(struct th_writer *w, const char *path)
{
	snprintf(w->path, sizeof(w->path), "%s", path);
	return strcmp(path, "/refused") == 0 ? -22 : 0;
}

int th_writer_open(struct th_writer *w, const char *path)
{
	return th_writer_init(w, path);
}

void th_writer_settle(struct th_writer *w)
{
}

int th_writer_put(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id, uint64_t time,
	const struct iovec *parts, int n)
{
	struct fake_frame f = {.type = type, .flags = flags, .id = id, .time = time};
	for (int i = 0; i < n; i++) {
		f.n += parts[i].iov_len;
	}
	assert(f.n <= TH_FRAME_PAYLOAD_MAX);
	f.p = malloc(f.n + 1);
	size_t at = 0;
	for (int i = 0; i < n; i++) {
		if (parts[i].iov_len) {
			memcpy(f.p + at, parts[i].iov_base, parts[i].iov_len);
		}
		at += parts[i].iov_len;
	}
	pthread_mutex_lock(&lock);
	assert(fake_count < FAKE_FRAMES_MAX);
	fake_frames[fake_count++] = f;
	w->next_seq++;
	pthread_mutex_unlock(&lock);
	return 0;
}

int th_writer_put_frame(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	return th_writer_put(w, h->type, h->flags, h->id, h->time, parts, n);
}

void th_writer_put_two(struct th_writer *w, const struct th_writer_frame two[2])
{
	for (int i = 0; i < 2; i++) {
		th_writer_put_frame(w, two[i].header, two[i].parts, two[i].n);
	}
}

int th_writer_put_direct(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id,
	uint64_t time, const struct iovec *parts, int n)
{
	fake_direct++;
	return th_writer_put(w, type, flags, id, time, parts, n);
}

int th_writer_put_together(struct th_writer *w, uint64_t time, const uint8_t *types,
	const struct iovec *payloads, int n)
{
	int r = 0;
	for (int i = 0; i < n && r == 0; i++) {
		r = th_writer_put_direct(w, types[i], 0, 0, time, &payloads[i], 1);
	}
	return r;
}

bool th_writer_broken(const struct th_writer *w)
{
	return w->path[0] == '\0';
}

bool th_writer_mend(struct th_writer *w)
{
	return !th_writer_broken(w);
}

void th_writer_forked(struct th_writer *w)
{
	w->next_seq = 0;
}

int th_writer_finish(struct th_writer *w, uint64_t budget_ns)
{
	assert(budget_ns > 0);
	fake_finished++;
	return 0;
}

int th_fold_orphans(const char *path, uint64_t own_writer, uint64_t budget_ns)
{
	return 0;
}

void fake_forget(void)
{
	while (fake_count) {
		free(fake_frames[--fake_count].p);
	}
}

/* ---- telling ---- */

static char text[1 << 20];
static size_t text_n;

static void say(const char *s)
{
	size_t n = strlen(s);
	assert(text_n + n < sizeof(text));
	memcpy(text + text_n, s, n + 1);
	text_n += n;
}

static void say_bytes(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char s[8];
		snprintf(s, sizeof(s),
			p[i] == '\r'			  ? "\\r"
				: p[i] == '\n'		  ? "\\n"
				: p[i] < 32 || p[i] > 126 ? "\\x%02x"
							  : "%c",
			p[i]);
		say(s);
	}
}

static void say_flags(uint8_t flags)
{
	say(flags & TH_FRAME_LAST ? "L" : "");
	say(flags & TH_FRAME_REDACTED ? "R" : "");
	say(flags & TH_FRAME_BODILESS ? "B" : "");
	say(flags ? " " : "");
}

static const char *const names[] = {
	[TH_FRAME_REQ_HEAD] = "req-head",
	[TH_FRAME_REQ_DATA] = "req-data",
	[TH_FRAME_REQ_TRAILER] = "req-trailer",
	[TH_FRAME_REQ_END] = "req-end",
	[TH_FRAME_RES_INFO] = "res-info",
	[TH_FRAME_RES_HEAD] = "res-head",
	[TH_FRAME_RES_DATA] = "res-data",
	[TH_FRAME_RES_TRAILER] = "res-trailer",
	[TH_FRAME_RES_END] = "res-end",
};

static const char *const ends[] = {"COMPLETE", "FIN", "NOTIFY", "RESET", "STREAM_RESET", "LOCAL",
	"LOCAL_RESET", "GOAWAY", "ERROR", "UNPARSED", "TLS", "WITHHELD"};
static const char *const speaks[] = {"NOTHING", "HTTP1", "HTTP2", "TLS", "OTHER"};

/* Bytes before a head's own. */
static size_t prefix_of(uint8_t type)
{
	switch (type) {
	case TH_FRAME_REQ_HEAD:
		return 16;
	case TH_FRAME_RES_INFO:
	case TH_FRAME_RES_HEAD:
	case TH_FRAME_REQ_TRAILER:
	case TH_FRAME_RES_TRAILER:
		return 4;
	default:
		return 0;
	}
}

static void say_exchange(const struct fake_frame *f)
{
	char s[96];
	snprintf(s, sizeof(s), "#%u %s ", f->id, names[f->type]);
	say(s);
	if (f->type == TH_FRAME_REQ_END || f->type == TH_FRAME_RES_END) {
		snprintf(s, sizeof(s), "%s %u", ends[f->p[0]], th_le32(f->p + 4));
		say(s);
		return;
	}
	if (f->type == TH_FRAME_REQ_HEAD) {
		snprintf(s, sizeof(s), "c%u v%u ", th_le32(f->p), f->p[12]);
		say(s);
	}
	if (f->type == TH_FRAME_RES_HEAD || f->type == TH_FRAME_RES_INFO) {
		snprintf(s, sizeof(s), "v%u ", f->p[0]);
		say(s);
	}
}

static void say_conn(const struct fake_frame *f)
{
	char s[96];
	struct th_in in = {f->p + 28, f->n - 28, false};
	uint32_t error = th_in_u32(&in) * 0 + th_le32(f->p + 24);
	snprintf(s, sizeof(s), "conn %u port=%u error=%u", f->id, th_le16(f->p + 2), error);
	say(s);
	th_in_bytes(&in, 16);
	static const char *const labels[] = {" name=", " sni=", " alpn="};
	for (int i = 0; i < 3; i++) {
		struct th_slice v = th_in_str16(&in);
		if (v.n) {
			say(labels[i]);
			say_bytes(v.p, v.n);
		}
	}
	assert(!in.failed && in.n == 0);
}

static void say_other(const struct fake_frame *f)
{
	char s[128];
	if (f->type == TH_FRAME_CONN) {
		say_conn(f);
	} else if (f->type == TH_FRAME_CONN_END) {
		assert(f->n == 24);
		snprintf(s, sizeof(s), "conn-end %u %s %u %s", f->id, ends[f->p[0]],
			th_le32(f->p + 4), speaks[f->p[1]]);
		say(s);
	} else if (f->type == TH_FRAME_LOST) {
		snprintf(s, sizeof(s), "lost %u %u ", th_le32(f->p), th_le32(f->p + 8));
		say(s);
		say_bytes(f->p + 18, f->n - 18);
	} else {
		snprintf(s, sizeof(s), "frame %u", f->type);
		say(s);
	}
}

static int continues(size_t i, size_t next)
{
	const struct fake_frame *a = &fake_frames[i], *b = &fake_frames[next];
	return a->type == b->type && a->id == b->id && !(a->flags & TH_FRAME_LAST) &&
		a->type >= TH_FRAME_REQ_HEAD && a->type != TH_FRAME_REQ_END &&
		a->type != TH_FRAME_RES_END;
}

const char *fake_text(void)
{
	text_n = 0;
	text[0] = 0;
	for (size_t i = 0; i < fake_count; i++) {
		size_t last = i;
		uint8_t redacted = fake_frames[i].flags & TH_FRAME_REDACTED;
		while (last + 1 < fake_count && continues(last, last + 1)) {
			last++;
			redacted |= fake_frames[last].flags & TH_FRAME_REDACTED;
		}
		if (fake_frames[i].type < TH_FRAME_REQ_HEAD) {
			say_other(&fake_frames[i]);
			say("\n");
			continue;
		}
		say_exchange(&fake_frames[i]);
		size_t skip = prefix_of(fake_frames[i].type);
		bool end = fake_frames[i].type == TH_FRAME_REQ_END ||
			fake_frames[i].type == TH_FRAME_RES_END;
		say_flags(fake_frames[last].flags | redacted);
		for (; i <= last && !end; i++) {
			say_bytes(fake_frames[i].p + skip, fake_frames[i].n - skip);
		}
		i = last;
		say("\n");
	}
	return text;
}
