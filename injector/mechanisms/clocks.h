/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCKS_H
#define BACKBURN_INJECTOR_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"
#include "injector/clock/skew.h"

struct guardian_keep;
struct target_guard;

/*
 * Processes whose clocks go wrong. They are chosen and led through a stub when the fault is armed,
 * and say the true time until its start; the stub itself ends it at its deadline, at the end of the
 * lease, and when this process dies.
 */
struct clock_rule {
	const struct process_selector *processes; /* borrowed from the order */
	struct clock_skew skew;
	int64_t start_ns, deadline_ns;
	bool later; /* of a whole cgroup: also what is started in it while it lasts */
};

struct clocks;

/*
 * One that can't be led is told in the evidence; FAIL_REFUSED when there is none that can. `*out`
 * is set in any case: on failure what was begun is undone by clocks_heal().
 */
int clocks_arm(const struct clock_rule *rule, const struct target_guard *guard,
	struct guardian_keep *keep, struct clocks **out, struct fail *fail);
void clocks_start(struct clocks *clocks);
/* Leads what was started since. */
void clocks_look(struct clocks *clocks, const struct target_guard *guard);
/* When to look again; INT64_MAX: when a gate says so. */
int64_t clocks_next_ns(const struct clocks *clocks);
/* Until when, if nothing else ends it before: to be said once it is armed, and again. */
void clocks_lease(struct clocks *clocks, int64_t until_ns);
/* In one store for each process, without stopping it. */
void clocks_change(struct clocks *clocks, const struct clock_skew *skew);
/* The true time at once, and then the rest. */
int clocks_heal(struct clocks *clocks, struct fail *fail);

/* Appends a struct process_evidence for each process that was chosen. */
void clocks_evidence(const struct clocks *clocks, struct list *out);
/* Appends how far the wall clock was off at the start, and is now or was at the end. */
void clocks_measure(const struct clocks *clocks, struct list *out);
void clocks_free(struct clocks *clocks);

/* By which attachments are found again; two never have the same. */
int64_t clocks_new_key(void);

#endif
