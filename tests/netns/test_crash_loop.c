/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/killing.h"

/*
 * A kill that strikes again and again, and one of a cgroup in one go. The test is the supervisor of
 * its victims.
 */

enum {
	EVERY_MS = 500
};
#define MS INT64_C(1000000)
#define EVERY "\"every\":\"500ms\""

static const cJSON *strike_of(const cJSON *fault, int index)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "strikes"), index);
}

static int number_of(const cJSON *strike, const char *key)
{
	const cJSON *number = cJSON_GetObjectItem(strike, key);

	return number ? number->valueint : 0;
}

/* Asks until the strike has come and is answered by that process. */
static cJSON *await_back(struct injector *injector, int index, pid_t pid)
{
	int64_t give_up_ns = now_ns() + 15000 * MS;

	for (;;) {
		cJSON *fault = killing_evidence(injector);

		if (number_of(strike_of(fault, index), "back_pid") == pid)
			return fault;
		cJSON_Delete(fault);
		assert_true(now_ns() < give_up_ns);
		pause_ms(5);
	}
}

static void whoever_runs_by_then_is_struck(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .with = "{" EVERY ",\"times\":4}"};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	killing_arm(injector, &aim);
	for (int i = 0; i < 3; i++) {
		int64_t began_ns, back_ns;

		assert_int_equal(victim_signal(victims, victim), SIGKILL);
		pause_ms(50);
		began_ns = now_ns();
		victim = victim_start(victims, VICTIM_PLAIN);
		fault = await_back(injector, i, victim);
		back_ns = killing_time(strike_of(fault, i), "back_ns");
		/* /proc tells when it began in hundredths of a second. */
		assert_in_range(back_ns, began_ns - 11 * MS, now_ns());
		assert_true(back_ns - killing_time(strike_of(fault, i), "at_ns") >= 39 * MS);
		assert_int_equal(number_of(strike_of(fault, i), "exited"), 1);
		cJSON_Delete(fault);
	}
	/* The fourth is the last, and nobody takes its victim's place. */
	assert_int_equal(victim_signal(victims, victim), SIGKILL);
	fault = killing_await_over(injector, 4);
	assert_null(strike_of(fault, 4));
	assert_int_equal(number_of(strike_of(fault, 3), "back_pid"), 0);
	for (int i = 1; i < 4; i++)
		assert_true(killing_time(strike_of(fault, i), "at_ns") >=
			killing_time(fault, "start_ns") + i * EVERY_MS * MS);
	assert_int_equal(number_of(killing_hit_of(fault, victim), "strike"), 4);
	cJSON_Delete(fault);
	victim = victim_start(victims, VICTIM_PLAIN);
	cJSON_Delete(await_back(injector, 3, victim));
	pause_ms(2 * EVERY_MS);
	assert_true(victim_lives(victim));
	assert_int_equal(injector_finish(injector), 0);
}

static void a_strike_that_finds_nobody_is_told(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .with = "{" EVERY "}", .for_ms = 3 * EVERY_MS};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	killing_arm(injector, &aim);
	assert_int_equal(victim_signal(victims, victim), SIGKILL);
	fault = killing_await_over(injector, 1);
	assert_int_equal(number_of(strike_of(fault, 0), "sent"), 1);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(number_of(strike_of(fault, i), "chosen"), 0);
		assert_non_null(cJSON_GetObjectItem(strike_of(fault, i), "trouble"));
	}
	/* At the deadline it is over. */
	assert_null(strike_of(fault, 3));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void however_the_session_ends_it_strikes_no_more(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .with = "{" EVERY "}"};

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	/* Healed, killed, stopped for longer than the lease. */
	for (int way = 0; way < 3; way++) {
		pid_t victim = victim_start(victims, VICTIM_PLAIN);
		struct injector *injector =
			injector_greeted(&killing->world, NODE_A, way == 2 ? "1s" : "60s");

		killing_arm(injector, &aim);
		assert_int_equal(victim_signal(victims, victim), SIGKILL);
		if (way == 0)
			injector_heal(injector, "k");
		else
			injector_signal(injector, way == 1 ? SIGKILL : SIGSTOP);
		victim = victim_start(victims, VICTIM_PLAIN);
		pause_ms(3 * EVERY_MS);
		if (way == 2)
			injector_signal(injector, SIGCONT);
		if (way == 0)
			assert_int_equal(injector_finish(injector), 0);
		else
			assert_int_equal(injector_wait(injector), way == 1 ? 128 + SIGKILL : 3);
		assert_true(victim_lives(victim));
	}
}

static void a_cgroup_is_killed_in_one_go(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t one = victim_start(victims, VICTIM_INSIDE),
	      two = victim_start(victims, VICTIM_IN_UNIT),
	      beside = victim_start(victims, VICTIM_PLAIN), late;
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {
		.processes = processes, .with = "{\"how\":\"cgroup\"}", .start_in_ms = 1500};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"cgroup\":\"%s\"", victims->cgroup);
	killing_arm(injector, &aim);
	/* It was not there when the fault was armed. */
	late = victim_start(victims, VICTIM_INSIDE);
	fault = killing_await_over(injector, 3);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(strike_of(fault, 0), "whole")));
	killing_assert_hit(fault, one, "KILL", true);
	killing_assert_hit(fault, two, "KILL", true);
	killing_assert_hit(fault, late, "KILL", true);
	assert_null(killing_hit_of(fault, beside));
	cJSON_Delete(fault);
	assert_int_equal(victim_signal(victims, one), SIGKILL);
	assert_int_equal(victim_signal(victims, two), SIGKILL);
	assert_int_equal(victim_signal(victims, late), SIGKILL);
	assert_true(victim_lives(beside));
	assert_int_equal(injector_finish(injector), 0);
}

static void a_cgroup_with_one_to_be_spared_is_not(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_INSIDE),
	      protected_one = victim_start(victims, VICTIM_IN_UNIT);
	char processes[KILLING_TEXT_MAX], policy[PATH_MAX + 64];
	struct aim aim = {.processes = processes, .with = "{\"how\":\"cgroup\"}"};
	struct injector *injector;
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"cgroup\":\"%s\"", victims->cgroup);
	snprintf(policy, sizeof(policy),
		"{\"backburn_policy\":1,\"protect\":{\"cgroups\":[\"%s/backburn-victims@%d\\\\x2da"
		".service\"]}}",
		victims->cgroup, (int)getpid());
	victims_write_policy(victims, policy);
	injector = killing_greeted(killing, "--policy", victims->policy);
	killing_refused(injector, &aim, "would be hit: 1 that match are left alone");
	assert_true(victim_lives(victim));
	/* Left to choose, it takes them one by one. */
	aim.with = NULL;
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(strike_of(fault, 0), "whole")));
	killing_assert_hit(fault, victim, "KILL", true);
	cJSON_Delete(fault);
	assert_true(victim_lives(protected_one));
	assert_int_equal(injector_finish(injector), 0);
}

#define TESTS(X)                                                                                   \
	X(whoever_runs_by_then_is_struck)                                                          \
	X(a_strike_that_finds_nobody_is_told)                                                      \
	X(however_the_session_ends_it_strikes_no_more)                                             \
	X(a_cgroup_is_killed_in_one_go)                                                            \
	X(a_cgroup_with_one_to_be_spared_is_not)

KILLING_MAIN(TESTS)
