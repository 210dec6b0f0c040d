/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"

enum {
	PORT = 7301,
	GAP_SAMPLES = 400
};

static struct sockaddr_in address_of_b(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	inet_pton(AF_INET, world_address(NODE_B, AF_INET), &address.sin_addr);
	return address;
}

/* A dropped datagram is no error to its sender; a full queue is one, and the next is tried. */
static _Noreturn void send_forever(int sock)
{
	struct sockaddr_in to = address_of_b();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int64_t sent_ns = now_ns();

		(void)sendto(
			sock, &sent_ns, sizeof(sent_ns), 0, (struct sockaddr *)&to, sizeof(to));
	}
}

struct stream stream_start(const struct world *world)
{
	struct stream stream = {.receiver = world_socket(world, NODE_B, AF_INET, SOCK_DGRAM)};
	int sock = world_socket(world, NODE_A, AF_INET, SOCK_DGRAM);
	struct sockaddr_in address = address_of_b();

	assert_int_equal(bind(stream.receiver, (struct sockaddr *)&address, sizeof(address)), 0);
	stream.sender = fork();
	assert_true(stream.sender >= 0);
	if (stream.sender == 0)
		send_forever(sock);
	close(sock);
	stream_next_sent_ns(&stream, 10000);
	return stream;
}

void stream_stop(struct stream *stream)
{
	kill(stream->sender, SIGKILL);
	waitpid(stream->sender, NULL, 0);
	close(stream->receiver);
}

static bool receive(const struct stream *stream, int within_ms, int64_t *out_sent_ns)
{
	struct pollfd wait = {.fd = stream->receiver, .events = POLLIN};

	if (poll(&wait, 1, within_ms) != 1)
		return false;
	return recv(stream->receiver, out_sent_ns, sizeof(*out_sent_ns), 0) == sizeof(*out_sent_ns);
}

void stream_drain(const struct stream *stream, int quiet_ms)
{
	int64_t sent_ns;

	while (receive(stream, quiet_ms, &sent_ns))
		;
}

int64_t stream_next_sent_ns(const struct stream *stream, int within_ms)
{
	int64_t sent_ns = 0;

	assert_true(receive(stream, within_ms, &sent_ns));
	return sent_ns;
}

int64_t stream_gap_ns(const struct stream *stream)
{
	struct series gaps = {0};
	int64_t last_ns = stream_next_sent_ns(stream, 1000), median_ns;

	for (int i = 0; i < GAP_SAMPLES; i++) {
		int64_t sent_ns = stream_next_sent_ns(stream, 1000);

		series_add(&gaps, sent_ns - last_ns);
		last_ns = sent_ns;
	}
	median_ns = series_quantile(&gaps, 0.5);
	series_free(&gaps);
	return median_ns;
}
