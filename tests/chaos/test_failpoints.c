/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A build for people holds no failpoint; one for tests/chaos holds them in both programs. */

static bool program_says(const char *name, const char *word)
{
	char path[512], *bytes;
	bool says;
	long size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/bin/%s", getenv("BACKBURN_BUILD"), name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	bytes = malloc((size_t)size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
	fclose(file);
	says = memmem(bytes, (size_t)size, word, strlen(word)) != NULL;
	free(bytes);
	return says;
}

static void programs_hold_failpoints_only_in_a_build_for_them(void **state)
{
	static const char *const programs[] = {"backburn", "backburn-injector"};
	static const char *const words[] = {
		"BACKBURN_FAILPOINT", "undo_marked", "report_renamed", "failpoint_reach"};

	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
#ifdef BACKBURN_FAILPOINTS
			assert_true(program_says(programs[i], words[j]));
#else
			assert_false(program_says(programs[i], words[j]));
#endif
	/* What is looked for would be found. */
	assert_true(program_says(programs[0], "backburn"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_hold_failpoints_only_in_a_build_for_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
