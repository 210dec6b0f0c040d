/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_SIGNALS_H
#define BACKBURN_INJECTOR_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"

struct target_guard;

/*
 * Signals to processes that are chosen and held (by pidfd) when a fault is armed, and sent at its
 * start. Nothing of it is in the ledger, and nothing expires: until they are sent nothing has
 * happened and the end of this process forgets them, afterwards there is nothing to undo.
 */
struct signal_rule {
	const struct process_selector *processes; /* borrowed from the order */
	const char *name;                         /* "KILL" */
	int number;
	bool must_exit; /* can't be handled, ignored or blocked */
};

struct signals;

/* Chooses and takes hold. FAIL_REFUSED when there is nobody to hit. */
int signals_arm(const struct signal_rule *rule, const struct target_guard *guard,
	struct signals **out, struct fail *fail);
/* Sends them, once: a second call does nothing, nor does one after signals_disarm(). */
void signals_fire(struct signals *signals);
/* Before the firing: it will send nothing. After it: nothing changes. */
void signals_disarm(struct signals *signals);

/*
 * Looks which targets have exited, when it is time for a look. True when one was seen that was not
 * before.
 */
bool signals_watch(struct signals *signals, int64_t now_ns);
/* The instant of the next look; INT64_MAX when nothing is awaited. */
int64_t signals_next_ns(const struct signals *signals);

/* Appends a struct process_evidence for each target. */
void signals_evidence(const struct signals *signals, struct list *out);
void signals_free(struct signals *signals);

#endif
