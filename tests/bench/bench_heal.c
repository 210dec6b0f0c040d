/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/bench/stream.h"

/* How long a fault still acts after what ends it: end of input, death, the lease. */

enum {
	LEASE_S = 2,
	FOR_MS = 60000,
	QUIET_MS = 5,
	BACK_WITHIN_MS = 20000
};

static struct injector *cut_off(struct world *world, const struct stream *stream)
{
	struct cut cut = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = FOR_MS};
	struct injector *injector = injector_greeted(world, NODE_A, "2s");

	injector_cut(injector, &cut);
	stream_drain(stream, QUIET_MS);
	return injector;
}

static void by_verb(struct world *world, const struct stream *stream, struct series *samples)
{
	struct injector *injector = cut_off(world, stream);
	int64_t from_ns = now_ns();

	injector_heal(injector, "cut");
	series_add(samples, stream_next_sent_ns(stream, BACK_WITHIN_MS) - from_ns);
	assert_int_equal(injector_finish(injector), 0);
}

static void by_end_of_input(
	struct world *world, const struct stream *stream, struct series *samples)
{
	struct injector *injector = cut_off(world, stream);
	int64_t from_ns = now_ns();

	assert_int_equal(injector_finish(injector), 0);
	series_add(samples, stream_next_sent_ns(stream, BACK_WITHIN_MS) - from_ns);
}

static void by_death(struct world *world, const struct stream *stream, struct series *samples)
{
	struct injector *injector = cut_off(world, stream);
	int64_t from_ns = now_ns();

	injector_signal(injector, SIGKILL);
	series_add(samples, stream_next_sent_ns(stream, BACK_WITHIN_MS) - from_ns);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
}

/* A stopped injector does nothing: the kernel compares the lease by itself. */
static void by_lease(struct world *world, const struct stream *stream, struct series *samples)
{
	struct injector *injector = cut_off(world, stream);
	cJSON *renewed = injector_call(injector, "renew", "{\"lease\":\"%ds\"}", LEASE_S);
	int64_t until_ns = strtoll(cJSON_GetObjectItem(renewed, "until_ns")->valuestring, NULL, 10);

	cJSON_Delete(renewed);
	injector_signal(injector, SIGSTOP);
	series_add(samples, stream_next_sent_ns(stream, BACK_WITHIN_MS) - until_ns);
	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
}

void bench_heal(struct page *page)
{
	static const struct {
		const char *what;
		void (*sample)(struct world *, const struct stream *, struct series *);
		int one_of; /* of the rounds */
	} ways[] = {{"`heal` sent to first packet", by_verb, 1},
		{"end of input to first packet", by_end_of_input, 1},
		{"SIGKILL of the injector to first packet", by_death, 1},
		{"end of the lease to first packet, injector stopped", by_lease, 3}};
	struct series samples[4] = {0};
	struct stream stream;
	struct world world;

	page_chapter(page, "From what ends a fault to the first packet that passes",
		"The same stream, cut by a partition with a lease of 2 s. Dated is the sending of "
		"the\n"
		"first datagram that arrives. At SIGKILL nobody heals: the programs go with their\n"
		"holder's descriptors. For the lease the injector is stopped by SIGSTOP, so that "
		"the\n"
		"kernel's comparison is all there is; its end is taken from the answer to "
		"`renew`.");
	world_up(&world, 2, "tcx");
	stream = stream_start(&world);
	for (int i = 0; i < page->rounds; i++)
		for (size_t way = 0; way < 4; way++)
			if (i % ways[way].one_of == 0)
				ways[way].sample(&world, &stream, &samples[way]);
	stream_stop(&stream);
	page_times(page, NULL);
	for (size_t way = 0; way < 4; way++) {
		page_time(page, ways[way].what, &samples[way], NULL);
		series_free(&samples[way]);
	}
	world_assert_unchanged(&world);
	world_down(&world);
}
