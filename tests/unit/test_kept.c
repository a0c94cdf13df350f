#include "capture/kept.h"

#include <criterion/criterion.h>
#include <string.h>

#include "capture/frame.h"
#include "capture/key.h"
#include "tests/unit/guard.h"

static const uint8_t user_key[TH_AES_KEY_BYTES] = "thirty-two bytes that are secret";
static const uint8_t file_id[TH_FILE_ID_BYTES] = "sixteen bytes id";
static const uint8_t token[TH_STAND_IN_BYTES + 1] = "th-redacted:00112233445566aa:04";

static struct th_kept_key key_of(const uint8_t *user, const uint8_t *id, uint64_t writer)
{
	struct th_kept_key k;
	th_kept_key_init(&k, user, id, writer);
	return k;
}

static size_t seal(const char *value, size_t n, uint8_t *out)
{
	const struct th_kept_key k = key_of(user_key, file_id, 7);
	return th_kept_seal(&k, token, (struct th_slice){(const uint8_t *)value, n}, out);
}

static bool opens(const struct th_kept_key *k, const uint8_t *p, size_t n)
{
	uint8_t *room = malloc(n + 1);
	struct th_slice got, value;
	bool ok = th_kept_open(k, (struct th_slice){p, n}, room, &got, &value);
	free(room);
	return ok;
}

Test(kept, values_come_back)
{
	static const char text[] = "a session id, of some length, perhaps with\0a zero in it";
	const struct th_kept_key k = key_of(user_key, file_id, 7);
	for (size_t n = 1; n < sizeof(text); n++) {
		uint8_t out[256], room[256];
		struct th_slice got, value;
		size_t made = seal(text, n, out);
		cr_assert_eq(made, th_kept_bound(n));
		cr_assert_null(memmem(out, made, text, n < 4 ? 4 : n));
		cr_assert(th_kept_open(&k, (struct th_slice){out, made}, room, &got, &value));
		cr_assert_arr_eq(got.p, token, TH_STAND_IN_BYTES);
		cr_assert_eq(value.n, n);
		cr_assert_arr_eq(value.p, text, n);
	}
}

/* What is kept tells no more of a value's length than its stand-in does. */
Test(kept, lengths_are_classes)
{
	cr_assert_eq(th_kept_bound(1), th_kept_bound(0));
	cr_assert_eq(th_kept_bound(33), th_kept_bound(64));
	cr_assert_neq(th_kept_bound(64), th_kept_bound(65));
	cr_assert_eq(th_kept_bound(TH_KEPT_VALUE_MAX), 16 + 40 + TH_KEPT_VALUE_MAX + 16);
}

Test(kept, the_same_value_is_never_kept_alike)
{
	uint8_t a[128], b[128];
	size_t n = seal("value", 5, a);
	cr_assert_eq(seal("value", 5, b), n);
	cr_assert_arr_neq(a, b, n);
}

Test(kept, any_altered_bit_is_noticed)
{
	uint8_t out[128];
	size_t n = seal("value", 5, out);
	const struct th_kept_key k = key_of(user_key, file_id, 7);
	cr_assert(opens(&k, out, n));
	for (size_t bit = 0; bit < 8 * n; bit++) {
		bool reserved = bit / 8 >= 1 && bit / 8 < 4;
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_eq(opens(&k, out, n), reserved, "bit %zu", bit);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(kept, nobody_elses_key_opens_it)
{
	uint8_t out[128], other[TH_AES_KEY_BYTES] = "another", id[TH_FILE_ID_BYTES] = "another";
	size_t n = seal("value", 5, out);
	const struct th_kept_key wrong[] = {
		key_of(other, file_id, 7), key_of(user_key, id, 7), key_of(user_key, file_id, 8)};
	for (size_t i = 0; i < 3; i++) {
		cr_assert_not(opens(&wrong[i], out, n));
	}
}

Test(kept, cut_anywhere)
{
	uint8_t out[128];
	size_t n = seal("value", 5, out);
	const struct th_kept_key k = key_of(user_key, file_id, 7);
	for (size_t i = 0; i < n; i++) {
		cr_assert_not(opens(&k, th_guard((struct th_slice){out, i}).p, i));
	}
}

Test(kept, a_writer_says_why_it_keeps_nothing)
{
	uint8_t out[16];
	const struct th_kept_key k = key_of(user_key, file_id, 7);
	cr_assert_eq(th_kept_say(TH_KEPT_NOT_OWN, out), sizeof(out));
	cr_assert_eq(th_kept_state((struct th_slice){out, sizeof(out)}), TH_KEPT_NOT_OWN);
	cr_assert_not(opens(&k, out, sizeof(out)));
	cr_assert_eq(th_kept_state((struct th_slice){NULL, 0}), TH_KEPT_NO_KEY);
}

Test(kept, an_encrypted_captures_key)
{
	struct th_kept_key k;
	cr_assert_not(th_kept_key_init_encrypted(&k, file_id, 7), "none was loaded");
}
