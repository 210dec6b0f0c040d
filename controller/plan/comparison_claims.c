/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/comparison_claims.h"

#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/plan/check.h"

static const struct reference_spec *reference_of(const struct invariant_spec *claim)
{
	return claim->compare ? claim->compare->with : claim->ratio->to;
}

struct comparison comparison_of(const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct reference_spec *reference = reference_of(claim);
	const char *slo = claim_slo(claim);

	return (struct comparison){
		.slo = scenario_slo(scenario, slo),
		.reference_slo = scenario_slo(scenario, reference->slo ? reference->slo : slo),
		.reference_in = reference->in.count ? &reference->in : &claim->in,
	};
}

struct contrast comparison_contrast(
	const struct invariant_spec *claim, double rate, double reference_rate)
{
	const struct ratio_spec *ratio = claim->ratio;
	double bound;

	if (claim->compare)
		return (struct contrast){.first_weight = 1,
			.second_weight = 1,
			.bound = -claim->compare->worse_by_at_most};
	/* a/b ≥ x is a − x·b ≥ 0. */
	bound = ratio->at_most > 0 ? ratio->at_most : ratio->at_least;
	return (struct contrast){.first_weight = rate,
		.second_weight = bound * reference_rate,
		.at_most = ratio->at_most > 0};
}

/* --- can it be shown? ---------------------------------------------------------------------- */

struct attempt {
	const struct contrast *contrast;
	double alpha;
	int64_t samples, reference_samples;
	bool violated; /* that is what is to be shown */
};

static struct attempt attempt_of(const struct scenario *scenario,
	const struct invariant_spec *claim, const struct comparison *own,
	const struct contrast *contrast)
{
	return (struct attempt){.contrast = contrast,
		.alpha = claim_alpha(claim),
		.samples = phases_samples(scenario, own->slo, &claim->in, claim->skip_first_ns),
		.reference_samples = phases_samples(
			scenario, own->reference_slo, own->reference_in, claim->skip_first_ns),
		.violated = claim->expect == EXPECT_VIOLATED};
}

/* With `times` as many samples, in the best case there is. */
static bool can_be_shown(const struct attempt *own, int64_t times)
{
	struct proportion first = {.n = own->samples * times};
	struct proportion second = {
		.x = own->reference_samples * times, .n = own->reference_samples * times};
	enum statistics_verdict wanted = own->violated ? STATISTICS_VIOLATED : STATISTICS_HELD;

	/* Everything is good, or nothing is: whichever is the better for what is to be shown. */
	first.x = own->violated == own->contrast->at_most ? first.n : 0;
	return statistics_judge_contrast(first, second, own->contrast, own->alpha) == wanted;
}

enum {
	TIMES_MAX = 1 << 20
};

/* How many times as many samples would do; 0: no number does. */
static int64_t times_needed(const struct attempt *own)
{
	int64_t few = 1, enough = 2;

	while (enough <= TIMES_MAX && !can_be_shown(own, enough)) {
		few = enough;
		enough *= 2;
	}
	if (enough > TIMES_MAX)
		return 0;
	while (enough - few > 1) {
		int64_t middle = few + (enough - few) / 2;

		if (can_be_shown(own, middle))
			enough = middle;
		else
			few = middle;
	}
	return enough;
}

static bool share_a_phase(const struct list *in, const struct list *reference_in)
{
	LIST_EACH(*in, char *, own)
		LIST_EACH(*reference_in, char *, other)
			if (strcmp(*own, *other) == 0)
				return true;
	return false;
}

/* --- latencies ----------------------------------------------------------------------------- */

int64_t phases_seconds(
	const struct scenario *scenario, const struct list *phases, int64_t skip_first_ns)
{
	int64_t seconds = 0;

	LIST_EACH(*phases, char *, id) {
		int64_t left_ns = phase_shortest_ns(scenario_phase(scenario, *id)) - skip_first_ns;

		/* Phases begin in the middle of a second. */
		if (left_ns > NS_PER_SEC)
			seconds += left_ns / NS_PER_SEC - 1;
	}
	return seconds;
}

static int check_latency(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct compare_spec *compare = claim->compare;
	const struct reference_spec *with = compare->with;
	const struct list *reference_in = with->in.count ? &with->in : &claim->in;
	int64_t seconds = phases_seconds(scenario, &claim->in, claim->skip_first_ns);
	int64_t reference = phases_seconds(scenario, reference_in, claim->skip_first_ns);
	bool same = !with->probe || strcmp(with->probe, compare->probe) == 0;

	if (same && share_a_phase(&claim->in, reference_in))
		return fail_at(fail, path,
			"compares a phase with itself: name another phase, or another probe");
	if (seconds >= SECONDS_NEEDED && reference >= SECONDS_NEEDED)
		return 0;
	return fail_at(fail, path,
		"cannot be shown: latencies are compared by at least %d whole seconds on each "
		"side; "
		"there will be %lld, and %lld to compare with (longer phases)",
		SECONDS_NEEDED, (long long)seconds, (long long)reference);
}

/* What is compared, and what it is compared with, are of one kind. */
static int check_kinds(const struct invariant_spec *claim, const char *path, struct fail *fail)
{
	const struct reference_spec *reference = reference_of(claim);
	bool latency = claim->compare && claim->compare->probe;
	char of[JSON_PATH_MAX], key_path[JSON_PATH_MAX];

	json_path_key(of, path, claim->compare ? "with" : "to");
	if (latency && reference->slo)
		return fail_at(fail, json_path_key(key_path, of, "slo"),
			"a probe's latency is compared with that of another \"probe\"");
	if (!latency && reference->probe)
		return fail_at(fail, json_path_key(key_path, of, "probe"),
			"an SLO is compared with another \"slo\"");
	return 0;
}

/* With so many bad events, against nothing but good ones. */
static enum statistics_verdict verdict_with(const struct attempt *own, int64_t bad)
{
	return statistics_judge_contrast(
		(struct proportion){.x = own->samples - bad, .n = own->samples},
		(struct proportion){.x = own->reference_samples, .n = own->reference_samples},
		own->contrast, own->alpha);
}

/* The least number of bad events with which the verdict is no more `verdict`, or is that at last.
 */
static int64_t least_bad(const struct attempt *own, enum statistics_verdict verdict, bool wanted)
{
	int64_t before = -1, from = own->samples + 1;

	while (from - before > 1) {
		int64_t middle = before + (from - before) / 2;

		if ((verdict_with(own, middle) == verdict) == wanted)
			from = middle;
		else
			before = middle;
	}
	return from;
}

/* Of a load in these phases alone: elsewhere other steps are due. */
static double planned_rate(const struct scenario *scenario, const struct invariant_spec *claim,
	const struct slo_spec *slo, const struct list *phases)
{
	double seconds = 0;

	if (!scenario_probe(scenario, slo->probe)->load || slo->slice_ns)
		return slo_least_rate(scenario, slo);
	LIST_EACH(*phases, char *, id) {
		int64_t phase_ns = phase_shortest_ns(scenario_phase(scenario, *id));

		if (phase_ns > claim->skip_first_ns)
			seconds += (double)(phase_ns - claim->skip_first_ns) / (double)NS_PER_SEC;
	}
	if (seconds <= 0)
		return slo_least_rate(scenario, slo);
	return (double)phases_samples(scenario, slo, phases, claim->skip_first_ns) / seconds;
}

static struct contrast planned_contrast(const struct scenario *scenario,
	const struct invariant_spec *claim, const struct comparison *own)
{
	return comparison_contrast(claim, planned_rate(scenario, claim, own->slo, &claim->in),
		planned_rate(scenario, claim, own->reference_slo, own->reference_in));
}

struct comparison_zone comparison_zone(
	const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct comparison own = comparison_of(scenario, claim);
	const struct contrast contrast = planned_contrast(scenario, claim, &own);
	struct attempt attempt = attempt_of(scenario, claim, &own, &contrast);
	struct comparison_zone zone = {.samples = attempt.samples,
		.reference_samples = attempt.reference_samples,
		.tolerated = -1,
		.violating = -1};

	if (contrast.at_most || !zone.samples || !zone.reference_samples)
		return zone;
	zone.tolerated = least_bad(&attempt, STATISTICS_HELD, false) - 1;
	zone.violating = least_bad(&attempt, STATISTICS_VIOLATED, true);
	return zone;
}

static int check_shares(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct comparison own = comparison_of(scenario, claim);
	const struct contrast contrast = planned_contrast(scenario, claim, &own);
	struct attempt attempt = attempt_of(scenario, claim, &own, &contrast);
	int64_t times;

	if (own.slo == own.reference_slo && share_a_phase(&claim->in, own.reference_in))
		return fail_at(fail, path,
			"compares a phase with itself: name another phase, or another SLO");
	if (!attempt.samples || !attempt.reference_samples)
		return fail_at(fail, path,
			"cannot be shown: there will be %lld samples, and %lld to compare with",
			(long long)attempt.samples, (long long)attempt.reference_samples);
	if (can_be_shown(&attempt, 1))
		return 0;
	times = times_needed(&attempt);
	if (!times)
		return fail_at(fail, path,
			"cannot be %s with any number of samples, not even in the best case",
			attempt.violated ? "violated" : "held");
	return fail_at(fail, path,
		"cannot be shown: there will be %lld samples, and %lld to compare with; about %lld "
		"and %lld are needed even in the best case (longer phases, a higher rate or more "
		"room)",
		(long long)attempt.samples, (long long)attempt.reference_samples,
		(long long)attempt.samples * (long long)times,
		(long long)attempt.reference_samples * (long long)times);
}

int check_comparison(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	if (check_kinds(claim, path, fail) < 0)
		return -1;
	if (claim->compare && claim->compare->probe)
		return check_latency(scenario, claim, path, fail);
	return check_shares(scenario, claim, path, fail);
}
