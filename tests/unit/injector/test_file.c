/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "injector/host.h"

/* The real host's files: what the ledger relies on when the disk is full. */

static char directory[] = "/tmp/backburn-file-XXXXXX";
static char path[PATH_MAX];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/ledger", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void assert_text(const char *expected)
{
	struct fail fail = FAIL_INIT;
	size_t length;
	char *text;

	assert_int_equal(host_file_read(path, 4096, &text, &length, &fail), 0);
	assert_string_equal(text, expected);
	free(text);
}

/* As on a full disk: the first bytes of a line still fit. */
static void a_line_is_written_whole_or_not_at_all(void **state)
{
	const struct rlimit full = {.rlim_cur = 16, .rlim_max = RLIM_INFINITY};
	const struct rlimit room = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	struct fail fail = FAIL_INIT;
	int file, result;

	(void)state;
	assert_int_equal(host_file_lock(path, &file, &fail), 0);
	assert_int_equal(host_file_append(file, "{\"a\":1}\n", 8, &fail), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	result = host_file_append(file, "{\"undo\":\"filter\"}\n", 18, &fail);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &room), 0);
	assert_int_equal(result, -1);
	assert_int_equal(fail.error, EFBIG);
	assert_text("{\"a\":1}\n");
	assert_int_equal(host_file_append(file, "{\"b\":2}\n", 8, &fail), 0);
	assert_text("{\"a\":1}\n{\"b\":2}\n");
	host_file_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_written_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
