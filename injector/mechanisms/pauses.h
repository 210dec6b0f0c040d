/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PAUSES_H
#define BACKBURN_INJECTOR_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"
#include "contract/shape.h"

struct guardian_keep;
struct target_guard;

/*
 * Processes that are held still for a time, all at once or on and off. The guardian holds them and
 * lets them go by itself, at the end and when this process dies; here they are chosen, noted in the
 * ledger, and handed to it.
 */
enum pause_how {
	PAUSE_AUTO, /* a whole cgroup by the freezer, single processes by ptrace */
	PAUSE_TRACE,
	PAUSE_STOP,
	PAUSE_FREEZE /* only with a selector that names a cgroup or unit and nothing else */
};
extern const char *const pause_how_words[];

struct pause_rule {
	const struct process_selector *processes; /* borrowed from the order */
	enum pause_how how;                       /* not PAUSE_AUTO: pause_choose() */
	int64_t start_ns, deadline_ns;
	int64_t on_ns, period_ns; /* held in the first part of each period; 0: all the time */
};

/* What PAUSE_AUTO comes to. FAIL_USAGE when the freezer is asked for less than a cgroup. */
int pause_choose(enum pause_how asked, const struct process_selector *processes,
	enum pause_how *out, struct fail *fail);

struct pauses;

/*
 * Chooses, notes, and hands over; returns when the guardian has looked at each. FAIL_REFUSED when
 * there is nobody, or one that can't be held: traced by another, still already, a cgroup in which
 * somebody lives who is never hit. `*out` is set in any case: on failure what was begun is
 * undone by pauses_heal().
 */
int pauses_arm(const struct pause_rule *rule, const struct target_guard *guard,
	struct guardian_keep *keep, struct pauses **out, struct fail *fail);
/* All go on, whether the guardian does it or, when that is dead, this process. */
int pauses_heal(struct pauses *pauses, struct fail *fail);
/* True when the guardian has died since the last look: then they have to be healed. */
bool pauses_orphaned(const struct pauses *pauses);

/* Appends a struct process_evidence for each process that was chosen. */
void pauses_evidence(const struct pauses *pauses, struct list *out);
/* Appends the struct measure "held": asked beside achieved, of the one that was held least. */
void pauses_measure(const struct pauses *pauses, int64_t now_ns, struct list *out);
void pauses_free(struct pauses *pauses);

#endif
