/* See entry.h. x86-64 only: elsewhere no door is made, and what would have needed one is said to be
 * missing. */
#include "shim/entry.h"

#include <string.h>

#include "base/bytes.h"
#include "base/lock.h"
#include "shim/code.h"
#include "shim/log.h"

#define ENTRIES_MAX 512

static struct th_entry entries[ENTRIES_MAX];
static size_t entries_n;
static struct th_lock lock;

/* ---- the code ---- */

#if defined(__x86_64__)

/* The distance of the thread's note from where %fs points, the same in every thread (P17). */
static int32_t note_offset(void)
{
	uintptr_t base;
	__asm__("mov %%fs:0, %0" : "=r"(base));
	return (int32_t)((uintptr_t)&th_thread.entered - base);
}

/* r11 is free between a call and its function's first instruction (psABI 3.2.1), also with %al
 * counting the vector registers of a variadic call. */
static size_t make_door(void *ctx, unsigned char buf[TH_CODE_BYTES_MAX], const void *at)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	static const uint8_t mov_r11[] = {0x49, 0xbb};
	static const uint8_t mov_note_r11[] = {0x64, 0x4c, 0x89, 0x1c, 0x25};
	static const uint8_t jump_through_next[] = {0xff, 0x25, 0, 0, 0, 0};
	const struct th_entry *e = ctx;
	struct th_out out = {.p = buf, .cap = TH_CODE_BYTES_MAX};
	th_out_bytes(&out, endbr64, sizeof(endbr64));
	th_out_bytes(&out, mov_r11, sizeof(mov_r11));
	th_out_u64(&out, (uintptr_t)e);
	th_out_bytes(&out, mov_note_r11, sizeof(mov_note_r11));
	th_out_u32(&out, (uint32_t)note_offset());
	th_out_bytes(&out, jump_through_next, sizeof(jump_through_next));
	th_out_u64(&out, (uintptr_t)e->slot->hook);
	return out.failed ? 0 : out.n;
}

static void *door_of(struct th_entry *e)
{
	return th_code_add(NULL, make_door, e);
}

#else

static void *door_of(struct th_entry *e)
{
	return NULL;
}

#endif

/* ---- the table ---- */

static const struct th_entry *find_or_make(struct th_slot *slot, void *target)
{
	for (size_t i = 0; i < entries_n; i++) {
		if (entries[i].target == target && entries[i].slot == slot) {
			return &entries[i];
		}
	}
	struct th_entry *e = entries_n < ENTRIES_MAX ? &entries[entries_n] : NULL;
	if (!e) {
		return NULL;
	}
	*e = (struct th_entry){.slot = slot, .target = target, .lib = th_library_of(target)};
	e->door = e->lib ? door_of(e) : NULL;
	if (!e->door) {
		return NULL;
	}
	entries_n++;
	return e;
}

const struct th_entry *th_entry_for(struct th_slot *slot, void *target)
{
	if (!th_lock(&lock)) {
		return NULL;
	}
	const struct th_entry *e = find_or_make(slot, target);
	th_unlock(&lock);
	th_log(e ? "door made" : "no door can be made", slot->name, 0);
	return e;
}
