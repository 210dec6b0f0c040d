/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"

/*
 * Links without a link layer, as tunnels are: a packet begins with its IP header. Of two peers
 * behind such a link one is cut off; beside it stands a link with Ethernet headers, and there it is
 * the same. This test is what lies at the other end of the tunnel.
 */
enum {
	PORT = 7411,
	FOR_MS = 120000,
	ARRIVES_MS = 5000,
	ABSENT_MS = 200
};

#define OWN "10.66.0.1"
#define CUT "10.66.0.2"
#define NEIGHBOUR "10.66.0.3"

static int open_tun(const struct world *world)
{
	struct ifreq request = {.ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int home = world_enter(world, NODE_A), tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(tun >= 0);
	assert_int_equal(ioctl(tun, TUNSETIFF, &request), 0);
	world_leave(home);
	world_run("ip", "-n", world_netns(world, NODE_A), "address", "add", OWN "/24", "dev",
		"tun0", NULL);
	world_run("ip", "-n", world_netns(world, NODE_A), "link", "set", "tun0", "up", NULL);
	return tun;
}

/* A UDP datagram over IPv4, octet by octet. */
enum {
	AT_IP_LENGTH = 3,
	AT_IP_LIFE = 8,
	AT_IP_PROTOCOL = 9,
	AT_IP_CHECKSUM = 10,
	AT_IP_SOURCE = 12,
	AT_IP_DESTINATION = 16,
	AT_UDP_SOURCE = 20,
	AT_UDP_DESTINATION = 22,
	AT_UDP_LENGTH = 25,
	AT_TEXT = 28,
	DATAGRAM = 32
};

static void put16(uint8_t *at, unsigned number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

static unsigned checksum(const uint8_t octets[AT_TEXT])
{
	uint32_t sum = 0;

	for (size_t i = 0; i < AT_UDP_SOURCE; i += 2)
		sum += (uint32_t)octets[i] << 8 | octets[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Out of the tunnel and into the node. */
static void come_from(int tun, const char *peer)
{
	uint8_t octets[DATAGRAM] = {0x45};

	octets[AT_IP_LENGTH] = DATAGRAM;
	octets[AT_IP_LIFE] = 64;
	octets[AT_IP_PROTOCOL] = IPPROTO_UDP;
	assert_int_equal(inet_pton(AF_INET, peer, octets + AT_IP_SOURCE), 1);
	assert_int_equal(inet_pton(AF_INET, OWN, octets + AT_IP_DESTINATION), 1);
	put16(octets + AT_IP_CHECKSUM, checksum(octets));
	put16(octets + AT_UDP_SOURCE, PORT);
	put16(octets + AT_UDP_DESTINATION, PORT);
	octets[AT_UDP_LENGTH] = DATAGRAM - AT_UDP_SOURCE;
	assert_int_equal(write(tun, octets, DATAGRAM), DATAGRAM);
}

static bool is_readable(int file, int within_ms)
{
	struct pollfd wait = {.fd = file, .events = POLLIN};

	return poll(&wait, 1, within_ms) == 1;
}

static bool comes_in(const struct world *world, int tun, const char *peer, int within_ms)
{
	struct sockaddr_storage own;
	socklen_t length = sockaddr_of(OWN, AF_INET, PORT, &own);
	int sock = world_socket(world, NODE_A, AF_INET, SOCK_DGRAM);
	bool came;

	assert_int_equal(bind(sock, (struct sockaddr *)&own, length), 0);
	come_from(tun, peer);
	came = is_readable(sock, within_ms);
	close(sock);
	return came;
}

/* What else the node says there, such as router solicitations, is read and left. */
static bool goes_out(const struct world *world, int tun, const char *peer, int within_ms)
{
	int64_t give_up_ns = now_ns() + within_ms * INT64_C(1000000);

	udp_send(world, NODE_A, peer, PORT);
	while (now_ns() < give_up_ns) {
		uint8_t octets[DATAGRAM] = {0}, wanted[4];

		if (!is_readable(tun, (int)((give_up_ns - now_ns()) / 1000000) + 1))
			return false;
		assert_int_equal(inet_pton(AF_INET, peer, wanted), 1);
		if (read(tun, octets, DATAGRAM) >= AT_UDP_SOURCE && octets[0] == 0x45 &&
			memcmp(octets + AT_IP_DESTINATION, wanted, sizeof(wanted)) == 0)
			return true;
	}
	return false;
}

static void assert_cut(const struct world *world, int tun, bool is_cut)
{
	int within_ms = is_cut ? ABSENT_MS : ARRIVES_MS;

	assert_true(comes_in(world, tun, CUT, within_ms) == !is_cut);
	assert_true(goes_out(world, tun, CUT, within_ms) == !is_cut);
	assert_true(comes_in(world, tun, NEIGHBOUR, ARRIVES_MS));
	assert_true(goes_out(world, tun, NEIGHBOUR, ARRIVES_MS));
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT) == !is_cut);
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET6, PORT));
}

static void cut_behind_a_tunnel(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {
		.id = "c", .on = NODE_A, .from = NODE_B, .extra = CUT "/32", .for_ms = FOR_MS};
	int tun = open_tun(world);

	assert_cut(world, tun, false);
	injector_cut(injector, &cut);
	assert_cut(world, tun, true);
	injector_heal(injector, "c");
	assert_cut(world, tun, false);
	assert_int_equal(injector_finish(injector), 0);
	close(tun);
}

/* The tunnel comes when the fault is there already, and only Ethernet was known so far. */
static void a_tunnel_that_comes_later(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {
		.id = "c", .on = NODE_A, .from = NODE_B, .extra = CUT "/32", .for_ms = FOR_MS};
	int64_t give_up_ns;
	int tun;

	injector_cut(injector, &cut);
	tun = open_tun(world);
	/* The injector hears of it a moment later. */
	give_up_ns = now_ns() + ARRIVES_MS * INT64_C(1000000);
	while (comes_in(world, tun, CUT, ABSENT_MS))
		assert_true(now_ns() < give_up_ns);
	assert_cut(world, tun, true);
	assert_int_equal(injector_finish(injector), 0);
	close(tun);
}

int main(void)
{
	const struct world_test tests[] = {
		WORLD_TEST(cut_behind_a_tunnel, 3),
		WORLD_TEST(a_tunnel_that_comes_later, 3),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
