/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/frame.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	PAYLOAD = 16,
	FRAME_MAX = 256,
	TAG = 0x8100
};

struct bytes {
	uint8_t bytes[FRAME_MAX];
	size_t used;
};

static void put(struct bytes *out, const void *bytes, size_t size)
{
	assert_true(out->used + size <= FRAME_MAX);
	memcpy(out->bytes + out->used, bytes, size);
	out->used += size;
}

static void put16(struct bytes *out, unsigned int number)
{
	uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};

	put(out, bytes, 2);
}

static void put8(struct bytes *out, unsigned int number)
{
	uint8_t byte = (uint8_t)number;

	put(out, &byte, 1);
}

static void put_address(struct bytes *out, int node, int family)
{
	uint8_t bytes[16];

	assert_int_equal(inet_pton(family, world_address(node, family), bytes), 1);
	put(out, bytes, family == AF_INET ? 4 : 16);
}

static uint16_t sum_of(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_ipv4(struct bytes *out, const struct frame *frame, size_t length)
{
	size_t begin = out->used;
	uint16_t sum;

	put16(out, 0x4500);
	put16(out, (unsigned int)(20 + length));
	put16(out, 0x1234);
	put16(out, frame->fragment);
	put8(out, 64);
	put8(out, frame->protocol);
	put16(out, 0);
	put_address(out, frame->from, AF_INET);
	put_address(out, frame->to, AF_INET);
	sum = sum_of(out->bytes + begin, 20);
	out->bytes[begin + 10] = (uint8_t)(sum >> 8);
	out->bytes[begin + 11] = (uint8_t)sum;
}

static void put_ipv6(struct bytes *out, const struct frame *frame, size_t length)
{
	put16(out, 0x6000);
	put16(out, 0);
	put16(out, (unsigned int)(length + (frame->extension ? 8 : 0)));
	put8(out, frame->extension ? frame->extension : frame->protocol);
	put8(out, 64);
	put_address(out, frame->from, AF_INET6);
	put_address(out, frame->to, AF_INET6);
	if (!frame->extension)
		return;
	put8(out, frame->protocol);
	put8(out, 0);
	/* PadN of four bytes: what hop-by-hop and destination options may hold. */
	put(out, "\x01\x04\0\0\0\0", 6);
}

static void link_address(const struct world *world, int node, uint8_t out[6], int *out_ifindex)
{
	struct ifreq request = {.ifr_name = "eth0"};
	int sock = world_socket(world, node, AF_INET, SOCK_DGRAM);

	assert_int_equal(ioctl(sock, SIOCGIFHWADDR, &request), 0);
	memcpy(out, request.ifr_hwaddr.sa_data, 6);
	assert_int_equal(ioctl(sock, SIOCGIFINDEX, &request), 0);
	*out_ifindex = request.ifr_ifindex;
	close(sock);
}

void frame_send(const struct world *world, const struct frame *frame)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_halen = 6};
	struct bytes out = {.used = 0};
	uint8_t there[6], here[6];
	int sock = world_socket(world, frame->from, AF_PACKET, SOCK_RAW), other;

	link_address(world, frame->to, there, &other);
	link_address(world, frame->from, here, &address.sll_ifindex);
	put(&out, there, 6);
	put(&out, here, 6);
	if (frame->vlan) {
		put16(&out, TAG);
		put16(&out, (unsigned int)frame->vlan);
	}
	put16(&out, frame->family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	if (frame->family == AF_INET)
		put_ipv4(&out, frame, 8 + PAYLOAD);
	else
		put_ipv6(&out, frame, 8 + PAYLOAD);
	put16(&out, (unsigned int)frame->from_port);
	put16(&out, (unsigned int)frame->port);
	put16(&out, 8 + PAYLOAD);
	put16(&out, 0);
	for (int i = 0; i < PAYLOAD; i++)
		put8(&out, 0xaa);
	assert_int_equal(
		sendto(sock, out.bytes, out.used, 0, (struct sockaddr *)&address, sizeof(address)),
		(ssize_t)out.used);
	close(sock);
}
