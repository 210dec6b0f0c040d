/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/measure/comparison.h"
#include "controller/plan/check.h"
#include "controller/plan/comparison_claims.h"
#include "controller/plan/plan_print.h"
#include "given.h"

/* What `validate` and `plan` say of a scenario that can be run. */

static char *printed(cJSON *tree)
{
	struct scenario scenario = given_scenario(tree);
	struct fail fail = FAIL_INIT;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (scenario_check(&scenario, given_kept_catalogue(), &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	plan_print(out, &scenario, given_kept_catalogue());
	assert_int_equal(fclose(out), 0);
	scenario_deinit(&scenario);
	return text;
}

static void assert_prints(const char *path, const char *json, const char *line)
{
	cJSON *tree = given_tree();
	char *text;

	given_set(tree, path, json);
	text = printed(tree);
	if (!strstr(text, line))
		fail_msg("\"%s\" is not in:\n%s", line, text);
	free(text);
}

static void each_claim_says_what_it_needs(void **state)
{
	(void)state;
	assert_prints("seed", "7",
		"  steady       holds    precondition 1500 samples; held with at most 8 bad, "
		"violated "
		"from 23; 0.0027 % chance of INCONCLUSIVE at 0.1 % errors\n");
	assert_prints("invariants[0]",
		"{'id':'c','in':'cut','compare':{'slo':'avail','with':{'in':'before'},"
		"'worse_by_at_most':0.05}}",
		"  c            compare  must         500 samples, and 1500 of avail to compare "
		"with; "
		"held with at most 16 bad where those are good, violated from 34\n");
	assert_prints("invariants[0]",
		"{'id':'c','in':'cut','ratio':{'slo':'avail','to':{'in':'before'},'at_most':0.5}}",
		"  c            ratio    must         500 samples, and 1500 of avail to compare "
		"with\n");
}

/* The zone that is told is the one that is judged. */
static void zones_are_those_of_the_verdict(void **state)
{
	(void)state;
	static const char *const claims[] = {
		"{'id':'c','in':'cut','compare':{'slo':'avail','with':{'in':'before'},"
		"'worse_by_at_most':0.05}}",
		"{'id':'c','in':'cut','confidence':0.99,'ratio':{'slo':'avail','to':{'in':'before'}"
		","
		"'at_least':0.8}}"};

	for (size_t i = 0; i < 2; i++) {
		cJSON *tree = given_tree();
		struct scenario scenario;
		const struct invariant_spec *claim;
		struct comparison_zone zone;
		struct contrast contrast;

		given_set(tree, "invariants[0]", claims[i]);
		scenario = given_scenario(tree);
		claim = scenario.invariants.items;
		zone = comparison_zone(&scenario, claim);
		contrast = comparison_contrast(claim, 50, 50);
		for (int64_t bad = 0; bad <= 500; bad++)
			assert_int_equal(
				statistics_judge_contrast((struct proportion){500 - bad, 500},
					(struct proportion){1500, 1500}, &contrast,
					claim_alpha(claim)),
				bad <= zone.tolerated           ? STATISTICS_HELD
					: bad >= zone.violating ? STATISTICS_VIOLATED
								: STATISTICS_INCONCLUSIVE);
		scenario_deinit(&scenario);
	}
}

static void each_rule_says_when_it_fires(void **state)
{
	(void)state;
	assert_prints("seed", "7", "  outage       fires after 8s at 100 % errors\n");
	assert_prints("seed", "7", "  blind        fires after 5s without data\n");
	assert_prints("guardrails.stop_if[0]",
		"{'id':'burn','slo':'avail','burn':{'rate':20,'long':'60s'}}",
		"  burn         fires after 12s at 100 % errors\n");
	assert_prints("guardrails.stop_if[0]", "{'id':'cost','slo':'avail','budget_spent':0.001}",
		"  cost         fires after 25.92s at 100 % errors\n");
	assert_prints("slos.avail.burn",
		"[{'severity':'alert','rate':2,'long':'60s'},{'severity':'page','rate':8,'long':"
		"'20s'}]",
		"on call\n"
		"  avail        alert after 1.2s at 100 % errors\n"
		"  avail        page after 1.6s at 100 % errors\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_claim_says_what_it_needs),
		cmocka_unit_test(zones_are_those_of_the_verdict),
		cmocka_unit_test(each_rule_says_when_it_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
