/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/loads.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/judge_parts.h"

const char *const load_recovery_words[] = {
	[LOAD_NOT_BREACHED] = "never_breached",
	[LOAD_BACK_BEFORE_HEAL] = "back_before_heal",
	[LOAD_BACK] = "back",
	[LOAD_STAYED_DOWN] = "stayed_down",
	[LOAD_RECOVERY_UNKNOWN] = "unknown",
	NULL,
};

double load_retry_ratio(const struct load_sum *sum)
{
	return sum->begun > 0 ? (double)sum->retries / (double)sum->begun : 0;
}

double load_attempts_each(const struct load_sum *sum)
{
	return sum->begun > 0 ? (double)sum->attempts / (double)sum->begun : 0;
}

/* Of what the shares know: windows end elsewhere than phases. */
double load_share_of(const struct load_sum *sum, const struct load_share *share)
{
	int64_t all = 0;

	LIST_EACH(sum->shares, const struct load_share, own)
		all += own->attempts;
	return all > 0 ? (double)share->attempts / (double)all : 0;
}

double load_amplification(const struct load_fault *own)
{
	return own->before > 0 ? own->during / own->before : 0;
}

/* --- sums ------------------------------------------------------------------------------ */

static struct load_sum sum_between(
	const struct record *record, const char *probe, int64_t from_ns, int64_t to_ns)
{
	struct load_sum sum = {0};

	LIST_EACH(record->sources, const struct source_record, source)
		if (strcmp(source->probe, probe) == 0)
			load_told_sum(&source->load, &source->schedule, source->next_index,
				(const int64_t[]){from_ns, to_ns}, &sum);
	return sum;
}

/* One that has not ended is measured as far as there are data. */
static void add_phases(const struct record *record, struct load_judgement *own)
{
	const char *probe = own->probe->name;
	int64_t reported_ns = record_reported_ns(record, probe);

	LIST_EACH(record->phases, const struct phase_record, phase) {
		int64_t end_ns = phase->end_ns;
		struct load_phase *told;

		if (end_ns == NEVER_NS || end_ns > reported_ns)
			end_ns = reported_ns;
		if (phase->start_ns == NEVER_NS || end_ns <= phase->start_ns)
			continue;
		told = list_push(&own->phases, sizeof(*told));
		told->phase = phase;
		told->seconds = (double)(end_ns - phase->start_ns) / (double)NS_PER_SEC;
		told->sum = sum_between(record, probe, phase->start_ns, end_ns);
	}
}

static double attempts_between(
	const struct record *record, const char *probe, int64_t from_ns, int64_t to_ns)
{
	struct load_sum sum = sum_between(record, probe, from_ns, to_ns);
	double each = load_attempts_each(&sum);

	free(sum.shares.items);
	return each;
}

/* --- coming back ----------------------------------------------------------------------- */

/* From that instant on; NEVER_NS: not by the end of the data. */
static int64_t met_from_ns(const struct record *record, const struct sli_record *sli,
	int64_t from_ns, int64_t stable_ns)
{
	size_t index = samples_recovery(&sli->samples, from_ns, stable_ns, sli->slo->objective,
		record_covered_ns(record, sli->slo));

	return index < sli->samples.count ? samples_at(&sli->samples, index) : NEVER_NS;
}

static void judge_recovery(
	const struct record *record, const struct sli_record *sli, struct load_recovery *own)
{
	int64_t start_ns = own->fault->start_ns, healed_ns = own->fault->healed_ns;
	int64_t covered_ns = record_covered_ns(record, sli->slo), back_ns;
	int64_t onset_ns = samples_breach(
		&sli->samples, start_ns, covered_ns, own->stable_ns, sli->slo->objective);

	own->after_ns = NEVER_NS;
	own->kind = LOAD_RECOVERY_UNKNOWN;
	if (healed_ns == NEVER_NS || covered_ns < healed_ns + own->stable_ns)
		return;
	if (onset_ns < 0) {
		own->kind = LOAD_NOT_BREACHED;
		return;
	}
	/* Not what the objective tolerates of the fault's last moments. */
	back_ns = met_from_ns(record, sli, onset_ns, own->stable_ns);
	if (back_ns != NEVER_NS && back_ns + own->stable_ns <= healed_ns &&
		samples_breach(&sli->samples, back_ns, covered_ns, own->stable_ns,
			sli->slo->objective) < 0) {
		own->kind = LOAD_BACK_BEFORE_HEAL;
		own->after_ns = back_ns - start_ns;
		return;
	}
	back_ns = met_from_ns(
		record, sli, onset_ns > healed_ns ? onset_ns : healed_ns, own->stable_ns);
	own->kind = back_ns == NEVER_NS ? LOAD_STAYED_DOWN : LOAD_BACK;
	own->after_ns = (back_ns == NEVER_NS ? covered_ns : back_ns) - healed_ns;
}

static void add_recoveries(
	const struct record *record, const struct fault_record *fault, struct load_judgement *own)
{
	LIST_EACH(record->slis, const struct sli_record, sli) {
		struct load_recovery *recovery;

		if (strcmp(sli->slo->probe, own->probe->name) != 0)
			continue;
		recovery = list_push(&own->recoveries, sizeof(*recovery));
		*recovery = (struct load_recovery){.fault = fault,
			.slo = sli->slo,
			.stable_ns = judge_stable_ns(record, fault, sli->slo)};
		judge_recovery(record, sli, recovery);
	}
}

static void add_faults(const struct record *record, struct load_judgement *own)
{
	const char *probe = own->probe->name;

	LIST_EACH(record->faults, const struct fault_record, fault) {
		int64_t end_ns =
			judge_measured_to_ns(record, fault, record_reported_ns(record, probe));
		struct load_fault *told;

		if (fault->start_ns == NEVER_NS || !fault->nodes.count)
			continue;
		told = list_push(&own->faults, sizeof(*told));
		told->fault = fault;
		told->before = attempts_between(record, probe, 0, fault->start_ns);
		told->during = attempts_between(record, probe, fault->start_ns, end_ns);
		add_recoveries(record, fault, own);
	}
}

/* --- all of them ------------------------------------------------------------------------- */

void judge_loads(const struct record *record, struct list *out)
{
	LIST_EACH(record->scenario.probes, const struct probe_spec, probe) {
		struct load_judgement *own;

		if (!probe->load)
			continue;
		own = list_push(out, sizeof(*own));
		own->probe = probe;
		own->all = sum_between(record, probe->name, 0, INT64_MAX);
		add_phases(record, own);
		add_faults(record, own);
	}
}

void judge_loads_free(struct list *loads)
{
	LIST_EACH(*loads, struct load_judgement, own) {
		LIST_EACH(own->phases, struct load_phase, phase)
			free(phase->sum.shares.items);
		free(own->all.shares.items);
		free(own->phases.items);
		free(own->faults.items);
		free(own->recoveries.items);
	}
	free(loads->items);
	*loads = (struct list){0};
}
