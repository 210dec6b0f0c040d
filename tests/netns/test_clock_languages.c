/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/languages.h"
#include "tests/netns/readers.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * Whatever a program is written in, its clocks are led elsewhere, and it lives on and is as before.
 * What is read here is what the languages' own calls say.
 */
enum {
	CYCLES = 40,
	CYCLES_LONG = 400,
	STOPPED_EACH = 10,
	STOPS = 20,
	FAR_MS = 60000,
	WITHIN_MS = 30000
};
#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)
#define NEAR (5 * SECOND)
#define LEASE "60s"

struct ground {
	struct world world;
	struct victims victims;
	struct readers readers;
	struct injector *injector;
	const struct reader *reader;
	int program;
	char fault_id[16];
	int orders;
};

/* In the place of a language: C with a timer's signals (clock_reader.c). */
enum {
	STORM = LANGUAGES
};

static const char *name_of(int program)
{
	return program == STORM ? "C with 1000 signals a second" : language_name(program);
}

static int begin(void **state)
{
	struct ground *ground = calloc(1, sizeof(*ground));

	assert_non_null(ground);
	readers_ground_up(&ground->world, &ground->victims, &ground->readers);
	ground->program = (int)(intptr_t)*state;
	*state = ground;
	return 0;
}

static int finish(void **state)
{
	struct ground *ground = *state;

	if (ground->injector)
		assert_int_equal(injector_finish(ground->injector), 0);
	readers_ground_down(&ground->world, &ground->victims, &ground->readers);
	free(ground);
	return 0;
}

/* ---- orders ---- */

static void arm(struct ground *ground, const char *with)
{
	char *text;

	snprintf(ground->fault_id, sizeof(ground->fault_id), "s%d", ++ground->orders);
	text = victims_order_for(&ground->victims, ground->reader->pid,
		&(struct victims_order){.fault = "clock_skew",
			.id = ground->fault_id,
			.with = with,
			.start_in_ms = 0,
			.for_ms = FAR_MS});
	cJSON_Delete(injector_call(ground->injector, "renew", "{\"lease\":\"" LEASE "\"}"));
	cJSON_Delete(injector_call(ground->injector, "arm", "%s", text));
	free(text);
}

static void heal(struct ground *ground)
{
	injector_heal(ground->injector, ground->fault_id);
}

/* ---- what is read ---- */

/* How far a program's wall clock is ahead, as it wrote some milliseconds ago. */
static int64_t wall_ahead_ns(const struct reader *reader)
{
	struct timespec now;

	readers_await_fresh(reader);
	clock_gettime(CLOCK_REALTIME, &now);
	return reader->page->wall_ns - (now.tv_sec * SECOND + now.tv_nsec);
}

static int64_t await_wall(const struct reader *reader, int64_t ahead_ns)
{
	int64_t give_up = now_ns() + WITHIN_MS * MS, found_ns;

	while (llabs((found_ns = wall_ahead_ns(reader)) - ahead_ns) > NEAR)
		if (now_ns() >= give_up)
			fail_msg("its wall clock is %" PRId64 " ns ahead instead of %" PRId64,
				found_ns, ahead_ns);
	return found_ns;
}

/* Both clocks of a program at one moment, for what passes on them until another. */
struct look {
	int64_t steady_ns, true_ns;
};

/*
 * What a program says now was read before now, and so later looks at it find too much rather than
 * too little: that a clock lags behind is no doing of a busy machine.
 */
static struct look look_first(const struct reader *reader)
{
	struct look look = {.steady_ns = reader->page->steady_ns};

	look.true_ns = now_ns();
	return look;
}

static int64_t lag_since_ns(const struct reader *reader, const struct look *first)
{
	int64_t true_ns = now_ns();

	readers_await_fresh(reader);
	return true_ns - first->true_ns - (reader->page->steady_ns - first->steady_ns);
}

static int64_t await_lag(const struct reader *reader, const struct look *first, int64_t lag_ns)
{
	int64_t give_up = now_ns() + WITHIN_MS * MS, found_ns;

	while ((found_ns = lag_since_ns(reader, first)) < lag_ns)
		if (now_ns() >= give_up)
			fail_msg("its steady clock lags by %" PRId64 " ns instead of %" PRId64,
				found_ns, lag_ns);
	return found_ns;
}

static const struct reader *start(struct ground *ground)
{
	ground->reader = ground->program == STORM
		? readers_start(&ground->readers, READER_STORM)
		: language_start(ground->program, &ground->readers);
	if (!ground->reader) {
		print_message("skipped: what makes or runs %s is not installed here\n",
			name_of(ground->program));
		skip();
	}
	ground->injector = injector_greeted(&ground->world, NODE_A, LEASE);
	await_wall(ground->reader, 0);
	return ground->reader;
}

/* ---- what is left ---- */

static long private_kb_of_vdso(pid_t pid)
{
	char path[64], line[512];
	long found = -1, clean, dirty;
	bool inside = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, "[vdso]"))
			inside = true;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			break;
		else if (inside && sscanf(line, "Private_Clean: %ld", &clean) == 1)
			found = clean;
		else if (inside && sscanf(line, "Private_Dirty: %ld", &dirty) == 1)
			found += dirty;
	}
	fclose(file);
	return found;
}

static char state_of(pid_t pid)
{
	char path[64], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
	fclose(file);
	return state;
}

static void stop_it(pid_t pid)
{
	int64_t give_up = now_ns() + WITHIN_MS * MS;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	while (state_of(pid) != 'T') {
		assert_true(now_ns() < give_up);
		pause_ms(1);
	}
}

/* A runtime maps memory by itself, so the two looks are at one that stands. */
static void assert_leaves_nothing(struct ground *ground)
{
	pid_t pid = ground->reader->pid;
	char *before;

	stop_it(pid);
	before = readers_maps(pid);
	assert_null(strstr(before, "/dev/zero"));
	assert_int_equal(private_kb_of_vdso(pid), 0);
	arm(ground, "{\"offset\":\"+1h\"}");
	assert_false(readers_has_maps(pid, before));
	assert_true(private_kb_of_vdso(pid) > 0);
	heal(ground);
	readers_assert_maps(pid, before);
	assert_int_equal(private_kb_of_vdso(pid), 0);
	free(before);
	/* It stands as it did, and goes on when it is told to. */
	assert_int_equal(state_of(pid), 'T');
	assert_int_equal(kill(pid, SIGCONT), 0);
	await_wall(ground->reader, 0);
}

static void assert_sane(const struct ground *ground)
{
	assert_int_equal(ground->reader->page->wrong, 0);
	assert_int_equal(ground->reader->page->steps_back, 0);
	assert_true(ground->reader->page->sums > 0);
}

/* ---- tests ---- */

static void wall_and_steady_clock(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = start(ground);
	int64_t ahead_ns, steady_lag_ns, lag_ns;
	struct look first;

	first = look_first(reader);
	arm(ground, "{\"offset\":\"+1h\"}");
	ahead_ns = await_wall(reader, 3600 * SECOND);
	steady_lag_ns = lag_since_ns(reader, &first);
	heal(ground);
	await_wall(reader, 0);
	assert_true(llabs(steady_lag_ns) < NEAR);
	first = look_first(reader);
	arm(ground, "{\"drift\":0.5,\"clocks\":\"all\"}");
	lag_ns = await_lag(reader, &first, SECOND / 2);
	heal(ground);
	print_message("%s: wall clock %.3f s ahead with +1h, steady clock %.3f s behind; with half "
		      "the speed %.3f s behind\n",
		name_of(ground->program), (double)ahead_ns / 1e9, (double)steady_lag_ns / 1e9,
		(double)lag_ns / 1e9);
	await_wall(reader, 0);
	assert_leaves_nothing(ground);
	assert_sane(ground);
}

static void again_and_again(void **state)
{
	struct ground *ground = *state;
	int cycles = getenv("BACKBURN_LONG") ? CYCLES_LONG : CYCLES;
	const struct reader *reader = start(ground);
	int64_t begun_ns = now_ns();

	for (int i = 0; i < cycles; i++) {
		uint64_t sums = reader->page->sums;

		arm(ground, "{\"offset\":\"+1h\"}");
		await_wall(reader, 3600 * SECOND);
		heal(ground);
		while (reader->page->sums == sums)
			readers_await_fresh(reader);
		assert_sane(ground);
		if (i % STOPPED_EACH == STOPPED_EACH - 1)
			assert_leaves_nothing(ground);
	}
	print_message("%s: %d times in %.1f s, %" PRIu64 " sums, none wrong\n",
		name_of(ground->program), cycles, (double)(now_ns() - begun_ns) / 1e9,
		reader->page->sums);
}

/* Where it was stopped it may stand in the midst of a reading, and can't be healed until it goes
 * on. */
static void stopped_while_it_is_skewed(void **state)
{
	struct ground *ground = *state;
	const struct reader *reader = start(ground);
	char *before = readers_maps(reader->pid);
	int later = 0;

	for (int i = 0; i < STOPS; i++) {
		cJSON *reply, *error;

		arm(ground, "{\"offset\":\"+1h\"}");
		await_wall(reader, 3600 * SECOND);
		stop_it(reader->pid);
		injector_ask(ground->injector, "heal", "{\"faults\":[\"%s\"]}", ground->fault_id);
		reply = injector_reply(ground->injector);
		error = cJSON_GetObjectItem(reply, "error");
		later += error != NULL;
		assert_true(!error ||
			strstr(cJSON_GetObjectItem(error, "message")->valuestring,
				"still on its way through"));
		cJSON_Delete(reply);
		assert_int_equal(state_of(reader->pid), 'T');
		assert_int_equal(kill(reader->pid, SIGCONT), 0);
		await_wall(reader, 0);
		if (error)
			heal(ground);
		readers_assert_maps(reader->pid, before);
	}
	print_message("%s: stopped %d times, healed later %d times\n", name_of(ground->program),
		STOPS, later);
	free(before);
	assert_sane(ground);
}

static struct CMUnitTest test_of(const char *name, CMUnitTestFunction function, int program)
{
	return (struct CMUnitTest){
		.name = name,
		.test_func = function,
		.setup_func = begin,
		.teardown_func = finish,
		.initial_state = (void *)(intptr_t)program,
	};
}

int main(void)
{
	static const int cycled[] = {STORM, LANGUAGE_GO, LANGUAGE_JAVA};
	enum {
		CYCLED = sizeof(cycled) / sizeof(cycled[0])
	};
	struct CMUnitTest tests[LANGUAGES + CYCLED + 1];
	int skipped = world_init(), count = 0;

	if (skipped)
		return skipped;
	for (int i = 0; i < LANGUAGES; i++)
		tests[count++] = test_of(name_of(i), wall_and_steady_clock, i);
	for (int i = 0; i < CYCLED; i++)
		tests[count++] = test_of(name_of(cycled[i]), again_and_again, cycled[i]);
	tests[count++] = test_of(name_of(STORM), stopped_while_it_is_skewed, STORM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
