/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_GUARDIANS_H
#define BACKBURN_INJECTOR_GUARDIANS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/units.h"
#include "injector/guard/guard.h"
#include "injector/host.h"

struct ledger;

/* The guardian of a session, once there is one. */
struct guardian_keep {
	const char *runtime_dir;
	int64_t pid;                    /* of this process: names the guardian's cgroup */
	int64_t until_ns;               /* the lease */
	struct ledger *ledger;          /* borrowed; open whenever something is armed */
	struct host_guardian *guardian; /* NULL: none was needed yet */
	int64_t record;                 /* of its cgroup, in the ledger */
	bool noted;
};
void guardian_lease(struct guardian_keep *keep, int64_t until_ns);
/* Ends it. Safe when there is none. */
void guardian_dismiss(struct guardian_keep *keep, bool in_order);

/* ---- for what it holds ---- */

/* Of the guardian, while it may wait for threads to stop. */
#define GUARDIAN_ANSWER_NS (5 * NS_PER_SEC)

/* A guardian lives, or is started. The ledger must be open. */
int guardian_need(struct guardian_keep *keep, struct fail *fail);
/* A free post gets the order; it is looked at once the guardian is woken. NULL: none is free. */
struct guard_post *guardian_order(
	struct host_guardian *guardian, const struct guard_order *order, struct fail *fail);
enum guard_state guard_state(const struct guard_post *post);
bool guard_is_taken(const struct guard_post *post);
bool guard_is_free(const struct guard_post *post);
/* False when it does not answer by then, or is dead. */
bool guardian_await(const struct host_guardian *guardian, const struct guard_post *post,
	bool (*answered)(const struct guard_post *post), int64_t until_ns);
/* What is held for it is let go for good, once the guardian is woken. */
void guardian_take_back(struct guard_post *post);

#endif
