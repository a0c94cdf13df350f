/* shim/own_libc.c, which is linked into this test, answers as the C library does, which is asked
 * through the loader. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#include "shim/slot.h"

#define ROUNDS 3000
#define TEXT_MAX 12

void *th_slot_symbol(void *handle, const char *name)
{
	return dlsym(handle, name);
}

/* The C library's own. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int sign(int r)
{
	return (r > 0) - (r < 0);
}

/* Of few letters, so that texts are often alike; one of them is negative as a char. */
static void make_text(char text[TEXT_MAX + 1])
{
	static const char letters[] = "aAbB=;\xe9";
	size_t n = (size_t)rand() % (TEXT_MAX + 1);
	for (size_t i = 0; i < n; i++) {
		text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
	}
	text[n] = '\0';
}

static void compare_two(const char *a, const char *b)
{
	size_t n = (size_t)rand() % (TEXT_MAX + 1);
	cr_assert_eq(sign(strcmp(a, b)), sign(REAL(strcmp)(a, b)), "%s %s", a, b);
	cr_assert_eq(sign(strncmp(a, b, n)), sign(REAL(strncmp)(a, b, n)), "%s %s", a, b);
	cr_assert_eq(sign(strcasecmp(a, b)), sign(REAL(strcasecmp)(a, b)), "%s %s", a, b);
	cr_assert_eq(strspn(a, b), REAL(strspn)(a, b), "%s %s", a, b);
	cr_assert_eq(strcspn(a, b), REAL(strcspn)(a, b), "%s %s", a, b);
	cr_assert_eq(strpbrk(a, b), REAL(strpbrk)(a, b), "%s %s", a, b);
	size_t in = strlen(a), what = strlen(b) < 3 ? strlen(b) : 3;
	cr_assert_eq(memmem(a, in, b, what), REAL(memmem)(a, in, b, what), "%s %s", a, b);
}

static void compare_one(const char *a)
{
	int c = a[0] ? a[(size_t)rand() % strlen(a)] : ';';
	size_t n = (size_t)rand() % (TEXT_MAX + 1);
	cr_assert_eq(strchr(a, c), REAL(strchr)(a, c));
	cr_assert_eq(strchr(a, '\0'), a + strlen(a));
	cr_assert_eq(strrchr(a, c), REAL(strrchr)(a, c));
	cr_assert_eq(memrchr(a, c, strlen(a)), REAL(memrchr)(a, c, strlen(a)));
	cr_assert_eq(strnlen(a, n), REAL(strnlen)(a, n));
}

static void compare_copies(const char *a)
{
	char own[TEXT_MAX + 2], real[TEXT_MAX + 2];
	size_t n = (size_t)rand() % (TEXT_MAX + 2);
	memset(own, '#', sizeof(own));
	memset(real, '#', sizeof(real));
	cr_assert_eq(strncpy(own, a, n), own);
	REAL(strncpy)(real, a, n);
	cr_assert_arr_eq(own, real, sizeof(own));
	cr_assert_eq(stpcpy(own, a) - own, (ptrdiff_t)strlen(a));
	cr_assert_str_eq(own, a);
	cr_assert_eq(strcpy(real, a), real);
	cr_assert_str_eq(real, a);
	char twice[2 * TEXT_MAX + 1];
	strcat(strcpy(twice, a), a);
	cr_assert(strncmp(twice, a, strlen(a)) == 0 && strcmp(twice + strlen(a), a) == 0);
}

Test(own_libc, texts_are_as_the_c_library_has_them)
{
	srand(8);
	for (int i = 0; i < ROUNDS; i++) {
		char a[TEXT_MAX + 1], b[TEXT_MAX + 1];
		make_text(a);
		make_text(b);
		compare_two(a, b);
		compare_one(a);
		compare_copies(a);
	}
}

Test(own_libc, memory_is_had_and_given_back)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(p, MAP_FAILED);
	memset(p, 1, 8192);
	cr_assert_eq(madvise(p, 8192, MADV_DONTNEED), 0);
	cr_assert_eq(p[5000], 0);
	cr_assert_eq(mprotect(p, 8192, PROT_READ), 0);
	cr_assert_eq(munmap(p, 8192), 0);
	errno = 0;
	cr_assert_eq(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
	cr_assert_eq(errno, EINVAL);
	errno = 0;
	cr_assert_eq(mprotect((void *)1, 1, PROT_READ), -1);
	cr_assert_eq(errno, EINVAL);
}

static char *format(const char *how, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, how);
	int n = vasprintf(&text, how, arguments);
	va_end(arguments);
	return n < 0 ? NULL : text;
}

Test(own_libc, what_is_found_when_called_is_called)
{
	struct in_addr a;
	char text[INET_ADDRSTRLEN], *made = format("%d %s", 7, "seas");
	time_t before = REAL(time)(NULL), kept;
	cr_assert_str_eq(made, "7 seas");
	free(made);
	cr_assert_eq(inet_pton(AF_INET, "192.0.2.7", &a), 1);
	cr_assert_str_eq(inet_ntop(AF_INET, &a, text, sizeof(text)), "192.0.2.7");
	cr_assert_eq(getauxval(AT_PAGESZ), REAL(getauxval)(AT_PAGESZ));
	cr_assert_geq(time(&kept) + 1, before); /* it reads a coarser clock */
	cr_assert_leq(before, kept + 1);
	cr_assert_str_eq(strerrordesc_np(ENOENT), "No such file or directory");
}
