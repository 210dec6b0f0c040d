/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/readers.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * Who is skewed reads another time through every function that asks the vDSO, others the true one,
 * and afterwards its memory is as before. A reader here writes what it reads into memory that the
 * test sees, beside the true time, which it asks the kernel for.
 */
enum {
	FAR_MS = 60000,
	KILLS = 40,
	KILL_STEP_US = 700
};
#define SECOND INT64_C(1000000000)
#define NEAR (SECOND / 4)

struct ground {
	struct world world;
	struct victims victims;
	struct readers readers;
};

static int begin(void **state)
{
	struct ground *ground = calloc(1, sizeof(*ground));

	assert_non_null(ground);
	readers_ground_up(&ground->world, &ground->victims, &ground->readers);
	*state = ground;
	return 0;
}

static int finish(void **state)
{
	struct ground *ground = *state;

	readers_ground_down(&ground->world, &ground->victims, &ground->readers);
	free(ground);
	return 0;
}

/* ---- orders ---- */

/* An id is used once in a session. */
static char fault_id[16];

static char *order(struct ground *ground, pid_t pid, const char *with, int for_ms)
{
	static int orders;

	snprintf(fault_id, sizeof(fault_id), "s%d", ++orders);
	return victims_order_for(&ground->victims, pid,
		&(struct victims_order){.fault = "clock_skew",
			.id = fault_id,
			.with = with,
			.start_in_ms = 1,
			.for_ms = for_ms});
}

static void arm(struct ground *ground, struct injector *injector, pid_t pid, const char *with)
{
	char *text = order(ground, pid, with, FAR_MS);
	cJSON *armed = injector_call(injector, "arm", "%s", text);

	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, "vdso");
	cJSON_Delete(armed);
	free(text);
}

static void assert_refused(
	struct ground *ground, struct injector *injector, pid_t pid, const char *part)
{
	char *text = order(ground, pid, "{\"offset\":\"+30s\"}", FAR_MS);
	char *said = injector_refusal(injector, "arm", "%s", text);

	if (!strstr(said, part))
		fail_msg("\"%s\" is not in: %s", part, said);
	free(said);
	free(text);
}

static cJSON *first_process(struct injector *injector, cJSON **out_evidence)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"%s\"]}", fault_id);
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);

	*out_evidence = evidence;
	return cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "processes"), 0);
}

/* ---- what is skewed ---- */

static void every_way_to_ask(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	const struct reader *other = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char *maps = readers_maps(reader->pid);
	cJSON *evidence, *process, *measure;

	arm(ground, injector, reader->pid, "{\"offset\":\"-2h\"}");
	for (int way = 0; way <= READER_LAST_WALL; way++)
		readers_await(reader, way, -7200 * SECOND, NEAR);
	readers_await(reader, READER_MONOTONIC, 0, NEAR);
	readers_await(other, READER_REALTIME, 0, NEAR);
	measure = injector_measure(injector, fault_id, "skew at start", "ingress");
	assert_true(cJSON_GetObjectItem(measure, "achieved")->valuedouble == -7200e9);
	cJSON_Delete(measure);
	process = first_process(injector, &evidence);
	assert_string_equal(cJSON_GetObjectItem(process, "how")->valuestring, "detour");
	assert_true(strtoll(cJSON_GetObjectItem(process, "times")->valuestring, NULL, 10) > 0);
	assert_true(strtoll(cJSON_GetObjectItem(process, "held_ns")->valuestring, NULL, 10) > 0);
	assert_int_equal(
		strtoll(cJSON_GetObjectItem(process, "threads")->valuestring, NULL, 10), 1);
	cJSON_Delete(evidence);
	injector_heal(injector, fault_id);
	readers_await(reader, READER_REALTIME, 0, NEAR);
	readers_assert_maps(reader->pid, maps);
	free(maps);
	assert_int_equal(injector_finish(injector), 0);
}

static void threads_forks_and_static_programs(void **state)
{
	static const enum reader_kind kinds[] = {READER_THREADS, READER_FORKS, READER_STATIC,
		READER_APART, READER_STRANGER, READER_NOBODY};
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct reader *reader = readers_start(&ground->readers, kinds[i]);
		struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
		char *maps = readers_maps(readers_child_of(reader));

		arm(ground, injector, readers_child_of(reader), "{\"offset\":\"+30s\"}");
		/* The kind that forks does it from here on: its child reads, and not itself. */
		readers_go_on(reader);
		readers_await(reader, READER_REALTIME, 30 * SECOND, NEAR);
		injector_heal(injector, fault_id);
		readers_await(reader, READER_REALTIME, 0, NEAR);
		readers_assert_maps(readers_child_of(reader), maps);
		free(maps);
		assert_int_equal(injector_finish(injector), 0);
		readers_end(&ground->readers);
	}
}

static void drift_freeze_strobe_and_a_slow_steady_clock(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");

	arm(ground, injector, reader->pid, "{\"drift\":1.5}");
	readers_await(reader, READER_REALTIME, SECOND, NEAR);
	injector_heal(injector, fault_id);
	arm(ground, injector, reader->pid, "{\"freeze\":true}");
	readers_await(reader, READER_REALTIME, -SECOND, NEAR);
	injector_heal(injector, fault_id);
	arm(ground, injector, reader->pid,
		"{\"offset\":\"+10s\",\"strobe\":{\"offset\":\"-10s\",\"every\":\"200ms\"}}");
	for (int i = 0; i < 3; i++) {
		readers_await(reader, READER_REALTIME, 10 * SECOND, NEAR);
		readers_await(reader, READER_REALTIME, -10 * SECOND, NEAR);
	}
	injector_heal(injector, fault_id);
	arm(ground, injector, reader->pid, "{\"drift\":0.5,\"clocks\":\"all\"}");
	readers_await(reader, READER_MONOTONIC, -SECOND, NEAR);
	injector_heal(injector, fault_id);
	readers_await(reader, READER_MONOTONIC, 0, NEAR);
	assert_int_equal(reader->page->steps_back, 0);
	assert_int_equal(injector_finish(injector), 0);
}

/* What the page says of the limits: the kernel waits by its own clock. */
static void an_absolute_wait_takes_longer(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");

	arm(ground, injector, reader->pid, "{\"offset\":\"+2s\"}");
	readers_await(reader, READER_REALTIME, 2 * SECOND, NEAR);
	readers_go_on(reader);
	readers_await(reader, READER_WAIT, 2 * SECOND, SECOND);
	print_message("a wait of 100 ms took %" PRId64 " ms longer\n",
		reader->page->off_ns[READER_WAIT] / 1000000);
	assert_int_equal(injector_finish(injector), 0);
}

static void a_change_needs_no_stop(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");

	arm(ground, injector, reader->pid, "{\"offset\":\"+30s\"}");
	readers_await(reader, READER_REALTIME, 30 * SECOND, NEAR);
	cJSON_Delete(injector_call(
		injector, "update", "{\"fault\":\"%s\",\"with\":{\"offset\":\"-1m\"}}", fault_id));
	readers_await(reader, READER_REALTIME, -60 * SECOND, NEAR);
	assert_int_equal(injector_finish(injector), 0);
	readers_await(reader, READER_REALTIME, 0, NEAR);
}

/* ---- what ends it ---- */

static struct injector *skewed(
	struct ground *ground, const struct reader *reader, const char *lease, int for_ms)
{
	struct injector *injector = injector_greeted(&ground->world, NODE_A, lease);
	char *text = order(ground, reader->pid, "{\"offset\":\"+30s\"}", for_ms);

	cJSON_Delete(injector_call(injector, "arm", "%s", text));
	free(text);
	readers_await(reader, READER_REALTIME, 30 * SECOND, NEAR);
	return injector;
}

static void the_injector_is_killed(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_THREADS);
	char *maps = readers_maps(reader->pid);
	struct injector *injector = skewed(ground, reader, "60s", FAR_MS);
	int64_t killed_ns = now_ns();

	injector_signal(injector, SIGKILL);
	readers_await(reader, READER_REALTIME, 0, NEAR);
	print_message("true %" PRId64 " us after SIGKILL of the injector\n",
		(now_ns() - killed_ns) / 1000);
	injector_wait(injector);
	world_recover(&ground->world, NODE_A);
	readers_assert_maps(reader->pid, maps);
	free(maps);
	readers_await(reader, READER_REALTIME, 0, NEAR);
}

/* Some microseconds later each time, from before it holds the target until it is armed. */
static void it_is_killed_while_it_attaches(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_STORM);
	char *maps = readers_maps(reader->pid);
	int left = 0;

	for (int i = 0; i < KILLS; i++) {
		struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
		char *text = order(ground, reader->pid, "{\"offset\":\"+30s\"}", FAR_MS);
		int64_t give_up = now_ns() + 10 * SECOND;

		injector_ask(injector, "arm", "%s", text);
		free(text);
		usleep((useconds_t)(i * KILL_STEP_US));
		injector_signal(injector, SIGKILL);
		injector_wait(injector);
		left += !readers_has_maps(reader->pid, maps);
		/* Who holds the target may need a moment for what it has begun. */
		do
			world_recover(&ground->world, NODE_A);
		while (!readers_has_maps(reader->pid, maps) && now_ns() < give_up);
		readers_assert_maps(reader->pid, maps);
		readers_await(reader, READER_REALTIME, 0, NEAR);
		assert_int_equal(reader->page->wrong, 0);
	}
	print_message("killed %d times, %d of them with something left\n", KILLS, left);
	free(maps);
}

/* The stub compares the deadline and the lease itself. */
static void it_ends_while_the_injector_is_stopped(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = skewed(ground, reader, "60s", 1500);

	injector_signal(injector, SIGSTOP);
	readers_await(reader, READER_REALTIME, 0, NEAR);
	injector_signal(injector, SIGCONT);
	assert_int_equal(injector_finish(injector), 0);
	injector = skewed(ground, reader, "2s", FAR_MS);
	injector_signal(injector, SIGSTOP);
	readers_await(reader, READER_REALTIME, 0, NEAR);
	injector_signal(injector, SIGCONT);
	injector_wait(injector);
}

static void a_target_that_dies_or_runs_another_program(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = skewed(ground, reader, "60s", FAR_MS);

	kill(reader->pid, SIGKILL);
	waitpid(reader->pid, NULL, 0);
	injector_heal(injector, fault_id);
	readers_end(&ground->readers);
	reader = readers_start(&ground->readers, READER_EXECS);
	arm(ground, injector, reader->pid, "{\"offset\":\"+30s\"}");
	readers_go_on(reader);
	injector_heal(injector, fault_id);
	assert_int_equal(injector_finish(injector), 0);
}

/* ---- what can't be ---- */

static void what_can_not_be_skewed(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	int status;

	assert_int_equal(ptrace(PTRACE_SEIZE, reader->pid, 0, 0), 0);
	assert_refused(ground, injector, reader->pid, "another process traces it");
	ptrace(PTRACE_INTERRUPT, reader->pid, 0, 0);
	assert_int_equal(waitpid(reader->pid, &status, 0), reader->pid);
	ptrace(PTRACE_DETACH, reader->pid, 0, 0);
	/* Nothing stays behind a refusal. */
	arm(ground, injector, reader->pid, "{\"offset\":\"+30s\"}");
	readers_await(reader, READER_REALTIME, 30 * SECOND, NEAR);
	assert_int_equal(injector_finish(injector), 0);
	readers_await(reader, READER_REALTIME, 0, NEAR);
}

/* A filter that would end the process for our calls is set aside, or it is refused; it lives on. */
static void one_that_a_filter_confines(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_CONFINED);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char *text = order(ground, reader->pid, "{\"offset\":\"+30s\"}", FAR_MS);
	cJSON *reply;

	injector_ask(injector, "arm", "%s", text);
	reply = injector_reply(injector);
	free(text);
	if (cJSON_GetObjectItem(reply, "result"))
		readers_await(reader, READER_REALTIME, 30 * SECOND, NEAR);
	else
		print_message("refused: %s\n",
			cJSON_GetObjectItem(cJSON_GetObjectItem(reply, "error"), "message")
				->valuestring);
	cJSON_Delete(reply);
	assert_int_equal(injector_finish(injector), 0);
	readers_await(reader, READER_REALTIME, 0, NEAR);
	assert_int_equal(kill(reader->pid, 0), 0);
}

/* Whatever it makes of what it shares, the injector goes on, and answers. */
static void a_target_that_spoils_its_pages(void **state)
{
	static const enum reader_kind kinds[] = {
		READER_HOSTILE, READER_UNMAPS, READER_REPLACES, READER_CUTS};
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct reader *reader = readers_start(&ground->readers, kinds[i]);
		struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
		cJSON *evidence, *process;

		arm(ground, injector, reader->pid, "{\"offset\":\"+30s\",\"drift\":1.5}");
		readers_await(reader, READER_REALTIME, 30 * SECOND, SECOND);
		readers_go_on(reader);
		while (reader->page->go_on)
			pause_ms(1);
		readers_await_fresh(reader);
		assert_int_equal(reader->page->signals, 2);
		process = first_process(injector, &evidence);
		assert_true(
			strtoll(cJSON_GetObjectItem(process, "times")->valuestring, NULL, 10) >= 0);
		cJSON_Delete(evidence);
		cJSON_Delete(injector_call(injector, "update",
			"{\"fault\":\"%s\",\"with\":{\"offset\":\"-1m\"}}", fault_id));
		cJSON_Delete(injector_call(injector, "renew", "{\"lease\":\"60s\"}"));
		injector_heal(injector, fault_id);
		assert_int_equal(injector_finish(injector), 0);
		assert_int_equal(kill(reader->pid, 0), 0);
		readers_end(&ground->readers);
	}
}

static void one_that_has_ended_and_is_not_buried(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = readers_start(&ground->readers, READER_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	siginfo_t how;

	kill(reader->pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)reader->pid, &how, WEXITED | WNOWAIT), 0);
	assert_refused(ground, injector, reader->pid, "no process");
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_way_to_ask, begin, finish),
		cmocka_unit_test_setup_teardown(threads_forks_and_static_programs, begin, finish),
		cmocka_unit_test_setup_teardown(
			drift_freeze_strobe_and_a_slow_steady_clock, begin, finish),
		cmocka_unit_test_setup_teardown(an_absolute_wait_takes_longer, begin, finish),
		cmocka_unit_test_setup_teardown(a_change_needs_no_stop, begin, finish),
		cmocka_unit_test_setup_teardown(the_injector_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(it_is_killed_while_it_attaches, begin, finish),
		cmocka_unit_test_setup_teardown(
			it_ends_while_the_injector_is_stopped, begin, finish),
		cmocka_unit_test_setup_teardown(
			a_target_that_dies_or_runs_another_program, begin, finish),
		cmocka_unit_test_setup_teardown(what_can_not_be_skewed, begin, finish),
		cmocka_unit_test_setup_teardown(one_that_a_filter_confines, begin, finish),
		cmocka_unit_test_setup_teardown(
			one_that_has_ended_and_is_not_buried, begin, finish),
		cmocka_unit_test_setup_teardown(a_target_that_spoils_its_pages, begin, finish),
	};
	int skipped = world_init();

	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
