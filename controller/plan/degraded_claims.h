/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_DEGRADED_CLAIMS_H
#define BACKBURN_DEGRADED_CLAIMS_H

#include "controller/files/scenario.h"
#include "controller/measure/members.h"

/* `degraded_at_most`: what becomes of those that no fault is on. Pure. */

/* What a claim names no room of its own for, and what is told without any claim. */
#define DEGRADED_ROOM 0.01

/* Of so many members, one at least, that are counted. */
struct members_test degraded_test(const struct invariant_spec *claim, size_t members);

/* The probe asks each member, so that one can be told from another; false for NULL. */
bool probe_asks_each(const struct probe_spec *probe);

/*
 * What the claim will have, where the group is as small as it may be and all its members count: the
 * events of each, and the bad ones of these that decide when all were good before. The most with
 * which a member is kept, and the least with which it is worse.
 */
struct degraded_zone {
	int64_t members, samples, reference_samples;
	int64_t tolerated, violating;
};
struct degraded_zone degraded_zone(
	const struct scenario *scenario, const struct invariant_spec *claim);

/*
 * Whether the claim can be shown and its violation, too (of a negative control only that), with the
 * events that it will have. Failure: FAIL_BAD_FILE at `path` with the numbers needed.
 */
int check_degraded(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail);

#endif
