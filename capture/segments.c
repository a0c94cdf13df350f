#include "capture/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "capture/append.h"
#include "capture/key.h"
#include "capture/live.h"
#include "capture/torn.h"

#define ARRAY_FIRST 16
#define SUMMED_MAX 8 /* times that a file is looked at as payloads of blocks */

void *th_array_room(void *array, size_t n, size_t size)
{
	bool full = n == 0 || (n >= ARRAY_FIRST && (n & (n - 1)) == 0);
	if (!full) {
		return array;
	}
	return reallocarray(array, n < ARRAY_FIRST ? ARRAY_FIRST : 2 * n, size);
}

void th_segments_damage(struct th_segments *s, const char *path, uint64_t offset, const char *what)
{
	struct th_damage *room = th_array_room(s->damage, s->n_damage, sizeof(*room));
	if (!room) {
		s->no_memory = true;
		return;
	}
	s->damage = room;
	s->damage[s->n_damage++] = (struct th_damage){path, offset, what};
}

static void add(struct th_segments *s, struct th_segment segment)
{
	struct th_segment *room = th_array_room(s->at, s->n, sizeof(*room));
	if (!room) {
		s->no_memory = true;
		return;
	}
	s->at = room;
	segment.order = s->n;
	s->at[s->n++] = segment;
}

/* ---- files ---- */

static int map_fd(int fd, struct th_mapping *ret_map)
{
	struct stat st;
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	ret_map->p = NULL;
	ret_map->n = (size_t)st.st_size;
	if (st.st_size > 0) {
		void *p = mmap(NULL, ret_map->n, PROT_READ, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED) {
			return -errno;
		}
		ret_map->p = p;
	}
	return 0;
}

/* Keeps the mapping; NULL without memory. */
static const struct th_mapping *keep(struct th_segments *s, struct th_mapping map, const char *path)
{
	struct th_mapping *room = th_array_room(s->maps, s->n_maps, sizeof(*room));
	map.path = strdup(path);
	if (!room || !map.path) {
		s->maps = room ? room : s->maps;
		free(map.path);
		if (map.p) {
			munmap(map.p, map.n);
		}
		return NULL;
	}
	s->maps = room;
	s->maps[s->n_maps++] = map;
	return &s->maps[s->n_maps - 1];
}

/* ---- live files ---- */

static bool is_blank(const uint8_t *p, size_t n)
{
	while (n && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

/* Made this moment, or its maker was killed in between: no magic yet, and no frame. */
static bool is_unborn(const struct th_mapping *m)
{
	size_t frame = m->n - TH_LIVE_HEADER_BYTES;
	return m->n < TH_LIVE_HEADER_BYTES ||
		(is_blank(m->p, TH_MAGIC_BYTES) &&
			is_blank(m->p + TH_LIVE_HEADER_BYTES, frame < 8 ? frame : 8));
}

/* Whoever has no key can still write what is not encrypted: that is none of an encrypted file's. */
static bool is_foreign(const struct th_segments *s, bool encrypted)
{
	return encrypted != !!(s->header.flags & TH_FILE_ENCRYPTED);
}

static void add_live(struct th_segments *s, const struct th_mapping *m)
{
	struct th_live_header h;
	if (is_unborn(m)) {
		return;
	}
	int r = th_live_header_decode(m->p, &h);
	if (r < 0) {
		th_segments_damage(s, m->path, 0,
			r == -ENOTSUP ? "live file of a newer version"
				      : "the header of this live file is damaged");
		return;
	}
	if (memcmp(h.file_id, s->header.file_id, sizeof(h.file_id)) != 0) {
		return; /* of an earlier capture of the same name */
	}
	if (is_foreign(s, h.flags & TH_FILE_ENCRYPTED)) {
		th_segments_damage(s, m->path, 0,
			h.flags & TH_FILE_ENCRYPTED
				? "this live file is encrypted, and its capture is not"
				: "this live file is not encrypted, and its capture is");
		return;
	}
	size_t n = m->n - TH_LIVE_HEADER_BYTES;
	struct th_slice area = {m->p + TH_LIVE_HEADER_BYTES, n > TH_BLOCK_MAX ? TH_BLOCK_MAX : n};
	struct th_segment segment = {.writer = h.writer,
		.first_seq = h.first_seq,
		.stored = area,
		.raw_bytes = (uint32_t)area.n,
		.live = true,
		.refers = h.flags & TH_FILE_REFERS,
		.encrypted = h.flags & TH_FILE_ENCRYPTED,
		.path = m->path,
		.offset = TH_LIVE_HEADER_BYTES};
	memcpy(segment.salt, h.salt, sizeof(segment.salt));
	add(s, segment);
}

static void map_live(struct th_segments *s, const char *path)
{
	struct th_mapping map;
	th_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno != ENOENT) { /* folded and gone since the directory was read */
		const struct th_mapping *unread = keep(s, (struct th_mapping){0}, path);
		th_segments_damage(s, unread ? unread->path : "", 0, "a live file cannot be read");
	}
	if (fd < 0) {
		return;
	}
	if (map_fd(fd, &map) == 0) {
		keep(s, map, path);
	}
}

static void close_dir(DIR **d)
{
	if (*d) {
		closedir(*d);
	}
}

static int map_live_files(struct th_segments *s, const char *capture)
{
	char path[PATH_MAX];
	th_capture_real_path(capture, path);
	const char *slash = strrchr(path, '/');
	size_t dir_n = slash ? (size_t)(slash - path) + 1 : 0;
	th_auto_free char *dir = dir_n ? strndup(path, dir_n) : strdup("./");
	if (!dir) {
		return -ENOMEM;
	}
	th_cleanup(close_dir) DIR *d = opendir(dir);
	if (!d) {
		return 0; /* a capture may lie where its directory cannot be listed */
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		th_auto_free char *live_path = NULL;
		if (th_live_is_name(e->d_name, th_slice_str(path + dir_n)) &&
			asprintf(&live_path, "%s%s", dir, e->d_name) >= 0) {
			map_live(s, live_path);
		}
	}
	return 0;
}

/* ---- blocks ---- */

/* The next offset from `at` on at which a sound block header stands; the end when none does. */
static size_t find_block(const struct th_segments *s, const struct th_mapping *m, size_t at)
{
	struct th_block b;
	while (at + TH_BLOCK_HEADER_BYTES <= m->n) {
		const uint8_t *p = memmem(m->p + at, m->n - at, TH_BLOCK_MAGIC, TH_MAGIC_BYTES);
		if (!p) {
			break;
		}
		at = (size_t)(p - m->p);
		if (m->n - at >= TH_BLOCK_HEADER_BYTES &&
			th_block_decode(p, s->header.file_id, &b) == 0) {
			return at;
		}
		at++;
	}
	return m->n;
}

/* What makes a block one that says nothing, whatever is in it; NULL: nothing does. */
static const char *block_refusal(const struct th_segments *s, const struct th_block *b)
{
	const uint8_t known = TH_BLOCK_ZSTD | TH_BLOCK_ENCRYPTED | TH_BLOCK_SPLIT | TH_BLOCK_LEANS;
	if (b->type == 0) {
		return "a block of no type";
	}
	if (is_foreign(s, b->flags & TH_BLOCK_ENCRYPTED)) {
		return b->flags & TH_BLOCK_ENCRYPTED
			? "an encrypted block in a capture that is not encrypted"
			: "a block that is not encrypted in an encrypted capture";
	}
	if (b->type == TH_BLOCK_FRAMES && b->flags & ~known) {
		return "a block needs a newer tracehook";
	}
	return NULL;
}

/* Does the file end at `at`, or another block begin? */
static bool leads_on(const struct th_segments *s, struct th_slice rest, size_t at)
{
	struct th_block b;
	return at == rest.n ||
		(rest.n - at >= TH_BLOCK_HEADER_BYTES &&
			th_block_decode(rest.p + at, s->header.file_id, &b) == 0);
}

/* Blocks that stand in each other take time by the square of their number. Where a file is merely
 * damaged, no byte of it is looked at more than twice. */
static bool is_tangled(const struct th_segments *s, const struct th_mapping *m)
{
	return s->summed / SUMMED_MAX > m->n;
}

static const char *block_fault(
	struct th_segments *s, const struct th_block *b, struct th_slice rest)
{
	if (b->stored_bytes > TH_BLOCK_MAX || b->raw_bytes > TH_BLOCK_MAX) {
		return "a block is larger than the format allows";
	}
	if (b->stored_bytes > rest.n) {
		return "a block is cut short";
	}
	bool later = s->outline && b->type == TH_BLOCK_FRAMES && leads_on(s, rest, b->stored_bytes);
	s->summed += later ? 0 : b->stored_bytes;
	if (!later && th_crc32c(0, rest.p, b->stored_bytes) != b->crc) {
		return "the checksum of a block does not hold";
	}
	return NULL;
}

static void add_extra(struct th_segments *s, struct th_extra extra)
{
	struct th_extra *room = th_array_room(s->extras, s->n_extras, sizeof(*room));
	if (!room) {
		s->no_memory = true;
		return;
	}
	s->extras = room;
	s->extras[s->n_extras++] = extra;
}

/* Decrypts it first where that is needed. */
static void open_extra(struct th_segments *s, const struct th_block *b, struct th_extra extra)
{
	if (!(b->flags & TH_BLOCK_ENCRYPTED)) {
		add_extra(s, extra);
		return;
	}
	uint8_t **room = th_array_room(s->owned, s->n_owned, sizeof(*room));
	s->owned = room ? room : s->owned;
	uint8_t *p = room ? malloc(extra.payload.n + 1) : NULL;
	if (!p) {
		s->no_memory = true;
		return;
	}
	s->owned[s->n_owned++] = p;
	memcpy(p, extra.payload.p, extra.payload.n);
	if (th_key_open_block(b, s->header.file_id, p) < 0) {
		th_segments_damage(s, extra.path, extra.offset, "an encrypted block was altered");
		return;
	}
	extra.flags &= (uint8_t)~TH_BLOCK_ENCRYPTED;
	extra.payload = (struct th_slice){p, extra.payload.n - TH_GCM_TAG_BYTES};
	add_extra(s, extra);
}

/* The block at `at`, whose header is sound. Returns where the next one should be. */
static size_t take_block(
	struct th_segments *s, const struct th_mapping *m, size_t at, const struct th_block *b)
{
	size_t payload = at + TH_BLOCK_HEADER_BYTES;
	struct th_slice rest = {m->p + payload, m->n - payload};
	const char *fault = block_fault(s, b, rest), *refusal = block_refusal(s, b);
	size_t next = fault ? find_block(s, m, payload) : payload + b->stored_bytes;
	if (fault || refusal) {
		th_segments_damage(s, m->path, at, refusal ? refusal : fault);
	}
	if (refusal) {
		return next;
	}
	if (b->type != TH_BLOCK_FRAMES && !fault) {
		rest.n = b->stored_bytes;
		open_extra(
			s, b, (struct th_extra){b->type, b->flags, b->writer, m->path, at, rest});
	}
	if (b->type != TH_BLOCK_FRAMES || b->raw_bytes > TH_BLOCK_MAX) {
		return next;
	}
	rest.n = next - payload < b->stored_bytes ? next - payload : b->stored_bytes;
	struct th_segment segment = {.writer = b->writer,
		.first_seq = b->first_seq,
		.stored = rest,
		.raw_bytes = b->raw_bytes,
		.frames = b->frames,
		.packed = b->flags & TH_BLOCK_ZSTD,
		.split = b->flags & TH_BLOCK_SPLIT,
		.leans = b->flags & TH_BLOCK_LEANS,
		.encrypted = b->flags & TH_BLOCK_ENCRYPTED,
		.block = *b,
		.damaged = fault != NULL,
		.torn = fault && rest.n < b->stored_bytes && b->stored_bytes <= TH_BLOCK_MAX,
		.path = m->path,
		.offset = at};
	add(s, segment);
	return next;
}

static void scan_blocks(struct th_segments *s, const struct th_mapping *m)
{
	size_t at = TH_FILE_HEADER_BYTES;
	while (at < m->n && !s->no_memory) {
		struct th_block b;
		if (is_tangled(s, m)) {
			th_segments_damage(s, m->path, at,
				"from here on too many blocks stand in each other, and none of "
				"them was read");
			return;
		}
		int r = -EINVAL;
		if (m->n - at >= TH_BLOCK_HEADER_BYTES) {
			r = th_block_decode(m->p + at, s->header.file_id, &b);
		}
		if (r == 0) {
			at = take_block(s, m, at, &b);
			continue;
		}
		th_segments_damage(s, m->path, at,
			r == -ENOTSUP ? "a block of a newer version"
				      : "no block begins where one should");
		at = find_block(s, m, at + 1);
	}
}

/* ---- together ---- */

static int by_writer(const void *a, const void *b)
{
	const struct th_segment *x = a, *y = b;
	if (x->writer != y->writer) {
		return x->writer < y->writer ? -1 : 1;
	}
	return x->order < y->order ? -1 : x->order > y->order;
}

static int by_rank(const void *a, const void *b)
{
	const struct th_segment *x = a, *y = b;
	if (x->rank != y->rank) {
		return x->rank < y->rank ? -1 : 1;
	}
	if (x->first_seq != y->first_seq) {
		return x->first_seq < y->first_seq ? -1 : 1;
	}
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Writers by their first segment, each writer's segments by number. */
static void sort(struct th_segments *s)
{
	if (s->n == 0) {
		return;
	}
	qsort(s->at, s->n, sizeof(s->at[0]), by_writer);
	for (size_t i = 0; i < s->n; i++) {
		bool same = i > 0 && s->at[i - 1].writer == s->at[i].writer;
		s->at[i].rank = same ? s->at[i - 1].rank : s->at[i].order;
	}
	qsort(s->at, s->n, sizeof(s->at[0]), by_rank);
}

struct th_segment *th_segments_base(struct th_segments *s, const struct th_segment *of)
{
	const struct th_segment key = {.rank = of->rank, .first_seq = of->block.base_first};
	size_t low = 0, high = (size_t)(of - s->at);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool before = by_rank(&s->at[middle], &key) < 0;
		low = before ? middle + 1 : low;
		high = before ? high : middle;
	}
	/* A live file that was folded twice may have been cut into blocks in two ways. */
	for (; &s->at[low] < of && s->at[low].rank == of->rank &&
		s->at[low].first_seq == of->block.base_first;
		low++) {
		struct th_segment *found = &s->at[low];
		if (!found->live && found->raw_bytes == of->block.base_bytes) {
			return found;
		}
	}
	return NULL;
}

static int by_path(const void *a, const void *b)
{
	const struct th_mapping *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static int check_header(struct th_segments *s, int fd, const char **ret_why)
{
	uint8_t bytes[TH_FILE_HEADER_BYTES];
	struct stat st;
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		*ret_why = "is not a regular file";
		return -EINVAL;
	}
	if (st.st_size == 0) {
		*ret_why = "is empty";
		return -EINVAL;
	}
	*ret_why = "is not a tracehook capture";
	if (pread(fd, bytes, sizeof(bytes), 0) != sizeof(bytes) ||
		memcmp(bytes, TH_FILE_MAGIC, TH_MAGIC_BYTES) != 0) {
		return -EINVAL;
	}
	int r = th_file_header_decode(bytes, &s->header);
	*ret_why = r == -ENOTSUP ? "was written by a newer tracehook, which this one cannot read"
				 : "has a damaged file header (the first 64 bytes)";
	if (r < 0) {
		return -EINVAL;
	}
	r = th_key_admit(&s->header);
	*ret_why = r < 0 ? th_key_why(r) : *ret_why;
	return r;
}

static int find(struct th_segments *s, const char *path, int fd, const char **ret_why)
{
	struct th_mapping map;
	int r = check_header(s, fd, ret_why);
	if (r < 0) {
		return r;
	}
	*ret_why = "cannot be mapped";
	r = map_live_files(s, path);
	size_t n_live = s->n_maps;
	if (r == 0) {
		r = map_fd(fd, &map);
	}
	if (r < 0) {
		return r;
	}
	const struct th_mapping *capture = keep(s, map, path);
	if (!capture) {
		return -ENOMEM;
	}
	scan_blocks(s, capture);
	if (n_live > 1) {
		qsort(s->maps, n_live, sizeof(s->maps[0]), by_path);
	}
	for (size_t i = 0; i < n_live; i++) {
		add_live(s, &s->maps[i]);
	}
	sort(s);
	th_torn_drop(s);
	return s->no_memory ? -ENOMEM : 0;
}

int th_segments_find(struct th_segments *s, const char *path, const char **ret_why)
{
	th_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		*ret_why = errno == ENOENT ? "does not exist" : "cannot be opened";
		return -errno;
	}
	return find(s, path, fd, ret_why);
}

void th_segments_finish(struct th_segments *s)
{
	for (size_t i = 0; i < s->n_maps; i++) {
		if (s->maps[i].p) {
			munmap(s->maps[i].p, s->maps[i].n);
		}
		free(s->maps[i].path);
	}
	free(s->maps);
	free(s->at);
	free(s->damage);
	free(s->extras);
	for (size_t i = 0; i < s->n_owned; i++) {
		free(s->owned[i]);
	}
	free(s->owned);
}
