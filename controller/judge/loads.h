/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JUDGE_LOADS_H
#define BACKBURN_JUDGE_LOADS_H

#include <stddef.h>
#include <stdint.h>

#include "controller/judge/record.h"

/*
 * What became of the loads of a run: retries, where attempts went, and whether each came back when
 * the fault was over. Told of every load, whatever is claimed of it; it changes no exit code. Pure.
 */

/* One load in one phase, from all nodes that it comes from. */
struct load_phase {
	const struct phase_record *phase;
	double seconds;
	struct load_sum sum;
};

/* One load around one fault: attempts for each request while it was in force, and before. */
struct load_fault {
	const struct fault_record *fault;
	double before, during; /* 0: there was no request */
};

enum load_recovery_kind {
	LOAD_NOT_BREACHED, /* neither under the fault nor after it */
	LOAD_BACK_BEFORE_HEAL,
	LOAD_BACK,            /* `after_ns` after the heal */
	LOAD_STAYED_DOWN,     /* for all of `after_ns`, from the heal to the end of the data */
	LOAD_RECOVERY_UNKNOWN /* no heal is known, or too little was seen after it */
};
extern const char *const load_recovery_words[]; /* "never breached", …: for programs */

/* One SLO on a load around one fault. "Back" is: met for stable_ns from then on. */
struct load_recovery {
	const struct fault_record *fault;
	const struct slo_spec *slo;
	enum load_recovery_kind kind;
	int64_t after_ns; /* else from the fault's start; NEVER_NS where there is none */
	int64_t stable_ns;
};

struct load_judgement {
	const struct probe_spec *probe; /* ->load is the load */
	struct load_sum all;
	struct list phases;     /* of struct load_phase: those that began */
	struct list faults;     /* of struct load_fault: those that began */
	struct list recoveries; /* of struct load_recovery */
};

/* Retries for each request that was begun (M7); 0 without any. */
double load_retry_ratio(const struct load_sum *sum);
/* Attempts for each of them. */
double load_attempts_each(const struct load_sum *sum);
/* The part of the attempts that went to one of its targets; together they are 1. */
double load_share_of(const struct load_sum *sum, const struct load_share *share);
/* How many times as many attempts a request took as before the fault; 0: one of them is unknown. */
double load_amplification(const struct load_fault *own);

/* A list of struct load_judgement, to be freed. */
void judge_loads(const struct record *record, struct list *out);
void judge_loads_free(struct list *loads);

#endif
