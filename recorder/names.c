/* Look-ups: NAME and DNS frames, and a small table from addresses back to names.
 *
 * The table only says what a connection was probably meant for; the authority is taken from SNI
 * and Host, since hosts share addresses (DESIGN 2.3). So it may forget: one place per hash value,
 * the newest look-up wins, and memory stays fixed. */
#include "recorder/names.h"

#include <netinet/in.h>

#include "base/lock.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/unix_name.h"
#include "recorder/process.h"

#define PLACES 1024
#define ADDRESSES_MAX 255 /* the frame counts them in a byte */
#define NAME_FRAME_FIXED 8
#define NAME_FRAME_ADDRESS 20
#define DNS_FRAME_FIXED 6

struct place {
	uint8_t family, bytes[16];
	char name[TH_NAME_MAX + 1];
};

static struct {
	struct th_lock lock;
	struct place places[PLACES];
} table;

struct th_address th_address_of(const struct sockaddr *sa, socklen_t len)
{
	struct th_address a = {0};
	if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		a.family = 4;
		a.port = ntohs(in.sin_port);
		memcpy(a.bytes, &in.sin_addr, 4);
	} else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		a.family = 6;
		a.port = ntohs(in6.sin6_port);
		memcpy(a.bytes, &in6.sin6_addr, 16);
	} else if (len >= sizeof(sa_family_t) && sa->sa_family == AF_UNIX) {
		char name[TH_UNIX_NAME_BYTES];
		if (th_unix_name(sa, len, name)) {
			a.family = 1;
			th_unix_key(name, a.bytes);
		}
	}
	return a;
}

/* The same host whether it was reached as IPv4 or as IPv4 mapped into IPv6 (RFC 4291 2.5.5.2). */
static struct th_address unmapped(const struct th_address *a)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct th_address u = {.family = a->family};
	if (a->family == 6 && memcmp(a->bytes, prefix, sizeof(prefix)) == 0) {
		u.family = 4;
		memcpy(u.bytes, a->bytes + sizeof(prefix), 4);
		return u;
	}
	memcpy(u.bytes, a->bytes, a->family == 4 ? 4 : 16);
	return u;
}

static struct place *place_of(const struct th_address *u)
{
	static const uint8_t no_key[TH_SIPHASH_KEY_BYTES]; /* nobody gains by a collision */
	return &table.places[th_siphash(no_key, u->bytes, sizeof(u->bytes)) % PLACES];
}

static void remember(const struct th_address *a, struct th_slice name)
{
	struct th_address u = unmapped(a);
	struct place *p = place_of(&u);
	p->family = u.family;
	memcpy(p->bytes, u.bytes, sizeof(p->bytes));
	memcpy(p->name, name.p, name.n);
	p->name[name.n] = 0;
}

static void remember_all(struct th_slice name, const struct th_address *addresses, size_t n)
{
	if (name.n > TH_NAME_MAX || !th_lock(&table.lock)) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (addresses[i].family) {
			remember(&addresses[i], name);
		}
	}
	th_unlock(&table.lock);
}

void th_recorder_unix(const struct sockaddr *sa, socklen_t len)
{
	char name[TH_UNIX_NAME_BYTES];
	if (th_unix_name(sa, len, name)) {
		struct th_address a = th_address_of(sa, len);
		remember_all(th_slice_str(name), &a, 1);
	}
}

static void put_name(struct th_out *out, struct th_slice name, uint8_t family, int result,
	const struct th_address *addresses, size_t n)
{
	th_out_u32(out, (uint32_t)result);
	th_out_u8(out, family);
	th_out_u8(out, (uint8_t)n);
	th_out_u16(out, 0);
	th_out_str16(out, name);
	for (size_t i = 0; i < n; i++) {
		th_out_u32(out, addresses[i].family);
		th_out_bytes(out, addresses[i].bytes, sizeof(addresses[i].bytes));
	}
	const struct iovec part = {out->p, out->n};
	th_process_put_aside(TH_FRAME_NAME, &part, 1);
}

void th_recorder_name(
	const char *name, uint8_t family, int result, const struct th_address *addresses, size_t n)
{
	struct th_slice text = th_slice_str(name);
	n = n > ADDRESSES_MAX ? ADDRESSES_MAX : n;
	text.n = text.n > UINT16_MAX ? UINT16_MAX : text.n;
	remember_all(text, addresses, n);
	size_t size = NAME_FRAME_FIXED + 2 + text.n + n * NAME_FRAME_ADDRESS;
	uint8_t *p = th_pool_alloc(size);
	if (p) {
		struct th_out out = {p, size, 0, false};
		put_name(&out, text, family, result, addresses, n);
	}
	th_pool_free(p, size);
}

void th_recorder_dns(uint8_t way, const char *name, uint16_t type, struct th_slice message)
{
	uint8_t fixed[DNS_FRAME_FIXED + TH_NAME_MAX];
	struct th_out out = {fixed, sizeof(fixed), 0, false};
	struct th_slice text = th_slice_str(name);
	th_out_u8(&out, way);
	th_out_u8(&out, 0);
	th_out_u16(&out, type);
	th_out_str16(&out, text);
	const struct iovec parts[] = {{out.p, out.n}, {(void *)(uintptr_t)message.p, message.n}};
	if (!out.failed && message.n <= UINT16_MAX) {
		th_process_put_aside(TH_FRAME_DNS, parts, message.n ? 2 : 1);
	}
}

void th_names_of(const struct th_address *address, char ret_name[TH_NAME_MAX + 1])
{
	ret_name[0] = 0;
	if (!address->family || !th_lock(&table.lock)) {
		return;
	}
	struct th_address u = unmapped(address);
	const struct place *p = place_of(&u);
	if (p->family == u.family && memcmp(p->bytes, u.bytes, sizeof(p->bytes)) == 0) {
		memcpy(ret_name, p->name, sizeof(p->name));
	}
	th_unlock(&table.lock);
}

void th_names_forked(void)
{
	th_lock_reset(&table.lock);
}
