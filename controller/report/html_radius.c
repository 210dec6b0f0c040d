/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/list.h"
#include "controller/judge/radius.h"
#include "controller/judge/spill.h"
#include "controller/report/escape.h"
#include "controller/report/graph.h"
#include "controller/report/html_parts.h"
#include "controller/report/words.h"

/* The blast radius: what was declared, predicted and measured, as a picture and by phase. */

enum {
	ROWS_MAX = 40 /* nodes of the matrix; of more, those that a fault named come first */
};

/* --- declared, predicted, measured ------------------------------------------------------- */

static void share_row(FILE *out, const struct effect_judgement *own)
{
	struct radius_words words;

	words_radius_of(own, &words);
	fputs("<tr>", out);
	element(out, "th scope=\"row\"", "%s", own->fault->spec->id);
	element(out, "td", "%s", words.declared);
	element(out, "td", "%s", words.predicted);
	fputs("<td>", out);
	html_word(out, tone_of_effect(own), words.measured);
	fputs("</td></tr>\n", out);
}

static void share_table(FILE *out, const struct judgement *judgement)
{
	static const char *const columns[] = {
		"Fault", "Declared", "Predicted just before", "Measured", NULL};

	html_table_begin(out, "shares", columns);
	LIST_EACH(judgement->effects, struct effect_judgement, own)
		share_row(out, own);
	html_table_end(out);
}

/* --- node by phase ----------------------------------------------------------------------- */

/* What was hit of a node's packets by one fault, both ways. */
static int64_t packets_of(const struct effect_judgement *effect, const char *node)
{
	int64_t packets = 0;

	LIST_EACH(effect->pairs, struct pair_effect, pair)
		if (strcmp(pair->from, node) == 0 || strcmp(pair->to, node) == 0)
			packets += pair->packets;
	return packets;
}

static size_t processes_of(const struct effect_judgement *effect, const char *node)
{
	size_t count = 0;

	LIST_EACH(effect->processes, struct process_effect, process)
		count += process->proven && strcmp(process->node, node) == 0;
	return count;
}

/* False, and nothing: the fault does not concern the node. */
static bool fault_cell(FILE *out, const struct effect_judgement *own, const char *node)
{
	const struct fault_record *fault = own->fault;
	bool target = list_has_text(&fault->on, node);

	if (!target && !list_has_text(&fault->from, node))
		return false;
	fputs("<div><b>", out);
	escape_markup(out, fault->spec->id);
	fputs("</b>", out);
	if (own->pairs.count)
		markup(out, "%s: %lld packets %.40s", target ? "" : ", counterpart",
			(long long)packets_of(own, node), judge_did(fault));
	else if (fault->spec->on->processes)
		markup(out, ": %zu hit", processes_of(own, node));
	else
		markup(out, ": %s", effect_words[own->effect]);
	fputs("</div>", out);
	return true;
}

/* Only a probe with policy `each` can tell one member from another. */
static bool member_cells(
	FILE *out, const struct report *report, const struct phase_record *phase, const char *node)
{
	int64_t end_ns = phase->end_ns == NEVER_NS ? INT64_MAX : phase->end_ns;
	bool any = false;

	LIST_EACH(report->story.members, struct member_series, series) {
		struct tally tally;

		if (phase->start_ns == NEVER_NS || strcmp(series->member, node) != 0)
			continue;
		tally = samples_tally(&series->samples, phase->start_ns, end_ns);
		if (!tally.total)
			continue;
		any = true;
		element(out, "div class=\"good-share\"", "%s: %.4g %% good", series->slo->name,
			100 * (double)(tally.total - tally.bad) / (double)tally.total);
	}
	return any;
}

static const struct effect_judgement *effect_of(
	const struct judgement *judgement, const char *fault_id)
{
	LIST_EACH(judgement->effects, struct effect_judgement, own)
		if (strcmp(own->fault->spec->id, fault_id) == 0)
			return own;
	return NULL;
}

/* What hit the node although it does not name it, in the fault's phase. */
static bool spill_cells(
	FILE *out, const struct report *report, const struct phase_record *phase, const char *node)
{
	bool any = false;

	LIST_EACH(report->judgement.spills, struct spill, spill) {
		const struct phase_spec *own = NULL;

		scenario_fault(&report->record.scenario, spill->fault->spec->id, &own);
		if (own != phase->spec || strcmp(spill_name(spill), node) != 0)
			continue;
		any = true;
		fputs("<div>", out);
		html_word(out, TONE_BAD, "spill");
		markup(out, " %s: %lld packets", spill->fault->spec->id,
			(long long)spill->touched->packets);
		fputs("</div>", out);
	}
	return any;
}

static void phase_cell(
	FILE *out, const struct report *report, const struct phase_record *phase, const char *node)
{
	bool any = false;

	fputs("<td>", out);
	LIST_EACH(phase->spec->faults, struct fault_spec, spec) {
		const struct effect_judgement *own = effect_of(&report->judgement, spec->id);

		if (own && !judge_fault_left_out(&report->record, own->fault))
			any |= fault_cell(out, own, node);
	}
	any |= spill_cells(out, report, phase, node);
	any |= member_cells(out, report, phase, node);
	any |= html_worse(out, report, phase, node);
	fputs(any ? "</td>" : "–</td>", out);
}

static void node_rows(FILE *out, const struct report *report, const struct radius *radius,
	enum radius_role role, size_t *rows)
{
	static const char *const roles[] = {
		[RADIUS_TARGET] = "target", [RADIUS_PEER] = "counterpart", [RADIUS_APART] = ""};

	LIST_EACH(radius->nodes, struct radius_node, node) {
		if (node->role != role)
			continue;
		if ((*rows)++ >= ROWS_MAX)
			continue;
		fputs("<tr><th scope=\"row\">", out);
		escape_markup(out, node->name);
		if (*roles[role])
			element(out, "small", "%s", roles[role]);
		fputs("</th>", out);
		LIST_EACH(report->record.phases, struct phase_record, phase)
			phase_cell(out, report, phase, node->name);
		fputs("</tr>\n", out);
	}
}

static void phase_headings(FILE *out, const struct record *record)
{
	LIST_EACH(record->phases, struct phase_record, phase) {
		fputs("<th scope=\"col\">", out);
		escape_markup(out, phase->spec->id);
		if (phase->left_out || phase->start_ns == NEVER_NS)
			fprintf(out, "<small>%s</small>",
				phase->left_out ? "left out" : "not reached");
		fputs("</th>", out);
	}
}

static void matrix(FILE *out, const struct report *report, const struct radius *radius)
{
	static const char *const columns[] = {"Node", NULL};
	size_t rows = 0;

	fputs("<details open><summary>Each node in each phase</summary>\n", out);
	html_table_open(out, "matrix", columns);
	phase_headings(out, &report->record);
	html_table_body(out);
	node_rows(out, report, radius, RADIUS_TARGET, &rows);
	node_rows(out, report, radius, RADIUS_PEER, &rows);
	node_rows(out, report, radius, RADIUS_APART, &rows);
	html_table_end(out);
	if (rows > ROWS_MAX)
		fprintf(out, "<p class=\"note\">Not shown: %zu more nodes.</p>\n", rows - ROWS_MAX);
	fputs("</details>\n", out);
}

static void spills(FILE *out, const struct judgement *judgement)
{
	char text[SPILL_TEXT_MAX];

	LIST_EACH(judgement->spills, struct spill, spill) {
		fputs("<p class=\"finding\">", out);
		html_word(out, TONE_BAD, "Spill");
		markup(out, " %s.", spill_text(spill, text));
		fputs("</p>\n", out);
	}
}

void html_radius(FILE *out, const struct report *report)
{
	struct radius radius;
	char text[SENTENCE_MAX];

	radius_init(&radius, &report->record, &report->judgement);
	fputs("<section id=\"radius\"><h2>Blast radius</h2>\n", out);
	words_radius(report, text);
	element(out, "p", "%s.", text);
	spills(out, &report->judgement);
	if (report->judgement.effects.count) {
		share_table(out, &report->judgement);
		fputs("<div class=\"box graph-box\" tabindex=\"0\">\n", out);
		graph_print(out, &radius);
		fputs("</div>\n<p class=\"note\">", out);
		graph_print_key(out, &radius);
		fputs("</p>\n", out);
		html_predicted(out, report);
		html_degraded(out, report);
		matrix(out, report, &radius);
	}
	fputs("</section>\n", out);
	radius_deinit(&radius);
}
