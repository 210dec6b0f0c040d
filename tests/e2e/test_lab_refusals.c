/* SPDX-License-Identifier: Apache-2.0 */
/* Labs that do not come up: why, word for word, and that nothing of them is left. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/lab/lab.h"
#include "controller/lab/lab_fs.h"
#include "controller/lab/lab_paths.h"
#include "controller/lab/netns.h"
#include "tests/e2e/host_state.h"
#include "tests/e2e/lab_ground.h"

#define LAB "bbrefused"
#define LIGHT(services)                                                                            \
	"{\"backburn_lab\":1,\"name\":\"" LAB "\",\"subnet\":\"10.78.0.0/24\","                    \
	"\"nodes\":{\"a\":{\"services\":{" services "}},\"b\":{}}}"
#define SLEEPER "\"argv\":[\"sleep\",\"1000\"]"

static int begin(void **state)
{
	(void)state;
	return lab_ground_begin(LAB);
}

static int clean(void **state)
{
	(void)state;
	return lab_ground_clean();
}

static int end(void **state)
{
	(void)state;
	return lab_ground_end();
}

static void assert_refused_clean(const char *text, const char *says)
{
	char *before = host_state(LAB);
	struct lab_file file = lab_ground_parse(text);
	struct fail fail = FAIL_INIT;

	assert_int_equal(lab_up(&file, NULL, NULL, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	if (!strstr(fail.text, says))
		fail_msg("no \"%s\" in: %s", says, fail.text);
	lab_file_deinit(&file);
	assert_host_state(LAB, before);
}

static void test_what_cannot_run_is_refused_first(void **state)
{
	(void)state;
	assert_refused_clean(LIGHT("\"s\":{\"argv\":[\"no-such-daemon\"]}"),
		"node a: service s: there is no program \"no-such-daemon\"");
	assert_refused_clean(LIGHT("\"s\":{" SLEEPER ",\"user\":\"no-such-user\"}"),
		"there is no user \"no-such-user\" on this machine");
}

static void test_not_ready_shows_the_log(void **state)
{
	(void)state;
	assert_refused_clean(LIGHT("\"s\":{\"argv\":[\"ls\",\"/no/such/place\"],"
				   "\"ready\":{\"tcp\":\"{node.addr}:1\",\"within\":\"60s\"}}"),
		"lab " LAB ": service s of node a is not ready: exit 2\nits log "
		"ends:\n");
	assert_refused_clean(LIGHT("\"s\":{" SLEEPER ","
				   "\"ready\":{\"tcp\":\"{node.addr}:1\",\"within\":\"300ms\"}}"),
		"(waited 300ms)");
}

static int signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static void interrupt_the_waiting(void *context, const char *text)
{
	(void)context;
	if (strcmp(text, "waiting for the services") == 0)
		raise(SIGTERM);
}

/* It is delivered when nothing half-built is left. */
static void test_a_signal_ends_the_waiting(void **state)
{
	struct lab_file file = lab_ground_parse(LIGHT("\"s\":{" SLEEPER ",\"ready\":{\"tcp\":"
						      "\"{node.addr}:1\",\"within\":\"60s\"}}"));
	struct fail fail = FAIL_INIT;

	(void)state;
	signals = 0;
	signal(SIGTERM, count_signal);
	assert_int_equal(lab_up(&file, interrupt_the_waiting, NULL, &fail), -1);
	signal(SIGTERM, SIG_DFL);
	assert_string_equal(fail.text, "lab " LAB ": interrupted by a signal");
	assert_int_equal(signals, 1);
	assert_false(lab_is_up(LAB));
	lab_file_deinit(&file);
}

static void test_one_changes_a_lab_at_a_time(void **state)
{
	struct fail fail = FAIL_INIT;
	char says[128];
	int fd;

	(void)state;
	assert_int_equal(lab_lock(LAB, &fd, &fail), 0);
	assert_int_equal(lab_down(LAB, &fail), -1);
	lab_unlock(LAB, fd, true);
	assert_int_equal(fail.kind, FAIL_BUSY);
	snprintf(says, sizeof(says), "lab " LAB " is being changed by process %d", (int)getpid());
	assert_string_equal(fail.text, says);
}

static void test_a_name_that_is_taken(void **state)
{
	const char *path = lab_path_netns(LAB, NULL, (char[LAB_PATH_MAX]){0});
	struct fail fail = FAIL_INIT;
	char says[128];

	(void)state;
	assert_int_equal(netns_create(path, &fail), 0);
	assert_int_equal(netns_create(path, &fail), -1);
	snprintf(says, sizeof(says), "network namespace %s exists already", path);
	assert_string_equal(fail.text, says);
	assert_int_equal(netns_delete(path, &fail), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_what_cannot_run_is_refused_first, clean),
		cmocka_unit_test_teardown(test_not_ready_shows_the_log, clean),
		cmocka_unit_test_teardown(test_a_signal_ends_the_waiting, clean),
		cmocka_unit_test_teardown(test_one_changes_a_lab_at_a_time, clean),
		cmocka_unit_test_teardown(test_a_name_that_is_taken, clean),
	};

	if (geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, begin, end);
}
