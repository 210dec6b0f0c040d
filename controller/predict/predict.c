/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/judge/judge.h"
#include "controller/predict/join.h"
#include "controller/predict/predicted.h"

static void copy_texts(struct list *to, const struct list *from)
{
	LIST_EACH(*from, char *, text)
		list_push_text(to, *text);
}

/* --- links ------------------------------------------------------------------------------- */

static void add_link(struct list *links, const char *from, const char *to)
{
	struct predicted_link *link = list_push(links, sizeof(*link));

	link->from = must_copy(from);
	link->to = must_copy(to);
}

/* As the nodes said which way they would match whose packets. */
static void add_matched(const struct fault_inspection *inspection, struct list *links)
{
	LIST_EACH(inspection->result.matches, struct matched_peers, matched)
		LIST_EACH(matched->peers, char *, peer) {
			bool out = matched->direction == 1;

			add_link(links, out ? inspection->node : *peer,
				out ? *peer : inspection->node);
		}
}

/* Journals from before nodes said that know the two sides only. */
static void add_declared(const struct fault_record *fault, struct list *links)
{
	LIST_EACH(fault->on, char *, on)
		LIST_EACH(fault->from, char *, from)
			if (links->count <= PREDICTED_LINKS_MAX &&
				judge_is_pair(fault, *on, *from)) {
				add_link(links, *on, *from);
				add_link(links, *from, *on);
			}
}

static int by_ends(const void *a, const void *b)
{
	const struct predicted_link *one = a, *other = b;
	int order = strcmp(one->from, other->from);

	return order ? order : strcmp(one->to, other->to);
}

/* Both ends of a link may have named it. */
static void keep_one_of_each(struct list *links)
{
	struct predicted_link *items = links->items;
	size_t kept = 0;

	if (!links->count)
		return;
	qsort(items, links->count, sizeof(*items), by_ends);
	for (size_t i = 1; i < links->count; i++) {
		if (by_ends(&items[i], &items[kept]) != 0) {
			items[++kept] = items[i];
			continue;
		}
		free(items[i].from);
		free(items[i].to);
	}
	links->count = kept + 1;
}

static void cut_links(struct list *links)
{
	for (; links->count > PREDICTED_LINKS_MAX; links->count--) {
		struct predicted_link *last =
			LIST_AT(*links, struct predicted_link, links->count - 1);

		free(last->from);
		free(last->to);
	}
}

static bool acts_on_packets(const struct fault_record *fault)
{
	return !fault->spec->on->processes && !fault->machine;
}

static void add_links(const struct fault_record *fault, struct predicted_fault *out)
{
	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		add_matched(inspection, &out->links);
	if (!out->links.count && acts_on_packets(fault))
		add_declared(fault, &out->links);
	keep_one_of_each(&out->links);
	out->link_count = (int64_t)out->links.count;
	cut_links(&out->links);
	LIST_EACH(out->links, struct predicted_link, link)
		link->connections = join_between(out, link->from, link->to);
}

/* --- one fault --------------------------------------------------------------------------- */

static void add_processes(const struct fault_record *fault, struct predicted_fault *out)
{
	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		LIST_EACH(inspection->result.processes, struct process_target, process)
			*(struct predicted_process *)list_push(
				&out->processes, sizeof(struct predicted_process)) =
				(struct predicted_process){.node = must_copy(inspection->node),
					.program = must_copy(process->exe),
					.pid = process->pid};
}

static void predict_fault(const struct directory *directory, const struct phase_spec *phase,
	const struct fault_record *fault, struct predicted_fault *out)
{
	out->id = must_copy(fault->spec->id);
	out->fault = must_copy(fault->spec->fault);
	out->phase = must_copy(phase->id);
	copy_texts(&out->on, &fault->on);
	copy_texts(&out->from, &fault->from);
	out->asked = fault->inspections.count > 0;
	join_connections(directory, fault, out);
	join_dependents(directory, fault, out);
	add_links(fault, out);
	join_finish(out);
	add_processes(fault, out);
}

/* --- shares ------------------------------------------------------------------------------ */

static int64_t hit_of(const struct list *targets, const struct list *nodes)
{
	int64_t hit = 0;

	LIST_EACH(*nodes, char *, name)
		hit += list_has_text(targets, *name);
	return hit;
}

__attribute__((format(printf, 4, 5))) static void add_share(
	struct list *shares, int64_t hit, int64_t total, const char *format, ...)
{
	struct predicted_share *share = list_push(shares, sizeof(*share));
	va_list args;

	va_start(args, format);
	if (vasprintf(&share->of, format, args) < 0)
		abort();
	va_end(args);
	share->hit = hit;
	share->total = total;
}

static bool has_label(const struct node_record *node, const char *key, const char *value)
{
	return strcmp(json_string(node->labels, key, ""), value) == 0;
}

static void add_label_share(const struct record *record, const struct list *targets,
	const char *key, const char *value, struct list *shares)
{
	int64_t hit = 0, total = 0;

	LIST_EACH(record->nodes, struct node_record, node)
		if (has_label(node, key, value)) {
			total++;
			hit += list_has_text(targets, node->node);
		}
	add_share(shares, hit, total, "%s=%s", key, value);
}

/* Whether an earlier target has that label too: each value is told once. */
static bool is_told(
	const struct record *record, const struct list *targets, size_t before, const cJSON *label)
{
	char *const *names = targets->items;

	for (size_t i = 0; i < before; i++) {
		const struct node_record *node = record_node(record, names[i]);

		if (node && has_label(node, label->string, label->valuestring))
			return true;
	}
	return false;
}

static void add_label_shares(
	const struct record *record, const struct list *targets, struct list *shares)
{
	char *const *names = targets->items;

	for (size_t i = 0; i < targets->count; i++) {
		const struct node_record *node = record_node(record, names[i]);
		const cJSON *labels = node ? node->labels : NULL, *label;

		cJSON_ArrayForEach(label, labels) {
			if (label->valuestring && *label->valuestring &&
				!is_told(record, targets, i, label))
				add_label_share(
					record, targets, label->string, label->valuestring, shares);
		}
	}
}

/* --- quorums and limits -------------------------------------------------------------------- */

/* NULL: a journal that somebody has changed may state none. */
static const struct limits_spec *limits_of(const struct record *record)
{
	return record->scenario.guardrails ? record->scenario.guardrails->limits : NULL;
}

static const struct group_limit *limit_of(const struct record *record, const char *group)
{
	const struct limits_spec *limits = limits_of(record);

	if (!limits)
		return NULL;
	LIST_EACH(limits->of_group, struct group_limit, limit)
		if (strcmp(limit->group, group) == 0)
			return limit;
	return NULL;
}

/* Of two, one is no majority and nobody expects it to be, unless a limit demands it. */
static void add_quorum(const struct record *record, const struct resolved_group *group, int64_t hit,
	struct list *quorums)
{
	const struct group_limit *limit = limit_of(record, group->group);
	bool demanded = limit && limit->keep_quorum;
	int64_t total = (int64_t)group->nodes.count;
	struct predicted_quorum *quorum;

	if (!hit || (total < 3 && !demanded))
		return;
	quorum = list_push(quorums, sizeof(*quorum));
	*quorum = (struct predicted_quorum){.group = must_copy(group->group),
		.total = total,
		.left = total - hit,
		.majority = total / 2 + 1,
		.demanded = demanded};
	quorum->kept = quorum->left >= quorum->majority;
}

static void add_limit(
	struct list *limits, const char *kind, const char *name, double hit, double allowed)
{
	struct predicted_limit *limit = list_push(limits, sizeof(*limit));

	if (asprintf(&limit->limit, "%s%s%s", kind, *name ? " " : "", name) < 0)
		abort();
	limit->hit = hit;
	limit->allowed = allowed;
	limit->kept = hit <= allowed + 1e-9;
}

static size_t values_hit(const struct record *record, const struct list *targets, const char *label)
{
	struct list values = {0};
	size_t count;

	LIST_EACH(*targets, char *, name) {
		const struct node_record *node = record_node(record, *name);
		const char *value = json_string(node ? node->labels : NULL, label, "(none)");

		if (!list_has_text(&values, value))
			list_push_text(&values, value);
	}
	count = values.count;
	list_free_texts(&values);
	return count;
}

static void add_limits(const struct record *record, struct predicted_phase *out)
{
	const struct limits_spec *limits = limits_of(record);

	if (!limits)
		return;
	if (limits->nodes)
		add_limit(
			&out->limits, "nodes", "", (double)out->nodes.count, (double)limits->nodes);
	LIST_EACH(limits->of_group, struct group_limit, limit) {
		const struct resolved_group *group = record_group(record, limit->group);

		if (group && group->nodes.count)
			add_limit(&out->limits, "group", limit->group,
				(double)hit_of(&out->nodes, &group->nodes) /
					(double)group->nodes.count,
				limit->max_fraction);
	}
	LIST_EACH(limits->per_label, struct label_limit, limit)
		add_limit(&out->limits, "label", limit->label,
			(double)values_hit(record, &out->nodes, limit->label),
			(double)limit->max_values);
}

/* --- all --------------------------------------------------------------------------------- */

/* False: none of its faults knows yet whom it would hit. */
static bool add_targets(
	const struct record *record, const struct phase_spec *phase, struct list *targets)
{
	LIST_EACH(phase->faults, struct fault_spec, spec)
		LIST_EACH(record_fault(record, spec->id)->on, char *, name)
			if (!list_has_text(targets, *name))
				list_push_text(targets, *name);
	return targets->count > 0;
}

static void predict_phase(
	const struct record *record, const struct phase_spec *phase, struct predicted_phase *out)
{
	out->phase = must_copy(phase->id);
	LIST_EACH(record->groups, struct resolved_group, group) {
		int64_t hit = hit_of(&out->nodes, &group->nodes);

		if (hit)
			add_share(&out->shares, hit, (int64_t)group->nodes.count, "group %s",
				group->group);
		add_quorum(record, group, hit, &out->quorums);
	}
	add_label_shares(record, &out->nodes, &out->shares);
	add_limits(record, out);
}

static void add_phase(const struct record *record, const struct directory *directory,
	const struct phase_spec *phase, struct predicted *out)
{
	struct list targets = {0};
	struct predicted_phase *own;

	if (!add_targets(record, phase, &targets))
		return;
	LIST_EACH(phase->faults, struct fault_spec, spec) {
		const struct fault_record *fault = record_fault(record, spec->id);

		if (fault->on.count)
			predict_fault(directory, phase, fault,
				list_push(&out->faults, sizeof(struct predicted_fault)));
	}
	own = list_push(&out->phases, sizeof(*own));
	own->nodes = targets;
	predict_phase(record, phase, own);
}

void predict(const struct record *record, struct predicted *out)
{
	struct directory directory;

	directory_init(&directory, record);
	*out = (struct predicted){.version = PREDICTED_VERSION,
		.scenario = must_copy(record->scenario.name),
		.environment = must_copy(record->environment ? record->environment : "?")};
	LIST_EACH(record->scenario.phases, struct phase_spec, phase)
		add_phase(record, &directory, phase, out);
	directory_deinit(&directory);
}
