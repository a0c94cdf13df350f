/* HPACK's static table (RFC 7541 appendix A). Used by hpack.c only. */
#ifndef WIRE_HPACK_STATIC_H
#define WIRE_HPACK_STATIC_H

#include "wire/head.h"

/* Texts within, not pointers to texts: those would be relocated in every program that starts. */
struct th_hpack_entry {
	uint8_t name_n, value_n;
	char name[28], value[14];
};

#define ENTRY(name, value) \
	{ \
		sizeof(name) - 1, sizeof(value) - 1, name, value \
	}

#define TH_HPACK_STATIC 61

/* Index 1 is the first. */
static const struct th_hpack_entry th_hpack_static[TH_HPACK_STATIC] = {
	ENTRY(":authority", ""),
	ENTRY(":method", "GET"),
	ENTRY(":method", "POST"),
	ENTRY(":path", "/"),
	ENTRY(":path", "/index.html"),
	ENTRY(":scheme", "http"),
	ENTRY(":scheme", "https"),
	ENTRY(":status", "200"),
	ENTRY(":status", "204"),
	ENTRY(":status", "206"),
	ENTRY(":status", "304"),
	ENTRY(":status", "400"),
	ENTRY(":status", "404"),
	ENTRY(":status", "500"),
	ENTRY("accept-charset", ""),
	ENTRY("accept-encoding", "gzip, deflate"),
	ENTRY("accept-language", ""),
	ENTRY("accept-ranges", ""),
	ENTRY("accept", ""),
	ENTRY("access-control-allow-origin", ""),
	ENTRY("age", ""),
	ENTRY("allow", ""),
	ENTRY("authorization", ""),
	ENTRY("cache-control", ""),
	ENTRY("content-disposition", ""),
	ENTRY("content-encoding", ""),
	ENTRY("content-language", ""),
	ENTRY("content-length", ""),
	ENTRY("content-location", ""),
	ENTRY("content-range", ""),
	ENTRY("content-type", ""),
	ENTRY("cookie", ""),
	ENTRY("date", ""),
	ENTRY("etag", ""),
	ENTRY("expect", ""),
	ENTRY("expires", ""),
	ENTRY("from", ""),
	ENTRY("host", ""),
	ENTRY("if-match", ""),
	ENTRY("if-modified-since", ""),
	ENTRY("if-none-match", ""),
	ENTRY("if-range", ""),
	ENTRY("if-unmodified-since", ""),
	ENTRY("last-modified", ""),
	ENTRY("link", ""),
	ENTRY("location", ""),
	ENTRY("max-forwards", ""),
	ENTRY("proxy-authenticate", ""),
	ENTRY("proxy-authorization", ""),
	ENTRY("range", ""),
	ENTRY("referer", ""),
	ENTRY("refresh", ""),
	ENTRY("retry-after", ""),
	ENTRY("server", ""),
	ENTRY("set-cookie", ""),
	ENTRY("strict-transport-security", ""),
	ENTRY("transfer-encoding", ""),
	ENTRY("user-agent", ""),
	ENTRY("vary", ""),
	ENTRY("via", ""),
	ENTRY("www-authenticate", ""),
};

#undef ENTRY

#endif
