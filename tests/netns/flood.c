/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/flood.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	BYTES_MIN = 16,
	BYTES_MAX = 9000,
	BYTES_USUAL = 64,
	AT_ONCE = 64, /* datagrams between two looks at the receiver */
	QUIET_MS = 500,
	BUFFER_BYTES = 32 << 20
};

/* Every bit of the number counts: one that was changed does not fit its filler. */
static uint8_t filler(uint64_t number, size_t at)
{
	return (uint8_t)((number * UINT64_C(0x9e3779b97f4a7c15)) >> 56) + (uint8_t)(at * 7);
}

static void fill(uint8_t *bytes, size_t size, uint64_t number)
{
	memcpy(bytes, &number, sizeof(number));
	for (size_t i = sizeof(number); i < size; i++)
		bytes[i] = filler(number, i);
}

static bool is_whole(const uint8_t *bytes, size_t size)
{
	uint64_t number;

	memcpy(&number, bytes, sizeof(number));
	for (size_t i = sizeof(number); i < size; i++)
		if (bytes[i] != filler(number, i))
			return false;
	return true;
}

/* A changed number can't be told from another one that came: it counts as changed if it is none. */
static void take(struct flooded *out, const uint8_t *bytes, size_t size, uint64_t *highest)
{
	uint64_t number;

	memcpy(&number, bytes, sizeof(number));
	if (number >= out->count || !is_whole(bytes, size)) {
		out->changed++;
		return;
	}
	if (out->times[number]++)
		out->copies++;
	else
		out->arrived++;
	if (number < *highest)
		out->overtaken++;
	else
		*highest = number;
}

static bool receive(int sock, struct flooded *out, uint64_t *highest, int wait_ms)
{
	struct pollfd wait = {.fd = sock, .events = POLLIN};
	uint8_t bytes[BYTES_MAX];
	ssize_t got;

	if (poll(&wait, 1, wait_ms) != 1)
		return false;
	while ((got = recv(sock, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		take(out, bytes, (size_t)got, highest);
	return true;
}

static void open_both(const struct world *world, const struct flood *flood, int *in, int *out)
{
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(flood->to, flood->family, flood->port, &address);
	int room = BUFFER_BYTES;

	*in = world_socket(world, flood->to, flood->family, SOCK_DGRAM);
	*out = world_socket(world, flood->from, flood->family, SOCK_DGRAM);
	assert_int_equal(setsockopt(*in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(*in, (struct sockaddr *)&address, size), 0);
	assert_int_equal(connect(*out, (struct sockaddr *)&address, size), 0);
}

struct flooded flood(const struct world *world, const struct flood *flood)
{
	struct flooded out = {.count = flood->count, .times = calloc(flood->count, 1)};
	size_t size = flood->bytes ? flood->bytes : BYTES_USUAL;
	uint8_t bytes[BYTES_MAX];
	uint64_t highest = 0;
	int receiver, sender;

	assert_non_null(out.times);
	assert_true(size >= BYTES_MIN && size <= sizeof(bytes));
	open_both(world, flood, &receiver, &sender);
	for (size_t number = 0; number < flood->count; number++) {
		fill(bytes, size, number);
		assert_int_equal(send(sender, bytes, size, 0), (ssize_t)size);
		if (number % AT_ONCE == 0)
			receive(receiver, &out, &highest, 0);
	}
	while (receive(receiver, &out, &highest, QUIET_MS))
		;
	close(sender);
	close(receiver);
	return out;
}

void flooded_free(struct flooded *flooded)
{
	free(flooded->times);
}

bool within_chance(size_t hits, size_t count, double ratio)
{
	double expected = (double)count * ratio;
	double deviation = sqrt(expected * (1 - ratio));

	assert_true(count >= 1000);
	return fabs((double)hits - expected) <= 3.2905267314919255 * deviation + 0.5;
}

/* ---- TCP ---- */

void tcp_stream(const struct world *world, int from, int to, int family, size_t bytes)
{
	struct tcp_pair pair = tcp_connect(world, from, to, family, 7070);
	size_t sent = 0, got = 0;
	static uint8_t chunk[65536];

	while (got < bytes) {
		struct pollfd ends[] = {{.fd = pair.client, .events = sent < bytes ? POLLOUT : 0},
			{.fd = pair.server, .events = POLLIN}};
		ssize_t moved;

		assert_true(poll(ends, 2, 60000) > 0);
		if (ends[0].revents & POLLOUT) {
			size_t size = bytes - sent < sizeof(chunk) ? bytes - sent : sizeof(chunk);

			for (size_t i = 0; i < size; i++)
				chunk[i] = filler(1, sent + i);
			moved = send(pair.client, chunk, size, MSG_DONTWAIT);
			assert_true(moved > 0);
			sent += (size_t)moved;
		}
		if (!(ends[1].revents & POLLIN))
			continue;
		moved = recv(pair.server, chunk, sizeof(chunk), MSG_DONTWAIT);
		assert_true(moved > 0);
		for (ssize_t i = 0; i < moved; i++)
			assert_int_equal(chunk[i], filler(1, got + (size_t)i));
		got += (size_t)moved;
	}
	tcp_close(&pair);
}
