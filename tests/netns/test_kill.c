/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/killing.h"

/* What the fault kill promises, with real processes: all of them are the test's own. */

/* ---- what is hit ---- */

static void the_oldest_is_killed_and_its_exit_seen(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t first = victim_start(victims, VICTIM_PLAIN), second, third;
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	victims_await_tick();
	second = victim_start(victims, VICTIM_PLAIN);
	third = victim_start(victims, VICTIM_PLAIN);
	snprintf(processes, sizeof(processes), "\"exe\":\"%s\",\"count\":1", victims->exe);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(fault, "processes")), 1);
	killing_assert_hit(fault, first, "KILL", true);
	assert_int_equal(victim_signal(victims, first), SIGKILL);
	assert_true(victim_lives(second) && victim_lives(third));
	/* The healing is an instant, not a state that something has to keep up. */
	assert_true(killing_time(fault, "healed_ns") >= killing_time(fault, "start_ns"));
	cJSON_Delete(fault);
	/* It said so by itself. */
	assert_non_null(injector->evidence);
	assert_int_equal(injector_finish(injector), 0);
	assert_true(victim_lives(second) && victim_lives(third));
}

static void all_that_match_are_hit(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t pids[3], other = victim_start(victims, VICTIM_OTHER_ARGUMENT);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .with = "{\"signal\":\"TERM\"}"};
	cJSON *fault;

	for (int i = 0; i < 3; i++)
		pids[i] = victim_start(victims, VICTIM_PLAIN);
	snprintf(processes, sizeof(processes), "\"exe\":\"%s\",\"cmdline\":\"*victim %s\"",
		victims->exe, VICTIM_ARGUMENT);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 3);
	for (int i = 0; i < 3; i++) {
		killing_assert_hit(fault, pids[i], "TERM", true);
		assert_int_equal(victim_signal(victims, pids[i]), SIGTERM);
	}
	assert_null(killing_hit_of(fault, other));
	assert_true(victim_lives(other));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void who_ignores_the_signal_lives_on(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t deaf = victim_start(victims, VICTIM_IGNORES_TERM);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .with = "{\"signal\":\"TERM\"}"};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 0);
	killing_assert_hit(fault, deaf, "TERM", false);
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(killing_hit_of(fault, deaf), "must_exit")));
	assert_true(victim_lives(deaf));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void outside_of_the_confinement_nobody_is_hit(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t inside = victim_start(victims, VICTIM_INSIDE),
	      outside = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = killing_greeted(killing, "--cgroup", victims->inside);
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	killing_assert_hit(fault, inside, "KILL", true);
	assert_null(killing_hit_of(fault, outside));
	assert_true(victim_lives(outside));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
	assert_true(victim_lives(outside));
}

static void a_cgroup_means_all_in_it_and_below(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t inside = victim_start(victims, VICTIM_INSIDE),
	      outside = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"cgroup\":\"%s\"", victims->cgroup);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	killing_assert_hit(fault, inside, "KILL", true);
	assert_true(victim_lives(outside));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void the_dry_run_names_them_and_touches_nobody(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_INSIDE);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX], *text;
	struct aim aim = {.processes = processes};
	cJSON *said, *target;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	text = killing_order(&aim);
	said = injector_call(injector, "inspect", "%s", text);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(said, "processes")), 1);
	target = cJSON_GetArrayItem(cJSON_GetObjectItem(said, "processes"), 0);
	assert_int_equal(cJSON_GetObjectItem(target, "pid")->valueint, victim);
	assert_string_equal(cJSON_GetObjectItem(target, "exe")->valuestring, victims->exe);
	assert_non_null(
		strstr(cJSON_GetObjectItem(target, "cgroup")->valuestring, victims->cgroup));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(said, "interfaces")), 0);
	cJSON_Delete(said);
	free(text);
	assert_int_equal(injector_finish(injector), 0);
	assert_true(victim_lives(victim));
}

/* ---- what is never hit ---- */

static void a_pidfile_is_believed_with_care(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"pidfile\":\"%s\"", victims->pidfile);
	killing_refused(injector, &aim, "No such file");
	/* Written long before that process began: the pid was somebody else's then. */
	victims_write_pidfile(victims, victim, 3600);
	killing_refused(injector, &aim, "is stale");
	victims_write_pidfile(victims, INT_MAX, 0);
	killing_refused(injector, &aim, "no process with pidfile");
	assert_int_equal(unlink(victims->pidfile), 0);
	assert_int_equal(mkfifo(victims->pidfile, 0600), 0);
	killing_refused(injector, &aim, "is no regular file");
	victims_write_pidfile(victims, victim, 0);
	assert_int_equal(chown(victims->pidfile, 65534, 65534), 0);
	killing_refused(injector, &aim, "its owner could name anybody");
	assert_true(victim_lives(victim));
	victims_write_pidfile(victims, victim, 0);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	killing_assert_hit(fault, victim, "KILL", true);
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void some_are_never_hit(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	/* So far ahead that nothing would come of it even if one were armed. */
	struct aim aim = {.processes = processes, .start_in_ms = KILLING_FAR_MS / 2};
	const struct {
		int pid;
		const char *said;
	} cases[] = {
		{1, "1 pid 1"},
		{injector->pid, "1 this injector or what carries it"},
		{victims_parent_of(injector->pid), "1 this injector or what carries it"},
		/* kthreadd, and so no candidate at all */
		{2, "no process with pidfile"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(processes, sizeof(processes), "\"pidfile\":\"%s\"", victims->pidfile);
		victims_write_pidfile(victims, cases[i].pid, 0);
		killing_refused(injector, &aim, cases[i].said);
	}
	assert_int_equal(injector_finish(injector), 0);
}

static void the_policy_of_the_host_protects(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_INSIDE);
	char processes[KILLING_TEXT_MAX], policy[PATH_MAX + 64];
	struct aim aim = {.processes = processes};
	const char *const keys[] = {"exe", "cgroups"};
	const char *const values[] = {victims->exe, victims->cgroup};

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	for (size_t i = 0; i < 2; i++) {
		struct injector *injector;

		snprintf(policy, sizeof(policy),
			"{\"backburn_policy\":1,\"protect\":{\"%s\":[\"%s\"]}}", keys[i],
			values[i]);
		victims_write_policy(victims, policy);
		injector = killing_greeted(killing, "--policy", victims->policy);
		killing_refused(injector, &aim, "1 protected by this host's policy");
		assert_int_equal(injector_finish(injector), 0);
	}
	assert_true(victim_lives(victim));
}

static void what_makes_no_sense_is_refused(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char one[KILLING_TEXT_MAX], two[KILLING_TEXT_MAX];
	const struct {
		struct aim aim;
		const char *said;
	} cases[] = {
		{{"\"count\":1", NULL, 0, 0}, "needs at least one of"},
		{{"\"exe\":\"victim\"", NULL, 0, 0}, "absolute path"},
		{{one, "{\"signal\":\"STOP\"}", 0, 0}, "would stay stopped"},
		{{two, NULL, 0, 0}, "1 processes match, and \"count\" asks for 2"},
		{{"\"exe\":\"/nowhere/victim\"", NULL, 0, 0}, "the usual causes"},
	};

	snprintf(one, sizeof(one), "\"exe\":\"%s\"", victims->exe);
	snprintf(two, sizeof(two), "\"exe\":\"%s\",\"count\":2", victims->exe);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		killing_refused(injector, &cases[i].aim, cases[i].said);
	assert_true(victim_lives(victim));
	assert_int_equal(injector_finish(injector), 0);
}

/* ---- nothing is sent before its time ---- */

static void healed_before_its_start_it_sends_nothing(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = 1500};
	int64_t past_ns;
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	killing_arm(injector, &aim);
	past_ns = now_ns() + 2000 * INT64_C(1000000);
	injector_heal(injector, "k");
	/* The start comes and goes. */
	while (now_ns() < past_ns)
		cJSON_Delete(injector_call(injector, "ping", "{}"));
	fault = killing_evidence(injector);
	assert_string_equal(
		cJSON_GetObjectItem(killing_hit_of(fault, victim), "result")->valuestring,
		"not_sent");
	cJSON_Delete(fault);
	assert_true(victim_lives(victim));
	assert_int_equal(injector_finish(injector), 0);
}

static void however_the_session_ends_it_sends_nothing(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = 3000};
	int64_t past_ns = 0;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	for (int way = 0; way < 4; way++) {
		struct injector *injector =
			injector_greeted(&killing->world, NODE_A, way == 3 ? "1s" : "60s");

		killing_arm(injector, &aim);
		past_ns = now_ns() + 3500 * INT64_C(1000000);
		if (way == 0) {
			assert_int_equal(injector_finish(injector), 0);
			continue;
		}
		if (way < 3)
			injector_signal(injector, way == 1 ? SIGTERM : SIGKILL);
		assert_int_equal(injector_wait(injector),
			way == 1           ? 128 + SIGTERM
				: way == 2 ? 128 + SIGKILL
					   : 3);
	}
	while (now_ns() < past_ns)
		pause_ms(20);
	assert_true(victim_lives(victim));
}

static void stopped_over_its_lease_it_sends_nothing(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "1500ms");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = 1000};
	int64_t past_ns;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	past_ns = now_ns() + 2500 * INT64_C(1000000);
	killing_arm(injector, &aim);
	injector_signal(injector, SIGSTOP);
	while (now_ns() < past_ns)
		pause_ms(20);
	injector_signal(injector, SIGCONT);
	assert_int_equal(injector_wait(injector), 3);
	assert_true(victim_lives(victim));
}

static void late_it_is_sent_at_once(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = -1000};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	killing_assert_hit(fault, victim, "KILL", true);
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

#define TESTS(X)                                                                                   \
	X(the_oldest_is_killed_and_its_exit_seen)                                                  \
	X(all_that_match_are_hit)                                                                  \
	X(who_ignores_the_signal_lives_on)                                                         \
	X(outside_of_the_confinement_nobody_is_hit)                                                \
	X(a_cgroup_means_all_in_it_and_below)                                                      \
	X(the_dry_run_names_them_and_touches_nobody)                                               \
	X(a_pidfile_is_believed_with_care)                                                         \
	X(some_are_never_hit)                                                                      \
	X(the_policy_of_the_host_protects)                                                         \
	X(what_makes_no_sense_is_refused)                                                          \
	X(healed_before_its_start_it_sends_nothing)                                                \
	X(however_the_session_ends_it_sends_nothing)                                               \
	X(stopped_over_its_lease_it_sends_nothing)                                                 \
	X(late_it_is_sent_at_once)

KILLING_MAIN(TESTS)
