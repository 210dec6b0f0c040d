/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "harness.h"

/* Exec probes, against a program that misbehaves on demand. */

/* Orders a probe that runs the program with these arguments (JSON, each with a comma before). */
static void run_program(struct harness *harness, double rate, const char *timeout,
	const char *arguments, const char *more)
{
	char rest[1024];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\",\"addr\":\"10.0.0.1\"}],\"exec\":{\"argv\":"
		"[\"" FAKE_PROGRAM "\"%s]%s}",
		arguments, more);
	harness_probe(harness, rate, timeout, rest);
}

static struct probe_sum results_of(const char *arguments, const char *more)
{
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	run_program(harness, 20, "20s", arguments, more);
	harness_await_events(harness, 5);
	sum = harness_stop(harness);
	assert_int_equal(harness_end(harness), 0);
	return sum;
}

static void the_exit_status_decides(void **state)
{
	(void)state;
	struct probe_sum sum = results_of(",\"exit\",\"0\"", "");

	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	sum = results_of(",\"exit\",\"3\"", "");
	assert_int_equal(sum.outcomes[OUTCOME_STATUS], sum.events);
	assert_string_equal(sum.last_error, "n1: it exited with status 3: no luck today");
	sum = results_of(",\"exit\",\"3\"", ",\"expect_exit_code\":3");
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	sum = results_of(",\"crash\"", "");
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], sum.events);
	assert_string_equal(sum.last_error, "n1: it was killed by signal 6");
}

static void what_it_says_decides(void **state)
{
	(void)state;
	struct probe_sum sum = results_of(",\"say\",\"{node.name} {node.addr}\"",
		",\"expect_stdout\":{\"equals\":\"n1 10.0.0.1\"}");

	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	sum = results_of(",\"say\",\"no leader\"", ",\"expect_stdout\":{\"equals\":\"leader\"}");
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
	assert_string_equal(
		sum.last_error, "n1: what it wrote does not equal \"leader\": no leader?");
	/* The status comes first. */
	sum = results_of(",\"exit\",\"1\"", ",\"expect_stdout\":{\"equals\":\"\"}");
	assert_int_equal(sum.outcomes[OUTCOME_STATUS], sum.events);
}

/* More than a pipe holds at once, so that the end of input must wait for the rest. */
static void input_reaches_it_to_the_end(void **state)
{
	(void)state;
	size_t size = 60 * 1000;
	struct harness *harness = harness_new(0);
	char *rest = malloc(size + 1024), *filler = malloc(size + 1);
	struct probe_sum sum;

	assert_non_null(rest);
	assert_non_null(filler);
	memset(filler, 'y', size);
	filler[size] = '\0';
	snprintf(rest, size + 1024,
		"\"targets\":[{}],\"secrets\":[{\"name\":\"t\",\"value\":\"hunter2\"}],\"exec\":{"
		"\"argv\":[\"" FAKE_PROGRAM "\",\"echo\"],\"input\":\"%s{secret.t}\","
		"\"expect_stdout\":{\"contains\":\"yyhunter2\"}}",
		filler);
	harness_probe(harness, 10, "20s", rest);
	harness_await_events(harness, 3);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(harness_end(harness), 0);
	free(rest);
	free(filler);
}

static void its_environment_is_minimal(void **state)
{
	(void)state;
	struct probe_sum sum = results_of(",\"environ\"",
		",\"env\":[\"MODE=a {n}\"],\"expect_stdout\":{\"contains\":"
		"\"][HOME=/][LANG=C.UTF-8][MODE=a \"}");

	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	/* The prober of this test was given http_proxy. */
	sum = results_of(",\"environ\"", ",\"expect_stdout\":{\"contains\":\"proxy\"}");
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
}

/* What it says may be what it was told; and no argument or variable can hold a secret. */
static void no_error_tells_a_secret(void **state)
{
	(void)state;
	static const char order[] =
		"\"targets\":[{}],\"secrets\":[{\"name\":\"t\",\"value\":\"hunter2\"}],\"exec\":{"
		"\"argv\":[\"" FAKE_PROGRAM "\",\"echo\"],\"input\":\"{secret.t}\","
		"\"expect_stdout\":{\"equals\":\"yes\"}%s}";
	struct harness *harness = harness_new(0);
	struct wire_message reply;
	struct probe_sum sum;
	char rest[512];

	snprintf(rest, sizeof(rest), order, "");
	harness_probe(harness, 20, "20s", rest);
	harness_await_events(harness, 5);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
	assert_string_equal(sum.last_error, "what it wrote does not equal \"yes\"");
	assert_int_equal(harness_end(harness), 0);

	harness = harness_new(0);
	snprintf(rest, sizeof(rest), order, ",\"env\":[\"T={secret.t}\"]");
	reply = harness_call(harness, "probe",
		"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
		"\"1s\",%s}",
		(long long)harness_now_ns(), rest);
	assert_int_equal(reply.kind, WIRE_ERROR);
	assert_non_null(strstr(reply.error.text, "unknown placeholder {secret.t}"));
	wire_message_deinit(&reply);
	assert_int_equal(harness_end(harness), 0);
}

/* --- programs that do not end ---------------------------------------------------------- */

/* A file that processes of another user can write their pids to. */
struct pid_file {
	char path[64], arguments[128];
};

static struct pid_file pid_file_new(const char *mode)
{
	struct pid_file file = {.path = "/tmp/backburn-pids-XXXXXX"};
	int fd = mkstemp(file.path);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	close(fd);
	snprintf(file.arguments, sizeof(file.arguments), ",\"%s\",\"%s\"", mode, file.path);
	return file;
}

/* How many processes wrote to it; all of them must go, within the harness' deadline. */
static int await_end_of_all(const struct pid_file *file)
{
	int64_t deadline_ns = harness_now_ns() + HARNESS_DEADLINE_MS * NS_PER_MS;
	FILE *pids = fopen(file->path, "r");
	int pid, count = 0;

	assert_non_null(pids);
	while (fscanf(pids, "%d", &pid) == 1) {
		while (kill(pid, 0) == 0 || errno != ESRCH) {
			assert_true(harness_now_ns() < deadline_ns);
			poll(NULL, 0, 10);
		}
		count++;
	}
	fclose(pids);
	unlink(file->path);
	return count;
}

static void one_that_hangs_is_killed_at_its_timeout(void **state)
{
	(void)state;
	struct pid_file file = pid_file_new("hang");
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	run_program(harness, 10, "300ms", file.arguments, "");
	harness_await_events(harness, 10);
	sum = harness_stop(harness);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 5);
	assert_int_equal(sum.outcomes[OUTCOME_TIMEOUT] + sum.outcomes[OUTCOME_DROPPED], sum.events);
	assert_true(await_end_of_all(&file) >= 1);
	/* All are gone while the prober still lives. */
	cJSON_Delete(harness_ask(harness, "ping", "{}"));
	assert_int_equal(harness_end(harness), 0);
}

/* Its parent is long gone, and it holds the pipe that the output is read from. */
static void what_a_program_leaves_behind_is_killed(void **state)
{
	(void)state;
	struct pid_file file = pid_file_new("orphan");
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	run_program(harness, 10, "20s", file.arguments, ",\"expect_stdout\":{\"equals\":\"\"}");
	harness_await_events(harness, 5);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	await_end_of_all(&file);
	assert_int_equal(harness_end(harness), 0);
}

static void none_outlives_the_prober(void **state)
{
	(void)state;
	struct pid_file file = pid_file_new("hang");
	struct harness *harness = harness_new(0);
	struct stat written;

	run_program(harness, 10, "300s", file.arguments, "");
	do {
		cJSON_Delete(harness_ask(harness, "ping", "{}"));
		assert_int_equal(stat(file.path, &written), 0);
	} while (written.st_size == 0);
	assert_int_equal(harness_end(harness), 0);
	assert_true(await_end_of_all(&file) >= 1);
}

/* Sixty-four of them at most, whatever the rate: the rest is the prober's own fault. */
static void too_many_at_once_are_dropped(void **state)
{
	(void)state;
	struct pid_file file = pid_file_new("hang");
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	run_program(harness, 50, "4s", file.arguments, "");
	harness_await_events(harness, 100);
	sum = harness_stop(harness);
	assert_true(sum.outcomes[OUTCOME_DROPPED] >= 1);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 1);
	assert_int_equal(sum.outcomes[OUTCOME_TIMEOUT] + sum.outcomes[OUTCOME_DROPPED], sum.events);
	assert_int_equal(sum.bad[0], sum.events);
	assert_true(await_end_of_all(&file) <= 64 + sum.outcomes[OUTCOME_TIMEOUT]);
	assert_int_equal(harness_end(harness), 0);
}

static void a_flood_is_cut_off_or_ignored(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	run_program(harness, 2, "25s", ",\"flood\"", ",\"expect_stdout\":{\"contains\":\"yes\"}");
	harness_await_events(harness, 2);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], sum.events);
	assert_string_equal(sum.last_error, "n1: it wrote more than can be compared: killed");
	assert_int_equal(harness_end(harness), 0);

	/* Nobody looks: it goes to /dev/null, and costs the prober nothing. */
	harness = harness_new(0);
	run_program(harness, 2, "25s", ",\"flood\"", "");
	harness_await_events(harness, 2);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(harness_end(harness), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_status_decides),
		cmocka_unit_test(what_it_says_decides),
		cmocka_unit_test(input_reaches_it_to_the_end),
		cmocka_unit_test(its_environment_is_minimal),
		cmocka_unit_test(no_error_tells_a_secret),
		cmocka_unit_test(one_that_hangs_is_killed_at_its_timeout),
		cmocka_unit_test(what_a_program_leaves_behind_is_killed),
		cmocka_unit_test(none_outlives_the_prober),
		cmocka_unit_test(too_many_at_once_are_dropped),
		cmocka_unit_test(a_flood_is_cut_off_or_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
