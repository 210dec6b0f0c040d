/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/spill.h"
#include "controller/plan/check.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

/*
 * junit.xml: one suite, a case for each claim, each fault's effect, each stop rule, the run, and
 * last the revert. Names are stable from run to run, because that is how CI tells a new failure
 * from an old one; numbers stand in the messages. GitLab shows a failure's text and others its
 * attribute, so the message is in both.
 */
enum outcome {
	PASSED,
	FAILED,
	BROKEN, /* the tool's trouble and not the system's: <error> */
	SKIPPED
};

struct test_case {
	char group[WORDS_MAX]; /* behind backburn.<scenario>. */
	char name[WORDS_MAX];
	int64_t took_ns;
	enum outcome outcome;
	const char *type;            /* of a failure or an error */
	char text[8 * SENTENCE_MAX]; /* why; of a case that passed what was seen */
};

enum {
	PROCESSES_NAMED = 3
};

/* --- claims ---------------------------------------------------------------------------- */

static void claim_outcome(const struct claim_judgement *own, struct test_case *out)
{
	int gate = own->claim->gate;
	bool gated = gate != GATE_REPORT, strict = gate == GATE_MUST || gate == GATE_PRECONDITION;

	switch (own->finding) {
	case FINDING_AS_EXPECTED:
		out->outcome = PASSED;
		break;
	case FINDING_OTHERWISE:
		out->outcome = gated ? FAILED : PASSED;
		out->type = own->verdict == VERDICT_VIOLATED ? "violated" : "held";
		break;
	case FINDING_KNOWN:
		out->outcome = SKIPPED;
		out->type = "known issue";
		break;
	case FINDING_UNPROVEN:
		out->outcome = strict ? FAILED : SKIPPED;
		out->type = "inconclusive";
		break;
	case FINDING_NOT_JUDGED:
		out->outcome = SKIPPED;
		break;
	}
}

static int64_t phases_took_ns(const struct record *record, const struct list *ids)
{
	int64_t sum_ns = 0;

	LIST_EACH(*ids, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);

		if (phase && phase->start_ns != NEVER_NS && phase->end_ns > phase->start_ns)
			sum_ns += phase->end_ns - phase->start_ns;
	}
	return sum_ns;
}

static void claim_case(
	const struct record *record, const struct claim_judgement *own, struct test_case *out)
{
	const struct invariant_spec *claim = own->claim;
	char verdict[WORDS_MAX], claimed[WORDS_MAX];

	if (claim->in.count)
		words_join(&claim->in, out->group, sizeof(out->group));
	else
		snprintf(out->group, sizeof(out->group), "%s", claim_kind(claim));
	snprintf(out->name, sizeof(out->name), "%s", claim->id);
	out->took_ns =
		own->after_ns != NEVER_NS ? own->after_ns : phases_took_ns(record, &claim->in);
	claim_outcome(own, out);
	snprintf(out->text, sizeof(out->text), "%s: %s; claimed: %s", words_verdict(own, verdict),
		own->text, words_statement(&record->scenario, claim, claimed));
}

/* --- faults, rules, the run ------------------------------------------------------------- */

/* On what, with what outcome, and of processes the first few by name. */
static void say_effect(
	const struct record *record, const struct effect_judgement *own, struct test_case *out)
{
	char text[SENTENCE_MAX];
	size_t named = 0, used;

	words_fault(own->fault, text);
	used = (size_t)snprintf(out->text, sizeof(out->text), "%s: %s (%.200s)",
		effect_words[own->effect], own->text, text);
	LIST_EACH(own->processes, struct process_effect, process) {
		if (named++ == PROCESSES_NAMED || used >= sizeof(out->text))
			break;
		words_process(record, process, text);
		used += (size_t)snprintf(
			out->text + used, sizeof(out->text) - used, "; %.200s", text);
	}
	if (used < sizeof(out->text) && words_differing(own, text))
		snprintf(out->text + used, sizeof(out->text) - used, "; %s", text);
}

static void effect_case(
	const struct report *report, const struct effect_judgement *own, struct test_case *out)
{
	const struct fault_record *fault = own->fault;
	const struct phase_spec *phase = NULL;
	bool whole = report->record.stop == STOP_NONE && report->record.ended;

	scenario_fault(&report->record.scenario, fault->spec->id, &phase);
	snprintf(out->group, sizeof(out->group), "%s", phase ? phase->id : "effect");
	snprintf(out->name, sizeof(out->name), "fault %s takes effect", fault->spec->id);
	if (fault->start_ns != NEVER_NS && fault->healed_ns > fault->start_ns)
		out->took_ns = fault->healed_ns - fault->start_ns;
	out->type = "effect";
	if (own->effect == EFFECT_NONE)
		out->outcome = own->ran_to_its_end ? FAILED : SKIPPED;
	else if (own->effect == EFFECT_NOT_INJECTED)
		out->outcome =
			whole && !judge_fault_left_out(&report->record, fault) ? FAILED : SKIPPED;
	say_effect(&report->record, own, out);
}

static void rule_case(
	const struct record *record, const struct stop_rule *rule, struct test_case *out)
{
	snprintf(out->group, sizeof(out->group), "guardrail");
	snprintf(out->name, sizeof(out->name), "%s", rule->id);
	if (record->stop != STOP_GUARDRAIL || !record->stop_id ||
		strcmp(record->stop_id, rule->id) != 0)
		return;
	out->outcome = FAILED;
	out->type = "guardrail";
	snprintf(out->text, sizeof(out->text), "%.300s",
		record->stop_text ? record->stop_text : "stopped the run");
}

/* A guardrail that is neither a rule of the scenario nor spill (the run's limit) has no case. */
static bool stopped_by_a_rule(const struct record *record)
{
	if (record->stop != STOP_GUARDRAIL || !record->stop_id)
		return false;
	if (strcmp(record->stop_id, "spill") == 0)
		return true;
	LIST_EACH(record->scenario.guardrails->stop_if, struct stop_rule, rule)
		if (strcmp(rule->id, record->stop_id) == 0)
			return true;
	return false;
}

/* Always there, so that a server can show that it never happened. */
static void spill_case(const struct judgement *judgement, struct test_case *out)
{
	char text[SPILL_TEXT_MAX];

	snprintf(out->group, sizeof(out->group), "guardrail");
	snprintf(out->name, sizeof(out->name), "spill");
	if (!judgement->spills.count)
		return;
	out->outcome = FAILED;
	out->type = "spill";
	snprintf(out->text, sizeof(out->text), "%.300s",
		spill_text(LIST_AT(judgement->spills, struct spill, 0), text));
}

/* Behind what is said already, as far as there is room. */
static void say_more(struct test_case *out, const char *text)
{
	size_t used = strlen(out->text);

	snprintf(out->text + used, sizeof(out->text) - used, "%s%s", used ? " " : "", text);
}

static void say_unknown(const struct report *report, struct test_case *out)
{
	struct list lines = words_unknown(report);
	char text[SENTENCE_MAX];

	if (words_unread(report, text))
		say_more(out, text);
	LIST_EACH(lines, char *, line)
		say_more(out, *line);
	list_free_texts(&lines);
}

static void run_case(const struct report *report, struct test_case *out)
{
	const struct record *record = &report->record;

	snprintf(out->group, sizeof(out->group), "run");
	snprintf(out->name, sizeof(out->name), "comes to its end");
	out->took_ns = words_length_ns(report);
	if (!record->ended) {
		out->outcome = BROKEN;
		out->type = "cut off";
		words_cut(report, out->text);
		say_unknown(report, out);
	} else if (record->unread.lines) {
		out->outcome = BROKEN;
		out->type = "unread";
		say_unknown(report, out);
	} else if (stopped_by_a_rule(record) || record->stop == STOP_PRECONDITION) {
		/* The rule's or the claim's own case fails; once is enough. */
		out->outcome = SKIPPED;
		snprintf(out->text, sizeof(out->text), "stopped: %.300s",
			record->stop_text ? record->stop_text : "");
	} else if (record->stop != STOP_NONE) {
		out->outcome = record->stop == STOP_GUARDRAIL || record->stop == STOP_TIMEOUT
			? FAILED
			: BROKEN;
		out->type = stop_words[record->stop];
		snprintf(out->text, sizeof(out->text), "%.300s",
			record->stop_text ? record->stop_text : "stopped");
	} else {
		say_unknown(report, out);
	}
}

static void revert_case(const struct report *report, struct test_case *out)
{
	snprintf(out->group, sizeof(out->group), "cleanup");
	snprintf(out->name, sizeof(out->name), "revert");
	if (words_revert(report, out->text) == TONE_BAD) {
		out->outcome = FAILED;
		out->type = "revert";
	}
}

/* --- all cases ------------------------------------------------------------------------- */

static struct test_case *new_case(struct list *cases)
{
	return list_push(cases, sizeof(struct test_case));
}

static struct list all_cases(const struct report *report)
{
	const struct record *record = &report->record;
	struct list cases = {0};

	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		claim_case(record, own, new_case(&cases));
	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		effect_case(report, own, new_case(&cases));
	LIST_EACH(record->scenario.guardrails->stop_if, struct stop_rule, rule)
		rule_case(record, rule, new_case(&cases));
	spill_case(&report->judgement, new_case(&cases));
	run_case(report, new_case(&cases));
	revert_case(report, new_case(&cases));
	return cases;
}

/* --- XML ------------------------------------------------------------------------------- */

static void attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	escape_markup(out, value);
	fputc('"', out);
}

static void property(FILE *out, const char *name, const char *value)
{
	fputs("\t\t\t<property", out);
	attribute(out, "name", name);
	attribute(out, "value", value);
	fputs("/>\n", out);
}

static void properties(FILE *out, const struct report *report)
{
	const struct record *record = &report->record;
	char number[32];

	fputs("\t\t<properties>\n", out);
	property(out, "run", record->run_id ? record->run_id : "");
	property(out, "environment", record->environment ? record->environment : "");
	snprintf(number, sizeof(number), "%lld", (long long)record->scenario.seed);
	property(out, "seed", number);
	property(out, "tool", record->tool ? record->tool : "");
	property(out, "verdict", report->judgement.headline);
	property(out, "reason", report->judgement.reason);
	snprintf(number, sizeof(number), "%d", report->judgement.exit_code);
	property(out, "exit_code", number);
	fputs("\t\t</properties>\n", out);
}

static void print_case(
	FILE *out, const char *scenario, const char *suffix, const struct test_case *own)
{
	static const char *const tags[] = {
		[FAILED] = "failure", [BROKEN] = "error", [SKIPPED] = "skipped"};

	fputs("\t\t<testcase classname=\"backburn.", out);
	markup(out, "%s%s.%s", scenario, suffix, own->group);
	fputc('"', out);
	attribute(out, "name", own->name);
	fprintf(out, " time=\"%.3f\">", (double)own->took_ns / (double)NS_PER_SEC);
	if (own->outcome == PASSED && *own->text) {
		element(out, "system-out", "%s", own->text);
	} else if (own->outcome != PASSED) {
		fprintf(out, "<%s", tags[own->outcome]);
		attribute(out, "message", own->text);
		if (own->outcome != SKIPPED)
			attribute(out, "type", own->type);
		fputc('>', out);
		escape_markup(out, own->text);
		fprintf(out, "</%s>", tags[own->outcome]);
	}
	fputs("</testcase>\n", out);
}

static struct junit_sums sums_of(const struct list *cases)
{
	struct junit_sums sums = {.tests = cases->count};

	LIST_EACH(*cases, struct test_case, own) {
		sums.failures += own->outcome == FAILED;
		sums.errors += own->outcome == BROKEN;
		sums.skipped += own->outcome == SKIPPED;
	}
	return sums;
}

static void counts(FILE *out, const struct junit_sums *sums)
{
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", sums->tests, sums->failures,
		sums->errors);
}

static void duration(FILE *out, int64_t took_ns)
{
	fprintf(out, " time=\"%.3f\"", (double)took_ns / (double)NS_PER_SEC);
}

/* What is skipped is counted in each suite, and not here: Jenkins' xUnit plugin refuses that. */
void report_junit_begin(FILE *out, const struct junit_sums *sums, int64_t took_ns)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"backburn\"", out);
	counts(out, sums);
	duration(out, took_ns);
	fputs(">\n", out);
}

void report_junit_suite(
	FILE *out, const struct report *report, const char *suffix, struct junit_sums *sums)
{
	const struct record *record = &report->record;
	struct list cases = all_cases(report);
	struct junit_sums own_sums = sums_of(&cases);

	fputs("\t<testsuite name=\"", out);
	markup(out, "%s%s", record->scenario.name, suffix);
	fputc('"', out);
	counts(out, &own_sums);
	fprintf(out, " skipped=\"%zu\"", own_sums.skipped);
	duration(out, words_length_ns(report));
	if (record->wall)
		attribute(out, "timestamp", record->wall);
	fputs(">\n", out);
	properties(out, report);
	LIST_EACH(cases, struct test_case, own)
		print_case(out, record->scenario.name, suffix, own);
	fputs("\t</testsuite>\n", out);
	free(cases.items);
	sums->tests += own_sums.tests;
	sums->failures += own_sums.failures;
	sums->errors += own_sums.errors;
	sums->skipped += own_sums.skipped;
}

void report_junit(FILE *out, const struct report *report)
{
	struct junit_sums sums = {0};
	char *text = NULL;
	size_t length = 0;
	FILE *suite = open_memstream(&text, &length);

	if (!suite)
		abort();
	report_junit_suite(suite, report, "", &sums);
	if (fclose(suite) != 0)
		abort();
	report_junit_begin(out, &sums, words_length_ns(report));
	fwrite(text, 1, length, out);
	fputs("</testsuites>\n", out);
	free(text);
}
