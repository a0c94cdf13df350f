/* Reading a world file (player/world.h).
 *
 * Idea: one read-only shared mapping, checked completely when it is opened, so that the look-ups
 * of the shim are two binary searches without a single doubt left. Runs inside the agent: no
 * malloc, raw system calls. The file lies in a directory of the user's own (0700) and is never
 * changed once the player said that it is ready, so a shrinking file is no concern. */
#include "player/world.h"

#include <sys/mman.h>

#include "base/bytes.h"
#include "base/sys.h"
#include "base/text.h"

#define NAME_MAX_BYTES 255
#define AI_CODE_MIN (-200) /* the EAI_ codes of glibc are small negative numbers */

struct view {
	const uint8_t *p;
	size_t n;
};

/* Does an array of n elements lie within the file, aligned for its fields? */
static bool array_ok(const struct view *v, uint32_t offset, uint32_t n, size_t element)
{
	return offset % 4 == 0 && offset <= v->n && n <= (v->n - offset) / element;
}

static bool address_ok(const struct th_world_address *a)
{
	return a->family == 4 || a->family == 6;
}

static bool addresses_ok(const struct view *v, const struct th_world_header *h)
{
	if (!array_ok(v, h->addresses_offset, h->n_addresses, sizeof(struct th_world_address))) {
		return false;
	}
	const struct th_world_address *a = (const void *)(v->p + h->addresses_offset);
	for (uint32_t i = 0; i < h->n_addresses; i++) {
		if (!address_ok(&a[i])) {
			return false;
		}
	}
	return true;
}

/* The string at an offset; NULL when it does not end within the file or is too long. */
static const char *string_at(const struct view *v, uint32_t offset)
{
	if (offset >= v->n) {
		return NULL;
	}
	size_t left = v->n - offset;
	size_t n = left < NAME_MAX_BYTES + 1 ? left : NAME_MAX_BYTES + 1;
	return memchr(v->p + offset, 0, n) ? (const char *)v->p + offset : NULL;
}

static bool names_ok(const struct view *v, const struct th_world_header *h)
{
	if (!array_ok(v, h->names_offset, h->n_names, sizeof(struct th_world_name))) {
		return false;
	}
	const struct th_world_name *name = (const void *)(v->p + h->names_offset);
	const char *previous = NULL;
	for (uint32_t i = 0; i < h->n_names; i++) {
		const char *s = string_at(v, name[i].name_offset);
		if (!s || (previous && strcmp(previous, s) >= 0) || name[i].result > 0 ||
			name[i].result < AI_CODE_MIN || name[i].first_address > h->n_addresses ||
			name[i].n_addresses > h->n_addresses - name[i].first_address) {
			return false;
		}
		previous = s;
	}
	return true;
}

static int compare_dns(
	const char *a, const struct th_world_dns *x, const char *b, const struct th_world_dns *y)
{
	int c = strcmp(a, b);
	if (c == 0) {
		c = (int)x->type - (int)y->type;
	}
	return c ? c : (int)x->stream - (int)y->stream;
}

static bool dns_ok(const struct view *v, const struct th_world_header *h)
{
	if (!array_ok(v, h->dns_offset, h->n_dns, sizeof(struct th_world_dns))) {
		return false;
	}
	const struct th_world_dns *d = (const void *)(v->p + h->dns_offset);
	const char *previous = NULL;
	for (uint32_t i = 0; i < h->n_dns; i++) {
		const char *s = string_at(v, d[i].name_offset);
		if (!s || d[i].stream > 1 || d[i].message_offset > v->n ||
			d[i].message_size > v->n - d[i].message_offset ||
			(previous && compare_dns(previous, &d[i - 1], s, &d[i]) >= 0)) {
			return false;
		}
		previous = s;
	}
	return true;
}

static int compare_peer(const struct th_world_peer *a, const struct th_world_peer *b)
{
	int c = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
	if (c == 0) {
		c = (int)a->port - (int)b->port;
	}
	return c ? c : (int)a->address.family - (int)b->address.family;
}

static bool peers_ok(const struct view *v, const struct th_world_header *h)
{
	if (!array_ok(v, h->peers_offset, h->n_peers, sizeof(struct th_world_peer))) {
		return false;
	}
	const struct th_world_peer *peer = (const void *)(v->p + h->peers_offset);
	for (uint32_t i = 0; i < h->n_peers; i++) {
		bool is_unix = peer[i].address.family == TH_WORLD_UNIX;
		if ((!is_unix && !address_ok(&peer[i].address)) ||
			peer[i].verdict < TH_PEER_SERVED || peer[i].verdict > TH_PEER_PASSED ||
			peer[i].error < 0 || (i > 0 && compare_peer(&peer[i - 1], &peer[i]) >= 0)) {
			return false;
		}
	}
	return true;
}

static bool world_ok(const struct view *v)
{
	const struct th_world_header *h = (const void *)v->p;
	return memcmp(h->magic, TH_WORLD_MAGIC, sizeof(h->magic)) == 0 && h->size == v->n &&
		h->ca_offset <= v->n && h->ca_size <= v->n - h->ca_offset && addresses_ok(v, h) &&
		names_ok(v, h) && peers_ok(v, h) && dns_ok(v, h);
}

static int map_file(const char *path, struct view *ret_view)
{
	int fd = th_sys_open(path, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0) {
		return fd;
	}
	struct stat st;
	int r = th_sys_fstat(fd, &st);
	if (r == 0 &&
		(!S_ISREG(st.st_mode) || (size_t)st.st_size > TH_WORLD_LIMIT ||
			(size_t)st.st_size < sizeof(struct th_world_header))) {
		r = -EBADMSG;
	}
	void *p = MAP_FAILED;
	if (r == 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		r = p == MAP_FAILED ? -errno : 0;
	}
	th_sys_close(fd);
	if (r == 0) {
		*ret_view = (struct view){p, (size_t)st.st_size};
	}
	return r;
}

int th_world_open(struct th_world *w, const char *path)
{
	struct view v = {NULL, 0};
	int r = map_file(path, &v);
	if (r < 0) {
		return r;
	}
	if (!world_ok(&v)) {
		munmap((void *)v.p, v.n);
		return -EBADMSG;
	}
	w->header = (const void *)v.p;
	return 0;
}

void th_world_close(struct th_world *w)
{
	if (w->header) {
		munmap((void *)w->header, w->header->size);
		w->header = NULL;
	}
}

/* Orders `wanted` (as the agent wrote it, n bytes) against a name of the file, which is in lower
 * case. */
static int compare_name(const char *wanted, size_t n, const char *kept)
{
	for (size_t i = 0; i < n; i++) {
		int c = (int)th_lower((uint8_t)wanted[i]) - (int)(uint8_t)kept[i];
		if (c) {
			return c;
		}
	}
	return kept[n] ? -1 : 0;
}

static size_t name_bytes(const char *name)
{
	size_t n = strlen(name);
	return n > 1 && name[n - 1] == '.' ? n - 1 : n;
}

const struct th_world_name *th_world_find_name(const struct th_world *w, const char *name)
{
	const uint8_t *base = (const uint8_t *)w->header;
	const struct th_world_name *names = (const void *)(base + w->header->names_offset);
	size_t n = name_bytes(name), low = 0, high = w->header->n_names;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *kept = (const char *)base + names[middle].name_offset;
		int c = compare_name(name, n, kept);
		if (c == 0) {
			return &names[middle];
		}
		if (c < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

/* Where the first one not before the wanted one stands. */
static size_t dns_place(const struct th_world *w, const char *name, uint16_t type)
{
	const uint8_t *base = (const uint8_t *)w->header;
	const struct th_world_dns *all = (const void *)(base + w->header->dns_offset);
	size_t n = name_bytes(name), low = 0, high = w->header->n_dns;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *kept = (const char *)base + all[middle].name_offset;
		int c = compare_name(name, n, kept);
		if (c > 0 || (c == 0 && type > all[middle].type)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

const struct th_world_dns *th_world_find_dns(
	const struct th_world *w, const char *name, uint16_t type, bool stream)
{
	const uint8_t *base = (const uint8_t *)w->header;
	const struct th_world_dns *all = (const void *)(base + w->header->dns_offset);
	const struct th_world_dns *found = NULL;
	size_t n = name_bytes(name);
	for (size_t i = dns_place(w, name, type); i < w->header->n_dns; i++) {
		if (all[i].type != type ||
			compare_name(name, n, (const char *)base + all[i].name_offset) != 0) {
			break;
		}
		if (!found || all[i].stream == stream) {
			found = &all[i];
		}
	}
	return found;
}

struct th_slice th_world_dns_message(const struct th_world *w, const struct th_world_dns *d)
{
	return (struct th_slice){(const uint8_t *)w->header + d->message_offset, d->message_size};
}

const struct th_world_address *th_world_addresses(
	const struct th_world *w, const struct th_world_name *n)
{
	const struct th_world_address *all = (const void *)((const uint8_t *)w->header +
		w->header->addresses_offset);
	return all + n->first_address;
}

struct th_world_address th_world_plain_address(uint8_t family, const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct th_world_address a = {.family = family};
	if (family == 4) {
		memcpy(a.bytes, address, 4);
	} else if (family == 6 && memcmp(address, mapped, sizeof(mapped)) == 0) {
		a.family = 4;
		memcpy(a.bytes, address + sizeof(mapped), 4);
	} else {
		memcpy(a.bytes, address, sizeof(a.bytes));
	}
	return a;
}

const struct th_world_peer *th_world_find_peer(
	const struct th_world *w, uint8_t family, const uint8_t address[16], uint16_t port)
{
	const struct th_world_peer *peers = (const void *)((const uint8_t *)w->header +
		w->header->peers_offset);
	const struct th_world_peer wanted = {
		.address = th_world_plain_address(family, address), .port = port};
	size_t low = 0, high = w->header->n_peers;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = compare_peer(&wanted, &peers[middle]);
		if (c == 0) {
			return &peers[middle];
		}
		if (c < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

struct th_slice th_world_ca(const struct th_world *w)
{
	const struct th_world_header *h = w->header;
	return (struct th_slice){(const uint8_t *)h + h->ca_offset, h->ca_size};
}
