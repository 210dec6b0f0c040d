/* SPDX-License-Identifier: Apache-2.0 */
#include "mutations.h"

#include "controller/plan/check.h"
#include "given.h"

void mutations_are_refused(const struct mutation *table, size_t count)
{
	struct catalogue catalogue = given_catalogue();

	for (size_t i = 0; i < count; i++) {
		cJSON *tree = given_tree();
		struct scenario scenario;
		struct fail fail = FAIL_INIT;

		given_set(tree, table[i].path, table[i].json);
		/* The tables find some of it already. */
		if (scenario_from_merged(&scenario, tree, &fail) == 0) {
			if (scenario_check(&scenario, &catalogue, &fail) == 0)
				fail_msg("%s: %s was taken", table[i].path, table[i].json);
			scenario_deinit(&scenario);
		}
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		assert_string_equal(fail.path, table[i].fail_path);
		if (table[i].text)
			assert_string_equal(fail.text, table[i].text);
	}
	catalogue_deinit(&catalogue);
}
