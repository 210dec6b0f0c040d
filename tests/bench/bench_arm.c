/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/bench/stream.h"

/* From an order to its first dropped packet, as the kernel's own counters date it. */

enum {
	AHEAD_MS = 400,
	FOR_MS = 60000
};

struct arming {
	struct series reply, after_reply, after_start;
};

static int64_t first_drop_ns(struct injector *injector, const char *id)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"%s\"]}", id);
	cJSON *counter;
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);
	int64_t first_ns = 0;

	cJSON_ArrayForEach(counter, cJSON_GetObjectItem(fault, "counters")) {
		const char *text = cJSON_GetObjectItem(counter, "first_ns")->valuestring;
		int64_t ns = strtoll(text, NULL, 10);

		if (ns > 0 && (first_ns == 0 || ns < first_ns))
			first_ns = ns;
	}
	cJSON_Delete(evidence);
	return first_ns;
}

static int64_t await_first_drop_ns(struct injector *injector, const char *id)
{
	int64_t give_up_ns = now_ns() + 10000000000LL, first_ns;

	while (!(first_ns = first_drop_ns(injector, id)) && now_ns() < give_up_ns)
		pause_ms(1);
	assert_true(first_ns > 0);
	return first_ns;
}

/* A fault that starts at once, then one whose start lies ahead. */
static void sample(struct arming *arming, struct injector *injector)
{
	struct cut cut = {.id = "now", .on = NODE_A, .from = NODE_B, .for_ms = FOR_MS};
	int64_t base_ns = now_ns(), replied_ns;
	char *order = injector_cut_order(&cut, base_ns);

	cJSON_Delete(injector_call(injector, "arm", "%s", order));
	replied_ns = now_ns();
	series_add(&arming->reply, replied_ns - base_ns);
	series_add(&arming->after_reply, await_first_drop_ns(injector, "now") - replied_ns);
	free(order);
	injector_heal(injector, "now");

	cut.id = "ahead";
	cut.start_in_ms = AHEAD_MS;
	base_ns = now_ns();
	order = injector_cut_order(&cut, base_ns);
	cJSON_Delete(injector_call(injector, "arm", "%s", order));
	series_add(&arming->after_start,
		await_first_drop_ns(injector, "ahead") - (base_ns + AHEAD_MS * 1000000LL));
	free(order);
	injector_heal(injector, "ahead");
}

void bench_arm(struct page *page)
{
	struct arming arming = {0};
	struct stream stream;
	struct world world;
	int64_t gap_ns;

	page_chapter(page, "From the order to the first dropped packet",
		"One process sends datagrams from one node to another as fast as it can; a "
		"partition\n"
		"cuts the two. The instant of the first drop is the kernel's own, from the "
		"fault's\n"
		"counters. An order whose start is *now* acts while its reply is still on the way, "
		"so\n"
		"the first drop is before the reply (a negative time). An order whose start lies "
		"ahead\n"
		"is how the controller works: all nodes are armed, then they begin at one "
		"instant.");
	world_up(&world, 2, "tcx");
	stream = stream_start(&world);
	gap_ns = stream_gap_ns(&stream);
	for (int i = 0; i < page->rounds; i++) {
		struct injector *injector = injector_greeted(&world, NODE_A, "30s");

		sample(&arming, injector);
		assert_int_equal(injector_finish(injector), 0);
	}
	stream_stop(&stream);
	world_assert_unchanged(&world);
	world_down(&world);
	page_times(page, NULL);
	page_time(
		page, "order sent to reply (load, attach, ledger with fsync)", &arming.reply, NULL);
	page_time(page, "reply to first drop, start now", &arming.after_reply, NULL);
	page_time(page, "start to first drop, start 400 ms ahead", &arming.after_start, NULL);
	page_note(page,
		"Two datagrams of the stream were %.3g µs apart (median): the first drop can't be "
		"dated closer.",
		(double)gap_ns / 1e3);
	series_free(&arming.reply);
	series_free(&arming.after_reply);
	series_free(&arming.after_start);
}
