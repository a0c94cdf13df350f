/* Whatever a file says of itself, none of it is read outside of it. */
#include "base/elf_file.h"

#include "fuzz.h"

static bool within(struct th_slice part, const uint8_t *p, size_t n)
{
	return part.n == 0 || (part.p >= p && part.n <= n && part.p + part.n <= p + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_elf elf;
	struct th_slice part;
	if (th_elf_read((struct th_slice){p, n}, &elf) != 0) {
		return 0;
	}
	FUZZ_CHECK(within(elf.loader, p, n) && within(elf.all.rows, p, n) &&
		within(elf.all.names, p, n) && within(elf.exported.names, p, n));
	(void)th_elf_defines(&elf.exported, "SSL_read");
	(void)th_elf_defines(&elf.all, "SSL_read");
	for (size_t at = 0; th_elf_next_loaded(&elf, &at, &part);) {
		FUZZ_CHECK(within(part, p, n));
	}
	return 0;
}
