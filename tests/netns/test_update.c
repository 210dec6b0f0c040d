/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/units.h"
#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"
#include "tests/netns/way.h"
#include "tests/netns/world.h"

/* Faults that change while packets are on their way. */
enum {
	PORT = 7001,
	LONG_MS = 120000,
	PART_MS = 1500,
	TRIALS_LEAST = 1000, /* of a part: below it nothing is said */
	RATIOS = 4,
	BEST_OF = 20
};

static void change(struct injector *injector, const char *id, const char *with)
{
	cJSON_Delete(injector_call(injector, "update", "{\"fault\":\"%s\",\"with\":%s}", id, with));
}

/* ---- a stream that does not stop ---- */

struct stream {
	pid_t pid;
	int told; /* how many were sent, when it has ended */
};

static volatile sig_atomic_t stream_ends;

static void end_stream(int number)
{
	(void)number;
	stream_ends = 1;
}

static struct stream stream_start(const struct world *world, int from, int to)
{
	struct sockaddr_storage address;
	socklen_t length = world_sockaddr(to, AF_INET, PORT, &address);
	int sock = world_socket(world, from, AF_INET, SOCK_DGRAM), ends[2];
	struct stream stream;

	assert_int_equal(pipe(ends), 0);
	stream.pid = fork();
	assert_true(stream.pid >= 0);
	if (stream.pid == 0) {
		int64_t sent = 0;

		signal(SIGTERM, end_stream);
		while (!stream_ends) {
			if (sendto(sock, "x", 1, 0, (struct sockaddr *)&address, length) != 1)
				_exit(1);
			sent++;
			usleep(100);
		}
		_exit(write(ends[1], &sent, sizeof(sent)) != sizeof(sent));
	}
	close(ends[1]);
	close(sock);
	stream.told = ends[0];
	return stream;
}

static int64_t stream_end(struct stream *stream)
{
	int64_t sent = 0;
	int status;

	kill(stream->pid, SIGTERM);
	assert_int_equal(read(stream->told, &sent, sizeof(sent)), sizeof(sent));
	assert_int_equal(waitpid(stream->pid, &status, 0), stream->pid);
	assert_int_equal(status, 0);
	close(stream->told);
	return sent;
}

/* ---- tests ---- */

static int64_t number_of(const cJSON *measure, const char *key)
{
	return atoll(cJSON_GetObjectItem(measure, key)->valuestring);
}

/*
 * Under traffic that does not stop, what was lost in each part is within the interval of what was
 * asked in it, and every packet belongs to one part.
 */
static void a_ratio_changes_under_traffic(struct world *world)
{
	static const double ratios[RATIOS] = {0.1, 0.5, 0.02, 0.9};
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "loss",
		.id = "some",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ratio\":0.1,\"direction\":\"out\"}",
		.seed = 7,
		.for_ms = LONG_MS};
	int64_t trials = 0, hits = 0, sent;
	struct stream stream;

	injector_cut(injector, &cut);
	stream = stream_start(world, NODE_A, NODE_B);
	for (int i = 0; i < RATIOS; i++) {
		char with[32];

		snprintf(with, sizeof(with), "{\"ratio\":%g}", ratios[i]);
		if (i)
			change(injector, "some", with);
		pause_ms(PART_MS);
	}
	sent = stream_end(&stream);
	for (int i = 0; i < RATIOS; i++) {
		char name[40];
		cJSON *measure;

		snprintf(name, sizeof(name), i ? "loss after change %d" : "loss", i);
		measure = injector_measure(injector, "some", name, "egress");
		assert_true(cJSON_GetObjectItem(measure, "asked")->valuedouble > ratios[i] - 1e-6);
		assert_true(cJSON_GetObjectItem(measure, "asked")->valuedouble < ratios[i] + 1e-6);
		assert_true(number_of(measure, "count") >= TRIALS_LEAST);
		printf("%s: %lld of %lld\n", name, (long long)number_of(measure, "hits"),
			(long long)number_of(measure, "count"));
		assert_true(within_chance((size_t)number_of(measure, "hits"),
			(size_t)number_of(measure, "count"), ratios[i]));
		trials += number_of(measure, "count");
		hits += number_of(measure, "hits");
		cJSON_Delete(measure);
	}
	assert_int_equal(trials, sent);
	assert_int_equal(injector_packets(injector, "some", "egress"), hits);
	injector_heal(injector, "some");
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_finish(injector), 0);
}

static void an_mtu_changes(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "mtu",
		.id = "short",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bytes\":1200}",
		.for_ms = LONG_MS};
	struct flood longish = {.from = NODE_A,
		.to = NODE_B,
		.family = AF_INET,
		.port = PORT,
		.count = 10,
		.bytes = 1000};

	injector_cut(injector, &cut);
	for (int i = 0; i < 3; i++) {
		struct flooded flooded;

		if (i)
			change(injector, "short", i % 2 ? "{\"bytes\":600}" : "{\"bytes\":1200}");
		flooded = flood(world, &longish);
		assert_int_equal(flooded.arrived, i % 2 ? 0 : 10);
		flooded_free(&flooded);
	}
	assert_int_equal(injector_packets(injector, "short", NULL), 10);
	assert_int_equal(injector_finish(injector), 0);
}

static void assert_delay(struct injector *injector, const char *name, int ms)
{
	cJSON *measure = injector_measure(injector, "late", name, "egress");
	double off = cJSON_GetObjectItem(measure, "achieved")->valuedouble - ms * 1e6;

	assert_true(cJSON_GetObjectItem(measure, "asked")->valuedouble == ms * 1e6);
	assert_int_equal(number_of(measure, "count"), BEST_OF);
	/* An idle machine would be within 5 %; this one need not be. */
	assert_true(off > -1e6 && off < 20e6);
	cJSON_Delete(measure);
}

static void a_delay_changes(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct way way = {.from = NODE_A, .to = NODE_B, .family = AF_INET};
	struct cut cut = {.fault = "delay",
		.id = "late",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"delay\":\"30ms\",\"direction\":\"out\"}",
		.for_ms = LONG_MS};
	int64_t first_ns, second_ns;

	injector_cut(injector, &cut);
	first_ns = way_best_ns(world, &way, BEST_OF);
	change(injector, "late", "{\"delay\":\"80ms\"}");
	second_ns = way_best_ns(world, &way, BEST_OF);
	assert_true(first_ns >= 30 * NS_PER_MS && first_ns < 50 * NS_PER_MS);
	assert_true(second_ns >= 80 * NS_PER_MS && second_ns < 100 * NS_PER_MS);
	assert_delay(injector, "delay p50", 30);
	assert_delay(injector, "delay p50 after change 1", 80);
	injector_heal(injector, "late");
	assert_delay(injector, "delay p50", 30);
	assert_delay(injector, "delay p50 after change 1", 80);
	assert_true(way_best_ns(world, &way, BEST_OF) < 30 * NS_PER_MS);
	assert_int_equal(injector_finish(injector), 0);
}

/* So long a flood takes at a rate; the second half of it when the rate is another. */
static void a_rate_changes(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "rate",
		.id = "slow",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"400kbit\",\"direction\":\"out\"}",
		.for_ms = LONG_MS};
	struct flood some = {.from = NODE_A,
		.to = NODE_B,
		.family = AF_INET,
		.port = PORT,
		.count = 50,
		.bytes = 1000};
	int64_t took_ns[2];

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		int64_t begun_ns = now_ns();
		struct flooded flooded;

		if (i)
			change(injector, "slow", "{\"bandwidth\":\"4Mbit\"}");
		flooded = flood(world, &some);
		took_ns[i] = now_ns() - begun_ns;
		assert_int_equal(flooded.arrived, some.count);
		flooded_free(&flooded);
	}
	/* 50 KB and headers are 1.04 s at the one, and a tenth of it at the other. */
	assert_true(took_ns[0] > 1000 * NS_PER_MS);
	assert_true(took_ns[0] - took_ns[1] > 500 * NS_PER_MS);
	for (int i = 0; i < 2; i++) {
		cJSON *measure = injector_measure(
			injector, "slow", i ? "rate after change 1" : "rate", "egress");

		assert_true(cJSON_GetObjectItem(measure, "achieved")->valuedouble <
			(i ? 4e6 : 4e5) * 1.05);
		cJSON_Delete(measure);
	}
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(a_ratio_changes_under_traffic, 2),
		WORLD_TEST(an_mtu_changes, 2),
		WORLD_TEST(a_delay_changes, 2),
		WORLD_TEST(a_rate_changes, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
