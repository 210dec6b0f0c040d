/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/final_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "controller/prober/alarm.h"
#include "controller/prober/answers.h"
#include "controller/prober/client.h"

enum {
	/* Of all targets together: the reply is one line of at most 1 MiB. */
	RESULT_RANGES_MAX = 20 * 1000
};

struct target_read {
	struct final_read *all;
	struct client *client; /* NULL when none runs (any more) */
	struct read_parser parser;
};

struct final_read {
	struct final_read_order order;
	struct final_read_reader reader;
	struct alarm *alarm;
	size_t left;               /* reads without an ending */
	struct target_read *reads; /* one for each target */
};

static void end_client(struct target_read *read)
{
	if (read->client)
		client_discard(read->client);
	read->client = NULL;
}

static void give_up(struct target_read *read, const char *reason)
{
	if (read->parser.state >= READ_OK)
		return;
	read->parser.state = READ_FAILED;
	text_clean(read->parser.reason, sizeof(read->parser.reason), reason);
	read->all->left--;
}

static struct member_read summarise(struct target_read *read, const char *node, size_t max_ranges)
{
	struct member_read result = {.node = (char *)node, .reason = read->parser.reason};

	if (read->parser.state != READ_OK)
		return result;
	result.duplicates = ranges_tidy(&read->parser.present);
	if (read->parser.present.list.count > max_ranges) {
		snprintf(read->parser.reason, sizeof(read->parser.reason),
			"the answer has %zu gaps, more than can be reported",
			read->parser.present.list.count - 1);
		return result;
	}
	result.ok = true;
	result.reason = NULL;
	result.present = read->parser.present.list;
	return result;
}

static void finish_if_complete(struct final_read *all)
{
	size_t count = all->order.targets.count;
	struct final_read_result result = {.workload = all->order.workload};
	struct member_read *reads;

	if (all->left > 0)
		return;
	alarm_set(all->alarm, INT64_MAX);
	reads = must_array(count + 1, sizeof(*reads));
	for (size_t i = 0; i < count; i++)
		reads[i] = summarise(&all->reads[i],
			LIST_AT(all->order.targets, struct read_target, i)->node,
			RESULT_RANGES_MAX / count);
	result.reads = (struct list){.items = reads, .count = count};
	all->reader.done(all->reader.context, &result);
	free(reads);
}

static void on_bytes(void *context, const char *bytes, size_t count)
{
	struct target_read *read = context;

	if (read->parser.state >= READ_OK || !read_parser_feed(&read->parser, bytes, count))
		return;
	read->all->left--;
	end_client(read);
	/* From the alarm, because done() may free what this call still stands in. */
	if (read->all->left == 0)
		alarm_set(read->all->alarm, 0);
}

static void on_gone(void *context, const struct client_end *end)
{
	struct target_read *read = context;
	char reason[TEXT_ERROR_SIZE * 2];

	read->client = NULL;
	snprintf(reason, sizeof(reason), "%s%s%s", end->how, *end->last_words ? ": " : "",
		end->last_words);
	give_up(read, reason);
	if (read->all->left == 0)
		alarm_set(read->all->alarm, 0);
}

static void on_alarm(void *context)
{
	struct final_read *all = context;

	for (size_t i = 0; i < all->order.targets.count; i++) {
		struct target_read *read = &all->reads[i];
		char reason[TEXT_ERROR_SIZE * 2];

		if (read->parser.state >= READ_OK)
			continue;
		snprintf(reason, sizeof(reason), "no answer in time%s%s",
			client_last_words(read->client)[0] ? ": " : "",
			client_last_words(read->client));
		give_up(read, reason);
		end_client(read);
	}
	finish_if_complete(all);
}

static void start_read(
	struct final_read *all, struct target_read *read, const struct read_target *target)
{
	const struct client_command command = {
		.argv = &target->argv, .env = &all->order.env, .name = "the client"};
	const struct client_events events = {.bytes = on_bytes, .gone = on_gone, .context = read};
	struct fail fail = FAIL_INIT;

	read->all = all;
	all->left++;
	if (client_start(all->reader.loop, &command, &events, &read->client, &fail) < 0)
		give_up(read, fail.text);
	else if (client_send(read->client, "read\n", 5) < 0)
		give_up(read, "the client does not read its input");
}

int final_read_new(struct final_read_order *order, const struct final_read_reader *reader,
	struct final_read **out, struct fail *fail)
{
	struct final_read *all = must_alloc(sizeof(*all));

	all->reader = *reader;
	if (alarm_new(reader->loop, on_alarm, all, &all->alarm, fail) < 0) {
		free(all);
		return -1;
	}
	all->order = *order;
	memset(order, 0, sizeof(*order));
	all->reads = must_array(all->order.targets.count, sizeof(*all->reads));
	for (size_t i = 0; i < all->order.targets.count; i++)
		start_read(all, &all->reads[i], LIST_AT(all->order.targets, struct read_target, i));
	alarm_set(all->alarm, all->left ? clock_now_ns() + all->order.timeout_ns : 0);
	*out = all;
	return 0;
}

void final_read_kill(struct final_read *all)
{
	for (size_t i = 0; i < all->order.targets.count; i++)
		if (all->reads[i].client)
			client_kill(all->reads[i].client);
}

void final_read_free(struct final_read *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->order.targets.count; i++) {
		end_client(&all->reads[i]);
		read_parser_deinit(&all->reads[i].parser);
	}
	alarm_free(all->alarm);
	shape_free(&final_read_order_shape, &all->order);
	free(all->reads);
	free(all);
}
