/* See world_build.h. Three steps: names and peers are gathered from the run in its own order,
 * sorted as the format wants them, and laid out one array after the other. Gathering sorts and
 * then merges neighbours, so a run with many look-ups stays cheap. */
#include "player/world_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/frame.h"
#include "player/world.h"
#include "player/world_answers.h"

#define NAME_LIMIT TH_WORLD_NAME_MAX
#define KIN_LIMIT 65536		  /* peers added for their names' sake */
#define RECORDED_ADDRESS_BYTES 20 /* family, 3 reserved, 16 address bytes (trace.h) */

/* ---- names ---- */

/* A look-up, its name normalised. */
struct lookup {
	char name[NAME_LIMIT + 1];
	size_t order;
	const struct th_name *recorded;
};

struct implied {
	struct th_name name;
	uint8_t address[RECORDED_ADDRESS_BYTES];
};

struct layout {
	struct th_world_name *names;
	struct th_world_address *addresses;
	struct th_world_peer *peers;
	struct lookup *lookups; /* sorted; names[i].name_offset indexes it until laid out */
	struct implied *implied;
	size_t n_names, n_addresses, n_peers;
	struct th_world_answers dns;
};

static void layout_finish(struct layout *l)
{
	free(l->names);
	free(l->addresses);
	free(l->peers);
	free(l->lookups);
	free(l->implied);
	th_world_answers_finish(&l->dns);
}

bool th_world_normal_name(struct th_slice name, char ret_name[NAME_LIMIT + 1])
{
	if (name.n > 1 && name.p[name.n - 1] == '.') {
		name.n--;
	}
	if (name.n == 0 || name.n > NAME_LIMIT || memchr(name.p, 0, name.n)) {
		return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		ret_name[i] = (char)th_lower(name.p[i]);
	}
	ret_name[name.n] = 0;
	return true;
}

static int compare_lookups(const void *a, const void *b)
{
	const struct lookup *x = a, *y = b;
	int c = strcmp(x->name, y->name);
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static bool put_lookup(struct lookup *l, const struct th_name *name, size_t order)
{
	l->recorded = name;
	l->order = order;
	return th_world_normal_name(name->name, l->name);
}

/* A name that the agent knew by itself, since its resolver reads /etc/hosts (c-ares, Perl's
 * AnyEvent): in a replay that file may say something else, and it asks a name server. */
static void imply(const struct th_connection *c, struct implied *ret_implied)
{
	*ret_implied = (struct implied){.name = {.name = c->sni}};
	bool is_inet = c->family == 4 || c->family == 6;
	if (c->connected && !c->error && is_inet && !c->name.n) {
		ret_implied->address[0] = c->family;
		memcpy(ret_implied->address + 4, c->address, sizeof(c->address));
		ret_implied->name.addresses = ret_implied->address;
		ret_implied->name.n_addresses = 1;
	} else {
		ret_implied->name.name.n = 0;
	}
}

/* What was looked up comes before what is implied by a connection. */
static size_t collect_lookups(struct layout *l, const struct th_run *run)
{
	struct lookup *all = l->lookups;
	size_t n = 0;
	for (size_t i = 0; i < run->n_names; i++) {
		n += put_lookup(&all[n], run->names[i], i);
	}
	for (size_t i = 0; i < run->n_connections; i++) {
		imply(run->connections[i], &l->implied[i]);
		n += put_lookup(&all[n], &l->implied[i].name, run->n_names + i);
	}
	qsort(all, n, sizeof(*all), compare_lookups);
	return n;
}

/* Appends an address to the name that is being merged, unless it has it already. */
static void add_address(struct layout *l, struct th_world_name *name, const uint8_t *recorded)
{
	if (recorded[0] != 4 && recorded[0] != 6) {
		return;
	}
	struct th_world_address a = th_world_plain_address(recorded[0], recorded + 4);
	for (size_t i = 0; i < name->n_addresses; i++) {
		if (memcmp(&l->addresses[name->first_address + i], &a, sizeof(a)) == 0) {
			return;
		}
	}
	l->addresses[l->n_addresses++] = a;
	name->n_addresses++;
}

static void merge_lookup(struct layout *l, struct th_world_name *name, const struct th_name *r)
{
	for (size_t i = 0; r->result == 0 && i < r->n_addresses; i++) {
		add_address(l, name, r->addresses + i * RECORDED_ADDRESS_BYTES);
	}
	/* A server that answered knows more than one that did not. */
	if (r->result == 0 || name->result == TH_NAME_UNANSWERED) {
		name->result = r->result;
	}
}

static int gather_names(struct layout *l, const struct th_run *run)
{
	size_t n_addresses = 0;
	for (size_t i = 0; i < run->n_names; i++) {
		n_addresses += run->names[i]->n_addresses;
	}
	size_t most = run->n_names + run->n_connections;
	l->lookups = calloc(most + 1, sizeof(*l->lookups));
	l->implied = calloc(run->n_connections + 1, sizeof(*l->implied));
	l->names = calloc(most + 1, sizeof(*l->names));
	l->addresses = calloc(n_addresses + run->n_connections + 1, sizeof(*l->addresses));
	if (!l->lookups || !l->implied || !l->names || !l->addresses) {
		return -ENOMEM;
	}
	bool looked_up = false;
	size_t n = collect_lookups(l, run);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(l->lookups[i - 1].name, l->lookups[i].name) != 0) {
			l->names[l->n_names++] = (struct th_world_name){
				.name_offset = (uint32_t)i,
				.result = l->lookups[i].recorded->result,
				.first_address = (uint32_t)l->n_addresses,
			};
			looked_up = l->lookups[i].order < run->n_names;
		}
		if (!looked_up || l->lookups[i].order < run->n_names) {
			merge_lookup(l, &l->names[l->n_names - 1], l->lookups[i].recorded);
		}
	}
	return 0;
}

/* ---- peers ---- */

/* What one connection says about its peer; a peer's verdict is the strongest of its connections.
 * In rising order. */
enum evidence {
	EVIDENCE_FAILED,
	EVIDENCE_OPAQUE, /* TLS, undecoded: as if the peer were unknown */
	EVIDENCE_OTHER,
	EVIDENCE_SERVED,
};

struct sighting {
	struct th_world_peer peer; /* address, port and error are set */
	enum evidence evidence;
	size_t order;
};

static int compare_pointers(const void *a, const void *b)
{
	const void *x = *(void *const *)a, *y = *(void *const *)b;
	return (x > y) - (x < y);
}

/* A connect that the agent gave up waiting for was never seen to fail: it looks like a connection
 * that was begun, not finished, and carried nothing. */
static bool never_connected(const struct th_connection *c)
{
	return c->ended && c->connect_began && !c->connected && c->bytes_sent == 0 &&
		c->bytes_received == 0 && c->speaks == TH_SPEAKS_NOTHING;
}

static enum evidence weigh(const struct th_connection *c, bool has_exchange)
{
	if (has_exchange || c->speaks == TH_SPEAKS_HTTP1 || c->speaks == TH_SPEAKS_HTTP2 ||
		c->speaks == TH_SPEAKS_DNS) {
		return EVIDENCE_SERVED;
	}
	if (c->error || never_connected(c)) {
		return EVIDENCE_FAILED;
	}
	if (c->unseen_sent || c->unseen_received) {
		return EVIDENCE_OPAQUE;
	}
	switch (c->speaks) {
	case TH_SPEAKS_NOTHING:
		return EVIDENCE_SERVED;
	case TH_SPEAKS_OTHER:
		return EVIDENCE_OTHER;
	default:
		return EVIDENCE_OPAQUE;
	}
}

static int compare_addresses(const struct th_world_peer *a, const struct th_world_peer *b)
{
	int c = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
	if (c == 0) {
		c = (int)a->port - (int)b->port;
	}
	return c ? c : (int)a->address.family - (int)b->address.family;
}

static int compare_sightings(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;
	int c = compare_addresses(&x->peer, &y->peer);
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static size_t collect_sightings(
	const struct th_run *run, void **used, size_t n_used, struct sighting *ret_sightings)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		if (c->family == 0 || c->transport == TH_TRANSPORT_DATAGRAMS) {
			continue;
		}
		bool has_exchange = bsearch(&c, used, n_used, sizeof(*used), compare_pointers);
		ret_sightings[n++] = (struct sighting){
			.peer = {.address = th_world_plain_address(c->family, c->address),
				.port = c->port,
				.error = c->error > 0 ? c->error : ETIMEDOUT},
			.evidence = weigh(c, has_exchange),
			.order = i,
		};
	}
	qsort(ret_sightings, n, sizeof(*ret_sightings), compare_sightings);
	return n;
}

/* Peers on this machine. */
static bool is_local(const struct th_world_address *a)
{
	static const uint8_t one[16] = {[15] = 1};
	if (a->family == TH_WORLD_UNIX) {
		return true;
	}
	return a->family == 4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, sizeof(one)) == 0;
}

/* False: the peer is left out. */
static bool judge(struct sighting *s)
{
	if (s->evidence == EVIDENCE_SERVED) {
		s->peer.verdict = TH_PEER_SERVED;
	} else if (s->evidence == EVIDENCE_OTHER && is_local(&s->peer.address)) {
		s->peer.verdict = TH_PEER_PASSED;
	} else if (s->evidence == EVIDENCE_FAILED) {
		s->peer.verdict = TH_PEER_FAILED;
		return true;
	} else {
		return false;
	}
	s->peer.error = 0;
	return true;
}

static void merge_sightings(struct layout *l, struct sighting *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		struct sighting merged = s[i];
		merged.peer.seen = 1;
		size_t end = i + 1;
		while (end < n && compare_addresses(&s[i].peer, &s[end].peer) == 0) {
			if (s[end].evidence > merged.evidence) {
				merged.evidence = s[end].evidence;
			}
			end++;
		}
		if (judge(&merged)) {
			l->peers[l->n_peers++] = merged.peer;
		}
		i = end;
	}
}

/* ---- peers of one name ---- */

static bool has_address(
	const struct layout *l, const struct th_world_name *n, const struct th_world_address *a)
{
	for (uint32_t i = 0; i < n->n_addresses; i++) {
		if (memcmp(&l->addresses[n->first_address + i], a, sizeof(*a)) == 0) {
			return true;
		}
	}
	return false;
}

static int compare_peers(const void *a, const void *b)
{
	return compare_addresses(a, b);
}

/* Adds to `kin` what the name's other addresses become by `served`. */
static size_t add_kin(const struct layout *l, const struct th_world_name *n,
	const struct th_world_peer *served, struct th_world_peer *kin, size_t n_kin)
{
	for (uint32_t i = 0; i < n->n_addresses && n_kin < KIN_LIMIT; i++) {
		struct th_world_peer p = *served;
		p.address = l->addresses[n->first_address + i];
		p.seen = 0;
		if (!bsearch(&p, l->peers, l->n_peers, sizeof(p), compare_peers)) {
			kin[n_kin++] = p;
		}
	}
	return n_kin;
}

static size_t find_kin(const struct layout *l, struct th_world_peer *kin)
{
	size_t n_kin = 0;
	for (size_t p = 0; p < l->n_peers; p++) {
		for (size_t n = 0; l->peers[p].verdict == TH_PEER_SERVED && n < l->n_names; n++) {
			if (has_address(l, &l->names[n], &l->peers[p].address)) {
				n_kin = add_kin(l, &l->names[n], &l->peers[p], kin, n_kin);
			}
		}
	}
	return n_kin;
}

/* The peers are sorted and stay so; two names may bring the same kin. */
static int admit_kin(struct layout *l)
{
	th_auto_free struct th_world_peer *kin = calloc(KIN_LIMIT, sizeof(*kin));
	size_t n = kin ? find_kin(l, kin) : 0;
	void *all = kin ? realloc(l->peers, (l->n_peers + n + 1) * sizeof(*l->peers)) : NULL;
	if (!all) {
		return -ENOMEM;
	}
	l->peers = all;
	memcpy(l->peers + l->n_peers, kin, n * sizeof(*kin));
	qsort(l->peers, l->n_peers + n, sizeof(*l->peers), compare_peers);
	size_t kept = 0;
	for (size_t i = 0; i < l->n_peers + n; i++) {
		if (kept == 0 || compare_addresses(&l->peers[kept - 1], &l->peers[i]) != 0) {
			l->peers[kept++] = l->peers[i];
		}
	}
	l->n_peers = kept;
	return 0;
}

static int gather_peers(struct layout *l, const struct th_run *run)
{
	th_auto_free void **used = calloc(run->n_exchanges + 1, sizeof(*used));
	th_auto_free struct sighting *s = calloc(run->n_connections + 1, sizeof(*s));
	l->peers = calloc(run->n_connections + 1, sizeof(*l->peers));
	if (!used || !s || !l->peers) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < run->n_exchanges; i++) {
		used[i] = run->exchanges[i]->connection;
	}
	qsort(used, run->n_exchanges, sizeof(*used), compare_pointers);
	merge_sightings(l, s, collect_sightings(run, used, run->n_exchanges, s));
	return 0;
}

/* ---- the file ---- */

static size_t strings_size(const struct layout *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n_names; i++) {
		n += strlen(l->lookups[l->names[i].name_offset].name) + 1;
	}
	return n;
}

/* The strings come last; each name gets the offset of its own. */
static void lay_strings(struct layout *l, struct th_out *out, size_t names_offset)
{
	for (size_t i = 0; i < l->n_names; i++) {
		const char *s = l->lookups[l->names[i].name_offset].name;
		l->names[i].name_offset = (uint32_t)out->n;
		th_out_bytes(out, s, strlen(s) + 1);
	}
	if (l->n_names) {
		memcpy(out->p + names_offset, l->names, l->n_names * sizeof(*l->names));
	}
}

static void lay_out(struct layout *l, struct th_slice ca, struct th_out *out)
{
	struct th_world_header h = {.size = out->cap};
	memcpy(h.magic, TH_WORLD_MAGIC, sizeof(h.magic));
	size_t n_names = l->n_names * sizeof(*l->names);
	size_t n_addresses = l->n_addresses * sizeof(*l->addresses);
	size_t n_peers = l->n_peers * sizeof(*l->peers);
	size_t n_dns = l->dns.n * sizeof(*l->dns.entries);
	h.n_names = (uint32_t)l->n_names;
	h.names_offset = sizeof(h);
	h.n_addresses = (uint32_t)l->n_addresses;
	h.addresses_offset = (uint32_t)(h.names_offset + n_names);
	h.n_peers = (uint32_t)l->n_peers;
	h.peers_offset = (uint32_t)(h.addresses_offset + n_addresses);
	h.n_dns = (uint32_t)l->dns.n;
	h.dns_offset = (uint32_t)(h.peers_offset + n_peers);
	h.ca_offset = (uint32_t)(h.dns_offset + n_dns);
	h.ca_size = (uint32_t)ca.n;
	th_out_bytes(out, &h, sizeof(h));
	th_out_bytes(out, l->names, n_names);
	th_out_bytes(out, l->addresses, n_addresses);
	th_out_bytes(out, l->peers, n_peers);
	th_out_bytes(out, l->dns.entries, n_dns); /* once more, when they are known */
	th_out_bytes(out, ca.p, ca.n);
	lay_strings(l, out, h.names_offset);
	th_world_answers_lay(&l->dns, out);
	if (n_dns) {
		memcpy(out->p + h.dns_offset, l->dns.entries, n_dns);
	}
}

static int assemble(struct layout *l, struct th_slice ca, uint8_t **ret_bytes, size_t *ret_size)
{
	size_t size = sizeof(struct th_world_header) + l->n_names * sizeof(*l->names) +
		l->n_addresses * sizeof(*l->addresses) + l->n_peers * sizeof(*l->peers) +
		l->dns.n * sizeof(*l->dns.entries) + strings_size(l) + l->dns.bytes + ca.n;
	if (size > TH_WORLD_LIMIT) {
		return -E2BIG;
	}
	struct th_out out = {.p = calloc(1, size), .cap = size};
	if (!out.p) {
		return -ENOMEM;
	}
	lay_out(l, ca, &out);
	*ret_bytes = out.p;
	*ret_size = size;
	return 0;
}

int th_world_build(
	const struct th_run *run, struct th_slice ca, uint8_t **ret_bytes, size_t *ret_size)
{
	th_cleanup(layout_finish) struct layout l = {0};
	int r = gather_names(&l, run);
	if (r == 0) {
		r = gather_peers(&l, run);
	}
	if (r == 0) {
		r = admit_kin(&l);
	}
	if (r == 0) {
		r = th_world_answers_gather(&l.dns, run);
	}
	return r < 0 ? r : assemble(&l, ca, ret_bytes, ret_size);
}

void th_world_set_live(uint8_t *bytes)
{
	((struct th_world_header *)(void *)bytes)->live = 1;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno == EINTR) {
			continue;
		}
		if (w < 0) {
			return -errno;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int th_world_save(const char *path, const uint8_t *bytes, size_t n)
{
	th_auto_free char *beside = NULL;
	if (asprintf(&beside, "%s.new", path) < 0) {
		beside = NULL;
		return -ENOMEM;
	}
	th_auto_close int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	int r = write_all(fd, bytes, n);
	if (r == 0 && rename(beside, path) < 0) {
		r = -errno;
	}
	if (r < 0) {
		unlink(beside);
	}
	return r;
}
