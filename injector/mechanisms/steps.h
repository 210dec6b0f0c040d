/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_STEPS_H
#define BACKBURN_INJECTOR_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct guardian_keep;

/*
 * The clock of the whole machine, stepped for a time (injector/clock/step.h). The guardian steps it
 * and sets it right, at the end and when this process dies; here it is looked at, noted, and handed
 * over.
 */
struct step_rule {
	int64_t offset_ns;
	int64_t start_ns, deadline_ns;
};

/* Where it is noted beside the ledger. */
struct step_place {
	const char *state_dir, *boot_id;
};

struct steps;

/* Whether the clock could be stepped so far, now. Touches nothing. */
int steps_check(const struct step_rule *rule, struct fail *fail);
/* `*out` is set in any case: on failure what was begun is undone by steps_heal(). */
int steps_arm(const struct step_rule *rule, struct guardian_keep *keep,
	const struct step_place *place, struct steps **out, struct fail *fail);
/* The true time, whether the guardian sets it or, when that is dead, this process. */
int steps_heal(struct steps *steps, struct fail *fail);
/* True when the guardian has died since the last look: then it has to be healed. */
bool steps_orphaned(const struct steps *steps);
/* It is or may be stepped: what the wall clock says is not to be believed. */
bool steps_in_force(const struct steps *steps);
/* What it would say without us. */
int64_t steps_wall_ns(const struct steps *steps);

/* List of char *: "chronyd (pid 33)", those that run here and may set the clock right. */
void steps_services(struct list *out);

/* Appends how far it was stepped, where it stood at the end, and how it is since. */
void steps_measure(const struct steps *steps, struct list *out);
void steps_free(struct steps *steps);

#endif
