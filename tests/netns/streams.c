/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/streams.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	TCP_PORT = 7071,
	EVERY_NS = 1000000,
	BUFFER_BYTES = 8 << 20,
	LAST_MS = 400,         /* for what is on its way */
	TCP_WITHIN_MS = 20000, /* after timeouts have doubled a few times */
	AWAIT_MS = 30000,
	TCP_CHUNK = 1400,
	TCP_AT_ONCE = 4
};

/* ---- the thread: asserts nothing, for a failed assertion must not leave it ---- */

static void send_next(struct stream *stream)
{
	uint32_t number = (uint32_t)stream->sent;

	if (stream->sent == STREAM_PACKETS_MAX)
		return;
	stream->sent_ns[number] = now_ns();
	/* An error would be seen as a loss. */
	(void)send(stream->out, &number, sizeof(number), MSG_DONTWAIT);
	__atomic_store_n(&stream->sent, stream->sent + 1, __ATOMIC_RELEASE);
}

static void receive_all(struct stream *stream)
{
	uint32_t number;

	while (recv(stream->in, &number, sizeof(number), MSG_DONTWAIT) == sizeof(number)) {
		if (number >= stream->sent)
			continue;
		if (stream->arrived_ns[number])
			stream->copies++;
		else
			stream->arrived_ns[number] = now_ns();
	}
}

static void move_tcp(struct streams *streams)
{
	uint8_t bytes[TCP_CHUNK];
	ssize_t moved;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((streams->tcp_sent + i) * 31 >> 3);
	moved = send(streams->tcp.client, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (moved > 0)
		streams->tcp_sent += (uint64_t)moved;
	else if (errno != EAGAIN)
		streams->tcp_broken = true;
	for (int i = 0; i < TCP_AT_ONCE; i++) {
		moved = recv(streams->tcp.server, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (moved <= 0) {
			streams->tcp_broken |= moved == 0 || errno != EAGAIN;
			return;
		}
		for (ssize_t at = 0; at < moved; at++)
			streams->tcp_broken |=
				bytes[at] != (uint8_t)((streams->tcp_got + (uint64_t)at) * 31 >> 3);
		__atomic_store_n(
			&streams->tcp_got, streams->tcp_got + (uint64_t)moved, __ATOMIC_RELEASE);
	}
}

static void *keep_up(void *context)
{
	struct streams *streams = context;
	int64_t next_ns = now_ns();

	while (!__atomic_load_n(&streams->stop, __ATOMIC_ACQUIRE)) {
		int64_t late_ns = now_ns() - next_ns;
		struct timespec pause = {.tv_nsec = EVERY_NS / 4};

		for (int i = 0; i < streams->count; i++)
			receive_all(&streams->all[i]);
		if (late_ns < 0) {
			nanosleep(&pause, NULL);
			continue;
		}
		if (late_ns > streams->latest_ns)
			streams->latest_ns = late_ns;
		for (int i = 0; i < streams->count; i++)
			send_next(&streams->all[i]);
		move_tcp(streams);
		next_ns = now_ns() + EVERY_NS;
	}
	return NULL;
}

/* ---- the test ---- */

static void open_stream(struct stream *stream, const struct world *world)
{
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(stream->to, AF_INET, stream->port, &address);
	int room = BUFFER_BYTES;

	stream->in = world_socket(world, stream->to, AF_INET, SOCK_DGRAM);
	stream->out = world_socket(world, stream->from, AF_INET, SOCK_DGRAM);
	stream->sent_ns = calloc(STREAM_PACKETS_MAX, sizeof(*stream->sent_ns));
	stream->arrived_ns = calloc(STREAM_PACKETS_MAX, sizeof(*stream->arrived_ns));
	assert_true(stream->sent_ns && stream->arrived_ns);
	assert_int_equal(
		setsockopt(stream->in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(stream->in, (struct sockaddr *)&address, size), 0);
	assert_int_equal(connect(stream->out, (struct sockaddr *)&address, size), 0);
}

void streams_start(struct streams *streams, const struct world *world, const int *ports, int count)
{
	*streams = (struct streams){.tcp = tcp_connect(world, NODE_A, NODE_B, AF_INET, TCP_PORT)};
	assert_true(count * 2 <= STREAMS_MAX);
	for (int i = 0; i < count * 2; i++) {
		streams->all[i] = (struct stream){.from = i % 2 ? NODE_B : NODE_A,
			.to = i % 2 ? NODE_A : NODE_B,
			.port = ports[i / 2]};
		open_stream(&streams->all[i], world);
	}
	streams->count = count * 2;
	assert_int_equal(pthread_create(&streams->thread, NULL, keep_up, streams), 0);
}

void streams_await(const struct streams *streams, int64_t until_ns, size_t packets)
{
	const size_t *sent = &streams->all[0].sent;
	int64_t give_up_ns = now_ns() + AWAIT_MS * 1000000LL;
	size_t wanted;

	while (now_ns() < until_ns)
		pause_ms(2);
	wanted = __atomic_load_n(sent, __ATOMIC_ACQUIRE) + packets;
	while (__atomic_load_n(sent, __ATOMIC_ACQUIRE) < wanted) {
		assert_true(now_ns() < give_up_ns);
		pause_ms(2);
	}
}

void streams_stop(struct streams *streams)
{
	int64_t give_up_ns = now_ns() + TCP_WITHIN_MS * 1000000LL;
	uint64_t got = __atomic_load_n(&streams->tcp_got, __ATOMIC_ACQUIRE);

	/* TCP goes on, after its next try at the latest. */
	while (__atomic_load_n(&streams->tcp_got, __ATOMIC_ACQUIRE) < got + TCP_CHUNK &&
		now_ns() < give_up_ns)
		pause_ms(5);
	got = __atomic_load_n(&streams->tcp_got, __ATOMIC_ACQUIRE) - got;
	__atomic_store_n(&streams->stop, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(streams->thread, NULL), 0);
	pause_ms(LAST_MS);
	for (int i = 0; i < streams->count; i++)
		receive_all(&streams->all[i]);
	assert_false(streams->tcp_broken);
	assert_true(got >= TCP_CHUNK);
}

void streams_free(struct streams *streams)
{
	for (int i = 0; i < streams->count; i++) {
		close(streams->all[i].in);
		close(streams->all[i].out);
		free(streams->all[i].sent_ns);
		free(streams->all[i].arrived_ns);
	}
	tcp_close(&streams->tcp);
}

static void add_packet(const struct stream *stream, size_t number, struct streamed *out)
{
	int64_t took_ns = stream->arrived_ns[number] - stream->sent_ns[number];

	out->sent++;
	if (!stream->arrived_ns[number]) {
		out->lost++;
		if (stream->sent_ns[number] > out->last_lost_ns)
			out->last_lost_ns = stream->sent_ns[number];
		return;
	}
	out->slow += took_ns >= STREAM_SLOW_NS;
	if (took_ns > out->worst_ns)
		out->worst_ns = took_ns;
	if (took_ns < out->best_ns)
		out->best_ns = took_ns;
}

struct streamed streams_between(
	const struct streams *streams, int port, int64_t begin_ns, int64_t end_ns)
{
	struct streamed out = {.best_ns = INT64_MAX};

	for (int i = 0; i < streams->count; i++) {
		const struct stream *stream = &streams->all[i];

		for (size_t n = 0; stream->port == port && n < stream->sent; n++)
			if (stream->sent_ns[n] >= begin_ns && stream->sent_ns[n] < end_ns)
				add_packet(stream, n, &out);
	}
	return out;
}
