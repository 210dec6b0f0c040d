/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_GUARDIANS_H
#define BACKBURN_INJECTOR_GUARDIANS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "injector/host.h"

struct guard_order;
struct guard_post;
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

/* A guardian lives, or is started. The ledger must be open. */
int guardian_need(struct guardian_keep *keep, struct fail *fail);
void guardian_lease(struct guardian_keep *keep, int64_t until_ns);
/* Ends it. Safe when there is none. */
void guardian_dismiss(struct guardian_keep *keep, bool in_order);

/*
 * An order that stands from now on; the guardian sees it when it is woken. NULL: all its posts are
 * taken.
 */
struct guard_post *guardian_give(struct host_guardian *guardian, const struct guard_order *order);
/* What is held for it is let go for good, once the guardian is woken. */
void guardian_take_back(struct guard_post *post);

#endif
