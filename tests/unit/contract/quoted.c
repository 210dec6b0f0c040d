/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/contract/quoted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"

cJSON *quoted_json(const char *text)
{
	char *copy = strdup(text);
	struct fail fail = FAIL_INIT;
	cJSON *value;

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_parse(copy, strlen(copy), &fail);
	if (!value)
		fail_msg("%s: %s", copy, fail.text);
	free(copy);
	return value;
}
