/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is left of a lab, at whatever point its makers die. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/units.h"
#include "controller/lab/lab.h"
#include "controller/lab/lab_fs.h"
#include "controller/lab/lab_time.h"
#include "tests/e2e/host_state.h"

#define LAB "bbcrash"
#define LIGHT(services)                                                                            \
	"{\"backburn_lab\":1,\"name\":\"" LAB "\",\"subnet\":\"10.79.0.0/24\","                    \
	"\"subnet6\":\"fd79::/64\",\"nodes\":{\"a\":{\"services\":{" services "}},\"b\":{}}}"
#define SLEEPER "\"s\":{\"argv\":[\"sleep\",\"1000\"],\"restart\":\"always\"}"
#define NEVER_READY                                                                                \
	"\"s\":{\"argv\":[\"sleep\",\"1000\"],"                                                    \
	"\"ready\":{\"tcp\":\"{node.addr}:1\",\"within\":\"60s\"}}"

static struct lab_file parse(const char *text)
{
	struct fail fail = FAIL_INIT;
	struct lab_file file;

	if (lab_file_parse(text, strlen(text), "test", &file, &fail) < 0)
		fail_msg("%s", fail.text);
	return file;
}

static void down(void)
{
	struct fail fail = FAIL_INIT;

	if (lab_down(LAB, &fail) < 0)
		fail_msg("%s", fail.text);
}

static int clean(void **state)
{
	struct fail fail = FAIL_INIT;

	(void)state;
	return lab_down(LAB, &fail);
}

static void die_at(void *context, const char *text)
{
	int *left = context;

	(void)text;
	if ((*left)-- == 0)
		raise(SIGKILL);
}

/* True when `up` lived to its end. */
static bool up_dying_at(const struct lab_file *file, int step)
{
	struct fail fail = FAIL_INIT;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(lab_up(file, die_at, &step, &fail) == 0 ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return true;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return false;
}

static void test_down_after_up_died_at_each_step(void **state)
{
	struct lab_file file = parse(LIGHT(SLEEPER));
	char *before = host_state(LAB);
	int step = 0;
	bool lived;

	(void)state;
	do {
		lived = up_dying_at(&file, step++);
		assert_int_equal(lab_is_up(LAB), lived);
		down();
		assert_host_state(LAB, strdup(before));
	} while (!lived);
	assert_true(step > 5);
	free(before);
	lab_file_deinit(&file);
}

static void test_up_cleans_what_an_up_that_died_left(void **state)
{
	struct lab_file file = parse(LIGHT(SLEEPER));
	char *before = host_state(LAB);
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_false(up_dying_at(&file, 6));
	if (lab_up(&file, NULL, NULL, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_true(lab_is_up(LAB));
	lab_file_deinit(&file);
	down();
	assert_host_state(LAB, before);
}

/* The instants between the steps: killed by the clock, whatever it is doing. */
static void test_down_after_up_died_at_any_instant(void **state)
{
	struct lab_file file = parse(LIGHT(NEVER_READY));
	int64_t step_ns = getenv("BACKBURN_LONG") ? NS_PER_MS : 4 * NS_PER_MS;
	char *before = host_state(LAB);

	(void)state;
	for (int64_t after_ns = 0; after_ns < 120 * NS_PER_MS; after_ns += step_ns) {
		struct fail fail = FAIL_INIT;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(lab_up(&file, NULL, NULL, &fail) == 0 ? 0 : 1);
		lab_sleep_ns(after_ns);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		down();
		assert_host_state(LAB, strdup(before));
	}
	free(before);
	lab_file_deinit(&file);
}

static void tell_pipe(void *context, const char *text)
{
	if (strstr(text, "waiting for") && write(*(int *)context, "w", 1) != 1)
		_exit(2);
}

static void test_a_signal_takes_the_half_built_lab_down(void **state)
{
	struct lab_file file = parse(LIGHT(NEVER_READY));
	char *before = host_state(LAB), byte;
	struct fail fail = FAIL_INIT;
	int told[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(told), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(lab_up(&file, tell_pipe, &told[1], &fail) == 0 ? 0 : 1);
	assert_int_equal(read(told[0], &byte, 1), 1);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_host_state(LAB, before);
	close(told[0]);
	close(told[1]);
	lab_file_deinit(&file);
}

static pid_t supervisor_pid(void)
{
	char path[LAB_PATH_MAX + 64];
	struct service_list list;
	struct fail fail = FAIL_INIT;
	long long parent = 0, pid;
	FILE *file;

	assert_int_equal(lab_services(LAB, &list, &fail), 0);
	pid = LIST_AT(list.services, struct service_status, 0)->pid;
	shape_free(&service_list_shape, &list);
	snprintf(path, sizeof(path), "/proc/%lld/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d (%*[^)]) %*c %lld", &parent), 1);
	fclose(file);
	return (pid_t)parent;
}

static void test_down_works_without_the_supervisor(void **state)
{
	struct lab_file file = parse(LIGHT(SLEEPER));
	char *before = host_state(LAB);
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(lab_up(&file, NULL, NULL, &fail), 0);
	assert_int_equal(kill(supervisor_pid(), SIGKILL), 0);
	while (lab_is_up(LAB))
		lab_sleep_ns(10 * NS_PER_MS);
	lab_file_deinit(&file);
	down();
	down();
	assert_host_state(LAB, before);
}

static void test_one_change_at_a_time(void **state)
{
	struct lab_file file = parse(LIGHT(SLEEPER));
	struct fail fail = FAIL_INIT;
	char pid[24];
	int lock;

	(void)state;
	assert_int_equal(lab_lock(LAB, &lock, &fail), 0);
	assert_int_equal(lab_up(&file, NULL, NULL, &fail), -1);
	assert_int_equal(fail.kind, FAIL_BUSY);
	snprintf(pid, sizeof(pid), "process %d", getpid());
	assert_non_null(strstr(fail.text, pid));
	lab_unlock(LAB, lock, true);
	assert_int_equal(lab_up(&file, NULL, NULL, &fail), 0);
	lab_file_deinit(&file);
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_down_after_up_died_at_each_step, clean),
		cmocka_unit_test_teardown(test_up_cleans_what_an_up_that_died_left, clean),
		cmocka_unit_test_teardown(test_down_after_up_died_at_any_instant, clean),
		cmocka_unit_test_teardown(test_a_signal_takes_the_half_built_lab_down, clean),
		cmocka_unit_test_teardown(test_down_works_without_the_supervisor, clean),
		cmocka_unit_test_teardown(test_one_change_at_a_time, clean),
	};

	if (geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
