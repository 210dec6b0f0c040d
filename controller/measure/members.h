/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_MEMBERS_H
#define BACKBURN_MEMBERS_H

#include <stddef.h>

#include "controller/measure/comparison.h"

/*
 * Which of several members got worse: each one's share of good events against its own before, by
 * Newcombe's interval for a difference (R. G. Newcombe 1998, method 10) with Clopper and Pearson's
 * exact limits in place of Wilson's, which near 1 err towards proof. Counted out over all that can
 * be seen, neither finding is then wrong more often than is said here. Pure and thread-safe.
 *
 * A member is worse when its share is lower by more than `room` with proof at alpha / members. By
 * Bonferroni's inequality the chance that any member is named worse that is not is then at most
 * alpha, however the members depend on each other (C. E. Bonferroni 1936; O. J. Dunn, Multiple
 * comparisons among means, 1961). It has MEMBERS_BAD_MIN bad events at least: one lost packet
 * accuses nobody.
 *
 * A member is kept when its share is lower by no more than `room` with proof at alpha / (allowed +
 * 1). Where more than `allowed` are worse, the claim that no more are takes that one of any allowed
 * + 1 worse ones is called kept: the chance is at most alpha, too. With `allowed` 0 that is an
 * intersection-union test, which needs no correction (R. L. Berger, Multiparameter hypothesis
 * testing and acceptance sampling, 1982).
 */
enum {
	MEMBERS_BAD_MIN = 5
};

enum member_finding {
	MEMBER_OPEN, /* neither is proven; also where there are no events on one side */
	MEMBER_KEPT,
	MEMBER_WORSE
};

struct members_test {
	double room;     /* 0 < room < 1 */
	double alpha;    /* 0 < alpha < 0.5 */
	size_t members;  /* 1 or more */
	int64_t allowed; /* 0 or more */
};

/* Both of good events; n may be 0. Some 10 ms for n = 10^7. */
enum member_finding members_judge(
	const struct members_test *test, struct proportion during, struct proportion before);

/* Only whether it is worse: at once for one that does not look so. */
bool members_is_worse(
	const struct members_test *test, struct proportion during, struct proportion before);

/*
 * The interval for the difference during − before, so wide that those of all members hold together
 * with confidence 1 − alpha each way. Both n ≥ 1.
 */
struct statistics_interval members_interval(
	const struct members_test *test, struct proportion during, struct proportion before);

/*
 * What follows for "at most `allowed` of the members are worse" when that many were found worse and
 * kept. HELD when all but `allowed` are kept; INCONCLUSIVE when no violation was possible.
 */
enum statistics_verdict members_verdict(const struct members_test *test, size_t worse, size_t kept);

#endif
