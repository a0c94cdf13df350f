/* A hand-made world file: what is found in it, and that no damaged one is accepted. */
#include "player/world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct image {
	struct th_world_header header;
	struct th_world_name names[3];
	struct th_world_address addresses[3];
	struct th_world_peer peers[3];
	char ca[8];
	char strings[64];
};

static struct image image;
static char path[64];

static struct th_world_address v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct th_world_address){.family = 4, .bytes = {a, b, c, d}};
}

static uint32_t put_string(size_t at, const char *s)
{
	strcpy(image.strings + at, s);
	return (uint32_t)(offsetof(struct image, strings) + at);
}

static void setup(void)
{
	memset(&image, 0, sizeof(image));
	memcpy(image.header.magic, TH_WORLD_MAGIC, 8);
	image.header.size = sizeof(image);
	image.header.n_names = 3;
	image.header.names_offset = offsetof(struct image, names);
	image.header.n_addresses = 3;
	image.header.addresses_offset = offsetof(struct image, addresses);
	image.header.n_peers = 3;
	image.header.peers_offset = offsetof(struct image, peers);
	image.header.ca_offset = offsetof(struct image, ca);
	image.header.ca_size = sizeof(image.ca);
	memcpy(image.ca, "authorit", 8);
	image.addresses[0] = v4(10, 0, 0, 1);
	image.addresses[1] = v4(10, 0, 0, 2);
	image.addresses[2] = (struct th_world_address){.family = 6, .bytes = {0x20, 1, [15] = 1}};
	image.names[0] = (struct th_world_name){
		.name_offset = put_string(0, "a.test"), .n_addresses = 2};
	image.names[1] = (struct th_world_name){
		.name_offset = put_string(10, "b.test"), .first_address = 2, .n_addresses = 1};
	image.names[2] = (struct th_world_name){
		.name_offset = put_string(20, "gone.test"), .result = EAI_NONAME};
	image.peers[0] = (struct th_world_peer){
		.address = v4(10, 0, 0, 1), .port = 80, .verdict = TH_PEER_FAILED, .error = 111};
	image.peers[1] = (struct th_world_peer){
		.address = v4(10, 0, 0, 1), .port = 443, .verdict = TH_PEER_SERVED};
	image.peers[2] = (struct th_world_peer){
		.address = image.addresses[2], .port = 443, .verdict = TH_PEER_SERVED};
	snprintf(path, sizeof(path), "/tmp/test-world-%d", getpid());
}

static void teardown(void)
{
	unlink(path);
}

static int open_bytes(struct th_world *w, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
	return th_world_open(w, path);
}

TestSuite(world, .init = setup, .fini = teardown);

Test(world, names_are_found_in_any_spelling)
{
	struct th_world w = {0};
	cr_assert_eq(open_bytes(&w, &image, sizeof(image)), 0);
	const struct th_world_name *n = th_world_find_name(&w, "A.Test.");
	cr_assert_not_null(n);
	cr_assert_eq(n->n_addresses, 2);
	cr_assert_eq(th_world_addresses(&w, n)[1].bytes[3], 2);
	cr_assert_eq(th_world_find_name(&w, "b.test"), n + 1);
	cr_assert_eq(th_world_find_name(&w, "GONE.test")->result, EAI_NONAME);
	const char *missing[] = {"", ".", "a", "a.tes", "a.testx", "c.test", "zz", "a.test.."};
	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		cr_assert_null(th_world_find_name(&w, missing[i]), "%s", missing[i]);
	}
	th_world_close(&w);
	cr_assert_null(w.header);
}

Test(world, peers_are_found_by_address_and_port)
{
	struct th_world w = {0};
	cr_assert_eq(open_bytes(&w, &image, sizeof(image)), 0);
	const uint8_t one[16] = {10, 0, 0, 1, 0xee}; /* what follows an IPv4 address is ignored */
	cr_assert_eq(th_world_find_peer(&w, 4, one, 80)->error, 111);
	cr_assert_eq(th_world_find_peer(&w, 4, one, 443)->verdict, TH_PEER_SERVED);
	cr_assert_null(th_world_find_peer(&w, 4, one, 444));
	const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1};
	cr_assert_eq(th_world_find_peer(&w, 6, mapped, 80)->error, 111);
	cr_assert_not_null(th_world_find_peer(&w, 6, image.addresses[2].bytes, 443));
	cr_assert_null(th_world_find_peer(&w, 4, image.addresses[2].bytes, 443));
	th_world_close(&w);
}

Test(world, the_certificate_is_handed_out)
{
	struct th_world w = {0};
	cr_assert_eq(open_bytes(&w, &image, sizeof(image)), 0);
	struct th_slice ca = th_world_ca(&w);
	cr_assert_eq(ca.n, 8);
	cr_assert_arr_eq(ca.p, "authorit", 8);
	th_world_close(&w);
}

Test(world, every_cut_is_refused)
{
	for (size_t n = 0; n < sizeof(image); n++) {
		struct th_world w = {0};
		cr_assert_eq(open_bytes(&w, &image, n), -EBADMSG, "cut at %zu", n);
		cr_assert_null(w.header);
	}
}

/* Sets a field of the image, expects refusal, sets it back. */
#define REFUSED(field, bad) \
	do { \
		struct th_world w_ = {0}; \
		__auto_type kept_ = (field); \
		(field) = (bad); \
		cr_assert_eq(open_bytes(&w_, &image, sizeof(image)), -EBADMSG, #field); \
		(field) = kept_; \
	} while (0)

Test(world, every_bad_field_is_refused)
{
	REFUSED(image.header.magic[0], 'X');
	REFUSED(image.header.size, sizeof(image) + 1);
	REFUSED(image.header.n_names, UINT32_MAX);
	REFUSED(image.header.names_offset, UINT32_MAX - 3);
	REFUSED(image.header.names_offset, image.header.names_offset + 2);
	REFUSED(image.header.n_addresses, 1000);
	REFUSED(image.header.addresses_offset, (uint32_t)sizeof(image) - 4);
	REFUSED(image.header.n_peers, 0x80000000u);
	REFUSED(image.header.peers_offset, UINT32_MAX - 3);
	REFUSED(image.header.ca_offset, (uint32_t)sizeof(image) + 1);
	REFUSED(image.header.ca_size, UINT32_MAX);
	REFUSED(image.names[0].name_offset, (uint32_t)sizeof(image));
	REFUSED(image.names[0].name_offset, image.names[2].name_offset);
	REFUSED(image.names[1].name_offset, image.names[0].name_offset);
	REFUSED(image.names[0].n_addresses, 4);
	REFUSED(image.names[0].first_address, UINT32_MAX);
	REFUSED(image.names[2].result, 1);
	REFUSED(image.addresses[1].family, 5);
	REFUSED(image.peers[0].address.family, 0);
	REFUSED(image.peers[0].verdict, 0);
	REFUSED(image.peers[0].verdict, 4);
	REFUSED(image.peers[0].error, -1);
	REFUSED(image.peers[0].port, 443);
	image.strings[sizeof(image.strings) - 1] = 'x';
	REFUSED(image.names[2].name_offset, (uint32_t)sizeof(image) - 1);
}

Test(world, what_is_no_file_is_refused)
{
	struct th_world w = {0};
	cr_assert_eq(th_world_open(&w, "/nonexistent/world"), -ENOENT);
	cr_assert_eq(th_world_open(&w, "/tmp"), -EBADMSG);
	th_world_close(&w);
}
