/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_COMPARISON_CLAIMS_H
#define BACKBURN_COMPARISON_CLAIMS_H

#include "controller/files/scenario.h"
#include "controller/measure/comparison.h"

/* `compare` and `ratio` as the one thing that they are: two shares of good events. Pure. */
struct comparison {
	const struct slo_spec *slo, *reference_slo;
	const struct list *reference_in; /* of char *: phases */
};

/* Of a claim with either, of SLOs and not of latencies; what it names exists. */
struct comparison comparison_of(
	const struct scenario *scenario, const struct invariant_spec *claim);

/* What is claimed, where so many events a second are due on each side. */
struct contrast comparison_contrast(
	const struct invariant_spec *claim, double rate, double reference_rate);

/*
 * Latencies are compared by this many seconds on each side at least, or chance would decide
 * (Spinnaker's canary analysis asks for as many points).
 */
enum {
	SECONDS_NEEDED = 50
};

/* Whole seconds in these phases but for their beginnings, at the least. */
int64_t phases_seconds(
	const struct scenario *scenario, const struct list *phases, int64_t skip_first_ns);

/*
 * The bad events that decide when everything is good that the claim is compared with: the most with
 * which it is held, and the least with which its violation is proven. For claims of at least
 * something; of one with at_most it is the good events that are bounded, and both are -1.
 */
struct comparison_zone {
	int64_t samples, reference_samples;
	int64_t tolerated, violating;
};
struct comparison_zone comparison_zone(
	const struct scenario *scenario, const struct invariant_spec *claim);

/*
 * Whether the claim can be shown (or, of a negative control, its violation) with the samples that
 * it will have. Failure: FAIL_BAD_FILE at `path` with the numbers needed.
 */
int check_comparison(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail);

#endif
