/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/words.h"

/* What a journal does not tell, since it was cut off or could not be read whole. */

const char *words_cut(const struct report *report, char buffer[SENTENCE_MAX])
{
	const char *wall = report->story.healed_wall;
	char at[WORDS_MAX], later[WORDS_MAX] = "";

	if (report->record.ended)
		return NULL;
	if (wall)
		snprintf(later, sizeof(later), "heal --run looked at the nodes on %.40s.", wall);
	snprintf(buffer, SENTENCE_MAX,
		"The run was cut off at %s: its journal ends there. Everything up to then is in "
		"this report; what came after is not known from it. %s",
		words_at(report->story.last_ns, at),
		wall ? later
		     : "Injectors heal by themselves within the lease; `backburn heal --run` with "
		       "this run's directory proves it.");
	return buffer;
}

const char *words_unread(const struct report *report, char buffer[SENTENCE_MAX])
{
	const struct unread *unread = &report->record.unread;
	char judged[SENTENCE_MAX];

	if (judge_unread(&report->record, judged))
		snprintf(buffer, SENTENCE_MAX, "%.250s. %s", judged,
			unread->given_up ? "Nothing behind them was looked at."
					 : "All others are in this report.");
	else if (report->record.ended && unread->torn_bytes)
		snprintf(buffer, SENTENCE_MAX,
			"The journal goes on for %zu bytes of a line that was never finished.",
			unread->torn_bytes);
	else
		return NULL;
	return buffer;
}

/* --- of a run that was cut off ----------------------------------------------------------- */

static void unknown_phases(const struct record *record, struct list *lines)
{
	struct list never = {0};
	char names[WORDS_MAX];

	LIST_EACH(record->phases, struct phase_record, phase) {
		if (phase->start_ns == NEVER_NS && !phase->left_out)
			list_push_text(&never, phase->spec->id);
		else if (phase->end_ns == NEVER_NS && !phase->left_out)
			words_add(lines, "Phase %s had begun; how it ended is not known.",
				phase->spec->id);
	}
	if (never.count)
		words_add(lines, "Not begun, as far as is known: %s.",
			words_join(&never, names, sizeof(names)));
	list_free_texts(&never);
}

/* The kernel, or a guardian beside it, keeps the deadline: what is open is when within that. */
static void unknown_faults(const struct report *report, struct list *lines)
{
	LIST_EACH(report->record.faults, struct fault_record, fault) {
		int64_t left_ns = fault->deadline_ns - report->story.last_ns;
		char what[SENTENCE_MAX], at[WORDS_MAX];

		if (fault->start_ns == NEVER_NS || fault->healed_ns != NEVER_NS)
			continue;
		words_fault(fault, what);
		if (left_ns > 0)
			words_add(lines,
				"Fault %s (%s) was acting, or about to: when it ended is not "
				"known. It acted no longer than to its deadline, %s.",
				fault->spec->id, what, words_at(fault->deadline_ns, at));
		else
			words_add(lines,
				"Fault %s (%s) was over by its deadline, %s; that it was healed "
				"nobody told.",
				fault->spec->id, what, words_at(fault->deadline_ns, at));
	}
}

static void unknown_nodes(const struct report *report, struct list *lines)
{
	struct list touched = {0}, others = {0};
	char names[SENTENCE_MAX];

	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		const struct node_record *node = record_node(&report->record, own->node);

		if (node && !node->gone && !node->audited_after)
			list_push_text(own->touched ? &touched : &others, own->node);
	}
	if (touched.count)
		words_add(lines, "Touched, and not looked at afterwards: %s.",
			words_join(&touched, names, sizeof(names)));
	if (others.count)
		words_add(lines, "Not touched, and not looked at afterwards: %s.",
			words_join(&others, names, sizeof(names)));
	list_free_texts(&touched);
	list_free_texts(&others);
}

static void unknown_probes(const struct record *record, struct list *lines)
{
	char at[WORDS_MAX];

	LIST_EACH(record->scenario.probes, struct probe_spec, probe) {
		int64_t reported_ns = record_reported_ns(record, probe->name);

		if (reported_ns > 0)
			words_add(lines, "What %s %s saw is known to %s.",
				probe->load ? "load" : "probe", probe->name,
				words_at(reported_ns, at));
		else
			words_add(lines, "%s %s told of nothing.", probe->load ? "Load" : "Probe",
				probe->name);
	}
}

static void unknown_writes(const struct record *record, struct list *lines)
{
	struct list unread = {0};
	char names[WORDS_MAX];

	LIST_EACH(record->workloads, struct workload_record, workload)
		if (!workload->read_done)
			list_push_text(&unread, workload->spec->name);
	if (unread.count)
		words_add(lines,
			"Not read back, so that nobody knows whether acknowledged writes were "
			"lost: %s.",
			words_join(&unread, names, sizeof(names)));
	list_free_texts(&unread);
}

struct list words_unknown(const struct report *report)
{
	struct list lines = {0};

	if (report->record.ended)
		return lines;
	unknown_faults(report, &lines);
	unknown_nodes(report, &lines);
	unknown_phases(&report->record, &lines);
	unknown_probes(&report->record, &lines);
	unknown_writes(&report->record, &lines);
	return lines;
}
