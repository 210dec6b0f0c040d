/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/read_back.h"

#include <stdio.h>
#include <stdlib.h>

#include "contract/memory.h"
#include "controller/prober/alarm.h"
#include "controller/prober/answers.h"
#include "controller/prober/client.h"

enum {
	/* Of one notification, which is one line of at most 1 MiB. */
	MISSING_RANGES_MAX = 10 * 1000
};

struct read_backs {
	const struct workload_order *order;
	const struct reporter *reporter;
	struct ranges *acked;
	struct alarm *alarm;
	struct client *client; /* NULL while none is under way */
	struct read_parser parser;
	struct ranges expected; /* what had been acknowledged when it was sent */
	int64_t sent_ns, due_ns;
	bool stopped;
};

/* --- what is told ------------------------------------------------------------------------- */

static void tell(struct read_backs *reads, const char *failure)
{
	struct read_back told = {.workload = reads->order->id,
		.sent_ns = reads->sent_ns,
		.ended_ns = clock_now_ns(),
		.ok = !failure,
		.reason = (char *)failure,
		.expected = ranges_count(&reads->expected)};
	struct ranges missing = {0};

	if (told.ok) {
		ranges_tidy(&reads->parser.present);
		ranges_without(&reads->expected, &reads->parser.present, &missing);
	}
	told.missing_count = ranges_count(&missing);
	told.missing = missing.list;
	if (told.missing.count > MISSING_RANGES_MAX)
		told.missing.count = MISSING_RANGES_MAX;
	reads->reporter->notify(
		reads->reporter->context, "read_back", shape_encode(&read_back_shape, &told));
	ranges_deinit(&missing);
}

static void set_alarm(struct read_backs *reads)
{
	alarm_set(reads->alarm,
		reads->stopped          ? INT64_MAX
			: reads->client ? reads->sent_ns + reads->order->read_timeout_ns
					: reads->due_ns);
}

/* The read is over; NULL: with an answer. */
static void finish(struct read_backs *reads, const char *failure)
{
	int64_t now_ns = clock_now_ns();

	tell(reads, failure);
	read_parser_deinit(&reads->parser);
	reads->parser = (struct read_parser){0};
	ranges_deinit(&reads->expected);
	while (reads->due_ns <= now_ns)
		reads->due_ns += reads->order->read_every_ns;
	set_alarm(reads);
}

/* --- one read ------------------------------------------------------------------------------ */

static void end_client(struct read_backs *reads)
{
	if (reads->client)
		client_discard(reads->client);
	reads->client = NULL;
}

static void on_bytes(void *context, const char *bytes, size_t count)
{
	struct read_backs *reads = context;

	if (!read_parser_feed(&reads->parser, bytes, count))
		return;
	end_client(reads);
	finish(reads, reads->parser.state == READ_OK ? NULL : reads->parser.reason);
}

static void on_gone(void *context, const struct client_end *end)
{
	struct read_backs *reads = context;
	char reason[TEXT_ERROR_SIZE * 2], clean[TEXT_ERROR_SIZE];

	reads->client = NULL;
	snprintf(reason, sizeof(reason), "%s%s%s", end->how, *end->last_words ? ": " : "",
		end->last_words);
	text_clean(clean, sizeof(clean), reason);
	finish(reads, clean);
}

static void begin(struct read_backs *reads)
{
	const struct client_command command = {
		.argv = &reads->order->argv, .env = &reads->order->env, .name = "the client"};
	const struct client_events events = {.bytes = on_bytes, .gone = on_gone, .context = reads};
	struct fail fail = FAIL_INIT;

	ranges_tidy(reads->acked);
	ranges_copy(&reads->expected, reads->acked);
	reads->sent_ns = clock_now_ns();
	if (client_start(reads->reporter->loop, &command, &events, &reads->client, &fail) < 0) {
		finish(reads, fail.text);
	} else if (client_send(reads->client, "read\n", 5) < 0) {
		end_client(reads);
		finish(reads, "the client does not read its input");
	} else {
		set_alarm(reads);
	}
}

static void on_alarm(void *context)
{
	struct read_backs *reads = context;

	if (reads->stopped)
		return;
	if (!reads->client) {
		begin(reads);
		return;
	}
	end_client(reads);
	finish(reads, "no answer in time");
}

/* --- life ---------------------------------------------------------------------------------- */

int read_backs_new(const struct workload_order *order, const struct reporter *reporter,
	struct ranges *acked, struct read_backs **out, struct fail *fail)
{
	struct read_backs *reads = must_alloc(sizeof(*reads));

	*reads = (struct read_backs){.order = order,
		.reporter = reporter,
		.acked = acked,
		.due_ns = order->start_ns + order->read_every_ns};
	if (alarm_new(reporter->loop, on_alarm, reads, &reads->alarm, fail) < 0) {
		free(reads);
		return -1;
	}
	set_alarm(reads);
	*out = reads;
	return 0;
}

void read_backs_stop(struct read_backs *reads)
{
	if (!reads)
		return;
	reads->stopped = true;
	end_client(reads);
	set_alarm(reads);
}

void read_backs_kill(struct read_backs *reads)
{
	if (reads && reads->client)
		client_kill(reads->client);
}

void read_backs_free(struct read_backs *reads)
{
	if (!reads)
		return;
	end_client(reads);
	alarm_free(reads->alarm);
	read_parser_deinit(&reads->parser);
	ranges_deinit(&reads->expected);
	free(reads);
}
