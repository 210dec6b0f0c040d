/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/readers.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * A whole cgroup is skewed, and what is started in it later with it: each program is stopped before
 * its first instruction until its clock is led. Whoever dies meanwhile, nobody stays stopped.
 */
enum {
	FAR_MS = 60000,
	PROGRAMS = 40,
	STREAM = 50
};
#define SECOND INT64_C(1000000000)
#define AHEAD (3600 * SECOND)
#define NEAR (20 * SECOND)
#define PATIENCE (30 * SECOND)
#define LED "led of what was started later"

struct ground {
	struct world world;
	struct victims victims;
	struct readers readers;
	const struct reader *resident; /* lives in the cgroup */
	char *maps;                    /* as they were */
};

static int begin(void **state)
{
	struct ground *ground = calloc(1, sizeof(*ground));

	assert_non_null(ground);
	readers_ground_up(&ground->world, &ground->victims, &ground->readers);
	ground->resident = readers_start(&ground->readers, READER_PLAIN);
	victims_put(&ground->victims, ground->resident->pid);
	ground->maps = readers_maps(ground->resident->pid);
	*state = ground;
	return 0;
}

/* A guardian whose injector is dead heals beside us. */
static void await_maps(const struct ground *ground)
{
	int64_t give_up = now_ns() + PATIENCE;

	while (!readers_has_maps(ground->resident->pid, ground->maps) && now_ns() < give_up)
		pause_ms(5);
	readers_assert_maps(ground->resident->pid, ground->maps);
}

static int finish(void **state)
{
	struct ground *ground = *state;

	await_maps(ground);
	free(ground->maps);
	readers_ground_down(&ground->world, &ground->victims, &ground->readers);
	free(ground);
	return 0;
}

/* ---- programs ---- */

struct program {
	pid_t pid;
	int from;
};

static void become(const char *cgroup, const char *command)
{
	char *const arguments[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};

	if (cgroup)
		victims_enter(cgroup);
	execv("/bin/sh", arguments);
	_exit(127);
}

static struct program start(const char *cgroup, const char *command)
{
	struct program program;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	program.pid = fork();
	assert_true(program.pid >= 0);
	if (program.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(ends[1], STDOUT_FILENO) < 0)
			_exit(127);
		become(cgroup, command);
	}
	close(ends[1]);
	program.from = ends[0];
	return program;
}

/* Waits for its end. What it wrote is a number of nanoseconds: how far that is from the truth. */
static int64_t end(struct program program)
{
	char text[64] = "";
	size_t used = 0;
	struct timespec now;
	ssize_t got;
	int status;

	while ((got = read(program.from, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)got;
	close(program.from);
	assert_int_equal(waitpid(program.pid, &status, 0), program.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	clock_gettime(CLOCK_REALTIME, &now);
	return strtoll(text, NULL, 10) - (now.tv_sec * SECOND + now.tv_nsec);
}

static int64_t read_date(const char *cgroup, const char *command)
{
	return end(start(cgroup, command));
}

static void assert_near(int64_t off_ns, int64_t expected_ns)
{
	if (llabs(off_ns - expected_ns) > NEAR)
		fail_msg("%" PRId64 " ms off, not %" PRId64, off_ns / 1000000,
			expected_ns / 1000000);
}

static char state_of(pid_t pid)
{
	char path[64], text[256] = "";
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return '\0';
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	at = strrchr(text, ')');
	return at ? at[2] : '\0';
}

static void await_state(pid_t pid, bool stopped)
{
	int64_t give_up = now_ns() + PATIENCE;

	while ((state_of(pid) == 'T') != stopped) {
		if (now_ns() > give_up)
			fail_msg("process %d is still %c", pid, state_of(pid));
		pause_ms(1);
	}
}

/* ---- orders ---- */

static struct injector *skewed(
	struct ground *ground, const char *lease, const char *with, int for_ms)
{
	struct injector *injector = injector_greeted(&ground->world, NODE_A, lease);
	char processes[160], *text;

	snprintf(processes, sizeof(processes), "\"cgroup\":\"%s\"", ground->victims.cgroup);
	text = victims_order(&(struct victims_order){.fault = "clock_skew",
		.id = "s",
		.processes = processes,
		.with = with,
		.start_in_ms = 1,
		.for_ms = for_ms});
	cJSON_Delete(injector_call(injector, "arm", "%s", text));
	free(text);
	readers_await(ground->resident, READER_REALTIME, AHEAD, SECOND);
	return injector;
}

#define WITH "{\"offset\":\"+1h\"}"
#define DATE "exec date +%s%N"

/* ---- what is started later ---- */

static void assert_evidence(struct injector *injector, int later)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"s\"]}");
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0), *process;
	cJSON *measure = injector_measure(injector, "s", LED, "ingress");
	int led = 0;

	cJSON_ArrayForEach(process, cJSON_GetObjectItem(fault, "processes")) {
		if (strcmp(cJSON_GetObjectItem(process, "how")->valuestring, "gate") != 0)
			continue;
		assert_string_equal(cJSON_GetObjectItem(process, "result")->valuestring, "sent");
		led++;
	}
	assert_true(led >= later);
	assert_true(cJSON_GetObjectItem(measure, "achieved")->valuedouble == 1);
	cJSON_Delete(measure);
	cJSON_Delete(evidence);
}

static void programs_that_come_later(void **state)
{
	struct ground *ground = *state;
	const char *cgroup = ground->victims.inside;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);

	assert_near(read_date(cgroup, DATE), AHEAD);
	/* A child that is forked, and a pipeline. */
	assert_near(read_date(cgroup, "date +%s%N; :"), AHEAD);
	assert_near(read_date(cgroup, "date +%s%N | cat"), AHEAD);
	assert_near(read_date(NULL, DATE), 0);
	assert_evidence(injector, 3);
	injector_heal(injector, "s");
	assert_near(read_date(cgroup, DATE), 0);
	readers_await(ground->resident, READER_REALTIME, 0, SECOND);
	assert_int_equal(injector_finish(injector), 0);
}

static void many_come_at_once(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);
	struct program programs[PROGRAMS];
	int64_t from_ns = now_ns();

	for (int i = 0; i < PROGRAMS; i++)
		programs[i] = start(ground->victims.inside, DATE);
	for (int i = 0; i < PROGRAMS; i++)
		assert_near(end(programs[i]), AHEAD);
	/* Each is started twice, as the shell and as what that becomes. */
	print_message(
		"%d programs in %" PRId64 " ms\n", 2 * PROGRAMS, (now_ns() - from_ns) / 1000000);
	assert_evidence(injector, 1);
	assert_int_equal(injector_finish(injector), 0);
}

static int64_t led_so_far(struct injector *injector)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"s\"]}");
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0), *measure;
	int64_t led = 0;

	cJSON_ArrayForEach(measure, cJSON_GetObjectItem(fault, "measures")) {
		if (strcmp(cJSON_GetObjectItem(measure, "name")->valuestring, LED) == 0)
			led = strtoll(cJSON_GetObjectItem(measure, "hits")->valuestring, NULL, 10);
	}
	cJSON_Delete(evidence);
	return led;
}

/* The lease is renewed, and questions are answered, while programs stream in. */
static void a_stream_of_programs(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);
	struct program stream =
		start(ground->victims.inside, "while :; do /bin/true; done; exec date +%s%N");

	while (led_so_far(injector) < STREAM)
		cJSON_Delete(injector_call(injector, "renew", "{\"lease\":\"60s\"}"));
	assert_evidence(injector, 1);
	injector_heal(injector, "s");
	assert_near(read_date(ground->victims.inside, DATE), 0);
	kill(stream.pid, SIGKILL);
	close(stream.from);
	assert_int_equal(waitpid(stream.pid, NULL, 0), stream.pid);
	assert_int_equal(injector_finish(injector), 0);
}

static void it_can_be_left_out(void **state)
{
	struct ground *ground = *state;
	struct injector *injector =
		skewed(ground, "60s", "{\"offset\":\"+1h\",\"later\":false}", FAR_MS);

	assert_near(read_date(ground->victims.inside, DATE), 0);
	assert_int_equal(injector_finish(injector), 0);
}

/* What was stopped in the midst of its work is nobody's business but of who stopped it. */
static void who_is_stopped_by_another_stays_so(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);

	kill(ground->resident->pid, SIGSTOP);
	await_state(ground->resident->pid, true);
	injector_signal(injector, SIGKILL);
	injector_wait(injector);
	world_recover(&ground->world, NODE_A);
	/* One that was stopped in the midst of a reading is looked at now and then, and left so. */
	await_state(ground->resident->pid, true);
	kill(ground->resident->pid, SIGCONT);
	readers_await(ground->resident, READER_REALTIME, 0, SECOND);
}

/* ---- who dies ---- */

/* An injector that is stopped takes nobody, so who comes stands. */
static struct program standing(struct ground *ground, struct injector *injector)
{
	struct program program;

	injector_signal(injector, SIGSTOP);
	program = start(ground->victims.inside, DATE);
	await_state(program.pid, true);
	return program;
}

static void the_injector_is_killed(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);
	struct program program = standing(ground, injector);

	injector_signal(injector, SIGKILL);
	assert_near(end(program), 0);
	injector_wait(injector);
	assert_near(read_date(ground->victims.inside, DATE), 0);
	world_recover(&ground->world, NODE_A);
}

static void the_injector_is_stopped(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "2s", WITH, FAR_MS);
	struct program program = standing(ground, injector);

	/* With the lease, by the guardian. */
	assert_near(end(program), 0);
	assert_near(read_date(ground->victims.inside, DATE), 0);
	injector_signal(injector, SIGCONT);
	injector_wait(injector);
}

static void the_guardian_is_killed_too(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);
	pid_t guardian = injector_child(injector);
	struct program program = standing(ground, injector);

	kill(guardian, SIGKILL);
	injector_signal(injector, SIGKILL);
	injector_wait(injector);
	await_state(program.pid, true);
	world_recover(&ground->world, NODE_A);
	assert_near(end(program), 0);
}

/* Without it nobody is stopped any more. */
static void only_the_guardian_is_killed(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = skewed(ground, "60s", WITH, FAR_MS);
	int64_t off_ns;

	kill(injector_child(injector), SIGKILL);
	do
		off_ns = read_date(ground->victims.inside, DATE);
	while (llabs(off_ns) > NEAR);
	readers_await(ground->resident, READER_REALTIME, AHEAD, SECOND);
	assert_int_equal(injector_finish(injector), 0);
	readers_await(ground->resident, READER_REALTIME, 0, SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(programs_that_come_later, begin, finish),
		cmocka_unit_test_setup_teardown(many_come_at_once, begin, finish),
		cmocka_unit_test_setup_teardown(a_stream_of_programs, begin, finish),
		cmocka_unit_test_setup_teardown(it_can_be_left_out, begin, finish),
		cmocka_unit_test_setup_teardown(who_is_stopped_by_another_stays_so, begin, finish),
		cmocka_unit_test_setup_teardown(the_injector_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(the_injector_is_stopped, begin, finish),
		cmocka_unit_test_setup_teardown(the_guardian_is_killed_too, begin, finish),
		cmocka_unit_test_setup_teardown(only_the_guardian_is_killed, begin, finish),
	};
	int skipped = world_init();

	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
