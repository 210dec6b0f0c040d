/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/measure/members.h"

#include <math.h>

static double share_of(struct proportion sample)
{
	return (double)sample.x / (double)sample.n;
}

/* Of confidence 1 − alpha each way. */
static struct statistics_interval difference(
	struct proportion during, struct proportion before, double alpha)
{
	struct statistics_interval one = statistics_clopper_pearson(during.x, during.n, 2 * alpha);
	struct statistics_interval two = statistics_clopper_pearson(before.x, before.n, 2 * alpha);
	double p1 = share_of(during), p2 = share_of(before);

	return (struct statistics_interval){
		.lower = p1 - p2 - hypot(p1 - one.lower, two.upper - p2),
		.upper = p1 - p2 + hypot(one.upper - p1, p2 - two.lower),
	};
}

static double alpha_of_worse(const struct members_test *test)
{
	return test->alpha / (double)test->members;
}

static double alpha_of_kept(const struct members_test *test)
{
	return test->alpha / (double)(test->allowed + 1);
}

struct statistics_interval members_interval(
	const struct members_test *test, struct proportion during, struct proportion before)
{
	return difference(during, before, alpha_of_worse(test));
}

bool members_is_worse(
	const struct members_test *test, struct proportion during, struct proportion before)
{
	return before.n && during.n - during.x >= MEMBERS_BAD_MIN &&
		share_of(during) - share_of(before) < -test->room &&
		members_interval(test, during, before).upper < -test->room;
}

static bool is_kept(
	const struct members_test *test, struct proportion during, struct proportion before)
{
	return share_of(during) - share_of(before) >= -test->room &&
		difference(during, before, alpha_of_kept(test)).lower >= -test->room;
}

enum member_finding members_judge(
	const struct members_test *test, struct proportion during, struct proportion before)
{
	if (!during.n || !before.n)
		return MEMBER_OPEN;
	if (members_is_worse(test, during, before))
		return MEMBER_WORSE;
	return is_kept(test, during, before) ? MEMBER_KEPT : MEMBER_OPEN;
}

enum statistics_verdict members_verdict(const struct members_test *test, size_t worse, size_t kept)
{
	size_t allowed = (size_t)test->allowed;

	/* Of no more members than are allowed nothing is claimed. */
	if (test->members <= allowed)
		return STATISTICS_INCONCLUSIVE;
	if (worse > allowed)
		return STATISTICS_VIOLATED;
	return test->members - kept <= allowed ? STATISTICS_HELD : STATISTICS_INCONCLUSIVE;
}
