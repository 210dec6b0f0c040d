/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/check.h"
#include "controller/plan/allow.h"

#include "controller/plan/conflicts.h"

int scenario_check(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail)
{
	if (check_references(scenario, catalogue, fail) < 0 || allow_check(scenario, fail) < 0)
		return -1;
	if (check_conflicts(scenario, catalogue, fail) < 0)
		return -1;
	return check_claims(scenario, catalogue, fail);
}
