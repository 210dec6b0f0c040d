/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/lab_ground.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/lab/lab.h"
#include "tests/e2e/host_state.h"

static const char *name;
static char *untouched; /* the host, before all tests */

int lab_ground_begin(const char *lab)
{
	name = lab;
	untouched = host_state(lab);
	return 0;
}

void lab_ground_down(void)
{
	struct fail fail = FAIL_INIT;

	if (lab_down(name, &fail) < 0)
		fail_msg("%s", fail.text);
}

int lab_ground_clean(void)
{
	lab_ground_down();
	assert_host_state(name, strdup(untouched));
	return 0;
}

int lab_ground_end(void)
{
	free(untouched);
	return 0;
}

struct lab_file lab_ground_parse(const char *text)
{
	struct fail fail = FAIL_INIT;
	struct lab_file file;

	if (lab_file_parse(text, strlen(text), "test", &file, &fail) < 0)
		fail_msg("%s", fail.text);
	return file;
}
