/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/suite_check.h"

#include <stdio.h>

#include "contract/units.h"
#include "controller/plan/check.h"
#include "controller/plan/plan_times.h"

static int check_scenario(const struct suite_entry *entry, const struct catalogue *catalogue,
	struct plan_times *out, struct fail *fail)
{
	struct scenario scenario;
	struct sources sources = {0};
	struct param_values values = suite_params(entry);
	int outcome = scenario_load(&scenario, &sources, entry->file, &values, fail);

	if (outcome == 0) {
		outcome = scenario_check(&scenario, catalogue, fail);
		if (outcome < 0)
			sources_explain(&sources, fail);
		*out = plan_times(&scenario);
		scenario_deinit(&scenario);
	}
	sources_deinit(&sources);
	suite_params_free(&values);
	return outcome;
}

/* A wrong value of a parameter is the suite's, in a file as the rest. */
static int blame_entry(const char *path, size_t index, struct fail *fail)
{
	struct sources sources = {0};
	struct fail place = FAIL_INIT, ignored = FAIL_INIT;

	if (!path)
		return -1;
	fail->kind = FAIL_BAD_FILE;
	if (sources_add(&sources, path, "backburn_suite", &ignored)) {
		fail_at(&place, "", "%.900s", fail->text);
		snprintf(place.path, sizeof(place.path), "scenarios[%zu]", index);
		sources_explain(&sources, &place);
		*fail = place;
	}
	sources_deinit(&sources);
	return -1;
}

static int check_limit(const struct suite *suite, const char *path, const struct suite_facts *facts,
	struct fail *fail)
{
	char least[DURATION_TEXT_MAX], limit[DURATION_TEXT_MAX];
	struct sources sources = {0};
	struct fail ignored = FAIL_INIT;

	if (!suite->run_limit_ns || facts->shortest_ns <= suite->run_limit_ns)
		return 0;
	fail_at(fail, "run_limit", "its runs take at least %s, longer than run_limit of %s",
		duration_human(facts->shortest_ns, least),
		duration_human(suite->run_limit_ns, limit));
	if (path && sources_add(&sources, path, "backburn_suite", &ignored))
		sources_explain(&sources, fail);
	sources_deinit(&sources);
	return -1;
}

int suite_check(const struct suite *suite, const char *path, const struct catalogue *catalogue,
	struct suite_facts *out, struct fail *fail)
{
	struct suite_facts facts = {0};
	size_t index = 0;

	LIST_EACH(suite->scenarios, struct suite_entry, entry) {
		struct plan_times times = {0};

		if (check_scenario(entry, catalogue, &times, fail) < 0)
			return blame_entry(path, index, fail);
		index++;
		facts.runs += (size_t)entry->runs;
		facts.shortest_ns += entry->runs * times.shortest_ns;
		facts.longest_ns += entry->runs * times.longest_ns;
	}
	if (check_limit(suite, path, &facts, fail) < 0)
		return -1;
	*out = facts;
	return 0;
}
