/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/measure/members.h"

/* Several members before and during: how often one is named wrongly, counted out. */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
	MOST = 60
};

static struct proportion good(int64_t n, int64_t bad)
{
	return (struct proportion){.x = n - bad, .n = n};
}

static void what_is_found_of_a_member(void **state)
{
	(void)state;
	static const struct {
		double room;
		size_t members;
		int64_t allowed, n, bad, bad_before;
		enum member_finding found;
	} cases[] = {
		/* ln 0.05 / ln 0.99: 299 good ones show 1 point, as they show 99 %. */
		{0.01, 1, 0, 299, 0, 0, MEMBER_KEPT},
		{0.01, 1, 0, 298, 0, 0, MEMBER_OPEN},
		/* More members make it harder to be worse, and no harder to be kept. */
		{0.01, 9, 0, 299, 0, 0, MEMBER_KEPT},
		{0.01, 1, 0, 400, 12, 0, MEMBER_WORSE},
		{0.01, 9, 0, 400, 12, 0, MEMBER_OPEN},
		{0.01, 9, 0, 400, 18, 0, MEMBER_WORSE},
		/* More that are allowed make it harder to be kept: ln 0.025 / ln 0.99. */
		{0.01, 9, 1, 299, 0, 0, MEMBER_OPEN},
		{0.01, 9, 1, 368, 0, 0, MEMBER_KEPT},
		/* Lower by less than the room is no worse; as bad as before neither. */
		{0.2, 3, 0, 400, 20, 0, MEMBER_KEPT},
		{0.05, 3, 0, 400, 200, 200, MEMBER_OPEN},
		{0.05, 3, 0, 400, 100, 200, MEMBER_KEPT},
		{0.01, 3, 0, 20, 20, 0, MEMBER_WORSE},
		/* So few are no proof, even if nothing else speaks against it. */
		{0.01, 3, 0, 4, 4, 0, MEMBER_OPEN},
		{0.01, 3, 0, 5, 5, 0, MEMBER_WORSE},
		/* Without events nothing is known. */
		{0.01, 3, 0, 0, 0, 0, MEMBER_OPEN},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct members_test test = {.room = cases[i].room,
			.alpha = 0.05,
			.members = cases[i].members,
			.allowed = cases[i].allowed};
		enum member_finding found = members_judge(&test, good(cases[i].n, cases[i].bad),
			good(cases[i].n, cases[i].bad_before));

		if (found != cases[i].found)
			fail_msg("case %zu: found %d", i, found);
	}
}

/* --- how often it errs --------------------------------------------------------------------- */

struct chances {
	double worse, kept;
};

/* Over all that can be seen of n events with these shares of good ones, each weighed. */
static struct chances chances_of(
	const struct members_test *test, int64_t n, int64_t n_before, double share, double before)
{
	static double during[MOST + 1];
	struct chances sum = {0};

	for (int64_t x = 0; x <= n; x++)
		during[x] = binomial_probability(x, n, share);
	for (int64_t y = 0; y <= n_before; y++) {
		double weight = binomial_probability(y, n_before, before);

		if (weight < 1e-7)
			continue;
		for (int64_t x = 0; x <= n; x++) {
			enum member_finding found;

			if (during[x] < 1e-7)
				continue;
			found = members_judge(
				test, (struct proportion){x, n}, (struct proportion){y, n_before});
			sum.worse += found == MEMBER_WORSE ? during[x] * weight : 0;
			sum.kept += found == MEMBER_KEPT ? during[x] * weight : 0;
		}
	}
	return sum;
}

static void assert_errs_seldom(const struct members_test *test, int64_t n, int64_t n_before)
{
	static const double before[] = {1, 0.95, 0.5};
	double named = test->alpha / (double)test->members;

	for (size_t i = 0; i < COUNT_OF(before); i++) {
		struct chances bound =
			chances_of(test, n, n_before, before[i] - test->room, before[i]);
		struct chances same = chances_of(test, n, n_before, before[i], before[i]);

		/* On the very bound either is wrong. */
		if (bound.worse > named || bound.kept > test->alpha)
			fail_msg("%zu members, room %g, %lld events, share %g: worse %g, kept %g",
				test->members, test->room, (long long)n, before[i], bound.worse,
				bound.kept);
		/* Where nothing changed it is named worse less often still. */
		assert_true(same.worse <= bound.worse);
	}
}

static void members_are_seldom_named_wrongly(void **state)
{
	(void)state;
	static const int64_t sizes[][2] = {{20, 60}, {50, 50}};
	static const size_t members[] = {1, 4};
	static const double rooms[] = {0.01, 0.05};

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		for (size_t j = 0; j < COUNT_OF(members); j++)
			for (size_t k = 0; k < COUNT_OF(rooms); k++)
				assert_errs_seldom(&(const struct members_test){.room = rooms[k],
							   .alpha = 0.05,
							   .members = members[j]},
					sizes[i][0], sizes[i][1]);
}

/* --- all together -------------------------------------------------------------------------- */

static void what_follows_for_all_of_them(void **state)
{
	(void)state;
	static const struct {
		size_t members;
		int64_t allowed;
		size_t worse, kept;
		enum statistics_verdict verdict;
	} cases[] = {
		{3, 0, 0, 3, STATISTICS_HELD},
		{3, 0, 0, 2, STATISTICS_INCONCLUSIVE},
		{3, 0, 1, 2, STATISTICS_VIOLATED},
		{3, 1, 1, 2, STATISTICS_HELD},
		{3, 1, 0, 2, STATISTICS_HELD},
		{3, 1, 1, 1, STATISTICS_INCONCLUSIVE},
		{3, 1, 2, 1, STATISTICS_VIOLATED},
		{3, 1, 3, 0, STATISTICS_VIOLATED},
		/* Nothing is claimed of no more than are allowed. */
		{2, 2, 0, 2, STATISTICS_INCONCLUSIVE},
		{1, 5, 1, 0, STATISTICS_INCONCLUSIVE},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct members_test test = {.room = 0.01,
			.alpha = 0.05,
			.members = cases[i].members,
			.allowed = cases[i].allowed};

		if (members_verdict(&test, cases[i].worse, cases[i].kept) != cases[i].verdict)
			fail_msg("case %zu", i);
	}
}

/* Against nothing but good events only one side has limits: those of 40 of 400, exactly. */
static void intervals_hold_together(void **state)
{
	(void)state;
	static const struct members_test one = {.room = 0.01, .alpha = 0.05, .members = 1};
	static const struct members_test four = {.room = 0.01, .alpha = 0.05, .members = 4};
	struct statistics_interval alone = members_interval(&one, good(400, 40), good(400, 0));
	struct statistics_interval all = members_interval(&four, good(400, 40), good(400, 0));
	struct statistics_interval limits = statistics_clopper_pearson(40, 400, 0.025);

	assert_true(all.lower < alone.lower && all.upper > alone.upper);
	assert_true(fabs(all.lower + limits.upper) < 1e-9);
	/* Wider than those of Wilson, which `compare` takes. */
	assert_true(alone.lower < statistics_newcombe(good(400, 40), good(400, 0), 0.1).lower);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_of_a_member),
		cmocka_unit_test(members_are_seldom_named_wrongly),
		cmocka_unit_test(what_follows_for_all_of_them),
		cmocka_unit_test(intervals_hold_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
