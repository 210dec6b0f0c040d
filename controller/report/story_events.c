/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/report/story_parts.h"
#include "controller/report/words.h"

/* One function per kind of event that the time line shows, and the table that finds it. */

static const cJSON *member(const cJSON *event, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(event, key);
}

static int64_t now_of(const cJSON *event)
{
	return journal_time(event, "t_ns");
}

/* --- groups, phases, nodes ------------------------------------------------------------- */

static void group_resolved(struct story *story, const cJSON *event)
{
	char nodes[512];

	story_tell(story, now_of(event), "controller", "group %s is %s",
		json_string(event, "group", "?"),
		words_join_json(member(event, "nodes"), nodes, sizeof(nodes)));
}

static void phase_started(struct story *story, const cJSON *event)
{
	story_tell(story, journal_time(event, "start_ns"), "controller", "phase %s begins",
		json_string(event, "phase", "?"));
}

static void phase_ended(struct story *story, const cJSON *event)
{
	static const struct {
		const char *how, *text;
	} ends[] = {{"time", "its time is over"}, {"good", "its condition is met"},
		{"timeout", "its condition was not met in time"}, {"stopped", "stopped"}};
	const char *how = json_string(event, "how", ""), *text = how;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(ends[i].how, how) == 0)
			text = ends[i].text;
	story_tell(story, journal_time(event, "end_ns"), "controller", "phase %s ends: %s",
		json_string(event, "phase", "?"), text);
}

static void phase_left_out(struct story *story, const cJSON *event)
{
	story_tell(story, now_of(event), "controller", "phase %s is left out: %s is %s, not %s",
		json_string(event, "phase", "?"), json_string(event, "invariant", "?"),
		json_string(event, "verdict", "?"), json_string(event, "wanted", "?"));
}

static void node_lost(struct story *story, const cJSON *event)
{
	story_tell(story, now_of(event), "node", "%s lost: %s", json_string(event, "node", "?"),
		json_string(event, "reason", "no reason given"));
}

static void node_gone(struct story *story, const cJSON *event)
{
	story_tell_node(story, now_of(event), json_string(event, "node", "?"),
		"gone, for their lab was taken down");
}

static void heal(struct story *story, const cJSON *event)
{
	story_tell(story, now_of(event), "person", "heal --run, at %s by %s",
		json_string(event, "wall", "?"), json_string(event, "by", "?"));
}

static void node_recovered(struct story *story, const cJSON *event)
{
	story_tell_node(story, now_of(event), json_string(event, "node", "?"),
		"recovered, what ledgers had left was undone");
}

/* --- faults ---------------------------------------------------------------------------- */

static void fault_arming(struct story *story, const cJSON *event)
{
	char on[512], from[512];
	int64_t start_ns = journal_time(event, "start_ns"),
		deadline_ns = journal_time(event, "deadline_ns");
	char length[DURATION_TEXT_MAX];
	const cJSON *counterpart = member(event, "from");
	bool once = cJSON_IsTrue(member(event, "at_once"));

	story_tell(story, now_of(event), "controller", "arming %s on %s%s%s, %s%s",
		json_string(event, "fault", "?"),
		words_join_json(member(event, "on"), on, sizeof(on)),
		cJSON_GetArraySize(counterpart) ? " from " : "",
		words_join_json(counterpart, from, sizeof(from)), once ? "once" : "for at most ",
		once ? "" : duration_human(deadline_ns - start_ns, length));
	story_tell(story, start_ns, "fault", "%s begins", json_string(event, "fault", "?"));
}

static void fault_inspected(struct story *story, const cJSON *event)
{
	const cJSON *result = member(event, "result");
	double live = json_number(result, "connection_count", 0);
	int hit = cJSON_GetArraySize(member(result, "processes"));
	char node[WORDS_MAX];

	if (hit)
		snprintf(node, sizeof(node), "%d process%s of %.80s", hit, hit == 1 ? "" : "es",
			json_string(event, "node", "?"));
	else
		snprintf(node, sizeof(node), "%.0f live connection%s of %.80s", live,
			live == 1 ? "" : "s", json_string(event, "node", "?"));
	story_tell_node(story, now_of(event), node, "predicted hits of %s",
		json_string(event, "fault", "?"));
}

static void fault_armed(struct story *story, const cJSON *event)
{
	const char *node = json_string(event, "node", "?"),
		   *fault = json_string(event, "fault", "?");
	char late[DURATION_TEXT_MAX];
	int64_t late_ns = journal_time(event, "late_ns");

	if (late_ns > 0)
		story_tell_node(story, now_of(event), node, "armed %s %s late", fault,
			duration_human(late_ns, late));
	else
		story_tell_node(story, now_of(event), node, "armed %s", fault);
}

static void fault_healed(struct story *story, const cJSON *event)
{
	story_tell_node(story, journal_time(event, "healed_ns"), json_string(event, "node", "?"),
		"ended %s", json_string(event, "fault", "?"));
}

static void fault_over(struct story *story, const cJSON *event)
{
	story_tell(story, journal_time(event, "healed_ns"), "fault", "%s is healed",
		json_string(event, "fault", "?"));
}

/* --- the end --------------------------------------------------------------------------- */

static void stop(struct story *story, const cJSON *event)
{
	const char *why = json_string(event, "why", "");

	story_tell(story, now_of(event), strcmp(why, "guardrail") == 0 ? "guardrail" : "controller",
		"STOP (%s): %s; healing", why, json_string(event, "text", "no reason given"));
}

static void final_read(struct story *story, const cJSON *event)
{
	story_tell(story, now_of(event), "controller", "read back %s from every member",
		json_string(event, "workload", "?"));
}

static void note(struct story *story, const cJSON *event)
{
	const char *by = json_string(event, "by", NULL), *text = json_string(event, "text", "");

	if (by)
		story_tell(story, now_of(event), "person", "%s notes: %s", by, text);
	else
		story_tell(story, now_of(event), "controller", "note: %s", text);
}

static void audit(struct story *story, const cJSON *event)
{
	story_tell_node(story, now_of(event), json_string(event, "node", "?"), "state listed %s",
		json_string(event, "when", "?"));
}

static void run_ended(struct story *story, const cJSON *event)
{
	story_tell(story, now_of(event), "controller", "run ended");
}

void story_tell_event(struct story *story, const struct record *record, const cJSON *event)
{
	static const struct {
		const char *type;
		void (*tell)(struct story *story, const cJSON *event);
	} kinds[] = {
		{"group_resolved", group_resolved},
		{"phase_started", phase_started},
		{"phase_ended", phase_ended},
		{"phase_left_out", phase_left_out},
		{"fault_inspected", fault_inspected},
		{"fault_arming", fault_arming},
		{"fault_armed", fault_armed},
		{"fault_healed", fault_healed},
		{"fault_over", fault_over},
		{"stop", stop},
		{"node_lost", node_lost},
		{"node_recovered", node_recovered},
		{"node_gone", node_gone},
		{"heal", heal},
		{"final_read", final_read},
		{"audit", audit},
		{"note", note},
		{"run_ended", run_ended},
	};
	const char *type = json_string(event, "event", "");

	(void)record;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			kinds[i].tell(story, event);
}

/* --- what the record adds ---------------------------------------------------------------- */

static void tell_alerts(struct story *story, const struct record *record)
{
	char text[SENTENCE_MAX];

	LIST_EACH(record->alerts, struct alert_record, alert) {
		words_alert(alert, text);
		story_tell(story, alert->from_ns, "on call", "would be told: %s", text);
	}
}

/* --- what the judgement adds ----------------------------------------------------------- */

static void tell_recovery(
	struct story *story, const struct record *record, const struct claim_judgement *own)
{
	const struct recovers_spec *recovers = own->claim->recovers;
	int64_t from_ns = judge_instant(record, recovers);
	char after[DURATION_TEXT_MAX];

	if (from_ns == NEVER_NS || own->after_ns == NEVER_NS)
		return;
	story_tell(story, from_ns + own->after_ns, "probe",
		"%s is good again: %s after the %s (claim %s)", recovers->slo,
		duration_human(own->after_ns, after), words_instant(recovers->from->instant),
		own->claim->id);
}

static void tell_processes(struct story *story, const struct effect_judgement *effect)
{
	LIST_EACH(effect->processes, struct process_effect, own) {
		const struct process_evidence *process = own->process;

		if (process->result == SIGNAL_SENT)
			story_tell(story, process->sent_ns, "node", "%s: pid %lld %s%s", own->node,
				(long long)process->pid,
				process_is_skewed(process) ? "reads another time"
					: process->how     ? "stands still"
							   : "gets SIG",
				process->how ? "" : process->signal);
		story_tell(story, process->exited_ns, "node", "%s: pid %lld has exited", own->node,
			(long long)process->pid);
	}
}

static void tell_strikes(struct story *story, const struct effect_judgement *effect)
{
	LIST_EACH(effect->strikes, struct strike_effect, own) {
		const struct strike_evidence *strike = own->strike;

		if (!strike->chosen && strike->at_ns != NEVER_NS)
			story_tell(story, strike->at_ns, "node", "%s: strike %zu hits nobody",
				own->node, own->number);
		if (strike->back_ns != NEVER_NS)
			story_tell(story, strike->back_ns, "node", "%s: pid %lld has begun",
				own->node, (long long)strike->back_pid);
	}
}

/* Faults that act at the same time share an outage. */
static bool told_before(const struct judgement *judgement, const struct outage *own)
{
	LIST_EACH(judgement->outages, struct outage, other) {
		if (other == own)
			return false;
		if (other->slo == own->slo && other->during.from_ns == own->during.from_ns)
			return true;
	}
	return false;
}

void story_tell_judgement(
	struct story *story, const struct record *record, const struct judgement *judgement)
{
	char gap[DURATION_TEXT_MAX];

	LIST_EACH(record->faults, struct fault_record, fault)
		story_tell(story, fault->effect_ns, "fault", "%s has its first effect",
			fault->spec->id);
	tell_alerts(story, record);
	LIST_EACH(judgement->effects, struct effect_judgement, effect) {
		tell_processes(story, effect);
		tell_strikes(story, effect);
	}
	LIST_EACH(judgement->outages, struct outage, own)
		if (own->during.length_ns >= NS_PER_SEC && !told_before(judgement, own) &&
			words_slo_matters(&record->scenario, own->slo))
			story_tell(story, own->during.from_ns, "probe",
				"%s: no good event for %s from here on", own->slo->name,
				duration_human(own->during.length_ns, gap));
	LIST_EACH(judgement->claims, struct claim_judgement, own)
		if (own->claim->recovers)
			tell_recovery(story, record, own);
}
