/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/judge_parts.h"

/*
 * Is what a fault ended started again in time? After each strike as many must come as were ended;
 * the node tells when the last of them began, or until when it looked for it in vain.
 */
struct found {
	size_t ended;  /* strikes that ended somebody */
	size_t late;   /* of these: not answered in time */
	size_t open;   /* not answered, and not looked for long enough */
	size_t silent; /* nodes that told of no strike */
	const char *worst_node;
	size_t worst_number;
	const struct strike_evidence *worst; /* the slowest; one without an answer is slower yet */
};

static bool is_slower(const struct strike_evidence *own, const struct strike_evidence *other)
{
	if (!other || other->back_ns == NEVER_NS)
		return !other;
	return own->back_ns == NEVER_NS ||
		own->back_ns - own->at_ns > other->back_ns - other->at_ns;
}

static bool has_waited(const struct strike_evidence *strike, int64_t within_ns)
{
	return strike->looked_ns != NEVER_NS && strike->looked_ns - strike->at_ns > within_ns;
}

static void look_at_strike(
	const struct fault_node *node, size_t index, int64_t within_ns, struct found *out)
{
	const struct strike_evidence *strike =
		LIST_AT(node->strikes, const struct strike_evidence, index);
	bool back = strike->back_ns != NEVER_NS;

	/* Who handles the signal and stays needs no successor. */
	if (!strike->exited || strike->at_ns == NEVER_NS)
		return;
	out->ended++;
	if (back ? strike->back_ns - strike->at_ns > within_ns : has_waited(strike, within_ns))
		out->late++;
	else if (!back)
		out->open++;
	if (!is_slower(strike, out->worst))
		return;
	out->worst = strike;
	out->worst_node = node->node;
	out->worst_number = index + 1;
}

static struct found look(const struct fault_record *fault, int64_t within_ns)
{
	struct found found = {.silent = fault->on.count};

	LIST_EACH(fault->nodes, struct fault_node, node) {
		found.silent -= found.silent && node->strikes.count;
		for (size_t i = 0; i < node->strikes.count; i++)
			look_at_strike(node, i, within_ns, &found);
	}
	return found;
}

static enum verdict decide(
	const struct record *record, const struct fault_record *fault, const struct found *found)
{
	if (found->late)
		return VERDICT_VIOLATED;
	if (found->open || !judge_ran_to_its_end(record, fault))
		return VERDICT_NOT_JUDGED;
	return found->ended && !found->silent ? VERDICT_HELD : VERDICT_INCONCLUSIVE;
}

static void say_worst(const struct found *found, char *buffer, size_t size)
{
	const struct strike_evidence *strike = found->worst;
	char after[DURATION_TEXT_MAX];

	if (strike->back_ns != NEVER_NS)
		snprintf(buffer, size, "at the slowest %s after strike %zu on %.40s (pid %lld)",
			duration_human(strike->back_ns - strike->at_ns, after), found->worst_number,
			found->worst_node, (long long)strike->back_pid);
	else if (strike->looked_ns == NEVER_NS)
		snprintf(buffer, size, "strike %zu on %.40s: nobody was looked for",
			found->worst_number, found->worst_node);
	else
		snprintf(buffer, size, "strike %zu on %.40s: %lld of %lld back %s later",
			found->worst_number, found->worst_node, (long long)strike->back,
			(long long)strike->wanted,
			duration_human(strike->looked_ns - strike->at_ns, after));
}

void judge_restarts(const struct record *record, struct claim_judgement *out)
{
	const struct restarts_spec *restarts = out->claim->restarts;
	const struct fault_record *fault = record_fault(record, restarts->fault);
	struct found found = look(fault, restarts->within_ns);
	char within[DURATION_TEXT_MAX], worst[SENTENCE_MAX / 2];

	out->verdict = decide(record, fault, &found);
	out->tally = (struct tally){.total = (int64_t)found.ended, .bad = (int64_t)found.late};
	duration_format(restarts->within_ns, within);
	if (!found.ended) {
		snprintf(out->text, sizeof(out->text),
			"no process is known to have been ended; allowed %s", within);
		return;
	}
	if (found.worst->back_ns != NEVER_NS)
		out->after_ns = found.worst->back_ns - found.worst->at_ns;
	say_worst(&found, worst, sizeof(worst));
	snprintf(out->text, sizeof(out->text),
		"back in time after %zu of %zu strike%s; %s; allowed %s",
		found.ended - found.late - found.open, found.ended, found.ended == 1 ? "" : "s",
		worst, within);
}
