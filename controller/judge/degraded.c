/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/degraded.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/files/observed.h"
#include "controller/plan/check.h"
#include "controller/plan/degraded_claims.h"

/* --- who a fault was on -------------------------------------------------------------------- */

static const struct phase_spec *phase_of(
	const struct record *record, const struct fault_record *own)
{
	const struct phase_spec *phase = NULL;

	scenario_fault(&record->scenario, own->spec->id, &phase);
	return phase;
}

/* In that phase or before it: what a fault did may last. */
static bool was_hit_by(const struct record *record, const char *node, const struct phase_spec *last)
{
	LIST_EACH(record->faults, const struct fault_record, fault)
		if (fault->start_ns != NEVER_NS && phase_of(record, fault) <= last &&
			list_has_text(&fault->on, node))
			return true;
	return false;
}

/* A group is known by then, or the phases of the claim were not reached. */
bool degraded_is_expected(
	const struct record *record, const struct degraded_spec *degraded, const char *member)
{
	LIST_EACH(degraded->expected, char *, name) {
		const struct resolved_group *group = record_group(record, *name);

		if (group ? list_has_text(&group->nodes, member) : strcmp(*name, member) == 0)
			return true;
	}
	return false;
}

static bool any_expects(const struct record *record, const char *member)
{
	LIST_EACH(record->scenario.invariants, const struct invariant_spec, claim)
		if (claim->degraded && degraded_is_expected(record, claim->degraded, member))
			return true;
	return false;
}

/* Of these phases the one that comes last. */
static const struct phase_spec *last_of(const struct record *record, const struct list *phases)
{
	const struct phase_spec *last = NULL;

	LIST_EACH(*phases, char *, id) {
		const struct phase_spec *phase = scenario_phase(&record->scenario, *id);

		/* The scenario has its phases in one list, in the order of time. */
		last = !last || phase > last ? phase : last;
	}
	return last;
}

/* --- events of one member ------------------------------------------------------------------ */

static void add_tally(struct tally *into, struct tally tally, int64_t sign)
{
	into->total += sign * tally.total;
	into->bad += sign * tally.bad;
}

/* What one source told of one SLO. */
struct told {
	const struct member_sli *sli;
	bool sound_only;
};

static struct tally events_in(const struct record *record, const struct members_span *span,
	const struct list *phases, const struct told *told)
{
	struct tally sum = {0};

	LIST_EACH(*phases, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);
		int64_t from_ns = phase->start_ns + span->skip_first_ns;
		int64_t to_ns = phase->end_ns == NEVER_NS
			? record_reported_ns(record, span->slo->probe)
			: phase->end_ns;

		if (phase->start_ns == NEVER_NS || from_ns >= to_ns)
			continue;
		add_tally(&sum, samples_tally(&told->sli->samples, from_ns, to_ns), 1);
		if (told->sound_only)
			add_tally(&sum, samples_tally(&told->sli->spoiled, from_ns, to_ns), -1);
	}
	return sum;
}

static bool tells_of(const struct source_record *source, const struct member_change *change)
{
	return source->to && strcmp(source->probe, change->slo->probe) == 0 &&
		strcmp(source->to, change->member) == 0;
}

static void count_member(const struct record *record, const struct members_span *span,
	const struct phase_spec *last, bool sound_only, struct member_change *change)
{
	LIST_EACH(record->sources, const struct source_record, source) {
		if (!tells_of(source, change) || was_hit_by(record, source->from, last))
			continue;
		LIST_EACH(source->slis, const struct member_sli, sli) {
			const struct told told = {sli, sound_only || source->sound_only};

			if (sli->slo != span->slo)
				continue;
			add_tally(
				&change->before, events_in(record, span, span->baseline, &told), 1);
			add_tally(&change->during, events_in(record, span, span->in, &told), 1);
		}
	}
}

static struct list changes_of(
	const struct record *record, const struct members_span *span, bool sound_only)
{
	const struct probe_spec *probe = scenario_probe(&record->scenario, span->slo->probe);
	const struct resolved_group *group =
		probe_asks_each(probe) ? record_group(record, probe->to->group) : NULL;
	const struct phase_spec *last = last_of(record, span->in);
	struct list changes = {0};

	if (!group)
		return changes;
	LIST_EACH(group->nodes, char *, node) {
		struct member_change *change = list_push(&changes, sizeof(*change));

		change->member = *node;
		change->slo = span->slo;
		change->target = was_hit_by(record, *node, last);
		count_member(record, span, last, sound_only, change);
	}
	return changes;
}

struct list degraded_changes(const struct record *record, const struct members_span *span)
{
	return changes_of(record, span, false);
}

static struct proportion good_of(const struct tally *tally)
{
	return (struct proportion){.x = tally->total - tally->bad, .n = tally->total};
}

static double share_of(const struct tally *tally)
{
	return (double)(tally->total - tally->bad) / (double)tally->total;
}

double member_change_difference(const struct member_change *change)
{
	return share_of(&change->during) - share_of(&change->before);
}

void degraded_find(const struct members_test *test, struct member_change *change)
{
	const struct proportion during = good_of(&change->during),
				before = good_of(&change->before);

	change->found = members_judge(test, during, before);
	if (during.n && before.n)
		change->interval = members_interval(test, during, before);
}

/* --- the whole run ------------------------------------------------------------------------- */

static bool is_baseline(const struct list *baseline, const struct phase_record *phase)
{
	return list_has_text(baseline, phase->spec->id);
}

/* One SLO in one phase; a member without events on either side tells nothing. */
static void add_changes(const struct record *record, const struct slo_spec *slo,
	const struct list *baseline, const struct phase_record *phase, struct list *out)
{
	char *id = phase->spec->id;
	const struct list in = {.items = &id, .count = 1};
	const struct members_span span = {.slo = slo, .in = &in, .baseline = baseline};
	struct list changes = changes_of(record, &span, true);

	LIST_EACH(changes, struct member_change, change) {
		if (!change->before.total || !change->during.total)
			continue;
		change->phase = phase;
		*(struct member_change *)list_push(out, sizeof(*change)) = *change;
	}
	free(changes.items);
}

/* From the first phase with a fault on: one that began, and is no baseline. */
static void collect(const struct record *record, const struct list *baseline, struct list *out)
{
	LIST_EACH(record->scenario.slos, const struct slo_spec, slo) {
		bool hit = false;

		if (!probe_asks_each(scenario_probe(&record->scenario, slo->probe)))
			continue;
		LIST_EACH(record->phases, const struct phase_record, phase) {
			hit = hit || phase->spec->faults.count;
			if (hit && phase->start_ns != NEVER_NS && !is_baseline(baseline, phase))
				add_changes(record, slo, baseline, phase, out);
		}
	}
}

/* There may be many of them, and most are as before: nothing else is asked of these. */
static void name_worse(const struct members_test *test, struct member_change *change)
{
	const struct proportion during = good_of(&change->during),
				before = good_of(&change->before);

	if (!members_is_worse(test, during, before))
		return;
	change->found = MEMBER_WORSE;
	change->interval = members_interval(test, during, before);
}

static struct degraded_node *node_of(struct list *nodes, const char *node)
{
	struct degraded_node *fresh;

	LIST_EACH(*nodes, struct degraded_node, own)
		if (strcmp(own->node, node) == 0)
			return own;
	fresh = list_push(nodes, sizeof(*fresh));
	*fresh = (struct degraded_node){.node = node, .target = true};
	return fresh;
}

static int by_loss(const void *a, const void *b)
{
	const struct degraded_node *one = a, *other = b;
	double first = member_change_difference(one->worst);
	double second = member_change_difference(other->worst);

	if (first != second)
		return first < second ? -1 : 1;
	return strcmp(one->node, other->node);
}

static void collect_worse(const struct record *record, struct degradation *out)
{
	LIST_EACH(out->changes, const struct member_change, change) {
		struct degraded_node *node;

		if (change->found != MEMBER_WORSE)
			continue;
		node = node_of(&out->worse, change->member);
		/* One that got worse before a fault was on it did so outside of the faults. */
		node->target = node->target && change->target;
		if (!node->worst ||
			member_change_difference(change) < member_change_difference(node->worst))
			node->worst = change;
	}
	if (out->worse.count)
		qsort(out->worse.items, out->worse.count, sizeof(struct degraded_node), by_loss);
	LIST_EACH(out->worse, struct degraded_node, node) {
		node->expected = !node->target && any_expects(record, node->node);
		out->outside += !node->target && !node->expected;
	}
}

static void add_once(struct list *names, const char *name)
{
	if (!list_has_text(names, name))
		list_push_text(names, name);
}

static void count_nodes(const struct record *record, struct degradation *out)
{
	struct list targets = {0}, members = {0};

	LIST_EACH(record->faults, const struct fault_record, fault)
		LIST_EACH(fault->on, char *, node)
			if (fault->start_ns != NEVER_NS)
				add_once(&targets, *node);
	LIST_EACH(out->changes, const struct member_change, change)
		add_once(&members, change->member);
	LIST_EACH(targets, char *, node)
		out->targets_asked += list_has_text(&members, *node);
	out->targets = targets.count;
	out->members = members.count;
	list_free_texts(&targets);
	list_free_texts(&members);
}

static bool any_injected(const struct record *record)
{
	LIST_EACH(record->faults, const struct fault_record, fault)
		if (fault->start_ns != NEVER_NS)
			return true;
	return false;
}

void judge_degradation(const struct record *record, struct degradation *out)
{
	struct list baseline = {0};
	struct members_test test = {.room = DEGRADED_ROOM, .alpha = CLAIM_ALPHA};

	if (!any_injected(record))
		return;
	scenario_steady_phases(&record->scenario, &baseline);
	collect(record, &baseline, &out->changes);
	list_free_texts(&baseline);
	test.members = out->changes.count;
	LIST_EACH(out->changes, struct member_change, change)
		name_worse(&test, change);
	count_nodes(record, out);
	collect_worse(record, out);
}

void degradation_deinit(struct degradation *degradation)
{
	free(degradation->changes.items);
	free(degradation->worse.items);
	*degradation = (struct degradation){0};
}

const struct member_change *degradation_at(
	const struct degradation *degradation, const char *member, const struct phase_record *phase)
{
	const struct member_change *worst = NULL;

	LIST_EACH(degradation->changes, const struct member_change, change) {
		if (change->found != MEMBER_WORSE || change->phase != phase ||
			strcmp(change->member, member) != 0)
			continue;
		if (!worst || member_change_difference(change) < member_change_difference(worst))
			worst = change;
	}
	return worst;
}

double degradation_amplification(const struct degradation *degradation)
{
	if (!degradation->targets)
		return 0;
	return (double)degradation->worse.count / (double)degradation->targets;
}
