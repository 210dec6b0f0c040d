/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JUDGE_PARTS_H
#define BACKBURN_JUDGE_PARTS_H

#include "controller/judge/judge.h"

/* The parts of judging, one file each; judge.c puts them together. */

/*
 * The share S = bad / (B · events expected in the period) of the SLO's error budget, with
 * B = 1 − objective: budgeting by occurrences (OpenSLO).
 */
double judge_budget_spent(const struct record *record, const struct sli_record *sli, int64_t bad);

/* Of a fault on processes; `out` has fault and effect NOT_INJECTED already. */
void judge_processes(const struct fault_record *fault, struct effect_judgement *out);
/* Of a fault on machines; the same. */
void judge_machines(const struct fault_record *fault, struct effect_judgement *out);
/* What was asked and achieved of it; `out` is zeroed or has other parts. */
void judge_measures(const struct fault_record *fault, struct effect_judgement *out);
/* Until when a fault is measured: its heal, or as far as there are data. */
int64_t judge_measured_to_ns(
	const struct record *record, const struct fault_record *fault, int64_t covered_ns);
/*
 * For how long the SLO must be met to be recovered from the fault: the longest that such a claim
 * asks for, so that it and the recovery time say the same; else 5 s.
 */
int64_t judge_stable_ns(
	const struct record *record, const struct fault_record *fault, const struct slo_spec *slo);
void judge_effect(const struct record *record, const struct fault_record *fault,
	struct effect_judgement *out);
void judge_reverts(const struct record *record, struct list *reverts);
/*
 * The SLO's events in these phases but for their beginnings; false when a phase is missing or was
 * cut short.
 */
bool judge_tally(const struct record *record, const struct sli_record *sli,
	const struct list *phases, int64_t skip_first_ns, struct tally *out);
enum verdict judge_from_statistics(enum statistics_verdict verdict);

/* `out` has the claim, NOT JUDGED and no number. */
void judge_comparison(const struct record *record, struct claim_judgement *out);
void judge_latency(const struct record *record, struct claim_judgement *out);
void judge_degraded(const struct record *record, struct claim_judgement *out);
/* The same. */
void judge_restarts(const struct record *record, struct claim_judgement *out);
/* claims_watched.c; likewise. */
void judge_alert(const struct record *record, struct claim_judgement *out);
void judge_convergence(const struct record *record, struct claim_judgement *out);
void judge_exactly_one(const struct record *record, struct claim_judgement *out);
/* NEVER_NS when it has not come, and for INSTANT_BREACH, which is of an SLO. */
int64_t judge_fault_instant(const struct record *record, const struct recovers_from *from);
void judge_data(const struct workload_record *workload, struct data_summary *out);
/* --- left_out.c ------------------------------------------------------------------------ */

/* The phase that was left out and that the claim speaks of, or whose fault it does; NULL: none. */
const struct phase_record *judge_left_out(
	const struct record *record, const struct invariant_spec *claim);

/* --- unread.c -------------------------------------------------------------------------- */

/* A claim that is as expected is unproven when lines of the journal could not be read. */
void judge_heed_unread(const struct record *record, struct claim_judgement *out);

void judge_codes(const struct record *record, struct judgement *judgement);

#endif
