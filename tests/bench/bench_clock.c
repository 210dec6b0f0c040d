/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/readers.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * What a reading of a clock costs that is skewed, beside one that is not and other ways to skew it;
 * how long its process stands still for that; and the order itself.
 */
enum {
	LOOKS = 20 /* of each reader, in turns, for each order */
};

struct clocks_bench {
	struct world world;
	struct victims victims;
	struct readers readers;
	const struct reader *skewed, *other, *calls, *faked, *gaps; /* `faked`: may be NULL */
	struct series native, offset, drift, call, fake, arm, heal;
	struct series attached, healed, alone; /* how long it stood still */
	int orders;
};

/* Sends an order for a reader, and returns how long the answer took. */
static int64_t arm(struct clocks_bench *bench, struct injector *injector,
	const struct reader *reader, const char *with)
{
	char id[16], *text;
	int64_t from_ns;

	snprintf(id, sizeof(id), "s%d", ++bench->orders);
	text = victims_order_for(&bench->victims, reader->pid,
		&(struct victims_order){.fault = "clock_skew",
			.id = id,
			.with = with,
			.start_in_ms = 0,
			.for_ms = 60000});
	from_ns = now_ns();
	cJSON_Delete(injector_call(injector, "arm", "%s", text));
	free(text);
	return now_ns() - from_ns;
}

static int64_t heal(struct injector *injector)
{
	int64_t from_ns = now_ns();

	injector_heal(injector, NULL);
	return now_ns() - from_ns;
}

/* ---- what a reading costs ---- */

/* Only one of them runs at a time. */
static void look(const struct reader *reader, struct series *out)
{
	kill(reader->pid, SIGCONT);
	readers_await_fresh(reader);
	series_add(out, reader->page->off_ns[READER_WAIT]);
	kill(reader->pid, SIGSTOP);
}

static void sample(struct clocks_bench *bench, const char *with, struct series *out)
{
	struct injector *injector = injector_greeted(&bench->world, NODE_A, "60s");

	kill(bench->skewed->pid, SIGCONT);
	series_add(&bench->arm, arm(bench, injector, bench->skewed, with));
	/* Until it reads another time. */
	while (llabs(bench->skewed->page->off_ns[READER_REALTIME]) < 1000000)
		pause_ms(1);
	for (int i = 0; i < LOOKS; i++) {
		look(bench->other, &bench->native);
		look(bench->skewed, out);
		look(bench->calls, &bench->call);
		if (bench->faked)
			look(bench->faked, &bench->fake);
	}
	kill(bench->skewed->pid, SIGCONT);
	series_add(&bench->heal, heal(injector));
	assert_int_equal(injector_finish(injector), 0);
	kill(bench->skewed->pid, SIGSTOP);
}

static void start_readers(struct clocks_bench *bench)
{
	bench->skewed = readers_start(&bench->readers, READER_COST);
	bench->other = readers_start(&bench->readers, READER_COST);
	bench->calls = readers_start(&bench->readers, READER_CALLS);
	if (access(READER_FAKE_LIBRARY, R_OK) == 0) {
		bench->faked = readers_start(&bench->readers, READER_FAKED);
		readers_await(bench->faked, READER_REALTIME, INT64_C(30000000000), 1000000000);
	}
	for (int i = 0; i < bench->readers.count; i++)
		kill(bench->readers.each[i].pid, SIGSTOP);
}

static void measure_readings(struct clocks_bench *bench, struct page *page)
{
	start_readers(bench);
	for (int i = 0; i < page->rounds; i++) {
		sample(bench, "{\"offset\":\"+30s\"}", &bench->offset);
		sample(bench, "{\"offset\":\"+30s\",\"drift\":1.5}", &bench->drift);
	}
	readers_end(&bench->readers);
	page_times(page, "not skewed");
	page_time(page, "not skewed", &bench->native, NULL);
	page_time(page, "offset", &bench->offset, &bench->native);
	page_time(page, "offset and drift", &bench->drift, &bench->native);
	if (bench->faked)
		page_time(page, "libfaketime " READER_FAKE_TIME " (needs a restart)", &bench->fake,
			&bench->native);
	page_time(page, "a system call each (what an entry costs that is patched to one)",
		&bench->call, &bench->native);
	if (!bench->faked)
		page_note(page, "libfaketime is not installed here.");
}

/* ---- how long it stands still ---- */

static void forget_gaps(const struct reader *reader)
{
	readers_go_on(reader);
	while (reader->page->go_on)
		pause_ms(1);
}

static void take_gap(const struct reader *reader, struct series *out)
{
	readers_await_fresh(reader);
	series_add(out, reader->page->off_ns[READER_WAIT]);
}

static void measure_stops(struct clocks_bench *bench, struct page *page)
{
	const struct reader *reader = readers_start(&bench->readers, READER_GAPS);

	for (int i = 0; i < 2 * page->rounds; i++) {
		struct injector *injector = injector_greeted(&bench->world, NODE_A, "60s");
		int64_t took_ns;

		forget_gaps(reader);
		took_ns = arm(bench, injector, reader, "{\"offset\":\"+30s\"}");
		take_gap(reader, &bench->attached);
		forget_gaps(reader);
		heal(injector);
		take_gap(reader, &bench->healed);
		assert_int_equal(injector_finish(injector), 0);
		/* As long as it took, and nobody does anything. */
		forget_gaps(reader);
		pause_ms((int)(took_ns / 1000000) + 1);
		take_gap(reader, &bench->alone);
	}
	readers_end(&bench->readers);
	page_note(page,
		"How long a process with one thread stands still: the longest time between two of "
		"its readings of the kernel's clock.");
	page_times(page, "left alone");
	page_time(page, "left alone", &bench->alone, NULL);
	page_time(page, "while its clock is led elsewhere", &bench->attached, &bench->alone);
	page_time(page, "while it is healed", &bench->healed, &bench->alone);
}

void bench_clock(struct page *page)
{
	struct clocks_bench bench = {0};
	struct series *all[] = {&bench.native, &bench.offset, &bench.drift, &bench.call,
		&bench.fake, &bench.arm, &bench.heal, &bench.attached, &bench.healed, &bench.alone};

	page_chapter(page, "Clocks",
		"Processes read CLOCK_REALTIME as fast as they can, one at a time; the clock of "
		"one of\nthem is skewed. A row is the time of a thousand readings.");
	readers_ground_up(&bench.world, &bench.victims, &bench.readers);
	measure_readings(&bench, page);
	measure_stops(&bench, page);
	page_times(page, NULL);
	page_time(page, "order sent to reply (attach, ledger with fsync)", &bench.arm, NULL);
	page_time(page, "heal sent to reply", &bench.heal, NULL);
	readers_ground_down(&bench.world, &bench.victims, &bench.readers);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		series_free(all[i]);
}
