/* Files that a user names: a key, prices, a Java VM's trust store. Any bytes are taken or refused.
 * The first byte says which kind the rest is. A store that was taken is one that is taken again. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/key.h"
#include "fuzz.h"
#include "player/trust_java.h"
#include "tools/prices.h"

static int file_of(const uint8_t *p, size_t n, char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n && fchmod(fd, 0600) == 0);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_key(const char *path, size_t n)
{
	int r = th_key_load(path);
	FUZZ_CHECK(r == 0 || th_key_why(r));
	FUZZ_CHECK(r < 0 || n == 32 || n >= 64);
	FUZZ_CHECK(th_key_present() == (r == 0));
	th_key_forget();
}

static void check_prices(const char *path)
{
	const struct th_tokens tokens = {.input = {TH_REPORTED, 7}, .output = {TH_REPORTED, 8}};
	struct th_prices *prices;
	double cost;
	if (th_prices_load(path, &prices) == 0) {
		FUZZ_CHECK(th_prices_currency(prices));
		(void)th_prices_cost(prices, "model", &tokens, &cost);
		th_prices_free(prices);
	}
}

static void check_store(const char *path, const char *name)
{
	char again[80];
	const struct th_trust t = {.ca = TH_SLICE_LIT("certificate"), .store = X509_STORE_new()};
	FUZZ_CHECK(t.store);
	snprintf(again, sizeof(again), "%s.again", name);
	if (th_trust_java(&t, path, NULL, name) == 0) {
		FUZZ_CHECK(th_trust_java(&t, name, NULL, again) == 0);
		unlink(again);
		unlink(name);
	}
	X509_STORE_free(t.store);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char path[64], store[64];
	if (n == 0) {
		return 0;
	}
	int fd = file_of(p + 1, n - 1, path);
	switch (p[0] % 3) {
	case 0:
		check_key(path, n - 1);
		break;
	case 1:
		check_prices(path);
		break;
	default:
		snprintf(store, sizeof(store), "/dev/shm/fuzz-store.%d", (int)getpid());
		check_store(path, store);
	}
	close(fd);
	return 0;
}
