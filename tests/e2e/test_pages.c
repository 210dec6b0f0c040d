/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/plan/catalogue.h"
#include "tests/e2e/cli.h"

/* Each fault's page tells the parameters that there are, in the words of the tables. */

static const char begin[] = "<!-- begin: from the fault's tables, by tools/pages -->\n";
static const char end[] = "<!-- end -->\n";

static void assert_page(const char *fault)
{
	struct cli_result result;
	char name[128], *page, *from, *to;

	snprintf(name, sizeof(name), "docs/faults/%s.md", fault);
	page = cli_read(cli_file(name));
	cli_run((const char *[]){"faults", fault, "--page", NULL}, &result);
	assert_int_equal(result.code, 0);
	from = strstr(page, begin);
	to = from ? strstr(from, end) : NULL;
	if (!to) {
		fail_msg("%s has no place for what the tables tell", name);
		return;
	}
	from += strlen(begin);
	*to = '\0';
	if (strcmp(from, result.out) != 0)
		fail_msg("%s differs from what the tables say; tools/pages renews it", name);
	free(page);
	cli_result_free(&result);
}

static void each_fault_has_its_page(void **state)
{
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(catalogue_builtin(&catalogue, &fail), 0);
	assert_true(catalogue.count > 0);
	for (size_t i = 0; i < catalogue.count; i++)
		assert_page(catalogue.faults[i].name);
	catalogue_deinit(&catalogue);
}

static void a_page_is_of_one_fault(void **state)
{
	struct cli_result result;

	(void)state;
	cli_run((const char *[]){"faults", "--page", NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_non_null(strstr(result.err, "--page needs a FAULT"));
	cli_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_has_its_page),
		cmocka_unit_test(a_page_is_of_one_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
