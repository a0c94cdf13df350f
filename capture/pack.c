/* zstd, with parameters chosen for the size at hand: a short-lived process folds a few KB and must
 * not pay for megabytes of tables. Long inputs get a window that spans all of them. */
#define ZSTD_STATIC_LINKING_ONLY
#include "capture/pack.h"

#include <errno.h>
#include <sys/mman.h>
#include <zstd.h>

#include "base/clock.h"

#define WINDOW_LOG_MAX 26  /* the largest block */
#define SLICE (256u << 10) /* between two looks at the clock */
#define SLACK (64u << 10)
#define SMALLEST 64

struct job {
	struct th_slice in;
	int level;
	const struct th_patience *patience;
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
	ZSTD_compressionParameters p = ZSTD_getCParams(job->level, job->in.n, 0);
	while (p.windowLog < WINDOW_LOG_MAX && (size_t)1 << p.windowLog < job->in.n) {
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
	if (!ZSTD_isError(r)) { /* it stays where it is: no copy of it is needed */
		r = ZSTD_CCtx_setParameter(c, ZSTD_c_stableInBuffer, 1);
	}
	if (!ZSTD_isError(r)) {
		r = ZSTD_CCtx_setPledgedSrcSize(c, job->in.n);
	}
	return ZSTD_isError(r) ? NULL : c;
}

static int compress(ZSTD_CCtx *c, const struct job *job, ZSTD_outBuffer *out)
{
	const size_t n = job->in.n;
	ZSTD_inBuffer src = {job->in.p, 0, 0};
	do {
		if (job->patience && th_patience_over(job->patience)) {
			return -ETIME;
		}
		src.size = n - src.pos < SLICE ? n : src.pos + SLICE;
		ZSTD_EndDirective now = src.size == n ? ZSTD_e_end : ZSTD_e_continue;
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

/* `out` has room for less than the input: what does not shrink is not worth it. */
static int pack_into(const struct job *job, ZSTD_outBuffer *out)
{
	size_t size = ZSTD_estimateCStreamSize_usingCParams(parameters(job)) + SLACK;
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
	size_t size = round_page(job->in.n);
	if (job->in.n < SMALLEST) {
		return -E2BIG;
	}
	void *map = map_memory(size);
	if (!map) {
		return -ENOMEM;
	}
	ZSTD_outBuffer out = {map, job->in.n - 1, 0};
	int r = pack_into(job, &out);
	if (r < 0) {
		munmap(map, size);
		return r;
	}
	*ret_packed = (struct th_packed){{map, out.pos}, map, size};
	return 0;
}

int th_pack(struct th_slice in, int level, const struct th_patience *patience,
	struct th_packed *ret_packed)
{
	const struct job job = {in, level, patience};
	return pack(&job, ret_packed);
}

void th_pack_finish(struct th_packed *p)
{
	munmap(p->map, p->map_size);
}
