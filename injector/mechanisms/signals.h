/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_SIGNALS_H
#define BACKBURN_INJECTOR_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"

struct target_guard;

enum {
	/* At a time, where one fault strikes many times: evidence must fit into a line. */
	STRIKE_PROCESSES_MAX = 48
};

/*
 * Signals to processes, once or again and again. Those of the first strike are chosen and held (by
 * pidfd) when the fault is armed, those of later ones when these are due. Nothing of it is in the
 * ledger, and nothing expires: what is not sent yet is forgotten with this process, and what was
 * sent can't be undone.
 */
enum kill_how {
	KILL_AUTO, /* a whole cgroup in one go, unless somebody is to be spared */
	KILL_SIGNAL,
	KILL_CGROUP /* only KILL, and with a selector that names a cgroup or unit and nothing else
		     */
};
extern const char *const kill_how_words[];

struct signal_rule {
	const struct process_selector *processes; /* borrowed from the order */
	const char *name;                         /* "KILL" */
	int number;
	bool must_exit; /* can't be handled, ignored or blocked */
	enum kill_how how;
	int64_t start_ns;
	int64_t every_ns; /* 0: one strike only */
	int64_t times;    /* at most so many strikes */
};

/*
 * What may be asked of that selector and signal. FAIL_USAGE when a cgroup is to be killed as a
 * whole and less is named, or another signal.
 */
int signals_choose(enum kill_how asked, const struct process_selector *processes, int number,
	enum kill_how *out, struct fail *fail);

struct signals;

/* Chooses and takes hold. FAIL_REFUSED when there is nobody to hit. */
int signals_arm(const struct signal_rule *rule, const struct target_guard *guard,
	struct signals **out, struct fail *fail);
/* The first strike: a second call does nothing, nor does one after signals_disarm(). */
void signals_fire(struct signals *signals, const struct target_guard *guard);
/* Strikes again when it is time to. True: it did. */
bool signals_go_on(struct signals *signals, const struct target_guard *guard, int64_t now_ns);
/* The last strike is done. */
bool signals_over(const struct signals *signals);
/* From here on it sends nothing. */
void signals_disarm(struct signals *signals);

/*
 * Looks who has exited and who came back, when it is time for a look. True when there is something
 * to be said that was not before.
 */
bool signals_watch(struct signals *signals, const struct target_guard *guard, int64_t now_ns);
/* The instant of the next look or strike; INT64_MAX when nothing is awaited. */
int64_t signals_next_ns(const struct signals *signals);

/*
 * Appends a struct process_evidence for each target (of many strikes: of the last ones), and a
 * struct strike_evidence for each strike.
 */
void signals_evidence(const struct signals *signals, struct list *processes, struct list *strikes);
void signals_free(struct signals *signals);

#endif
