/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/push/remote.h"
#include "given.h"

/* A shell here in place of a host. */
static int run(
	struct remote_call call, const char *script, struct remote_answer *out, struct fail *fail)
{
	const struct list nowhere = {0};

	call.connect = &nowhere;
	call.words = (const char *[]){"sh", "-c", script, NULL};
	return remote_run(&call, out, fail);
}

static int64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void answers_and_codes_are_kept(void **state)
{
	const struct remote_call call = {
		.input = "yes", .input_size = 3, .patience_s = 10, .longest_s = 20};
	struct remote_answer answer;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(run(call, "cat; echo no >&2; exit 3", &answer, &fail), 0);
	assert_int_equal(answer.code, 3);
	assert_string_equal(answer.out, "yes");
	assert_string_equal(answer.err, "no\n");
	remote_answer_deinit(&answer);
}

static void fails_within(const char *script, int patience_s, int longest_s, const char *why)
{
	const struct remote_call call = {.patience_s = patience_s, .longest_s = longest_s};
	struct remote_answer answer;
	struct fail fail = FAIL_INIT;
	int64_t began = seconds();

	assert_int_equal(run(call, script, &answer, &fail), -1);
	assert_int_equal(fail.kind, FAIL_PEER);
	assert_non_null(strstr(fail.text, why));
	assert_true(seconds() - began <= 5);
}

static void nobody_is_awaited_for_good(void **state)
{
	(void)state;
	fails_within("exec sleep 20", 1, 30, "no sign of life for 1 s");
	/* It says nothing more, and does not end. */
	fails_within("exec sleep 20 >&- 2>&-", 1, 30, "no sign of life for 1 s");
	/* It says something all the time. */
	fails_within("for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.5 || exit; done", 5, 2,
		"not done after 2 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_codes_are_kept),
		cmocka_unit_test(nobody_is_awaited_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
