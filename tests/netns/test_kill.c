/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/* What the fault kill promises, with real processes: all of them are the test's own. */

enum {
	SOON_MS = 15000,
	FAR_MS = 60000,
	KINDS_MAX = 512
};

struct ground {
	struct world world;
	struct victims victims;
};

/* ---- asking ---- */

struct aim {
	const char *processes; /* members of the selector, without braces */
	const char *with;      /* NULL: {} */
	int start_in_ms;
};

static char *order(const struct aim *aim)
{
	return victims_order(&(struct victims_order){.fault = "kill",
		.id = "k",
		.processes = aim->processes,
		.with = aim->with,
		.start_in_ms = aim->start_in_ms,
		.for_ms = FAR_MS});
}

static void arm(struct injector *injector, const struct aim *aim)
{
	char *text = order(aim);
	cJSON *armed = injector_call(injector, "arm", "%s", text);

	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, "pidfd");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(armed, "interfaces")), 0);
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

static cJSON *evidence(struct injector *injector)
{
	cJSON *whole = injector_call(injector, "evidence", "{}");
	cJSON *fault = cJSON_DetachItemFromArray(cJSON_GetObjectItem(whole, "faults"), 0);

	assert_non_null(fault);
	cJSON_Delete(whole);
	return fault;
}

static const cJSON *hit_of(const cJSON *fault, pid_t pid)
{
	const cJSON *hit;

	cJSON_ArrayForEach(hit, cJSON_GetObjectItem(fault, "processes")) {
		if (cJSON_GetObjectItem(hit, "pid")->valueint == pid)
			return hit;
	}
	return NULL;
}

static int64_t time_at(const cJSON *object, const char *key)
{
	return strtoll(cJSON_GetObjectItem(object, key)->valuestring, NULL, 10);
}

/* Asks until the fault is over and each exit that must be seen is. */
static cJSON *await_over(struct injector *injector, size_t exits)
{
	int64_t give_up_ns = now_ns() + SOON_MS * INT64_C(1000000);

	for (;;) {
		cJSON *fault = evidence(injector);
		const cJSON *hit;
		size_t seen = 0;

		cJSON_ArrayForEach(hit, cJSON_GetObjectItem(fault, "processes")) {
			seen += time_at(hit, "exited_ns") > 0;
		}
		if (cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")) && seen == exits)
			return fault;
		cJSON_Delete(fault);
		assert_true(now_ns() < give_up_ns);
		pause_ms(5);
	}
}

static void assert_hit(const cJSON *fault, pid_t pid, const char *name, bool exited)
{
	const cJSON *hit = hit_of(fault, pid);

	assert_non_null(hit);
	assert_string_equal(cJSON_GetObjectItem(hit, "signal")->valuestring, name);
	assert_string_equal(cJSON_GetObjectItem(hit, "result")->valuestring, "sent");
	assert_true(time_at(hit, "sent_ns") >= time_at(fault, "start_ns"));
	if (exited)
		assert_true(time_at(hit, "exited_ns") >= time_at(hit, "sent_ns"));
	else
		assert_int_equal(time_at(hit, "exited_ns"), 0);
}

static struct injector *greeted(struct ground *ground, const char *option, const char *value)
{
	struct injector *injector =
		injector_start(&ground->world, NODE_A, option, value, (const char *)NULL);

	cJSON_Delete(injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"test\",\"controller\":\"the "
		"test\",\"lease\":\"60s\"}"));
	return injector;
}

/* ---- what is hit ---- */

static void the_oldest_is_killed_and_its_exit_seen(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t first = victim_start(victims, VICTIM_PLAIN), second, third;
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	victims_await_tick();
	second = victim_start(victims, VICTIM_PLAIN);
	third = victim_start(victims, VICTIM_PLAIN);
	snprintf(processes, sizeof(processes), "\"exe\":\"%s\",\"count\":1", victims->exe);
	arm(injector, &aim);
	fault = await_over(injector, 1);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(fault, "processes")), 1);
	assert_hit(fault, first, "KILL", true);
	assert_int_equal(victim_signal(victims, first), SIGKILL);
	assert_true(victim_lives(second) && victim_lives(third));
	/* The healing is an instant, not a state that something has to keep up. */
	assert_true(time_at(fault, "healed_ns") >= time_at(fault, "start_ns"));
	cJSON_Delete(fault);
	/* It said so by itself. */
	assert_non_null(injector->evidence);
	assert_int_equal(injector_finish(injector), 0);
	assert_true(victim_lives(second) && victim_lives(third));
}

static void all_that_match_are_hit(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t pids[3], other = victim_start(victims, VICTIM_OTHER_ARGUMENT);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes, .with = "{\"signal\":\"TERM\"}"};
	cJSON *fault;

	for (int i = 0; i < 3; i++)
		pids[i] = victim_start(victims, VICTIM_PLAIN);
	snprintf(processes, sizeof(processes), "\"exe\":\"%s\",\"cmdline\":\"*victim %s\"",
		victims->exe, VICTIM_ARGUMENT);
	arm(injector, &aim);
	fault = await_over(injector, 3);
	for (int i = 0; i < 3; i++) {
		assert_hit(fault, pids[i], "TERM", true);
		assert_int_equal(victim_signal(victims, pids[i]), SIGTERM);
	}
	assert_null(hit_of(fault, other));
	assert_true(victim_lives(other));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void who_ignores_the_signal_lives_on(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t deaf = victim_start(victims, VICTIM_IGNORES_TERM);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes, .with = "{\"signal\":\"TERM\"}"};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	arm(injector, &aim);
	fault = await_over(injector, 0);
	assert_hit(fault, deaf, "TERM", false);
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(hit_of(fault, deaf), "must_exit")));
	assert_true(victim_lives(deaf));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void outside_of_the_confinement_nobody_is_hit(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t inside = victim_start(victims, VICTIM_INSIDE),
	      outside = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = greeted(ground, "--cgroup", victims->inside);
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	arm(injector, &aim);
	fault = await_over(injector, 1);
	assert_hit(fault, inside, "KILL", true);
	assert_null(hit_of(fault, outside));
	assert_true(victim_lives(outside));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
	assert_true(victim_lives(outside));
}

static void a_cgroup_means_all_in_it_and_below(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t inside = victim_start(victims, VICTIM_INSIDE),
	      outside = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"cgroup\":\"%s\"", victims->cgroup);
	arm(injector, &aim);
	fault = await_over(injector, 1);
	assert_hit(fault, inside, "KILL", true);
	assert_true(victim_lives(outside));
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void the_dry_run_names_them_and_touches_nobody(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_INSIDE);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX], *text;
	struct aim aim = {.processes = processes};
	cJSON *said, *target;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	text = order(&aim);
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

static void a_pidfile_is_believed_with_care(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"pidfile\":\"%s\"", victims->pidfile);
	assert_refused(injector, &aim, "No such file");
	/* Written long before that process began: the pid was somebody else's then. */
	victims_write_pidfile(victims, victim, 3600);
	assert_refused(injector, &aim, "is stale");
	victims_write_pidfile(victims, INT_MAX, 0);
	assert_refused(injector, &aim, "no process with pidfile");
	assert_int_equal(unlink(victims->pidfile), 0);
	assert_int_equal(mkfifo(victims->pidfile, 0600), 0);
	assert_refused(injector, &aim, "is no regular file");
	victims_write_pidfile(victims, victim, 0);
	assert_int_equal(chown(victims->pidfile, 65534, 65534), 0);
	assert_refused(injector, &aim, "its owner could name anybody");
	assert_true(victim_lives(victim));
	victims_write_pidfile(victims, victim, 0);
	arm(injector, &aim);
	fault = await_over(injector, 1);
	assert_hit(fault, victim, "KILL", true);
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

static void some_are_never_hit(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	/* So far ahead that nothing would come of it even if one were armed. */
	struct aim aim = {.processes = processes, .start_in_ms = FAR_MS / 2};
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
		assert_refused(injector, &aim, cases[i].said);
	}
	assert_int_equal(injector_finish(injector), 0);
}

static void the_policy_of_the_host_protects(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_INSIDE);
	char processes[KINDS_MAX], policy[PATH_MAX + 64];
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
		injector = greeted(ground, "--policy", victims->policy);
		assert_refused(injector, &aim, "1 protected by this host's policy");
		assert_int_equal(injector_finish(injector), 0);
	}
	assert_true(victim_lives(victim));
}

static void what_makes_no_sense_is_refused(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char one[KINDS_MAX], two[KINDS_MAX];
	const struct {
		struct aim aim;
		const char *said;
	} cases[] = {
		{{"\"count\":1", NULL, 0}, "needs at least one of"},
		{{"\"exe\":\"victim\"", NULL, 0}, "absolute path"},
		{{one, "{\"signal\":\"STOP\"}", 0}, "would stay stopped"},
		{{two, NULL, 0}, "1 processes match, and \"count\" asks for 2"},
		{{"\"exe\":\"/nowhere/victim\"", NULL, 0}, "the usual causes"},
	};

	snprintf(one, sizeof(one), "\"exe\":\"%s\"", victims->exe);
	snprintf(two, sizeof(two), "\"exe\":\"%s\",\"count\":2", victims->exe);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(injector, &cases[i].aim, cases[i].said);
	assert_true(victim_lives(victim));
	assert_int_equal(injector_finish(injector), 0);
}

/* ---- nothing is sent before its time ---- */

static void healed_before_its_start_it_sends_nothing(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = 1500};
	int64_t past_ns;
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	arm(injector, &aim);
	past_ns = now_ns() + 2000 * INT64_C(1000000);
	injector_heal(injector, "k");
	/* The start comes and goes. */
	while (now_ns() < past_ns)
		cJSON_Delete(injector_call(injector, "ping", "{}"));
	fault = evidence(injector);
	assert_string_equal(
		cJSON_GetObjectItem(hit_of(fault, victim), "result")->valuestring, "not_sent");
	cJSON_Delete(fault);
	assert_true(victim_lives(victim));
	assert_int_equal(injector_finish(injector), 0);
}

static void however_the_session_ends_it_sends_nothing(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = 3000};
	int64_t past_ns = 0;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	for (int way = 0; way < 4; way++) {
		struct injector *injector =
			injector_greeted(&ground->world, NODE_A, way == 3 ? "1s" : "60s");

		arm(injector, &aim);
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

static void stopped_over_its_lease_it_sends_nothing(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "1500ms");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = 1000};
	int64_t past_ns;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	past_ns = now_ns() + 2500 * INT64_C(1000000);
	arm(injector, &aim);
	injector_signal(injector, SIGSTOP);
	while (now_ns() < past_ns)
		pause_ms(20);
	injector_signal(injector, SIGCONT);
	assert_int_equal(injector_wait(injector), 3);
	assert_true(victim_lives(victim));
}

static void late_it_is_sent_at_once(struct ground *ground)
{
	struct victims *victims = &ground->victims;
	pid_t victim = victim_start(victims, VICTIM_PLAIN);
	struct injector *injector = injector_greeted(&ground->world, NODE_A, "60s");
	char processes[KINDS_MAX];
	struct aim aim = {.processes = processes, .start_in_ms = -1000};
	cJSON *fault;

	snprintf(processes, sizeof(processes), "\"exe\":\"%s\"", victims->exe);
	arm(injector, &aim);
	fault = await_over(injector, 1);
	assert_hit(fault, victim, "KILL", true);
	cJSON_Delete(fault);
	assert_int_equal(injector_finish(injector), 0);
}

/* ---- the ground they stand on ---- */

static int set_up(void **state)
{
	struct ground *ground = calloc(1, sizeof(*ground));

	assert_non_null(ground);
	world_up(&ground->world, 2, "clsact");
	victims_init(&ground->victims);
	*state = ground;
	return 0;
}

static int tear_down(void **state)
{
	struct ground *ground = *state;

	victims_deinit(&ground->victims);
	world_down(&ground->world);
	free(ground);
	return 0;
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

#define BODY(name)                                                                                 \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		struct ground *ground = *state;                                                    \
                                                                                                   \
		name(ground);                                                                      \
		world_assert_unchanged(&ground->world);                                            \
	}
TESTS(BODY)

#define UNIT(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down),

int main(void)
{
	const struct CMUnitTest tests[] = {TESTS(UNIT)};
	int skipped = world_init();

	if (skipped)
		return skipped;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
