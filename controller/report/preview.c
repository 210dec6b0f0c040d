/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/preview.h"

#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/judge.h"
#include "controller/plan/check.h"
#include "controller/plan/plan_json.h"
#include "controller/report/escape.h"
#include "controller/report/preview_parts.h"
#include "controller/report/words.h"

/* --- nodes ----------------------------------------------------------------------------- */

static void print_nodes(FILE *out, const struct plan *plan)
{
	char text[PREFIX_TEXT_MAX];

	fputs("nodes\n", out);
	LIST_EACH(plan->nodes, struct plan_node, node) {
		fprintf(out, "  %-12s", node->name);
		LIST_EACH(node->addresses, struct prefix, address)
			fprintf(out, " %s", prefix_format(address, text));
		for (const cJSON *label = node->labels->child; label; label = label->next) {
			fputs(label == node->labels->child ? "  " : " ", out);
			escape_plain(out, label->string);
			fputc('=', out);
			escape_plain(out, label->valuestring);
		}
		fputc('\n', out);
	}
}

static void print_groups(FILE *out, const struct record *record)
{
	char names[512];

	if (record->groups.count)
		fputs("groups, as they are now\n", out);
	LIST_EACH(record->groups, struct resolved_group, group)
		fprintf(out, "  %-12s %s\n", group->group,
			words_join(&group->nodes, names, sizeof(names)));
}

/* --- one fault ------------------------------------------------------------------------- */

static void print_nothing(
	FILE *out, const struct preview *preview, const char *what, const char *causes)
{
	fprintf(out, "    %sNOTHING%s    %s match now. Usual causes: %s\n",
		preview->colours ? "\033[31m" : "", preview->colours ? "\033[0m" : "", what,
		causes);
}

static void print_foreign(FILE *out, const struct fault_inspection *inspection)
{
	LIST_EACH(inspection->result.foreign, struct foreign_program, foreign) {
		if (!foreign->ahead)
			continue;
		plain_line(out,
			"    before us  %s: the program %s on %s (%s) runs before ours and can "
			"hide "
			"packets from it",
			inspection->node, foreign->name, foreign->interface, foreign->direction);
	}
}

static int64_t connections_of(const struct fault_record *fault)
{
	int64_t total = 0;

	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		total += inspection->result.connection_count;
	return total;
}

static void print_processes(
	FILE *out, const struct preview *preview, const struct fault_record *fault)
{
	char wanted[512];
	size_t total = 0;

	plain_line(out, "    processes  with %s",
		process_selector_text(fault->spec->on->processes, wanted, sizeof(wanted)));
	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		LIST_EACH(inspection->result.processes, struct process_target, process) {
			total++;
			plain_line(out, "    hits       %s: pid %lld, uid %lld, %s (%s)",
				inspection->node, (long long)process->pid, (long long)process->uid,
				process->exe, process->cmdline);
		}
	if (!total)
		print_nothing(out, preview, "processes",
			"they do not run now, their program has another path (/proc/PID/exe), or "
			"they are of those that are never hit");
}

/* What is done on each node beyond hitting what is listed: as the injectors put it. */
static void print_effects(FILE *out, const struct fault_record *fault)
{
	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		LIST_EACH(inspection->result.effects, char *, effect)
			plain_line(out, "    effect     %s: %s", inspection->node, *effect);
}

static void print_hits(FILE *out, const struct preview *preview, const struct fault_record *fault,
	const struct predicted_fault *predicted)
{
	if (!predicted->asked) {
		fputs("    not asked: the run would be refused before\n", out);
		return;
	}
	if (fault->spec->on->processes)
		print_processes(out, preview, fault);
	/* Which of its nodes a fault between them parts stands in no other place. */
	if (fault->spec->on->processes || fault->machine || !fault->from.count)
		print_effects(out, fault);
	preview_links(out, predicted);
	if (fault->spec->on->processes || fault->machine)
		return;
	if (!connections_of(fault))
		print_nothing(out, preview, "live connections",
			"the peers know each other by other addresses (a virtual IP, NAT or proxy: "
			"also_reached_as), they live in a container's network namespace, or "
			"nothing "
			"runs there yet");
	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		print_foreign(out, inspection);
}

static void print_fault(FILE *out, const struct preview *preview, const struct phase_spec *phase,
	const struct fault_spec *spec)
{
	const struct catalogue *catalogue = preview->plan->catalogue;
	const struct fault_record *fault = record_fault(preview->record, spec->id);
	const struct predicted_fault *predicted = predicted_fault(preview->predicted, spec->id);
	char on[512], from[512], length[DURATION_TEXT_MAX];

	if (catalogue_at_once(catalogue, spec->fault, spec->with))
		fprintf(out, "  %-12s %s in phase %s, once\n", spec->id, spec->fault, phase->id);
	else
		fprintf(out, "  %-12s %s in phase %s, for at most %s\n", spec->id, spec->fault,
			phase->id,
			duration_format(fault_end_ns(catalogue, spec, phase_longest_ns(phase)) -
					spec->at_ns,
				length));
	if (!predicted) {
		fputs("    not inspected: its groups could not be resolved\n", out);
		return;
	}
	fprintf(out, "    on         %s\n", words_join(&fault->on, on, sizeof(on)));
	if (fault->from.count)
		fprintf(out, "    from       %s\n", words_join(&fault->from, from, sizeof(from)));
	print_hits(out, preview, fault, predicted);
}

/* --- all --------------------------------------------------------------------------------- */

void preview_print(FILE *out, const struct preview *preview)
{
	const struct scenario *scenario = &preview->record->scenario;

	fprintf(out, "environment %s\n", preview->plan->environment);
	print_nodes(out, preview->plan);
	print_groups(out, preview->record);
	fputs("faults\n", out);
	LIST_EACH(scenario->phases, struct phase_spec, phase)
		LIST_EACH(phase->faults, struct fault_spec, fault)
			print_fault(out, preview, phase, fault);
	LIST_EACH(preview->predicted->phases, struct predicted_phase, phase)
		preview_shares(out, phase, &scenario->guardrails->limits->protect);
}

/* --- as data --------------------------------------------------------------------------- */

static cJSON *pair_json(const struct fault_record *fault, const char *on, const char *from)
{
	cJSON *pair = json_object();

	json_put_string(pair, "on", on);
	json_put_string(pair, "from", from);
	json_put_number(pair, "live_connections", (double)judge_connections(fault, on, from));
	return pair;
}

static cJSON *pairs_json(const struct fault_record *fault)
{
	cJSON *pairs = json_array();
	char *const *names = fault->on.items;

	LIST_EACH(fault->on, char *, on)
		LIST_EACH(fault->from, char *, from)
			if (judge_is_pair(fault, *on, *from))
				json_append(pairs, pair_json(fault, *on, *from));
	/* Among the nodes it is on: those that it would part. */
	for (size_t i = 0; !fault->from.count && i < fault->on.count; i++)
		for (size_t j = i + 1; j < fault->on.count; j++)
			if (judge_connections(fault, names[i], names[j]) > 0)
				json_append(pairs, pair_json(fault, names[i], names[j]));
	return pairs;
}

static cJSON *hits_json(const struct fault_record *fault)
{
	cJSON *hits = json_object(), *nodes = json_object();

	json_put(hits, "on", list_to_json(&fault->on));
	json_put(hits, "from", list_to_json(&fault->from));
	json_put(hits, "pairs", pairs_json(fault));
	LIST_EACH(fault->inspections, struct fault_inspection, inspection)
		json_put(nodes, inspection->node,
			shape_encode(&inspect_result_shape, &inspection->result));
	json_put(hits, "nodes", nodes);
	return hits;
}

cJSON *preview_json(const struct preview *preview)
{
	cJSON *json = plan_to_json(preview->plan, &preview->record->groups), *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "faults")) {
		const struct fault_record *fault =
			record_fault(preview->record, json_string(item, "id", ""));

		json_put(item, "hits", hits_json(fault));
	}
	json_put(json, "radius", shape_encode(&predicted_shape, preview->predicted));
	return json;
}
