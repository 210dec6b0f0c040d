/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_STRIKE_H
#define BACKBURN_INJECTOR_STRIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"
#include "contract/shape.h"

struct signal_rule;
struct target_guard;

/*
 * One strike of a fault that signals processes: who was chosen, what became of each, and who came
 * in their places.
 */
struct strike {
	int64_t number;      /* from 1 */
	int64_t at_ns;       /* 0: not yet */
	bool whole;          /* the cgroup in one go */
	struct list targets; /* of struct target */
	struct hit *hits;    /* one for each */
	char *trouble;       /* why nobody was hit, or NULL */
	/* What is known when the targets are not held any more. */
	int64_t chosen, sent, exited;
	/* Who must come back, who did, and when that was complete (0: it is not). */
	int64_t wanted, back, back_pid, back_ns;
	int64_t looked_ns; /* until then it was looked for */
};

/* Who would be hit now; they are held. On failure the strike has no targets. */
int strike_choose(struct strike *strike, const struct signal_rule *rule,
	const struct target_guard *guard, struct fail *fail);
/* Those that were chosen; as for a cgroup, those that are in it now. */
void strike_hit(
	struct strike *strike, const struct signal_rule *rule, const struct target_guard *guard);
/* Lets the targets go: their evidence is forgotten, the numbers stay. */
void strike_forget(struct strike *strike);
void strike_deinit(struct strike *strike);

/* How many were hit, and not seen to have exited. */
size_t strike_awaited(const struct strike *strike);
/* True: an exit was seen. */
bool strike_look(struct strike *strike);

/* Somebody was ended, and not all are back. */
bool strike_expects(const struct strike *strike);
/*
 * Looks for processes that the same selector means, and that began after the strike. As many must
 * be there as were ended, but for those whose parent was ended with them: who supervises starts one
 * process, and that starts its own.
 */
void strike_look_for_return(
	struct strike *strike, const struct signal_rule *rule, const struct target_guard *guard);

/* `one_of_many`: say in which strike a process was hit. */
void strike_evidence(const struct strike *strike, const struct signal_rule *rule, bool one_of_many,
	struct list *processes);
void strike_summary(const struct strike *strike, struct list *strikes);

#endif
