/* zstd level 3, parameters chosen for the size at hand (a short-lived process folds a few KB and
 * must not pay for megabytes of tables). What an agent sends is mostly what it sent before, so
 * long inputs get a window that spans the whole block, and long-distance matching to find the
 * earlier copy: this is what makes a conversation cost only its new text. */
#define ZSTD_STATIC_LINKING_ONLY
#include "capture/pack.h"

#include <errno.h>
#include <sys/mman.h>
#include <zstd.h>

#include "base/clock.h"

#define LEVEL 3
#define WINDOW_LOG_MAX 24 /* a whole live file */
#define LONG_MATCHING_FROM (256u << 10)
#define LONG_MATCHING_ROOM (8u << 20) /* its tables; untouched pages cost nothing */
#define SLICE (256u << 10)	      /* between two looks at the clock */
#define SLACK (64u << 10)

static size_t round_page(size_t n)
{
	return (n + 4095) & ~(size_t)4095;
}

static void *map_memory(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static ZSTD_compressionParameters parameters(size_t n)
{
	ZSTD_compressionParameters p = ZSTD_getCParams(LEVEL, n, 0);
	while (p.windowLog < WINDOW_LOG_MAX && (size_t)1 << p.windowLog < n) {
		p.windowLog++;
	}
	return p;
}

static ZSTD_CCtx *start(void *workspace, size_t size, struct th_slice in)
{
	ZSTD_compressionParameters p = parameters(in.n);
	ZSTD_CCtx *c = ZSTD_initStaticCCtx(workspace, size);
	if (!c) {
		return NULL;
	}
	size_t r = ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL);
	if (!ZSTD_isError(r)) {
		r = ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, (int)p.windowLog);
	}
	if (!ZSTD_isError(r) && in.n >= LONG_MATCHING_FROM) {
		r = ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
	}
	if (!ZSTD_isError(r)) {
		r = ZSTD_CCtx_setPledgedSrcSize(c, in.n);
	}
	return ZSTD_isError(r) ? NULL : c;
}

static int compress(ZSTD_CCtx *c, struct th_slice in, uint64_t deadline, ZSTD_outBuffer *out)
{
	ZSTD_inBuffer src = {in.p, 0, 0};
	do {
		if (deadline != UINT64_MAX && th_clock_mono() > deadline) {
			return -ETIME;
		}
		src.size = in.n - src.pos < SLICE ? in.n : src.pos + SLICE;
		ZSTD_EndDirective end = src.size == in.n ? ZSTD_e_end : ZSTD_e_continue;
		size_t r = ZSTD_compressStream2(c, out, &src, end);
		if (ZSTD_isError(r)) {
			return -ENOMEM;
		}
		if (src.pos < src.size || (end == ZSTD_e_end && r != 0)) {
			return -E2BIG;
		}
	} while (src.pos < in.n);
	return 0;
}

/* `out` has room for less than the input: what does not shrink is not worth it. */
static int pack_into(struct th_slice in, uint64_t deadline, ZSTD_outBuffer *out)
{
	size_t size = ZSTD_estimateCStreamSize_usingCParams(parameters(in.n)) + SLACK;
	size += in.n >= LONG_MATCHING_FROM ? LONG_MATCHING_ROOM : 0;
	size = round_page(size);
	void *workspace = map_memory(size);
	if (!workspace) {
		return -ENOMEM;
	}
	ZSTD_CCtx *c = start(workspace, size, in);
	int r = c ? compress(c, in, deadline, out) : -ENOMEM;
	munmap(workspace, size);
	return r;
}

int th_pack(struct th_slice in, uint64_t deadline, struct th_packed *ret_packed)
{
	size_t size = round_page(in.n);
	if (in.n < 64) {
		return -E2BIG;
	}
	void *map = map_memory(size);
	if (!map) {
		return -ENOMEM;
	}
	ZSTD_outBuffer out = {map, in.n - 1, 0};
	int r = pack_into(in, deadline, &out);
	if (r < 0) {
		munmap(map, size);
		return r;
	}
	*ret_packed = (struct th_packed){{map, out.pos}, map, size};
	return 0;
}

void th_pack_finish(struct th_packed *p)
{
	munmap(p->map, p->map_size);
}
