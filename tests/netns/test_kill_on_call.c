/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/actors.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * Who is to be killed at its N-th call is, and what had taken effect by then is counted. Which side
 * of the call it is killed on is the kernel's: the test asks what was armed.
 */
enum {
	ROUNDS = 20,
	ROUNDS_AFTER = 3,
	NTH = 5,
	FAR_MS = 250000
};

struct ground {
	struct world world;
	struct victims victims;
	struct stage stage;
};

static void start_actor(struct ground *ground, const char *call, int threads)
{
	actor_start(&ground->stage, call, threads);
	victims_write_pidfile(&ground->victims, ground->stage.actor, 0);
}

/* ---- the world ---- */

static int begin(void **state)
{
	struct ground *ground = calloc(1, sizeof(*ground));

	assert_non_null(ground);
	world_up(&ground->world, 2, "clsact");
	victims_init(&ground->victims);
	stage_open(&ground->stage, ground->victims.dir);
	*state = ground;
	return 0;
}

static int finish(void **state)
{
	struct ground *ground = *state;

	stage_close(&ground->stage);
	victims_deinit(&ground->victims);
	world_assert_unchanged(&ground->world);
	world_down(&ground->world);
	free(ground);
	return 0;
}

/* ---- orders ---- */

static char *order(const struct ground *ground, const char *with, int for_ms)
{
	char processes[192];

	snprintf(processes, sizeof(processes), "\"pidfile\":\"%s\"", ground->victims.pidfile);
	return victims_order(&(struct victims_order){.fault = "kill_on_call",
		.id = "k",
		.processes = processes,
		.with = with,
		.start_in_ms = 0,
		.for_ms = for_ms});
}

/* True when the kernel lets calls be refused. */
static bool arm(struct ground *ground, struct injector *injector, const char *with, int for_ms)
{
	char *text = order(ground, with, for_ms);
	cJSON *armed = injector_call(injector, "arm", "%s", text);
	const char *by = cJSON_GetObjectItem(armed, "attach")->valuestring;
	bool before = strcmp(by, "lsm") == 0;

	assert_true(before || strcmp(by, "tracepoint") == 0);
	cJSON_Delete(armed);
	free(text);
	return before;
}

static cJSON *await_exit(struct injector *injector)
{
	for (;;) {
		cJSON *whole = injector_call(injector, "evidence", "{}"), *fault, *process;

		fault = cJSON_GetArrayItem(cJSON_GetObjectItem(whole, "faults"), 0);
		process = cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "processes"), 0);
		if (strcmp(cJSON_GetObjectItem(process, "exited_ns")->valuestring, "0") != 0) {
			process = cJSON_Duplicate(process, true);
			cJSON_Delete(whole);
			return process;
		}
		cJSON_Delete(whole);
		pause_ms(5);
	}
}

static void assert_killed(struct ground *ground)
{
	int status;

	assert_int_equal(waitpid(ground->stage.actor, &status, 0), ground->stage.actor);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	ground->stage.actor = 0;
}

/* The actor goes to its end, and lives. */
static void assert_spared(struct ground *ground)
{
	actor_go(&ground->stage);
	actor_await_end(&ground->stage);
	assert_int_equal(waitpid(ground->stage.actor, NULL, WNOHANG), 0);
	actor_end(&ground->stage);
}

static struct injector *greeted(struct ground *ground, const char *lease)
{
	return injector_greeted(&ground->world, NODE_A, lease);
}

/* ---- it is killed at the call that was named ---- */

static void assert_killed_at(struct ground *ground, const char *call, const char *with)
{
	struct injector *injector = greeted(ground, "300s");
	char trap[64];
	cJSON *process;
	bool before;

	start_actor(ground, call, 1);
	before = arm(ground, injector, with, FAR_MS);
	actor_go(&ground->stage);
	process = await_exit(injector);
	assert_killed(ground);
	assert_int_equal(actor_acts(&ground->stage, call), before ? NTH - 1 : NTH);
	snprintf(trap, sizeof(trap), "%s its %s number %d", before ? "before" : "after", call, NTH);
	assert_string_equal(cJSON_GetObjectItem(process, "trap")->valuestring, trap);
	assert_string_equal(cJSON_GetObjectItem(process, "result")->valuestring, "sent");
	assert_string_equal(cJSON_GetObjectItem(process, "calls")->valuestring, "5");
	cJSON_Delete(process);
	assert_int_equal(injector_finish(injector), 0);
}

static void at_each_kind_of_call(void **state)
{
	static const char *const calls[] = {"write", "open", "mkdir", "rename", "unlink"};
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		char with[96];

		snprintf(with, sizeof(with), "{\"call\":\"%s\",\"nth\":%d}", calls[i], NTH);
		print_message("%s\n", calls[i]);
		assert_killed_at(ground, calls[i], with);
	}
}

/* Never before: five records are written, and the fifth is on disk. */
static void at_a_sync(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");

	start_actor(ground, "sync", 1);
	assert_false(arm(ground, injector, "{\"call\":\"sync\",\"nth\":5}", FAR_MS));
	actor_go(&ground->stage);
	cJSON_Delete(await_exit(injector));
	assert_killed(ground);
	assert_int_equal(actor_acts(&ground->stage, "write"), NTH);
	assert_int_equal(injector_finish(injector), 0);
}

/* The search for it does not count, and no other program does. */
static void as_it_starts_a_program(void **state)
{
	static const char *const with[] = {
		"{\"call\":\"exec\"}", "{\"call\":\"exec\",\"path\":\"/bin/sleep\"}"};
	struct ground *ground = *state;

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		struct injector *injector = greeted(ground, "300s");
		cJSON *process;

		start_actor(ground, "exec", 1);
		arm(ground, injector, with[i], FAR_MS);
		actor_go(&ground->stage);
		process = await_exit(injector);
		assert_killed(ground);
		assert_string_equal(cJSON_GetObjectItem(process, "calls")->valuestring, "1");
		cJSON_Delete(process);
		assert_int_equal(injector_finish(injector), 0);
	}
}

/*
 * In a container: by the path of a file, which stat() knows by other numbers than the kernel, and
 * without a path. What the file system does on its layers below is counted only once.
 */
static void on_an_overlay(void **state)
{
	struct ground *ground = *state;
	char with[2][256];

	if (!stage_overlay(&ground->stage)) {
		print_message("skipped: this kernel has no overlayfs\n");
		skip();
	}
	snprintf(with[0], sizeof(with[0]), "{\"call\":\"write\",\"nth\":5,\"path\":\"%s/records\"}",
		ground->stage.dir);
	snprintf(with[1], sizeof(with[1]), "{\"call\":\"write\",\"nth\":5}");
	for (size_t i = 0; i < 2; i++) {
		char records[160];

		assert_killed_at(ground, "write", with[i]);
		snprintf(records, sizeof(records), "%s/records", ground->stage.upper);
		assert_int_equal(unlink(records), 0);
	}
}

/* With threads beside one another it is exact where calls are refused: each of so many times. */
static void with_threads(void **state)
{
	struct ground *ground = *state;
	bool before = true;

	for (int round = 0; round < (before ? ROUNDS : ROUNDS_AFTER); round++) {
		struct injector *injector = greeted(ground, "300s");

		start_actor(ground, "write", ACTOR_THREADS);
		before = arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", FAR_MS);
		actor_go(&ground->stage);
		cJSON_Delete(await_exit(injector));
		assert_killed(ground);
		if (before)
			assert_int_equal(actor_acts(&ground->stage, "write"), NTH - 1);
		else
			assert_in_range(actor_acts(&ground->stage, "write"), NTH,
				ACTOR_THREADS * ACTOR_ACTS);
		assert_int_equal(injector_finish(injector), 0);
	}
}

/* ---- only calls that are meant ---- */

static void below_a_directory(void **state)
{
	struct ground *ground = *state;
	char with[256];

	/* Nothing is written below the first, and all below the second. */
	snprintf(with, sizeof(with), "{\"call\":\"write\",\"nth\":1,\"path\":\"/proc\"}");
	for (int elsewhere = 1; elsewhere >= 0; elsewhere--) {
		struct injector *injector = greeted(ground, "300s");

		start_actor(ground, "write", 1);
		arm(ground, injector, with, FAR_MS);
		if (elsewhere) {
			assert_spared(ground);
			assert_int_equal(actor_acts(&ground->stage, "write"), ACTOR_ACTS);
		} else {
			actor_go(&ground->stage);
			cJSON_Delete(await_exit(injector));
			assert_killed(ground);
		}
		assert_int_equal(injector_finish(injector), 0);
		snprintf(with, sizeof(with), "{\"call\":\"write\",\"nth\":5,\"path\":\"%s\"}",
			ground->victims.dir);
	}
}

static void opened_below_a_directory(void **state)
{
	struct ground *ground = *state;
	char with[256];

	snprintf(with, sizeof(with), "{\"call\":\"open\",\"nth\":%d,\"path\":\"%s\"}", NTH,
		ground->stage.dir);
	assert_killed_at(ground, "open", with);
}

/* The actor turns to another port before each call that is meant. */
static void to_a_port(void **state)
{
	static const char *const calls[] = {"connect", "send"};
	struct ground *ground = *state;

	for (int i = 0; i < 2; i++) {
		char with[96];
		struct injector *injector = greeted(ground, "300s");

		snprintf(with, sizeof(with), "{\"call\":\"%s\",\"nth\":%d,\"port\":%d}", calls[i],
			NTH, ACTOR_PORT);
		start_actor(ground, calls[i], 1);
		arm(ground, injector, with, FAR_MS);
		actor_go(&ground->stage);
		cJSON_Delete(await_exit(injector));
		assert_killed(ground);
		assert_int_equal(actor_acts(&ground->stage, "write"), NTH - 1);
		assert_int_equal(injector_finish(injector), 0);
	}
}

/* ---- nobody else, and not for longer ---- */

static void a_bystander_goes_on(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");
	pid_t victim = victim_start(&ground->victims, VICTIM_PLAIN);

	start_actor(ground, "write", 1);
	victims_write_pidfile(&ground->victims, victim, 0);
	arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", FAR_MS);
	assert_spared(ground);
	assert_true(victim_lives(victim));
	assert_int_equal(injector_finish(injector), 0);
}

static void healed_it_kills_no_more(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");

	start_actor(ground, "write", 1);
	arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", FAR_MS);
	injector_heal(injector, "k");
	assert_spared(ground);
	assert_int_equal(injector_finish(injector), 0);
}

/* The deadline is over before the actor begins, and the injector stopped. */
static void after_its_end_it_kills_no_more(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");
	int64_t end_ns;

	start_actor(ground, "write", 1);
	arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", 300);
	end_ns = now_ns() + 300 * INT64_C(1000000);
	injector_signal(injector, SIGSTOP);
	while (now_ns() < end_ns)
		pause_ms(1);
	assert_spared(ground);
	injector_signal(injector, SIGCONT);
	assert_int_equal(injector_finish(injector), 0);
}

static void after_the_lease_it_kills_no_more(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "2s");
	int64_t end_ns = now_ns() + 2000 * INT64_C(1000000);

	start_actor(ground, "write", 1);
	arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", FAR_MS);
	injector_signal(injector, SIGSTOP);
	while (now_ns() < end_ns)
		pause_ms(1);
	assert_spared(ground);
	injector_signal(injector, SIGCONT);
	injector_wait(injector);
}

static void it_dies_with_the_injector(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");

	start_actor(ground, "write", 1);
	arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", FAR_MS);
	injector_signal(injector, SIGKILL);
	injector_wait(injector);
	assert_spared(ground);
	world_recover(&ground->world, NODE_A);
}

/* ---- refusals ---- */

static void assert_refused(
	struct ground *ground, struct injector *injector, const char *with, const char *part)
{
	char *text = order(ground, with, FAR_MS),
	     *said = injector_refusal(injector, "arm", "%s", text);

	if (!strstr(said, part))
		fail_msg("\"%s\" is not in: %s", part, said);
	free(said);
	free(text);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");

	start_actor(ground, "write", 1);
	assert_refused(ground, injector, "{}", "call");
	assert_refused(ground, injector, "{\"call\":\"write\",\"port\":80}", "write has none");
	assert_refused(ground, injector, "{\"call\":\"send\",\"path\":\"/x\"}", "send has none");
	assert_refused(
		ground, injector, "{\"call\":\"sync\",\"when\":\"before\"}", "refuse a sync");
	assert_refused(ground, injector,
		"{\"call\":\"rename\",\"when\":\"after\",\"path\":\"/tmp\"}", "not known then");
	assert_refused(ground, injector, "{\"call\":\"write\",\"path\":\"/nowhere/at/all\"}",
		"/nowhere/at/all, as process");
	assert_spared(ground);
	assert_int_equal(injector_finish(injector), 0);
}

/* A kernel that can't refuse calls says so, and nothing is armed; one that can does. */
static void before_is_never_after(void **state)
{
	struct ground *ground = *state;
	struct injector *injector = greeted(ground, "300s");
	bool before;

	start_actor(ground, "write", 1);
	before = arm(ground, injector, "{\"call\":\"write\",\"nth\":5}", FAR_MS);
	assert_int_equal(injector_finish(injector), 0);
	injector = greeted(ground, "300s");
	if (!before)
		assert_refused(ground, injector,
			"{\"call\":\"write\",\"nth\":5,\"when\":\"before\"}", "trap");
	assert_spared(ground);
	assert_int_equal(injector_finish(injector), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_each_kind_of_call),
		TEST(at_a_sync),
		TEST(as_it_starts_a_program),
		TEST(on_an_overlay),
		TEST(with_threads),
		TEST(below_a_directory),
		TEST(opened_below_a_directory),
		TEST(to_a_port),
		TEST(a_bystander_goes_on),
		TEST(healed_it_kills_no_more),
		TEST(after_its_end_it_kills_no_more),
		TEST(after_the_lease_it_kills_no_more),
		TEST(it_dies_with_the_injector),
		TEST(what_makes_no_sense_is_refused),
		TEST(before_is_never_after),
	};

	int skipped = world_init();

	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
