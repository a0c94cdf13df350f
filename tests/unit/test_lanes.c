#include "player/lanes.h"

#include <criterion/criterion.h>

static struct th_lanes *lanes;

static void setup(void)
{
	lanes = th_lanes_create();
}

static void teardown(void)
{
	cr_expect_null(th_lanes_destroy(lanes));
}

TestSuite(lanes, .init = setup, .fini = teardown);

static bool add(uint8_t process, uint8_t parent)
{
	return th_lanes_add(lanes, (uint8_t[8]){process}, (uint8_t[8]){parent});
}

#define EXPECT(process, want) \
	do { \
		char lane[TH_LANE_BYTES]; \
		cr_expect_eq(th_lanes_get(lanes, (uint8_t[8]){process}, lane), *(want) != '?'); \
		cr_expect_str_eq(lane, want); \
	} while (0)

Test(lanes, count_children_by_order_of_their_first_connection)
{
	cr_expect(add(1, 0));
	cr_expect(add(2, 1));
	cr_expect(add(3, 1));
	cr_expect(add(4, 2));
	EXPECT(3, "0.0");
	EXPECT(4, "0.1.0");
	EXPECT(2, "0.1");
	EXPECT(1, "0");
	EXPECT(3, "0.0");
}

/* curl | sed: which of them starts first is chance. */
Test(lanes, processes_without_a_connection_are_not_counted)
{
	add(1, 0);
	add(2, 1); /* sed */
	add(3, 1); /* curl */
	EXPECT(3, "0.0");
	add(4, 1); /* curl */
	add(5, 1); /* sed */
	EXPECT(4, "0.1");
}

Test(lanes, registering_again_changes_nothing)
{
	add(1, 0);
	add(2, 1);
	cr_expect_not(add(2, 1));
	add(3, 1);
	EXPECT(2, "0.0");
	EXPECT(3, "0.1");
}

Test(lanes, an_unknown_parent_makes_a_root)
{
	add(1, 0);
	add(2, 77);
	EXPECT(1, "0");
	EXPECT(2, "1");
	EXPECT(9, "?");
	add(3, 3);
	EXPECT(3, "2");
}

Test(lanes, deep_trees_keep_their_beginning)
{
	for (uint8_t i = 1; i < 100; i++) {
		cr_expect(add(i, i - 1));
	}
	char lane[TH_LANE_BYTES];
	cr_expect(th_lanes_get(lanes, (uint8_t[8]){99}, lane));
	cr_expect_lt(strlen(lane), TH_LANE_BYTES);
	cr_expect_eq(strncmp(lane, "0.0.0.", 6), 0);
}
