/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/allow.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract/units.h"
#include "controller/plan/plan_times.h"

static bool exists(const char *file)
{
	return access(file, F_OK) == 0;
}

int allow_check(const struct scenario *scenario, struct fail *fail)
{
	const struct allow_spec *allow = scenario->guardrails->allow;

	if (!allow || !allow->hours)
		return 0;
	return hours_check(allow->hours, exists, "guardrails.allow.hours", fail);
}

static int check_class(
	const struct list *classes, const struct environment *environment, struct fail *fail)
{
	char words[64] = "";

	LIST_EACH(*classes, int, own) {
		size_t used = strlen(words);

		if (*own == environment->class)
			return 0;
		snprintf(words + used, sizeof(words) - used, "%s%s", used ? ", " : "",
			environment_class_words[*own]);
	}
	return fail_set(fail, FAIL_REFUSED,
		"guardrails.allow.classes names %s, and environment \"%s\" is of class %s", words,
		environment->name, environment_class_words[environment->class]);
}

int allow_run(const struct scenario *scenario, const struct environment *environment,
	int64_t wall_ns, struct fail *fail)
{
	const struct allow_spec *allow = scenario->guardrails->allow;
	char longest[DURATION_TEXT_MAX];
	int64_t longest_ns;

	if (!allow)
		return 0;
	if (allow->classes.count && check_class(&allow->classes, environment, fail) < 0)
		return -1;
	longest_ns = plan_times(scenario).longest_ns;
	if (!allow->hours || hours_cover(allow->hours, wall_ns, wall_ns + longest_ns))
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"guardrails.allow.hours allow runs from %s to %s (%s) on some days only, and this "
		"one "
		"may take %s",
		allow->hours->from, allow->hours->to, allow->hours->zone,
		duration_human(longest_ns, longest));
}
