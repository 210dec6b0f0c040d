/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_NEWCOMERS_H
#define BACKBURN_INJECTOR_NEWCOMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"
#include "contract/shape.h"

struct guardian_keep;
struct host_clock;
struct target_guard;

/*
 * Programs that are started in a cgroup while the clocks in it go wrong. Each is stopped before its
 * first instruction, led through a stub like those that were there before, and goes on. Nobody
 * stands for long: the guardian lets them go when this process can't.
 */
struct newcomers;

struct newcomer_rule {
	const struct process_selector *processes; /* borrowed; targets_name_whole() */
	int64_t key;                              /* of all their clocks */
	int64_t deadline_ns;
};

/*
 * From here on they are stopped. FAIL_REFUSED when somebody lives in the cgroup who is never hit.
 * `*out` is set in any case: on failure what was begun is undone by newcomers_heal().
 */
int newcomers_open(const struct newcomer_rule *rule, const struct target_guard *guard,
	struct guardian_keep *keep, struct newcomers **out, struct fail *fail);
/* Nobody is stopped from then on; the deadline holds as well. */
void newcomers_lease(struct newcomers *newcomers, int64_t until_ns);

/*
 * Takes those that stand, hands each clock to `led`, and lets them go on. Must be called soon after
 * host_gate_watch()'s file became readable.
 */
void newcomers_look(struct newcomers *newcomers, const struct target_guard *guard,
	void (*led)(void *context, struct host_clock *clock), void *context);
/* It did not come to an end: others have their turn, and then it should be called again. */
bool newcomers_wait(const struct newcomers *newcomers);
/* Calls `each` for every clock that is led now. */
void newcomers_each(const struct newcomers *newcomers,
	void (*each)(void *context, struct host_clock *clock), void *context);

/* Nobody is stopped any more, all go on, and have their own clocks. */
int newcomers_heal(struct newcomers *newcomers, struct fail *fail);
/* Appends a struct process_evidence for the first of them. `started_ns`: since when; 0: not yet. */
void newcomers_evidence(const struct newcomers *newcomers, int64_t started_ns, struct list *out);
/* Appends how many of them were led. */
void newcomers_measure(const struct newcomers *newcomers, struct list *out);
void newcomers_free(struct newcomers *newcomers);

#endif
