/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/readers.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/* What a reading of a clock costs that is skewed, beside one that is not; and the order itself. */
enum {
	LOOKS = 20 /* of each reader, in turns, for each order */
};

struct clocks_bench {
	struct world world;
	struct victims victims;
	struct readers readers;
	const struct reader *skewed, *other;
	struct series native, arm, heal;
};

static char *order(struct clocks_bench *bench, int round, const char *with)
{
	char id[16];

	snprintf(id, sizeof(id), "s%d", round);
	return victims_order_for(&bench->victims, bench->skewed->pid,
		&(struct victims_order){.fault = "clock_skew",
			.id = id,
			.with = with,
			.start_in_ms = 0,
			.for_ms = 60000});
}

static void look(const struct reader *reader, struct series *out)
{
	uint64_t rounds = reader->page->rounds;

	while (reader->page->rounds < rounds + 3)
		pause_ms(1);
	series_add(out, reader->page->off_ns[READER_WAIT]);
}

static void sample(struct clocks_bench *bench, int round, const char *with, struct series *out)
{
	struct injector *injector = injector_greeted(&bench->world, NODE_A, "60s");
	char *text = order(bench, round, with), id[16];
	int64_t from_ns = now_ns();

	cJSON_Delete(injector_call(injector, "arm", "%s", text));
	series_add(&bench->arm, now_ns() - from_ns);
	/* Until it reads another time. */
	while (llabs(bench->skewed->page->off_ns[READER_REALTIME]) < 1000000)
		pause_ms(1);
	for (int i = 0; i < LOOKS; i++) {
		look(bench->other, &bench->native);
		look(bench->skewed, out);
	}
	snprintf(id, sizeof(id), "s%d", round);
	from_ns = now_ns();
	injector_heal(injector, id);
	series_add(&bench->heal, now_ns() - from_ns);
	free(text);
	assert_int_equal(injector_finish(injector), 0);
}

void bench_clock(struct page *page)
{
	struct clocks_bench bench = {0};
	struct series offset = {0}, drift = {0};

	page_chapter(page, "Clocks",
		"Two processes read CLOCK_REALTIME as fast as they can; the clock of one of them "
		"is "
		"skewed.\nA row is the time of a thousand readings.");
	world_up(&bench.world, 2, "clsact");
	victims_init(&bench.victims);
	readers_init(&bench.readers);
	bench.skewed = readers_start(&bench.readers, READER_COST);
	bench.other = readers_start(&bench.readers, READER_COST);
	for (int i = 0; i < page->rounds; i++) {
		sample(&bench, 2 * i, "{\"offset\":\"+30s\"}", &offset);
		sample(&bench, 2 * i + 1, "{\"offset\":\"+30s\",\"drift\":1.5}", &drift);
	}
	page_times(page, "not skewed");
	page_time(page, "not skewed", &bench.native, NULL);
	page_time(page, "offset", &offset, &bench.native);
	page_time(page, "offset and drift", &drift, &bench.native);
	page_times(page, NULL);
	page_time(page, "order sent to reply (attach, ledger with fsync)", &bench.arm, NULL);
	page_time(page, "heal sent to reply", &bench.heal, NULL);
	readers_deinit(&bench.readers);
	victims_deinit(&bench.victims);
	world_assert_unchanged(&bench.world);
	world_down(&bench.world);
	series_free(&offset);
	series_free(&drift);
	series_free(&bench.native);
	series_free(&bench.arm);
	series_free(&bench.heal);
}
