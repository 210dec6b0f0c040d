/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHECK_H
#define BACKBURN_CHECK_H

#include <stdint.h>

#include "controller/files/scenario.h"
#include "controller/plan/catalogue.h"

/*
 * What a scenario says about itself, checked before anything is touched; pure. Every failure is
 * FAIL_BAD_FILE with the path of the place (sources_explain() adds file and line).
 */

/* One-sided error probability of every verdict, each way, where a claim does not say another. */
#define CLAIM_ALPHA 0.05
double claim_alpha(const struct invariant_spec *claim);

/* Names: everything that refers to something refers to something that exists; ids are unique. */
int check_references(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail);

/* Claims, stop rules and limits: each claim can be shown, each rule can fire, nothing contradicts.
 */
int check_claims(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail);

/* For an environment that is a lab: none of its nodes has a machine of its own. */
int check_machines(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail);

/* All of it but the last, in that order. */
int scenario_check(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail);

/* The least and the longest time a phase, or all of them, can take (waits for groups left out). */
int64_t phase_shortest_ns(const struct phase_spec *phase);
int64_t phase_longest_ns(const struct phase_spec *phase);

/*
 * The planned end of a fault, counted from its phase's start, when the phase lasts `phase_ns`. One
 * that is over at once ends when it begins.
 */
int64_t fault_end_ns(
	const struct catalogue *catalogue, const struct fault_spec *fault, int64_t phase_ns);

/*
 * Open loops that a probe runs as, at the least: one for each node it runs at and, with policy
 * `each`, for each member. Groups count with the least that they may be (`count`).
 */
int64_t probe_least_sources(const struct scenario *scenario, const struct probe_spec *probe);

/* Events a second of one open loop of the probe: of a load's lowest step. */
double probe_least_rate(const struct probe_spec *probe);

/* Events a second of the SLO's probe, of all its open loops together, at the least. */
double slo_least_rate(const struct scenario *scenario, const struct slo_spec *slo);

/* When a stop rule fires at 100 % errors, or without any data; from the first of them on. */
int64_t stop_rule_fires_ns(const struct scenario *scenario, const struct stop_rule *rule);

/* Events of that SLO in these phases, but for their beginnings, at the least. */
int64_t phases_samples(const struct scenario *scenario, const struct slo_spec *slo,
	const struct list *phases, int64_t skip_first_ns);

/* Samples that a claim with `in` will have at least. */
int64_t claim_samples(const struct scenario *scenario, const struct invariant_spec *claim);

/*
 * The last in time of the phases that a `holds` claim speaks of; its `in` may name them in any
 * order. They exist (check_references()).
 */
const struct phase_spec *claim_last_phase(
	const struct scenario *scenario, const struct invariant_spec *claim);

/* Whether each event of the probe reads a number. */
bool probe_reads_values(const struct probe_spec *probe);

/* The probe whose numbers a claim is about; NULL: it is about none. */
const char *claim_watched_probe(const struct invariant_spec *claim);

/* The one SLO a claim looks at, NULL for a data or restarts claim. */
const char *claim_slo(const struct invariant_spec *claim);
/* The key that says what is claimed: "holds", "recovers", … */
const char *claim_kind(const struct invariant_spec *claim);

#endif
