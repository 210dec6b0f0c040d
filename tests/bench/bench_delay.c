/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/way.h"
#include "tests/netns/world.h"

/* How exact a lane's delay is, and what TCP gets through one. */

enum {
	SAMPLES_A_ROUND = 10,
	TCP_PORT = 7303,
	TCP_BYTES = 192 << 20,
	TCP_ROUNDS_MAX = 5
};

static const int asked_ms[] = {1, 10, 100};
enum {
	ASKED = sizeof(asked_ms) / sizeof(asked_ms[0])
};

static struct injector *delayed(struct world *world, int ms, const char *more)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	char with[128];
	struct cut cut = {.fault = "delay",
		.id = "late",
		.with = with,
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = 250000};

	snprintf(with, sizeof(with), "{\"delay\":\"%dms\"%s}", ms, more);
	injector_cut(injector, &cut);
	return injector;
}

/* ---- errors ---- */

/* What is measured in turns: the way to a node that is not meant, and to the one that is. */
struct errors {
	struct series plain, late, own;
};

static void sample(struct errors *errors, const struct world *world, int ms)
{
	static const struct way plain = {NODE_A, NODE_C, AF_INET}, held = {NODE_A, NODE_B, AF_INET};

	for (int i = 0; i < SAMPLES_A_ROUND; i++) {
		int64_t base_ns = way_best_ns(world, &plain, 1);

		series_add(&errors->plain, base_ns);
		series_add(&errors->late,
			way_best_ns(world, &held, 1) - base_ns - ms * INT64_C(1000000));
	}
}

/* By the keeper's own account, of what it wrote behind the instant at which it was due. */
static void ask_keeper(struct errors *errors, struct injector *injector)
{
	cJSON *measure = injector_measure(injector, "late", "late p50", "egress");

	series_add(&errors->own, (int64_t)cJSON_GetObjectItem(measure, "achieved")->valuedouble);
	cJSON_Delete(measure);
}

static void measure(struct errors *errors, struct world *world, int ms, bool ordinary)
{
	struct injector *injector = delayed(world, ms, "");
	struct sched_param none = {0};

	if (ordinary)
		assert_int_equal(
			sched_setscheduler(injector_child(injector), SCHED_OTHER, &none), 0);
	sample(errors, world, ms);
	ask_keeper(errors, injector);
	assert_int_equal(injector_finish(injector), 0);
}

static void write_errors(struct page *page, const struct errors *errors, const struct errors *plain)
{
	char what[96];

	page_times(page, NULL);
	page_time(page, "the undelayed way", &errors[1].plain, NULL);
	for (int i = 0; i < ASKED; i++) {
		snprintf(what, sizeof(what), "delay of %d ms: later than that by", asked_ms[i]);
		page_time(page, what, &errors[i].late, NULL);
	}
	page_time(page, "10 ms, the keeper as an ordinary process: later by", &plain->late, NULL);
	page_note(page, "By the keeper's own account (the measure \"late p50\"):");
	page_times(page, NULL);
	for (int i = 0; i < ASKED; i++) {
		snprintf(what, sizeof(what), "delay of %d ms", asked_ms[i]);
		page_time(page, what, &errors[i].own, NULL);
	}
	page_time(page, "10 ms, the keeper as an ordinary process", &plain->own, NULL);
}

static void free_errors(struct errors *errors)
{
	series_free(&errors->plain);
	series_free(&errors->late);
	series_free(&errors->own);
}

static void bench_errors(struct page *page, struct world *world)
{
	struct errors errors[ASKED] = {0}, plain = {0};

	for (int round = 0; round < page->rounds; round++) {
		for (int i = 0; i < ASKED; i++)
			measure(&errors[i], world, asked_ms[i], false);
		measure(&plain, world, 10, true);
	}
	write_errors(page, errors, &plain);
	for (int i = 0; i < ASKED; i++)
		free_errors(&errors[i]);
	free_errors(&plain);
}

/* ---- TCP ---- */

static void *send_all(void *context)
{
	static const char bytes[1 << 16];
	const int *sock = context;
	size_t left = TCP_BYTES;
	ssize_t sent;

	while (left &&
		(sent = send(*sock, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0)) > 0)
		left -= (size_t)sent;
	return NULL;
}

/* Megabits a second, of one connection from its first byte to its last. */
static int64_t tcp_rate(const struct world *world)
{
	struct tcp_pair pair = tcp_connect(world, NODE_A, NODE_B, AF_INET, TCP_PORT);
	int64_t from_ns = now_ns();
	pthread_t sender;

	assert_int_equal(pthread_create(&sender, NULL, send_all, &pair.client), 0);
	assert_true(tcp_receives(pair.server, TCP_BYTES, 120000));
	from_ns = now_ns() - from_ns;
	assert_int_equal(pthread_join(sender, NULL), 0);
	tcp_close(&pair);
	return (int64_t)TCP_BYTES * 8 * 1000 / from_ns;
}

static void fact_rate(struct page *page, const char *what, const struct series *rates)
{
	page_fact(page, what, "%lld Mbit/s (%lld to %lld)", (long long)series_quantile(rates, 0.5),
		(long long)series_quantile(rates, 0.1), (long long)series_quantile(rates, 0.9));
}

static void bench_tcp(struct page *page, struct world *world)
{
	struct series plain = {0}, held = {0};
	int rounds = page->rounds < TCP_ROUNDS_MAX ? page->rounds : TCP_ROUNDS_MAX;

	for (int round = 0; round < rounds; round++) {
		struct injector *injector;

		series_add(&plain, tcp_rate(world));
		injector = delayed(world, 10, ",\"direction\":\"out\"");
		series_add(&held, tcp_rate(world));
		assert_int_equal(injector_finish(injector), 0);
	}
	page_note(page, "One TCP connection, %d MiB from node to node, one after the other:",
		TCP_BYTES >> 20);
	page_facts(page);
	fact_rate(page, "undelayed", &plain);
	fact_rate(page, "through a delay of 10 ms on the way out", &held);
	series_free(&plain);
	series_free(&held);
}

void bench_delay(struct page *page)
{
	struct world world;

	page_chapter(page, "How exact a delay is",
		"Single datagrams from node to node, one at a time, in turns to a node that no "
		"fault is meant\n"
		"for and to one that is. The error is what a delayed one takes longer than the "
		"undelayed one\n"
		"before it and the delay that was asked for: it has both ways' noise in it.");
	world_up(&world, 3, "tcx");
	bench_errors(page, &world);
	bench_tcp(page, &world);
	world_assert_unchanged(&world);
	world_down(&world);
}
