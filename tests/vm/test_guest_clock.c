/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/world.h"

/*
 * The clock of a machine is stepped, and set right again whoever dies. This machine is a guest of
 * QEMU's (tests/vm/ring): nowhere else does this run, since the clock is everybody's.
 *
 * What is true is told by another path than the injector's: CLOCK_REALTIME less CLOCK_BOOTTIME is
 * the same before and after, whatever time has passed.
 */
#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define POLICY "/etc/backburn/policy.json"
#define NOTE "/var/lib/backburn/clock_step"
#define FREQ (3L << 16) /* three millionths faster */

enum {
	SKIPPED = 77,
	WITHIN_MS = 30000,
	READINGS = 50,
	PROMISED_MS = 1
};

/* ---- clocks ---- */

static int64_t at_ns(clockid_t clock)
{
	struct timespec now;

	assert_int_equal(clock_gettime(clock, &now), 0);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* Of the reading that took least. */
static int64_t beyond_ns(clockid_t clock)
{
	int64_t least_ns = INT64_MAX, beyond = 0;

	for (int i = 0; i < READINGS; i++) {
		int64_t before_ns = at_ns(clock), wall_ns = at_ns(CLOCK_REALTIME);
		int64_t took_ns = at_ns(clock) - before_ns;

		if (took_ns >= least_ns)
			continue;
		least_ns = took_ns;
		beyond = wall_ns - before_ns - took_ns / 2;
	}
	return beyond;
}

static int64_t wall_beyond_boot_ns(void)
{
	return beyond_ns(CLOCK_BOOTTIME);
}

static struct timex steering(void)
{
	struct timex now = {.modes = 0};

	assert_true(adjtimex(&now) >= 0);
	return now;
}

static void step_clock(int64_t ns)
{
	struct timex step = {.modes = ADJ_SETOFFSET | ADJ_NANO};

	step.time.tv_sec = ns / SECOND - (ns % SECOND < 0);
	step.time.tv_usec = ns % SECOND + (ns % SECOND < 0 ? SECOND : 0);
	assert_true(adjtimex(&step) >= 0);
}

/* As a time service leaves it: synchronised, and a little faster. */
static void synchronise(void)
{
	struct timex set = {
		.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS | ADJ_MAXERROR | ADJ_MICRO,
		.freq = FREQ,
		.tick = 10000,
		.maxerror = 1000};

	assert_true(adjtimex(&set) >= 0);
}

static void assert_off(int64_t before_ns, int64_t wanted_ns, int64_t within_ns)
{
	int64_t off_ns = wall_beyond_boot_ns() - before_ns;

	if (llabs(off_ns - wanted_ns) > within_ns)
		fail_msg("the clock is off by %" PRId64 " ns, not by %" PRId64, off_ns, wanted_ns);
}

static int64_t await_off(int64_t before_ns, int64_t wanted_ns)
{
	int64_t begun_ns = now_ns(), off_ns;

	do {
		off_ns = wall_beyond_boot_ns() - before_ns;
		if (llabs(off_ns - wanted_ns) < SECOND)
			return now_ns() - begun_ns;
		pause_ms(1);
	} while (now_ns() < begun_ns + WITHIN_MS * MS);
	fail_msg("the clock stays off by %" PRId64 " ns", off_ns);
	return 0;
}

/* And steered as before: the kernel may write it to the real-time clock again. */
static void assert_right(int64_t before_ns)
{
	struct timex now = steering();

	print_message("error since: %" PRId64 " ns\n", wall_beyond_boot_ns() - before_ns);
	assert_off(before_ns, 0, PROMISED_MS * MS);
	assert_int_equal(now.freq, FREQ);
	assert_int_equal(now.tick, 10000);
	assert_int_equal(now.status & (STA_UNSYNC | STA_NANO), 0);
	assert_int_equal(access(NOTE, F_OK), -1);
}

/* ---- the injector of this machine ---- */

static struct world machine = {.nodes = 1,
	.netns = {"/proc/1/ns/net"},
	.runtime_dir = "/run/backburn",
	.attach = "clsact"};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void allow(const char *faults)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"backburn_policy\":1,\"faults\":{\"allow\":[%s]}}", faults);
	write_file(POLICY, text);
}

static struct injector *arm(const char *offset, int64_t for_ms)
{
	struct injector *injector = injector_greeted(&machine, 0, "120s");
	int64_t start_ns = now_ns() + SECOND / 10;

	cJSON_Delete(injector_call(injector, "arm",
		"{\"id\":\"s\",\"fault\":\"clock_step\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"offset\":\"%s\"},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],"
		"\"from\":[],\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		offset, start_ns, start_ns + for_ms * MS));
	return injector;
}

static double measured(struct injector *injector, const char *name)
{
	cJSON *measure = injector_measure(injector, "s", name, "ingress");
	double achieved = cJSON_GetObjectItem(measure, "achieved")->valuedouble;

	cJSON_Delete(measure);
	return achieved;
}

/* The guardian has read the clock after it had stepped it. */
static void await_told(struct injector *injector)
{
	int64_t give_up_ns = now_ns() + WITHIN_MS * MS;
	cJSON *evidence;
	int count;

	do {
		evidence = injector_call(injector, "evidence", "{}");
		count = cJSON_GetArraySize(cJSON_GetObjectItem(
			cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0),
			"measures"));
		cJSON_Delete(evidence);
		assert_true(now_ns() < give_up_ns);
	} while (!count);
}

static void assert_denied(const char *part)
{
	struct injector *injector = injector_greeted(&machine, 0, "30s");
	char *text = injector_refusal(injector, "arm",
		"{\"id\":\"s\",\"fault\":\"clock_step\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"offset\":\"+1h\"},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],"
		"\"from\":[],\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		now_ns() + MS, now_ns() + 10 * SECOND);

	if (!strstr(text, part))
		fail_msg("%s", text);
	free(text);
	assert_int_equal(injector_finish(injector), 0);
}

static char *recover(void)
{
	char program[512], *said;
	int status;

	snprintf(program, sizeof(program), "%s/bin/backburn-injector", getenv("BACKBURN_BUILD"));
	said = world_output(&status, program, "recover", NULL);
	print_message("%s", said);
	assert_int_equal(status, 0);
	return said;
}

static int begin(void **state)
{
	(void)state;
	mkdir("/etc/backburn", S_IRWXU);
	allow("\"kill\", \"clock_step\"");
	synchronise();
	return 0;
}

/* What a test that failed has left. */
static int finish(void **state)
{
	(void)state;
	free(recover());
	return 0;
}

/* ---- the tests ---- */

static void without_its_policy_it_is_denied(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();

	(void)state;
	unlink(POLICY);
	assert_denied("which is not there");
	allow("\"kill\"");
	assert_denied("names it in faults.allow, which does not");
	assert_right(before_ns);
}

static void it_is_stepped_and_set_right(void **state)
{
	static const struct {
		const char *offset;
		int64_t ns;
	} steps[] = {{"+1h", HOUR}, {"-30s", -30 * SECOND}, {"+50ms", 50 * MS}};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int64_t before_ns = wall_beyond_boot_ns();
		struct injector *injector = arm(steps[i].offset, 600000);

		assert_int_equal(access(NOTE, F_OK), 0);
		pause_ms(100);
		await_off(before_ns, steps[i].ns);
		while (llabs(wall_beyond_boot_ns() - before_ns - steps[i].ns) > MS)
			pause_ms(1);
		assert_true(steering().status & STA_UNSYNC);
		pause_ms(300);
		injector_heal(injector, "s");
		assert_right(before_ns);
		assert_true(llabs((int64_t)measured(injector, "clock step") - steps[i].ns) < MS);
		assert_true(
			llabs((int64_t)measured(injector, "clock off at end") - steps[i].ns) < MS);
		print_message("%s: told error %.0f ns\n", steps[i].offset,
			measured(injector, "clock error since"));
		assert_int_equal(injector_finish(injector), 0);
		synchronise();
	}
}

static void the_injector_is_killed(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();
	struct injector *injector = arm("+1h", 600000);

	(void)state;
	await_off(before_ns, HOUR);
	injector_signal(injector, SIGKILL);
	print_message("right %" PRId64 " us after SIGKILL\n", await_off(before_ns, 0) / 1000);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	/* The guardian replays the ledger when it has let go. */
	for (int i = 0; i < WITHIN_MS && access(NOTE, F_OK) == 0; i++)
		pause_ms(1);
	assert_right(before_ns);
}

static void the_injector_is_stopped(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();
	struct injector *injector = arm("+1h", 3000);

	(void)state;
	await_off(before_ns, HOUR);
	injector_signal(injector, SIGSTOP);
	await_off(before_ns, 0);
	assert_off(before_ns, 0, PROMISED_MS * MS);
	injector_signal(injector, SIGCONT);
	injector_heal(injector, "s");
	assert_right(before_ns);
	assert_int_equal(injector_finish(injector), 0);
}

static void the_guardian_is_killed(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();
	struct injector *injector = arm("+1h", 600000);

	(void)state;
	await_off(before_ns, HOUR);
	assert_int_equal(kill(injector_child(injector), SIGKILL), 0);
	print_message("right %" PRId64 " ms after its guardian's SIGKILL\n",
		await_off(before_ns, 0) / MS);
	injector_heal(injector, "s");
	assert_right(before_ns);
	assert_int_equal(injector_finish(injector), 0);
}

static void both_are_killed(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();
	struct injector *injector = arm("+1h", 600000);
	pid_t guardian;
	char *said;

	(void)state;
	await_off(before_ns, HOUR);
	guardian = injector_child(injector);
	assert_true(guardian > 0);
	assert_int_equal(kill(guardian, SIGSTOP), 0);
	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	assert_int_equal(kill(guardian, SIGKILL), 0);
	pause_ms(500);
	assert_off(before_ns, HOUR, SECOND);
	said = recover();
	assert_non_null(strstr(said, "clock was off by 3600.0"));
	free(said);
	assert_right(before_ns);
}

static void another_sets_the_clock(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();
	struct injector *injector = arm("+1h", 600000);

	(void)state;
	/* Right, but for what a network lets it know: it is left there. */
	await_off(before_ns, HOUR);
	await_told(injector);
	step_clock(-HOUR + 2 * MS);
	pause_ms(100);
	assert_true(llabs((int64_t)measured(injector, "moved by others") - HOUR) < 10 * MS);
	injector_heal(injector, "s");
	assert_off(before_ns, 2 * MS, MS / 2);
	assert_int_equal(injector_finish(injector), 0);
	step_clock(-2 * MS);
	synchronise();
	/* To nonsense: it is set right. */
	injector = arm("+1h", 600000);
	await_off(before_ns, HOUR);
	await_told(injector);
	step_clock(-HOUR / 2);
	injector_heal(injector, "s");
	assert_right(before_ns);
	assert_int_equal(injector_finish(injector), 0);
}

/* All steady clocks but the raw one go slower with it. */
static void another_slews_the_clock(void **state)
{
	int64_t raw_ns = beyond_ns(CLOCK_MONOTONIC_RAW);
	struct injector *injector = arm("+1h", 600000);
	struct timex slow = {.modes = ADJ_TICK, .tick = 9500};
	int64_t begun_ns = at_ns(CLOCK_MONOTONIC_RAW), passed_ns, error_ns;

	(void)state;
	pause_ms(500);
	assert_true(adjtimex(&slow) >= 0);
	pause_ms(3000);
	injector_heal(injector, "s");
	passed_ns = at_ns(CLOCK_MONOTONIC_RAW) - begun_ns;
	error_ns = beyond_ns(CLOCK_MONOTONIC_RAW) - raw_ns - passed_ns * 3 / 1000000;
	print_message("slewed by 5 %%: error since: %" PRId64 " ns\n", error_ns);
	assert_true(llabs(error_ns) <= PROMISED_MS * MS);
	assert_int_equal(steering().tick, 10000);
	assert_int_equal(injector_finish(injector), 0);
}

/* The power went while the clock was an hour behind, and that is what the next boot began with. */
static void a_boot_later(void **state)
{
	int64_t before_ns = wall_beyond_boot_ns();
	char note[512], *said;

	(void)state;
	step_clock(-HOUR);
	mkdir("/var/lib/backburn", S_IRWXU);
	snprintf(note, sizeof(note),
		"{\"boot\":\"another\",\"step\":{\"offset_ns\":\"%" PRId64
		"\",\"real_ns\":\"%" PRId64
		"\",\"monotonic_ns\":\"1\",\"raw_ns\":\"1\",\"boot_ns\":\"1\",\"freq\":\"0\","
		"\"tick\":\"10000\",\"status\":\"0\",\"maxerror_us\":\"1\",\"esterror_us\":\"1\"}}",
		-HOUR, at_ns(CLOCK_REALTIME) + HOUR / 2);
	write_file(NOTE, note);
	assert_denied("run backburn-injector recover");
	said = recover();
	assert_non_null(strstr(said, "set right"));
	free(said);
	assert_off(before_ns, 0, PROMISED_MS * MS);
	assert_int_equal(access(NOTE, F_OK), -1);
}

/* A file of /proc has that in it; NUL ends no search. */
static bool says(const char *path, const char *wanted, size_t length)
{
	char text[16384];
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		return false;
	got = fread(text, 1, sizeof(text), file);
	fclose(file);
	return memmem(text, got, wanted, length);
}

/* Where tests/vm/ring runs it, and nowhere else: what process 1 is, and the share of a guest. */
static bool is_guest(void)
{
	static const char first[] = "/tests/vm/guest", share[] = "share /run/share 9p ";

	return says("/proc/1/cmdline", first, sizeof(first)) &&
		says("/proc/mounts", share, sizeof(share) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_its_policy_it_is_denied, begin, finish),
		cmocka_unit_test_setup_teardown(it_is_stepped_and_set_right, begin, finish),
		cmocka_unit_test_setup_teardown(the_injector_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(the_injector_is_stopped, begin, finish),
		cmocka_unit_test_setup_teardown(the_guardian_is_killed, begin, finish),
		cmocka_unit_test_setup_teardown(both_are_killed, begin, finish),
		cmocka_unit_test_setup_teardown(another_sets_the_clock, begin, finish),
		cmocka_unit_test_setup_teardown(another_slews_the_clock, begin, finish),
		cmocka_unit_test_setup_teardown(a_boot_later, begin, finish),
	};
	int skipped;

	if (!is_guest()) {
		fprintf(stderr, "skipped: it sets the clock, and this is no guest of tests/vm\n");
		return SKIPPED;
	}
	skipped = world_init();
	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
