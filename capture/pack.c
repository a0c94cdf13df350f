/* zstd, with parameters chosen for the size at hand: a short-lived process folds a few KB and must
 * not pay for megabytes of tables. Long inputs get a window that spans all of them, and, when
 * nobody has taken out what repeats (capture/split.h), long-distance matching. */
#define ZSTD_STATIC_LINKING_ONLY
#include "capture/pack.h"

#include <errno.h>
#include <sys/mman.h>
#include <zstd.h>

#include "base/clock.h"

#define WINDOW_LOG_MAX 26 /* the largest block */
#define LONG_MATCHING_FROM (256u << 10)
#define LONG_MATCHING_ROOM (8u << 20) /* its tables; untouched pages cost nothing */
#define SLICE (256u << 10)	      /* between two looks at the clock */
#define SLACK (64u << 10)
#define SMALLEST 64

struct job {
	const struct iovec *parts;
	int n;
	size_t total;
	int level;
	bool long_matching;
	uint64_t deadline;
};

static size_t round_page(size_t n)
{
	return (n + 4095) & ~(size_t)4095;
}

static void *map_memory(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static ZSTD_compressionParameters parameters(const struct job *job)
{
	ZSTD_compressionParameters p = ZSTD_getCParams(job->level, job->total, 0);
	while (p.windowLog < WINDOW_LOG_MAX && (size_t)1 << p.windowLog < job->total) {
		p.windowLog++;
	}
	return p;
}

static ZSTD_CCtx *start(void *workspace, size_t size, const struct job *job)
{
	ZSTD_compressionParameters p = parameters(job);
	ZSTD_CCtx *c = ZSTD_initStaticCCtx(workspace, size);
	if (!c) {
		return NULL;
	}
	size_t r = ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, job->level);
	if (!ZSTD_isError(r)) {
		r = ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, (int)p.windowLog);
	}
	if (!ZSTD_isError(r) && job->long_matching) {
		r = ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
	}
	if (!ZSTD_isError(r)) {
		r = ZSTD_CCtx_setPledgedSrcSize(c, job->total);
	}
	return ZSTD_isError(r) ? NULL : c;
}

/* One part; `end`: of the last. */
static int compress_part(ZSTD_CCtx *c, const struct job *job, const struct iovec *part,
	ZSTD_EndDirective end, ZSTD_outBuffer *out)
{
	ZSTD_inBuffer src = {part->iov_base, 0, 0};
	const size_t n = part->iov_len;
	do {
		if (job->deadline != UINT64_MAX && th_clock_mono() > job->deadline) {
			return -ETIME;
		}
		src.size = n - src.pos < SLICE ? n : src.pos + SLICE;
		ZSTD_EndDirective now = src.size == n ? end : ZSTD_e_continue;
		size_t r = ZSTD_compressStream2(c, out, &src, now);
		if (ZSTD_isError(r)) {
			return -ENOMEM;
		}
		if (src.pos < src.size || (now == ZSTD_e_end && r != 0)) {
			return -E2BIG;
		}
	} while (src.pos < n);
	return 0;
}

static int compress(ZSTD_CCtx *c, const struct job *job, ZSTD_outBuffer *out)
{
	int r = 0;
	for (int i = 0; r == 0 && i < job->n; i++) {
		ZSTD_EndDirective end = i == job->n - 1 ? ZSTD_e_end : ZSTD_e_continue;
		r = compress_part(c, job, &job->parts[i], end, out);
	}
	return r;
}

/* `out` has room for less than the input: what does not shrink is not worth it. */
static int pack_into(const struct job *job, ZSTD_outBuffer *out)
{
	size_t size = ZSTD_estimateCStreamSize_usingCParams(parameters(job)) + SLACK;
	size += job->long_matching ? LONG_MATCHING_ROOM : 0;
	size = round_page(size);
	void *workspace = map_memory(size);
	if (!workspace) {
		return -ENOMEM;
	}
	ZSTD_CCtx *c = start(workspace, size, job);
	int r = c ? compress(c, job, out) : -ENOMEM;
	munmap(workspace, size);
	return r;
}

static int pack(const struct job *job, struct th_packed *ret_packed)
{
	size_t size = round_page(job->total);
	if (job->total < SMALLEST) {
		return -E2BIG;
	}
	void *map = map_memory(size);
	if (!map) {
		return -ENOMEM;
	}
	ZSTD_outBuffer out = {map, job->total - 1, 0};
	int r = pack_into(job, &out);
	if (r < 0) {
		munmap(map, size);
		return r;
	}
	*ret_packed = (struct th_packed){{map, out.pos}, map, size};
	return 0;
}

int th_pack(struct th_slice in, uint64_t deadline, struct th_packed *ret_packed)
{
	const struct iovec part = {(void *)(uintptr_t)in.p, in.n};
	const struct job job = {
		&part, 1, in.n, TH_PACK_LEVEL, in.n >= LONG_MATCHING_FROM, deadline};
	return pack(&job, ret_packed);
}

int th_pack_parts(const struct iovec *parts, int n, int level, uint64_t deadline,
	struct th_packed *ret_packed)
{
	struct job job = {parts, n, 0, level, false, deadline};
	for (int i = 0; i < n; i++) {
		job.total += parts[i].iov_len;
	}
	return pack(&job, ret_packed);
}

int th_pack_copy(const struct iovec *parts, int n, struct th_packed *ret_packed)
{
	size_t total = 0, at = 0;
	for (int i = 0; i < n; i++) {
		total += parts[i].iov_len;
	}
	size_t size = round_page(total + 1);
	uint8_t *map = map_memory(size);
	if (!map) {
		return -ENOMEM;
	}
	for (int i = 0; i < n; i++) {
		if (parts[i].iov_len) {
			memcpy(map + at, parts[i].iov_base, parts[i].iov_len);
		}
		at += parts[i].iov_len;
	}
	*ret_packed = (struct th_packed){{map, total}, map, size};
	return 0;
}

void th_pack_finish(struct th_packed *p)
{
	munmap(p->map, p->map_size);
}
