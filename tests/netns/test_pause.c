/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * Who is paused does nothing, and goes on afterwards, whoever dies in between. A victim here counts
 * in memory that the test sees, in two threads' worth of processes, so that "stands still" is told
 * by what it does and not by what the kernel says of it.
 */
enum {
	FAR_MS = 60000,
	STILL_MS = 100,
	MOVES_WITHIN_MS = 10000,
	OTHERS = 2
};

struct ground {
	struct world world;
	struct victims victims;
	volatile uint64_t *counts; /* of the counters, one each */
	pid_t counters[OTHERS];
};

/* ---- counters: children that count as fast as a sleep of a millisecond allows ---- */

static void count_for_ever(volatile uint64_t *count, const char *cgroup)
{
	/* An injector's input ends with the last who holds its other end. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (cgroup)
		victims_enter(cgroup);
	for (;;) {
		(*count)++;
		usleep(1000);
	}
}

static void end_counters(struct ground *ground)
{
	for (int i = 0; i < OTHERS; i++) {
		if (!ground->counters[i])
			continue;
		kill(ground->counters[i], SIGKILL);
		waitpid(ground->counters[i], NULL, 0);
		ground->counters[i] = 0;
	}
}

static bool moves_within(const struct ground *ground, int counter, int within_ms)
{
	uint64_t before = ground->counts[counter];
	int64_t give_up = now_ns() + within_ms * INT64_C(1000000);

	while (ground->counts[counter] == before && now_ns() < give_up)
		pause_ms(1);
	return ground->counts[counter] != before;
}

static void await_still(const struct ground *ground, int counter)
{
	int64_t give_up = now_ns() + MOVES_WITHIN_MS * INT64_C(1000000);

	while (moves_within(ground, counter, STILL_MS))
		assert_true(now_ns() < give_up);
}

static void assert_moves(const struct ground *ground, int counter)
{
	assert_true(moves_within(ground, counter, MOVES_WITHIN_MS));
}

static void start_counters(struct ground *ground, const char *cgroup)
{
	for (int i = 0; i < OTHERS; i++) {
		ground->counts[i] = 0;
		ground->counters[i] = fork();
		assert_true(ground->counters[i] >= 0);
		if (ground->counters[i] == 0)
			count_for_ever(&ground->counts[i], i == 0 ? cgroup : NULL);
	}
	/* Who counts is in its cgroup. */
	for (int i = 0; i < OTHERS; i++)
		assert_moves(ground, i);
}

/* ---- the world ---- */

static int begin(void **state)
{
	struct ground *ground = calloc(1, sizeof(*ground));

	assert_non_null(ground);
	world_up(&ground->world, 2, "clsact");
	victims_init(&ground->victims);
	ground->counts =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(ground->counts != MAP_FAILED);
	*state = ground;
	return 0;
}

static int finish(void **state)
{
	struct ground *ground = *state;

	end_counters(ground);
	victims_deinit(&ground->victims);
	world_assert_unchanged(&ground->world);
	world_down(&ground->world);
	munmap((void *)ground->counts, 4096);
	free(ground);
	return 0;
}

/* ---- orders ---- */

struct aim {
	char processes[256];
	const char *with; /* NULL: {} */
	int for_ms;       /* 0: FAR_MS */
};

static char *order(const struct aim *aim)
{
	return victims_order(&(struct victims_order){.fault = "pause",
		.id = "p",
		.processes = aim->processes,
		.with = aim->with,
		.start_in_ms = 1,
		.for_ms = aim->for_ms ? aim->for_ms : FAR_MS});
}

static void arm(struct injector *injector, const struct aim *aim)
{
	char *text = order(aim);
	cJSON *armed = injector_call(injector, "arm", "%s", text);

	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, "guardian");
	cJSON_Delete(armed);
	free(text);
}

static void assert_refused(struct injector *injector, const struct aim *aim, const char *part)
{
	char *text = order(aim), *said = injector_refusal(injector, "arm", "%s", text);

	if (!strstr(said, part))
		fail_msg("\"%s\" is not in: %s", part, said);
	free(said);
	free(text);
}

/* Counter 0, by its pidfile: the only selector that means one child of this test. */
static struct aim at_counter(struct ground *ground, const char *with)
{
	struct aim aim = {.with = with};

	victims_write_pidfile(&ground->victims, ground->counters[0], 0);
	snprintf(aim.processes, sizeof(aim.processes), "\"pidfile\":\"%s\"",
		ground->victims.pidfile);
	return aim;
}

static struct aim at_cgroup(struct ground *ground, const char *with)
{
	struct aim aim = {.with = with};

	snprintf(aim.processes, sizeof(aim.processes), "\"cgroup\":\"%s\"", ground->victims.cgroup);
	return aim;
}

static cJSON *first_process(struct injector *injector, cJSON **out_evidence)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"p\"]}");
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);

	*out_evidence = evidence;
	return cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "processes"), 0);
}

static int64_t number_of(const cJSON *item, const char *key)
{
	return strtoll(cJSON_GetObjectItem(item, key)->valuestring, NULL, 10);
}

/* ---- what is held, and let go ---- */

static const char *const ways[] = {"trace", "stop", "freeze"};

static struct aim aim_by(struct ground *ground, const char *way)
{
	static char with[32];

	snprintf(with, sizeof(with), "{\"how\":\"%s\"}", way);
	return strcmp(way, "freeze") == 0 ? at_cgroup(ground, with) : at_counter(ground, with);
}

/* Counter 0 stands still in that way. */
static struct injector *held(struct ground *ground, const char *way, const char *lease, int for_ms)
{
	struct injector *injector = injector_greeted(&ground->world, NODE_A, lease);
	struct aim aim;

	start_counters(ground, ground->victims.inside);
	aim = aim_by(ground, way);
	aim.for_ms = for_ms;
	arm(injector, &aim);
	await_still(ground, 0);
	return injector;
}

static void it_stands_still_and_goes_on(void **state)
{
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct injector *injector = held(ground, ways[i], "60s", FAR_MS);
		cJSON *evidence, *process;

		assert_moves(ground, 1);
		process = first_process(injector, &evidence);
		assert_string_equal(cJSON_GetObjectItem(process, "result")->valuestring, "sent");
		assert_string_equal(cJSON_GetObjectItem(process, "how")->valuestring, ways[i]);
		assert_true(number_of(process, "held_ns") > 0);
		assert_int_equal(number_of(process, "times"), 1);
		cJSON_Delete(evidence);
		injector_heal(injector, "p");
		assert_moves(ground, 0);
		assert_int_equal(injector_finish(injector), 0);
		end_counters(ground);
	}
}

/* Nobody says anything: the guardian lets go at the deadline by itself. */
static void it_goes_on_at_its_end(void **state)
{
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct injector *injector = held(ground, ways[i], "60s", 1500);

		injector_signal(injector, SIGSTOP);
		assert_moves(ground, 0);
		injector_signal(injector, SIGCONT);
		assert_int_equal(injector_finish(injector), 0);
		end_counters(ground);
	}
}

/* The lease ends while the injector is stopped. */
static void it_goes_on_at_the_end_of_the_lease(void **state)
{
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct injector *injector = held(ground, ways[i], "2s", FAR_MS);

		injector_signal(injector, SIGSTOP);
		assert_moves(ground, 0);
		injector_signal(injector, SIGCONT);
		injector_wait(injector);
		end_counters(ground);
	}
}

static void it_goes_on_when_the_injector_is_killed(void **state)
{
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct injector *injector = held(ground, ways[i], "60s", FAR_MS);
		int64_t killed_ns;

		killed_ns = now_ns();
		injector_signal(injector, SIGKILL);
		assert_moves(ground, 0);
		print_message("%s: moves %" PRId64 " us after SIGKILL of the injector\n", ways[i],
			(now_ns() - killed_ns) / 1000);
		injector_wait(injector);
		/* The guardian has replayed the ledger. */
		world_recover(&ground->world, NODE_A);
		end_counters(ground);
	}
}

#define LEFT "effects to undo" /* as doctor says it */

static void both_are_killed(void **state)
{
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct injector *injector = held(ground, ways[i], "60s", FAR_MS);
		pid_t guardian;

		guardian = injector_child(injector);
		injector_signal(injector, SIGSTOP);
		kill(guardian, SIGKILL);
		injector_signal(injector, SIGKILL);
		injector_wait(injector);
		/* By ptrace it is let go at once; the rest when somebody recovers. */
		if (strcmp(ways[i], "trace") != 0) {
			assert_false(moves_within(ground, 0, STILL_MS));
			assert_true(world_doctor_tells(&ground->world, NODE_A, LEFT));
		} else {
			assert_moves(ground, 0);
		}
		world_recover(&ground->world, NODE_A);
		assert_false(world_doctor_tells(&ground->world, NODE_A, LEFT));
		assert_moves(ground, 0);
		end_counters(ground);
	}
}

static void the_guardian_is_killed(void **state)
{
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct injector *injector = held(ground, ways[i], "60s", FAR_MS);

		kill(injector_child(injector), SIGKILL);
		assert_moves(ground, 0);
		/* Another one is started for what comes next. */
		injector_heal(injector, "p");
		assert_int_equal(injector_finish(injector), 0);
		end_counters(ground);
	}
}

/* Half of the time, again and again: it moves and stands still in turns. */
static void a_duty_cycle(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	cJSON *evidence, *process;
	struct aim aim;
	int64_t armed_ns;

	start_counters(ground, ground->victims.inside);
	aim = at_counter(ground, "{\"duty\":{\"held\":\"150ms\",\"every\":\"300ms\"}}");
	arm(injector, &aim);
	armed_ns = now_ns();
	for (int i = 0; i < 5; i++) {
		await_still(ground, 0);
		assert_moves(ground, 0);
	}
	process = first_process(injector, &evidence);
	assert_true(number_of(process, "times") >= 5);
	assert_true(number_of(process, "held_ns") < now_ns() - armed_ns);
	cJSON_Delete(evidence);
	injector_heal(injector, "p");
	assert_moves(ground, 0);
	assert_int_equal(injector_finish(injector), 0);
}

/* A target that dies while it is held is its parent's to bury at once. */
static void a_held_process_is_killed(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	struct aim aim;
	int status;

	start_counters(ground, NULL);
	aim = at_counter(ground, NULL);
	arm(injector, &aim);
	await_still(ground, 0);
	kill(ground->counters[0], SIGKILL);
	assert_int_equal(waitpid(ground->counters[0], &status, 0), ground->counters[0]);
	assert_true(WIFSIGNALED(status));
	ground->counters[0] = 0;
	assert_int_equal(injector_finish(injector), 0);
}

static void what_can_not_be_held(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	struct aim aim;

	start_counters(ground, ground->victims.inside);
	kill(ground->counters[0], SIGSTOP);
	await_still(ground, 0);
	aim = at_counter(ground, NULL);
	assert_refused(injector, &aim, "it stands still already");
	kill(ground->counters[0], SIGCONT);
	assert_moves(ground, 0);
	aim = at_counter(ground, "{\"how\":\"freeze\"}");
	assert_refused(injector, &aim, "holds a whole cgroup");
	aim = at_counter(ground, "{\"duty\":{\"held\":\"2s\",\"every\":\"1s\"}}");
	assert_refused(injector, &aim, "must be shorter than");
	/* Nothing stays behind a refusal: the same is possible afterwards. */
	aim = at_counter(ground, NULL);
	arm(injector, &aim);
	await_still(ground, 0);
	assert_int_equal(injector_finish(injector), 0);
	assert_moves(ground, 0);
}

/* In a cgroup of its own it survives what ends the injector's. */
static void its_cgroup_goes_with_it(void **state)
{
	struct ground *ground = *state;
	char path[PATH_MAX + 64];
	struct injector *injector;
	struct aim aim;

	injector = injector_greeted(&ground->world, NODE_A, "60s");
	victims_put(&ground->victims, injector->pid);

	start_counters(ground, ground->victims.inside);
	aim = at_counter(ground, NULL);
	arm(injector, &aim);
	snprintf(path, sizeof(path), "%s/backburn-guardian-%d", ground->victims.outer,
		injector->pid);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(injector_finish(injector), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
	assert_moves(ground, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_stands_still_and_goes_on, begin, finish),
		cmocka_unit_test_setup_teardown(it_goes_on_at_its_end, begin, finish),
		cmocka_unit_test_setup_teardown(it_goes_on_at_the_end_of_the_lease, begin, finish),
		cmocka_unit_test_setup_teardown(
			it_goes_on_when_the_injector_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(both_are_killed, begin, finish),
		cmocka_unit_test_setup_teardown(the_guardian_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(a_duty_cycle, begin, finish),
		cmocka_unit_test_setup_teardown(a_held_process_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(what_can_not_be_held, begin, finish),
		cmocka_unit_test_setup_teardown(its_cgroup_goes_with_it, begin, finish),
	};
	int skipped = world_init();

	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
