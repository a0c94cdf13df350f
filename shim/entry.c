/* See entry.h. x86-64 only: elsewhere no door is made, and what would have needed one is said to be
 * missing. */
#include "shim/entry.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/lock.h"
#include "shim/code.h"
#include "shim/log.h"
#include "shim/x86.h"

#define ENTRIES_MAX 512

static struct th_entry entries[ENTRIES_MAX];
static _Atomic size_t entries_n;
static struct th_lock lock;

/* What a door is made of. */
struct plan {
	struct th_entry *entry;
	size_t size; /* of the function, when it is to be written over; else 0 */
	int error;
};

/* ---- the code ---- */

#if defined(__x86_64__)

static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

/* The distance of the thread's note from where %fs points, the same in every thread (P17). */
static int32_t note_offset(void)
{
	uintptr_t base;
	__asm__("mov %%fs:0, %0" : "=r"(base));
	return (int32_t)((uintptr_t)&th_thread.entered - base);
}

/* r11 is free between a call and its function's first instruction (psABI 3.2.1), also with %al
 * counting the vector registers of a variadic call. */
static void put_door(struct th_out *out, const struct th_entry *e)
{
	static const uint8_t mov_r11[] = {0x49, 0xbb};
	static const uint8_t mov_note_r11[] = {0x64, 0x4c, 0x89, 0x1c, 0x25};
	static const uint8_t jump_through_next[] = {0xff, 0x25, 0, 0, 0, 0};
	th_out_bytes(out, endbr64, sizeof(endbr64));
	th_out_bytes(out, mov_r11, sizeof(mov_r11));
	th_out_u64(out, (uintptr_t)e);
	th_out_bytes(out, mov_note_r11, sizeof(mov_note_r11));
	th_out_u32(out, (uint32_t)note_offset());
	th_out_bytes(out, jump_through_next, sizeof(jump_through_next));
	th_out_u64(out, (uintptr_t)th_slot_hook(e->slot));
}

/* The beginning of the function that is to be written over; it is called through a pointer. */
static int put_beginning(struct th_out *out, struct plan *plan, uintptr_t at)
{
	struct th_entry *e = plan->entry;
	struct th_x86_head head;
	e->real = (void *)(at + out->n);
	th_out_bytes(out, endbr64, sizeof(endbr64));
	long n = th_x86_move(e->target, plan->size, (uintptr_t)e->target, out->p + out->n,
		out->cap - out->n, at + out->n, &head);
	if (n < 0) {
		return (int)n;
	}
	out->n += (size_t)n;
	e->start = (uint8_t)head.start;
	e->end = (uint8_t)head.end;
	return 0;
}

static size_t make_door(void *ctx, unsigned char buf[TH_CODE_BYTES_MAX], const void *at)
{
	struct plan *plan = ctx;
	struct th_out out = {.p = buf, .cap = TH_CODE_BYTES_MAX};
	put_door(&out, plan->entry);
	plan->error = plan->size ? put_beginning(&out, plan, (uintptr_t)at) : 0;
	return plan->error == 0 && !out.failed ? out.n : 0;
}

static int make(struct plan *plan)
{
	struct th_entry *e = plan->entry;
	e->door = th_code_add(plan->size ? e->target : NULL, make_door, plan);
	return e->door ? 0 : plan->error ? plan->error : -ENOMEM;
}

int th_entry_write(const struct th_entry *e)
{
	uint8_t bytes[UINT8_MAX];
	uintptr_t at = (uintptr_t)e->target + e->start;
	size_t n = (size_t)(e->end - e->start);
	memset(bytes, 0xcc, n);
	int r = th_x86_jump(at, (uintptr_t)e->door, bytes);
	return r < 0 ? r : th_code_patch((void *)at, bytes, n);
}

#else

static int make(struct plan *plan)
{
	return -ENOSYS;
}

int th_entry_write(const struct th_entry *e)
{
	return -ENOSYS;
}

#endif

/* ---- the table ---- */

static const struct th_entry *find(const struct th_slot *slot, const void *target)
{
	size_t n = atomic_load_explicit(&entries_n, memory_order_acquire);
	for (size_t i = 0; i < n; i++) {
		if (entries[i].target == target && (!slot || entries[i].slot == slot)) {
			return &entries[i];
		}
	}
	return NULL;
}

static int add(struct th_slot *slot, void *target, size_t size, const struct th_library *lib,
	const struct th_entry **ret_entry)
{
	size_t n = atomic_load(&entries_n);
	if (n == ENTRIES_MAX || !lib) {
		return -ENOSPC;
	}
	entries[n] = (struct th_entry){.slot = slot, .target = target, .real = target, .lib = lib};
	struct plan plan = {.entry = &entries[n], .size = size};
	int r = make(&plan);
	th_log(r < 0 ? "no door can be made" : "door made", slot->name, r);
	if (r == 0) {
		atomic_store_explicit(&entries_n, n + 1, memory_order_release);
		*ret_entry = &entries[n];
	}
	return r;
}

const struct th_entry *th_entry_for(struct th_slot *slot, void *target)
{
	const struct th_entry *e = find(slot, target);
	if (!e && th_lock(&lock)) {
		e = find(slot, target);
		if (!e) {
			(void)add(slot, target, 0, th_library_of(target), &e);
		}
		th_unlock(&lock);
	}
	return e;
}

int th_entry_prepare(struct th_slot *slot, void *target, size_t n, const struct th_library *lib,
	const struct th_entry **ret_entry)
{
	if (!th_lock(&lock)) {
		return -EBUSY;
	}
	int r = add(slot, target, n, lib, ret_entry);
	th_unlock(&lock);
	return r;
}

const struct th_entry *th_entry_over(const void *target)
{
	const struct th_entry *e = find(NULL, target);
	return e && e->end > 0 ? e : NULL;
}
