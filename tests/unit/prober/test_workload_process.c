/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "harness.h"

/* A workload "w" of 100 operations a second that begins now; windows of 100 ms. */
static void order(struct harness *harness, const char *timeout, const char *behaviour)
{
	cJSON_Delete(harness_ask(harness, "workload",
		"{\"id\":\"w\",\"rate\":100,\"timeout\":\"%s\",\"start_ns\":\"%lld\","
		"\"window\":\"100ms\",\"argv\":[\"" FAKE_CLIENT "\",\"%s\"],"
		"\"env\":[\"TOKEN=secret\"]}",
		timeout, (long long)harness_now_ns(), behaviour));
}

static int has_attempted(const struct harness *harness, const void *context)
{
	struct workload_sum *sum = harness_workload(harness, "w");
	int enough = sum->highest >= *(const int64_t *)context;

	free(sum);
	return enough;
}

static struct workload_sum *run_until(struct harness *harness, int64_t operations)
{
	harness_await(harness, has_attempted, &operations);
	cJSON_Delete(harness_ask(harness, "stop", "{}"));
	return harness_workload(harness, "w");
}

/* Every attempted id has come to an end, and stands in no list twice. */
static void assert_complete(const struct workload_sum *sum)
{
	for (int64_t id = 1; id <= sum->highest; id++) {
		const struct operation_lists *lists = &sum->by_id[id];

		assert_int_equal(lists->attempted, 1);
		assert_in_range(lists->acked + lists->failed + lists->unknown, 1, 2);
		assert_true(lists->acked <= 1 && lists->failed <= 1 && lists->unknown <= 1);
		/* Twice only where a late ok followed. */
		if (lists->acked + lists->failed + lists->unknown == 2)
			assert_true(lists->acked && lists->unknown);
	}
}

static void answers_end_in_their_lists(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	struct workload_sum *sum;
	int late = 0;

	/* What is in time, and what is not, are far apart: also on a busy machine. */
	order(harness, "2s", "mixed");
	sum = run_until(harness, 700);
	assert_complete(sum);
	for (int64_t id = 1; id <= 200; id++) {
		const struct operation_lists *lists = &sum->by_id[id];

		switch (id % 10) {
		case 3:
			assert_int_equal(lists->failed, 1);
			break;
		case 5:
		case 9:
			assert_int_equal(lists->unknown, 1);
			assert_int_equal(lists->acked, 0);
			break;
		case 7: /* unknown first; the ok comes 4 s later, and counts */
			assert_int_equal(lists->unknown, 1);
			late += lists->acked;
			break;
		default:
			assert_int_equal(lists->acked, 1);
		}
	}
	assert_true(late >= 10);
	assert_non_null(strstr(sum->errors, "what is no answer: what is"));
	assert_null(strchr(sum->errors, '\x1b'));
	free(sum);
	assert_int_equal(harness_end(harness), 0);
}

static void a_dead_client_is_started_again(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	struct workload_sum *sum;

	order(harness, "5s", "dies");
	/* Twenty operations, then nobody is there for the rest of a second, then another. */
	sum = run_until(harness, 230);
	assert_complete(sum);
	assert_int_equal(sum->by_id[1].acked, 1);
	/* Not answered when the client died. */
	assert_int_equal(sum->by_id[10].unknown, 1);
	/* Never told to anybody. */
	assert_int_equal(sum->by_id[60].failed, 1);
	assert_non_null(strstr(sum->errors, "the client exited with status 3: I can't go on"));
	{
		int acked_by_the_next = 0;

		for (int64_t id = 80; id <= sum->highest; id++)
			acked_by_the_next += sum->by_id[id].acked;
		assert_true(acked_by_the_next >= 10);
	}
	free(sum);
	assert_int_equal(harness_end(harness), 0);
}

static void a_client_that_reads_nothing_leaves_all_unknown(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	struct workload_sum *sum;

	order(harness, "200ms", "deaf");
	sum = run_until(harness, 60);
	assert_complete(sum);
	for (int64_t id = 1; id <= sum->highest; id++)
		assert_int_equal(sum->by_id[id].acked, 0);
	assert_int_equal(sum->by_id[1].unknown + sum->by_id[1].failed, 1);
	assert_non_null(strstr(sum->errors, "was not answered in time"));
	free(sum);
	assert_int_equal(harness_end(harness), 0);
}

static void the_environment_is_minimal(void **state)
{
	(void)state;
	struct harness *harness;
	struct workload_sum *sum;

	setenv("BACKBURN_SOURCE", "anything", 1);
	harness = harness_new(0);
	order(harness, "5s", "env");
	sum = run_until(harness, 20);
	assert_complete(sum);
	assert_string_equal(sum->errors, "");
	for (int64_t id = 1; id <= sum->highest; id++)
		assert_int_equal(sum->by_id[id].acked, 1);
	free(sum);
	assert_int_equal(harness_end(harness), 0);
}

static void a_missing_client_is_an_error_at_once(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	struct wire_message reply = harness_call(harness, "workload",
		"{\"id\":\"w\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
		"\"1s\","
		"\"argv\":[\"/nowhere/client\"]}",
		(long long)harness_now_ns());

	assert_int_equal(reply.kind, WIRE_ERROR);
	assert_int_equal(reply.error.kind, FAIL_SYSTEM);
	assert_non_null(strstr(reply.error.text, "/nowhere/client"));
	wire_message_deinit(&reply);
	/* No shell looks at the words. */
	reply = harness_call(harness, "workload",
		"{\"id\":\"w\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
		"\"1s\","
		"\"argv\":[\"true; true\"]}",
		(long long)harness_now_ns());
	assert_int_equal(reply.kind, WIRE_ERROR);
	wire_message_deinit(&reply);
	assert_int_equal(harness_end(harness), 0);
}

static int says_its_pid(const struct harness *harness, const void *context)
{
	struct workload_sum *sum = harness_workload(harness, "w");
	const char *text = strstr(sum->errors, "pid ");
	int pids[2], *out = *(int *const *)context;
	int found = text && sscanf(text, "pid %d in group %d", &pids[0], &pids[1]) == 2;

	if (found)
		memcpy(out, pids, sizeof(pids));
	free(sum);
	return found;
}

static void the_end_of_input_kills_clients(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	int pids[2], *out = pids;
	struct pollfd end = {.events = POLLIN};

	order(harness, "5s", "stubborn");
	harness_await(harness, says_its_pid, &out);
	/* In a group of its own. */
	assert_int_equal(pids[0], pids[1]);
	assert_int_not_equal(pids[1], getpgrp());
	end.fd = (int)syscall(SYS_pidfd_open, pids[0], 0);
	assert_true(end.fd >= 0);
	assert_int_equal(harness_end(harness), 0);
	assert_int_equal(poll(&end, 1, HARNESS_DEADLINE_MS), 1);
	close(end.fd);
}

/* --- the final read -------------------------------------------------------------------- */

static void every_target_is_read(void **state)
{
	(void)state;
	static const char client[] = FAKE_CLIENT;
	struct harness *harness = harness_new(0);
	struct final_read_result result;
	struct fail fail = FAIL_INIT;
	struct member_read *reads;
	cJSON *reply = harness_ask(harness, "final_read",
		"{\"workload\":\"w\",\"timeout\":\"2s\",\"targets\":["
		"{\"node\":\"n1\",\"argv\":[\"%s\",\"present\",\"ok\",\"1\",\"2\",\"3\",\"7\"]},"
		"{\"node\":\"n2\",\"argv\":[\"%s\",\"present\",\"ok\",\"5\",\"4\",\"5\"]},"
		"{\"node\":\"n3\",\"argv\":[\"%s\",\"present\",\"fail\",\"no leader\"]},"
		"{\"node\":\"n4\",\"argv\":[\"%s\",\"deaf\"]},"
		"{\"node\":\"n5\",\"argv\":[\"%s\"]},"
		"{\"node\":\"n6\",\"argv\":[\"/nowhere/client\"]},"
		"{\"node\":\"n7\",\"argv\":[\"%s\",\"present\",\"ok\"]}]}",
		client, client, client, client, client, client);

	assert_int_equal(shape_decode(&final_read_result_shape, reply, "", &result, &fail), 0);
	cJSON_Delete(reply);
	assert_int_equal(result.reads.count, 7);
	reads = result.reads.items;
	assert_true(reads[0].ok);
	assert_int_equal(reads[0].present.count, 2);
	assert_int_equal(LIST_AT(reads[0].present, struct id_range, 0)->last, 3);
	assert_int_equal(reads[0].duplicates, 0);
	assert_true(reads[1].ok);
	assert_int_equal(reads[1].duplicates, 1);
	assert_false(reads[2].ok);
	assert_string_equal(reads[2].reason, "no leader");
	assert_false(reads[3].ok);
	assert_string_equal(reads[3].reason, "no answer in time");
	assert_false(reads[4].ok);
	assert_string_equal(reads[4].reason, "the client exited with status 64");
	assert_false(reads[5].ok);
	assert_non_null(strstr(reads[5].reason, "/nowhere/client"));
	assert_true(reads[6].ok);
	assert_int_equal(reads[6].present.count, 0);
	shape_free(&final_read_result_shape, &result);
	assert_int_equal(harness_end(harness), 0);
}

static void a_read_after_stop_is_obeyed(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	cJSON *reply;

	cJSON_Delete(harness_ask(harness, "stop", "{}"));
	reply = harness_ask(harness, "final_read",
		"{\"workload\":\"w\",\"timeout\":\"20s\",\"targets\":["
		"{\"node\":\"n1\",\"argv\":[\"%s\",\"present\",\"ok\",\"1\"]}]}",
		FAKE_CLIENT);
	assert_true(cJSON_IsTrue(
		cJSON_GetObjectItem(cJSON_GetObjectItem(reply, "reads")->child, "ok")));
	cJSON_Delete(reply);
	assert_int_equal(harness_end(harness), 0);
}

/* --- reads while it goes on ---------------------------------------------------------------- */

/* As order(), read back each 200 ms; `behaviour` is the rest of a list of JSON strings. */
static void order_with_reads(struct harness *harness, const char *behaviour)
{
	cJSON_Delete(harness_ask(harness, "workload",
		"{\"id\":\"w\",\"rate\":100,\"timeout\":\"5s\",\"start_ns\":\"%lld\","
		"\"window\":\"100ms\",\"read_every\":\"200ms\",\"read_timeout\":\"500ms\","
		"\"argv\":[\"" FAKE_CLIENT "\",%s],\"env\":[\"TOKEN=secret\"]}",
		(long long)harness_now_ns(), behaviour));
}

/* The reads told so far, as an array of `max`; how many there are. */
static size_t take_reads(const struct harness *harness, struct read_back *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < harness->note_count; i++) {
		struct fail fail = FAIL_INIT;

		if (strcmp(harness->notes[i].method, "read_back") != 0 || count == max)
			continue;
		if (shape_decode(
			    &read_back_shape, harness->notes[i].body, "", &out[count++], &fail) < 0)
			fail_msg("%s: %s", fail.path, fail.text);
	}
	return count;
}

enum {
	READS_WANTED = 4
};

static int has_been_read(const struct harness *harness, const void *context)
{
	size_t count = 0;

	(void)context;
	for (size_t i = 0; i < harness->note_count; i++)
		count += strcmp(harness->notes[i].method, "read_back") == 0;
	return count >= READS_WANTED;
}

static void run_until_read(const char *behaviour, struct read_back reads[READS_WANTED])
{
	struct harness *harness = harness_new(0);

	order_with_reads(harness, behaviour);
	harness_await(harness, has_been_read, NULL);
	assert_int_equal(take_reads(harness, reads, READS_WANTED), READS_WANTED);
	cJSON_Delete(harness_ask(harness, "stop", "{}"));
	assert_int_equal(harness_end(harness), 0);
}

static void free_reads(struct read_back reads[READS_WANTED])
{
	for (size_t i = 0; i < READS_WANTED; i++)
		shape_free(&read_back_shape, &reads[i]);
}

/* The client says that it has 1 to 3 and 6 only, whatever was added. */
static void what_was_acknowledged_before_a_read_is_missed_in_it(void **state)
{
	struct read_back reads[READS_WANTED] = {0};

	(void)state;
	run_until_read("\"present\",\"ok\",\"1\",\"2\",\"3\",\"6\"", reads);
	for (size_t i = 0; i < READS_WANTED; i++) {
		const struct id_range *missing = reads[i].missing.items;

		assert_true(reads[i].ok);
		assert_true(reads[i].ended_ns >= reads[i].sent_ns);
		assert_true(i == 0 || reads[i].sent_ns > reads[i - 1].ended_ns);
		assert_true(i == 0 || reads[i].expected >= reads[i - 1].expected);
		/* All are acknowledged in their order, so that it is known which were expected. */
		if (reads[i].expected < 8)
			continue;
		assert_int_equal(reads[i].missing.count, 2);
		assert_true(missing[0].first == 4 && missing[0].last == 5);
		assert_true(missing[1].first == 7 && missing[1].last == reads[i].expected);
		assert_int_equal(reads[i].missing_count, reads[i].expected - 4);
	}
	assert_true(reads[READS_WANTED - 1].expected >= 8);
	free_reads(reads);
}

static void a_read_that_fails_misses_nothing(void **state)
{
	static const struct {
		const char *behaviour, *reason;
	} cases[] = {
		{"\"present\",\"fail\",\"no quorum\"", "no quorum"},
		{"\"deaf\"", "no answer in time"},
	};
	struct read_back reads[READS_WANTED] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_until_read(cases[i].behaviour, reads);
		for (size_t j = 0; j < READS_WANTED; j++) {
			assert_false(reads[j].ok);
			assert_string_equal(reads[j].reason, cases[i].reason);
			assert_int_equal(reads[j].missing.count, 0);
			assert_int_equal(reads[j].missing_count, 0);
		}
		free_reads(reads);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_end_in_their_lists),
		cmocka_unit_test(a_dead_client_is_started_again),
		cmocka_unit_test(a_client_that_reads_nothing_leaves_all_unknown),
		cmocka_unit_test(the_environment_is_minimal),
		cmocka_unit_test(a_missing_client_is_an_error_at_once),
		cmocka_unit_test(the_end_of_input_kills_clients),
		cmocka_unit_test(every_target_is_read),
		cmocka_unit_test(a_read_after_stop_is_obeyed),
		cmocka_unit_test(what_was_acknowledged_before_a_read_is_missed_in_it),
		cmocka_unit_test(a_read_that_fails_misses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
