/* Runs made by hand; the world built from each is opened again and asked. */
#include "player/world_build.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/frame.h"
#include "player/world.h"

#define RECORDED(f, ...) \
	{ \
		f, 0, 0, 0, __VA_ARGS__ \
	}

static struct th_name *names[16];
static struct th_connection *connections[16];
static struct th_exchange *exchanges[4];
static struct th_run run = {.names = names, .connections = connections, .exchanges = exchanges};
static struct th_world world;
static char path[64];

static void add_name(const char *name, int result, const uint8_t *addresses, size_t n)
{
	struct th_name *r = calloc(1, sizeof(*r));
	*r = (struct th_name){.name = th_slice_str(name),
		.result = result,
		.addresses = addresses,
		.n_addresses = n};
	names[run.n_names++] = r;
}

/* A connection to 192.0.2.1 (or whatever the caller then makes of it). */
static struct th_connection *add_connection(uint16_t port, int error, uint8_t speaks)
{
	struct th_connection *c = calloc(1, sizeof(*c));
	*c = (struct th_connection){.family = 4,
		.address = {192, 0, 2, 1},
		.port = port,
		.error = error,
		.speaks = speaks,
		.ended = true,
		.connect_began = 1,
		.connected = error ? 0 : 2};
	connections[run.n_connections++] = c;
	return c;
}

static void build(void)
{
	uint8_t *bytes = NULL;
	size_t n = 0;
	cr_assert_eq(th_world_build(&run, TH_SLICE_LIT("certificate"), &bytes, &n), 0);
	cr_assert_eq(th_world_save(path, bytes, n), 0);
	free(bytes);
	cr_assert_eq(th_world_open(&world, path), 0);
}

static const struct th_world_peer *find(uint16_t port)
{
	return th_world_find_peer(&world, 4, (const uint8_t[16]){192, 0, 2, 1}, port);
}

static void setup(void)
{
	snprintf(path, sizeof(path), "/tmp/test-world-build-%d", getpid());
}

static void teardown(void)
{
	th_world_close(&world);
	unlink(path);
}

TestSuite(world_build, .init = setup, .fini = teardown);

Test(world_build, an_empty_run_makes_an_empty_world)
{
	build();
	cr_assert_null(th_world_find_name(&world, "a.test"));
	cr_assert_null(find(80));
	cr_assert_eq(th_world_ca(&world).n, strlen("certificate"));
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
}

Test(world_build, lookups_of_one_name_are_merged)
{
	static const uint8_t first[2][20] = {RECORDED(4, 10, 0, 0, 2), RECORDED(4, 10, 0, 0, 1)};
	static const uint8_t second[2][20] = {
		RECORDED(4, 10, 0, 0, 1), RECORDED(6, 0x20, 1, 0xd, 0xb8)};
	add_name("z.test", EAI_AGAIN, NULL, 0);
	add_name("API.test", EAI_AGAIN, NULL, 0);
	add_name("api.test.", 0, first[0], 2);
	add_name("api.test", EAI_NONAME, NULL, 0);
	add_name("api.TEST", 0, second[0], 2);
	build();
	const struct th_world_name *n = th_world_find_name(&world, "api.test");
	cr_assert_not_null(n);
	cr_assert_eq(n->result, 0, "a success outweighs failures");
	cr_assert_eq(n->n_addresses, 3);
	const struct th_world_address *a = th_world_addresses(&world, n);
	cr_assert_eq(a[0].bytes[3], 2, "recorded order");
	cr_assert_eq(a[1].bytes[3], 1);
	cr_assert_eq(a[2].family, 6);
	cr_assert_eq(world.header->n_names, 2);
}

Test(world_build, a_failed_lookup_keeps_its_first_code)
{
	add_name("gone.test", EAI_AGAIN, NULL, 0);
	add_name("gone.test", EAI_NONAME, NULL, 0);
	build();
	cr_assert_eq(th_world_find_name(&world, "gone.test")->result, EAI_AGAIN);
	cr_assert_eq(th_world_find_name(&world, "gone.test")->n_addresses, 0);
}

Test(world_build, a_server_that_answered_knows_more_than_one_that_did_not)
{
	add_name("gone.test", TH_NAME_UNANSWERED, NULL, 0);
	add_name("gone.test", EAI_NONAME, NULL, 0);
	add_name("gone.test", TH_NAME_UNANSWERED, NULL, 0);
	add_name("silent.test", TH_NAME_UNANSWERED, NULL, 0);
	build();
	cr_assert_eq(th_world_find_name(&world, "gone.test")->result, EAI_NONAME);
	cr_assert_eq(th_world_find_name(&world, "silent.test")->result, TH_NAME_UNANSWERED);
}

/* Resolvers that read /etc/hosts themselves ask nobody; in a replay they may have to. */
Test(world_build, a_name_that_was_known_without_a_lookup_is_where_it_was_called)
{
	static const uint8_t elsewhere[20] = RECORDED(4, 192, 0, 2, 99);
	add_name("asked.test", 0, elsewhere, 1);
	add_connection(443, 0, 0)->sni = th_slice_str("Own.test");
	add_connection(443, 0, 0)->sni = th_slice_str("own.test");
	add_connection(443, 0, 0)->sni = th_slice_str("asked.test");
	add_connection(443, ECONNREFUSED, 0)->sni = th_slice_str("refused.test");
	build();
	const struct th_world_name *n = th_world_find_name(&world, "own.test");
	cr_assert_not_null(n);
	cr_expect_eq(n->result, 0);
	cr_assert_eq(n->n_addresses, 1);
	cr_expect_arr_eq(th_world_addresses(&world, n)->bytes, ((uint8_t[4]){192, 0, 2, 1}), 4);
	n = th_world_find_name(&world, "asked.test");
	cr_assert_eq(n->n_addresses, 1);
	cr_expect_eq(th_world_addresses(&world, n)->bytes[3], 99);
	cr_expect_null(th_world_find_name(&world, "refused.test"));
}

Test(world_build, odd_names_are_left_out)
{
	static char longest[300];
	memset(longest, 'a', sizeof(longest) - 1);
	add_name("", 0, NULL, 0);
	add_name(longest, 0, NULL, 0);
	add_name("x\0y", 0, NULL, 0);
	names[run.n_names - 1]->name.n = 3;
	add_name(longest + sizeof(longest) - 1 - 255, 0, NULL, 0);
	build();
	cr_assert_eq(world.header->n_names, 1, "only the one of 255 bytes fits");
	cr_assert_not_null(th_world_find_name(&world, longest + sizeof(longest) - 1 - 255));
}

Test(world_build, an_address_of_another_family_is_left_out)
{
	static const uint8_t odd[2][20] = {
		RECORDED(1, 1), RECORDED(6, [14] = 0xff, 0xff, 9, 8, 7, 6)};
	add_name("odd.test", 0, odd[0], 2);
	build();
	const struct th_world_name *n = th_world_find_name(&world, "odd.test");
	cr_assert_eq(n->n_addresses, 1);
	const uint8_t plain[4] = {9, 8, 7, 6};
	cr_assert_eq(th_world_addresses(&world, n)->family, 4, "mapped: kept as IPv4");
	cr_assert_arr_eq(th_world_addresses(&world, n)->bytes, plain, 4);
}

/* ---- what name servers answered ---- */

static struct th_dns_said *dns[16];

static void add_dns(uint8_t way, const char *name, uint16_t type, struct th_slice message)
{
	struct th_dns_said *d = calloc(1, sizeof(*d));
	*d = (struct th_dns_said){
		.way = way, .name = th_slice_str(name), .type = type, .message = message};
	dns[run.n_dns++] = d;
	run.dns = dns;
}

#define DNS_HEAD(id, flags, records) id id "\x81" flags "\0\1\0" records "\0\0\0\0\1a\0\0\x10\0\1"
#define DNS_TEXT(id) DNS_HEAD(id, "\x80", "\1") "\xc0\x0c\0\x10\0\1\0\0\0\1\0\2\1" id
#define DNS_NONE(id) DNS_HEAD(id, "\x80", "\0")
#define DNS_FAILURE(id) DNS_HEAD(id, "\x82", "\0")

static uint8_t id_of(const char *name, uint16_t type, bool stream)
{
	const struct th_world_dns *d = th_world_find_dns(&world, name, type, stream);
	struct th_slice message = d ? th_world_dns_message(&world, d) : TH_SLICE_LIT("-");
	return message.n ? message.p[0] : 0;
}

Test(world_build, of_answers_to_a_question_the_one_that_says_most_is_kept)
{
	const uint8_t udp = TH_DNS_BY_DATAGRAM, tcp = TH_DNS_BY_STREAM;
	add_dns(udp, "a", 16, (struct th_slice){NULL, 0});
	add_dns(udp, "A.", 16, TH_SLICE_LIT(DNS_FAILURE("1")));
	add_dns(udp, "a", 16, TH_SLICE_LIT(DNS_NONE("2")));
	add_dns(udp, "a", 16, TH_SLICE_LIT(DNS_TEXT("3")));
	add_dns(udp, "a", 16, TH_SLICE_LIT(DNS_TEXT("4")));
	add_dns(tcp, "a", 16, TH_SLICE_LIT(DNS_TEXT("5")));
	add_dns(TH_DNS_BY_RESOLVER, "a", 15, TH_SLICE_LIT(DNS_FAILURE("6")));
	add_dns(tcp, "b", 16, (struct th_slice){NULL, 0});
	add_dns(tcp, "ab", 16, TH_SLICE_LIT("x"));
	build();
	cr_assert_eq(world.header->n_dns, 5);
	cr_expect_eq(id_of("a", 16, false), '3');
	cr_expect_eq(id_of("A.", 16, true), '5');
	cr_expect_eq(id_of("a", 15, false), '6', "the other way than it was asked");
	cr_expect_eq(id_of("ab", 16, true), 'x');
	cr_expect_eq(id_of("b", 16, true), 0, "nobody answered");
	cr_expect_null(th_world_find_dns(&world, "a", 1, false));
	cr_expect_null(th_world_find_dns(&world, "c", 16, false));
	cr_expect_null(th_world_find_dns(&world, "", 16, false));
}

Test(world_build, name_servers_are_served)
{
	add_connection(53, 0, TH_SPEAKS_DNS);
	build();
	cr_expect_eq(find(53)->verdict, TH_PEER_SERVED);
}

Test(world_build, http_is_served_whatever_else_happened)
{
	add_connection(443, ECONNREFUSED, TH_SPEAKS_NOTHING);
	add_connection(443, 0, TH_SPEAKS_TLS);
	add_connection(443, 0, TH_SPEAKS_HTTP2);
	add_connection(80, 0, TH_SPEAKS_HTTP1);
	add_connection(81, 0, TH_SPEAKS_NOTHING);
	build();
	cr_assert_eq(find(443)->verdict, TH_PEER_SERVED);
	cr_assert_eq(find(443)->error, 0);
	cr_assert_eq(find(80)->verdict, TH_PEER_SERVED);
	cr_assert_eq(find(81)->verdict, TH_PEER_SERVED, "a probe of an open port");
	cr_assert_null(find(82));
}

Test(world_build, tls_is_served_only_with_exchanges)
{
	add_connection(1, 0, TH_SPEAKS_TLS);
	struct th_connection *used = add_connection(2, 0, TH_SPEAKS_TLS);
	static struct th_exchange unattached, exchange;
	exchange.connection = used;
	exchanges[0] = &unattached;
	exchanges[1] = &exchange;
	run.n_exchanges = 2;
	build();
	cr_assert_null(find(1), "the fence stands where nothing was decoded");
	cr_assert_eq(find(2)->verdict, TH_PEER_SERVED);
}

Test(world_build, the_other_addresses_of_a_served_name_are_served)
{
	static const uint8_t addresses[3][20] = {
		RECORDED(4, 192, 0, 2, 1), RECORDED(4, 192, 0, 2, 2), RECORDED(4, 192, 0, 2, 3)};
	static const uint8_t others[1][20] = {RECORDED(4, 192, 0, 2, 4)};
	add_name("kin.test", 0, addresses[0], 3);
	add_name("kin-too.test", 0, addresses[0], 2);
	add_name("stranger.test", 0, others[0], 1);
	add_connection(443, 0, TH_SPEAKS_HTTP1);
	add_connection(443, EHOSTUNREACH, TH_SPEAKS_NOTHING)->address[3] = 3;
	add_connection(80, ECONNREFUSED, TH_SPEAKS_NOTHING);
	build();
	const uint8_t second[16] = {192, 0, 2, 2}, third[16] = {192, 0, 2, 3};
	cr_assert_eq(th_world_find_peer(&world, 4, second, 443)->verdict, TH_PEER_SERVED);
	cr_assert_eq(th_world_find_peer(&world, 4, third, 443)->verdict, TH_PEER_FAILED);
	cr_assert_null(th_world_find_peer(&world, 4, second, 80), "only what was served spreads");
	cr_assert_eq(world.header->n_peers, 4);
}

Test(world_build, failures_keep_their_errno)
{
	add_connection(7, EHOSTUNREACH, TH_SPEAKS_NOTHING);
	add_connection(7, ECONNREFUSED, TH_SPEAKS_NOTHING);
	add_connection(8, 0, TH_SPEAKS_NOTHING)->connected = 0;
	build();
	cr_assert_eq(find(7)->verdict, TH_PEER_FAILED);
	cr_assert_eq(find(7)->error, EHOSTUNREACH, "the first one");
	cr_assert_eq(find(8)->verdict, TH_PEER_FAILED);
	cr_assert_eq(find(8)->error, ETIMEDOUT, "the agent gave up waiting");
}

Test(world_build, only_loopback_is_let_through)
{
	add_connection(5432, 0, TH_SPEAKS_OTHER);
	add_connection(5433, 0, TH_SPEAKS_OTHER)->address[0] = 127;
	struct th_connection *six = add_connection(5434, 0, TH_SPEAKS_OTHER);
	six->family = 6;
	memset(six->address, 0, 16);
	six->address[15] = 1;
	add_connection(5435, 0, TH_SPEAKS_TLS)->address[0] = 127;
	struct th_connection *unix_socket = add_connection(0, 0, TH_SPEAKS_OTHER);
	unix_socket->family = TH_WORLD_UNIX;
	build();
	const uint8_t local[16] = {127, 0, 2, 1};
	cr_assert_null(find(5432));
	cr_assert_eq(th_world_find_peer(&world, 4, local, 5433)->verdict, TH_PEER_PASSED);
	cr_assert_eq(th_world_find_peer(&world, 6, six->address, 5434)->verdict, TH_PEER_PASSED);
	cr_assert_null(th_world_find_peer(&world, 4, local, 5435), "TLS might be anything");
	cr_assert_eq(th_world_find_peer(&world, TH_WORLD_UNIX, unix_socket->address, 0)->verdict,
		TH_PEER_PASSED);
	cr_assert_eq(world.header->n_peers, 3);
}

Test(world_build, saving_says_why_it_cannot)
{
	cr_assert_eq(th_world_save("/nonexistent/world", (const uint8_t *)"x", 1), -ENOENT);
}
