/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/judge_parts.h"

/*
 * Did a fault on processes hit them? A signal that was sent is a fact of the kernel's. A signal
 * that can't be handled has only one outcome, so there the exit must have been seen as well; any
 * other may be handled or ignored, and that is the process's business, not the fault's. A process
 * that was held still was so for a time that its node measured; whether for as long as was asked,
 * the measure "held" tells (proof_measures.c).
 */
struct tallied {
	size_t targets, sent, exited, proven, silent_nodes;
	size_t strikes, empty;                 /* of nodes with several; those that found nobody */
	const struct process_effect *unproven; /* the first one */
};

static void add_strikes(const struct fault_node *node, struct effect_judgement *out)
{
	size_t number = 0;

	LIST_EACH(node->strikes, struct strike_evidence, strike) {
		struct strike_effect *effect = list_push(&out->strikes, sizeof(*effect));

		number++;
		*effect = (struct strike_effect){
			.node = node->node, .strike = strike, .number = number};
	}
}

static void add_node(
	const struct fault_record *fault, const char *node, struct effect_judgement *out)
{
	LIST_EACH(fault->nodes, struct fault_node, own) {
		if (strcmp(own->node, node) != 0)
			continue;
		add_strikes(own, out);
		LIST_EACH(own->processes, struct process_evidence, process) {
			struct process_effect *effect = list_push(&out->processes, sizeof(*effect));

			*effect = (struct process_effect){.node = own->node, .process = process};
			effect->proven = process->result == SIGNAL_SENT &&
				(!process->must_exit || process->exited_ns != NEVER_NS) &&
				(!process->how || process->held_ns > 0);
		}
	}
}

static bool must_exit(const struct effect_judgement *effect)
{
	LIST_EACH(effect->processes, struct process_effect, own)
		if (own->process->must_exit)
			return true;
	return false;
}

/* A node that struck several times has the processes of the last ones only, but all numbers. */
static void count_strikes(const struct effect_judgement *effect, struct tallied *out)
{
	bool by_exit = must_exit(effect);

	LIST_EACH(effect->strikes, struct strike_effect, own) {
		const struct strike_evidence *strike = own->strike;

		out->targets += (size_t)strike->chosen;
		out->sent += (size_t)strike->sent;
		out->exited += (size_t)strike->exited;
		out->proven += (size_t)(by_exit ? strike->exited : strike->sent);
		out->strikes += strike->chosen > 0;
		out->empty += strike->chosen == 0;
	}
}

bool judge_struck_again(const struct effect_judgement *effect)
{
	LIST_EACH(effect->strikes, struct strike_effect, own)
		if (own->number > 1)
			return true;
	return false;
}

static void count(const struct effect_judgement *effect, struct tallied *out)
{
	bool by_strikes = judge_struck_again(effect);

	if (by_strikes)
		count_strikes(effect, out);
	LIST_EACH(effect->processes, struct process_effect, own) {
		if (!own->proven && !out->unproven)
			out->unproven = own;
		if (by_strikes)
			continue;
		out->targets++;
		out->sent += own->process->result == SIGNAL_SENT;
		out->exited += own->process->exited_ns != NEVER_NS;
		out->proven += own->proven;
	}
}

static bool is_hit(const struct effect_judgement *effect, const char *node, int64_t pid)
{
	LIST_EACH(effect->processes, struct process_effect, own)
		if (own->process->pid == pid && own->process->result == SIGNAL_SENT &&
			strcmp(own->node, node) == 0)
			return true;
	return false;
}

/* Those that a node named when it was inspected: were they the ones? */
static void count_predicted(struct effect_judgement *effect)
{
	const struct process_effect *first = effect->processes.items;

	/* The first strike's processes may be forgotten by now. */
	if (first && first->process->strike > 1)
		return;
	LIST_EACH(effect->fault->inspections, struct fault_inspection, inspection)
		LIST_EACH(inspection->result.processes, struct process_target, target) {
			effect->predicted++;
			effect->predicted_hit += is_hit(effect, inspection->node, target->pid);
		}
}

static const char *why_not_held(const struct process_evidence *process)
{
	switch ((enum signal_result)process->result) {
	case SIGNAL_NOT_SENT:
	case SIGNAL_SENT:
		return "was not held";
	case SIGNAL_GONE:
		return "had ended before";
	case SIGNAL_FAILED:
		break;
	}
	return process->reason ? process->reason : "could not be held";
}

static const char *why_not_skewed(const struct process_evidence *process)
{
	switch ((enum signal_result)process->result) {
	case SIGNAL_NOT_SENT:
		return "read its own time";
	case SIGNAL_SENT:
		return "asked for no time, or asked the kernel itself";
	case SIGNAL_GONE:
		return "had ended before";
	case SIGNAL_FAILED:
		break;
	}
	return process->reason ? process->reason : "its clock could not be skewed";
}

static const char *why_unproven(const struct process_evidence *process)
{
	if (process_is_skewed(process))
		return why_not_skewed(process);
	if (process->how)
		return why_not_held(process);
	if (process->trap && process->result == SIGNAL_NOT_SENT)
		return "did not come to that call";
	switch ((enum signal_result)process->result) {
	case SIGNAL_NOT_SENT:
		return "was not signalled";
	case SIGNAL_SENT:
		return "got its signal, and was not seen to exit";
	case SIGNAL_GONE:
		return "had ended before";
	case SIGNAL_FAILED:
		break;
	}
	return process->reason ? process->reason : "could not be signalled";
}

__attribute__((format(printf, 2, 3))) static void add(
	struct effect_judgement *out, const char *format, ...)
{
	size_t used = strlen(out->text);
	va_list args;

	va_start(args, format);
	vsnprintf(out->text + used, sizeof(out->text) - used, format, args);
	va_end(args);
}

static void say(const struct tallied *tallied, struct effect_judgement *out)
{
	const struct process_effect *first = LIST_AT(out->processes, struct process_effect, 0);

	if (!tallied->targets || !out->processes.count) {
		add(out, "no process is known to have been hit");
		return;
	}
	if (first->process->how)
		add(out, "%zu of %zu process%s %s", tallied->proven, tallied->targets,
			tallied->targets == 1 ? "" : "es",
			process_is_skewed(first->process) ? "read another time" : "stood still");
	else
		add(out, "%zu of %zu process%s got SIG%s, %zu seen to exit", tallied->sent,
			tallied->targets, tallied->targets == 1 ? "" : "es", first->process->signal,
			tallied->exited);
	if (tallied->strikes + tallied->empty)
		add(out, ", in %zu strike%s", tallied->strikes, tallied->strikes == 1 ? "" : "s");
	if (tallied->empty)
		add(out, "; %zu more found nobody", tallied->empty);
	if (tallied->unproven)
		add(out, "; pid %lld on %.40s %.80s", (long long)tallied->unproven->process->pid,
			tallied->unproven->node, why_unproven(tallied->unproven->process));
	if (tallied->silent_nodes)
		add(out, "; %zu node%s told of no process", tallied->silent_nodes,
			tallied->silent_nodes == 1 ? "" : "s");
	if (out->predicted)
		add(out, "; predicted %zu, hit %zu", out->predicted, out->predicted_hit);
}

void judge_processes(const struct fault_record *fault, struct effect_judgement *out)
{
	struct tallied tallied = {0};

	LIST_EACH(fault->on, char *, on) {
		size_t before = out->processes.count + out->strikes.count;

		add_node(fault, *on, out);
		tallied.silent_nodes += out->processes.count + out->strikes.count == before;
	}
	count(out, &tallied);
	count_predicted(out);
	if (fault->start_ns == NEVER_NS || !fault->nodes.count ||
		(!tallied.sent && !out->ran_to_its_end)) {
		snprintf(out->text, sizeof(out->text), "never started");
		return;
	}
	if (!tallied.sent)
		out->effect = EFFECT_NONE;
	else if (tallied.proven < tallied.targets || tallied.silent_nodes)
		out->effect = EFFECT_PARTIAL;
	else
		out->effect = EFFECT_PROVEN;
	say(&tallied, out);
}
