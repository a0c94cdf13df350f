#include "shim/image.h"

#include <criterion/criterion.h>

static const char *const names[] = {
	"dl_iterate_phdr", "dl_iterate_phdx", "connect", "c", "memmove_of_ours"};

static int take_first(struct dl_phdr_info *info, size_t size, void *data)
{
	cr_assert(th_image_read(info, data));
	return 1;
}

/* By its relocations, however it was linked. */
Test(image, tells_which_functions_a_program_calls)
{
	struct th_image program = {0};
	dl_iterate_phdr(take_first, &program);
	cr_assert_eq(th_image_calls(&program, names, 5), 1u << 0);
	cr_assert_eq(th_image_calls(&program, names + 1, 4), 0);
	cr_assert_eq(th_image_calls(&program, names, 0), 0);
}
