/* Buckets of a few entries each; a bucket that is full turns the newcomer away. 16,384 entries
 * spread over 2,048 buckets: the first refusals are to be expected beyond some 6,000 connections
 * open at once. */
#include "shim/tls_table.h"

#include <stdint.h>

#define BUCKETS 2048
#define PER_BUCKET 8

static struct th_tls_entry table[BUCKETS][PER_BUCKET];

static struct th_tls_entry *bucket_of(const void *session)
{
	uint64_t mix = ((uintptr_t)session >> 4) * 0x9e3779b97f4a7c15u;
	return table[(mix >> 40) % BUCKETS];
}

struct th_tls_entry *th_tls_table_find(const void *session)
{
	struct th_tls_entry *bucket = bucket_of(session);
	for (int i = 0; i < PER_BUCKET; i++) {
		if (atomic_load_explicit(&bucket[i].session, memory_order_acquire) == session) {
			return &bucket[i];
		}
	}
	return NULL;
}

struct th_tls_entry *th_tls_table_add(const void *session)
{
	struct th_tls_entry *bucket = bucket_of(session);
	for (int i = 0; i < PER_BUCKET; i++) {
		const void *nobody = NULL;
		if (atomic_compare_exchange_strong(&bucket[i].session, &nobody, session)) {
			bucket[i].conn = (struct th_conn_ref){NULL, 0};
			bucket[i].ignored = bucket[i].ended = false;
			bucket[i].gnutls = NULL;
			bucket[i].rewrite = NULL;
			bucket[i].of_curl = bucket[i].http2 = false;
			bucket[i].streams = 0;
			bucket[i].inode = 0;
			atomic_store(&bucket[i].end, TH_END_COMPLETE);
			return &bucket[i];
		}
	}
	return NULL;
}

void th_tls_table_remove(struct th_tls_entry *e)
{
	atomic_store_explicit(&e->session, NULL, memory_order_release);
}

void th_tls_table_ended(struct th_tls_entry *e, uint64_t inode, enum th_end how, uint32_t code)
{
	/* The first counts: whoever reads on after a reset is told of an orderly end. */
	if (e && inode && e->inode == inode && atomic_load(&e->end) == TH_END_COMPLETE) {
		atomic_store(&e->code, code);
		atomic_store(&e->end, (uint8_t)how);
	}
}

void th_tls_table_met(struct th_tls_entry *e, uint64_t inode, uint16_t met)
{
	if (e && inode && e->inode == inode) {
		th_conn_met(e->conn, met);
	}
}
