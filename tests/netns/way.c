/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/way.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	WAY_PORT = 7770,
	WITHIN_MS = 20000
};

int64_t way_best_ns(const struct world *world, const struct way *way, int count)
{
	int in = world_socket(world, way->to, way->family, SOCK_DGRAM);
	int out = world_socket(world, way->from, way->family, SOCK_DGRAM);
	struct pollfd wait = {.fd = in, .events = POLLIN};
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(way->to, way->family, WAY_PORT, &address);
	int64_t best_ns = INT64_MAX;

	assert_int_equal(bind(in, (struct sockaddr *)&address, size), 0);
	assert_int_equal(connect(out, (struct sockaddr *)&address, size), 0);
	for (int i = 0; i < count; i++) {
		int64_t sent_ns = now_ns(), took_ns;
		char byte;

		assert_int_equal(send(out, "x", 1, 0), 1);
		assert_int_equal(poll(&wait, 1, WITHIN_MS), 1);
		took_ns = now_ns() - sent_ns;
		assert_int_equal(recv(in, &byte, 1, 0), 1);
		if (took_ns < best_ns)
			best_ns = took_ns;
	}
	close(in);
	close(out);
	return best_ns;
}
