/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/units.h"
#include "controller/report/words.h"

/* What became of a process that was hit, and of the service that it was. */

static const struct service_record *service_of(
	const struct list *runs, const char *node, int64_t pid)
{
	LIST_EACH(*runs, struct service_record, run)
		if (strcmp(run->node, node) == 0 && run->pid == pid)
			return run;
	return NULL;
}

static const struct service_record *same_service(
	const struct list *runs, const struct service_record *wanted)
{
	LIST_EACH(*runs, struct service_record, run)
		if (strcmp(run->node, wanted->node) == 0 &&
			strcmp(run->service, wanted->service) == 0)
			return run;
	return NULL;
}

const struct service_record *words_successor(
	const struct record *record, const struct process_effect *own)
{
	const struct service_record *before =
		service_of(&record->runs_before, own->node, own->process->pid);

	return before ? same_service(&record->runs_after, before) : NULL;
}

const char *words_afterwards(
	const struct record *record, const struct process_effect *own, char buffer[WORDS_MAX])
{
	const struct service_record *after = words_successor(record, own);

	buffer[0] = '\0';
	if (!after)
		return buffer;
	if (!after->pid)
		snprintf(buffer, WORDS_MAX, "%.60s does not run again", after->service);
	else if (after->pid == own->process->pid)
		snprintf(buffer, WORDS_MAX, "%.60s still runs as pid %lld", after->service,
			(long long)after->pid);
	else
		snprintf(buffer, WORDS_MAX, "%.60s runs again as pid %lld", after->service,
			(long long)after->pid);
	return buffer;
}

const char *words_exit(const struct process_evidence *process, char buffer[WORDS_MAX])
{
	char length[DURATION_TEXT_MAX];

	if (process_is_skewed(process)) {
		snprintf(buffer, WORDS_MAX, "%lld reading%s answered", (long long)process->times,
			process->times == 1 ? "" : "s");
		return buffer;
	}
	if (process->how) {
		snprintf(buffer, WORDS_MAX, process->times == 1 ? "once" : "%lld times",
			(long long)process->times);
		return buffer;
	}
	if (process->exited_ns == NEVER_NS)
		snprintf(buffer, WORDS_MAX, "no exit seen");
	else
		snprintf(buffer, WORDS_MAX, "exit seen %s later",
			duration_human(process->exited_ns - process->sent_ns, length));
	return buffer;
}

static const char *say_held(const struct process_evidence *process, char buffer[WORDS_MAX])
{
	char at[WORDS_MAX], length[DURATION_TEXT_MAX];
	const char *by = strcmp(process->how, "trace") == 0 ? "ptrace"
		: strcmp(process->how, "stop") == 0         ? "SIGSTOP"
							    : "its cgroup's freezer";

	switch ((enum signal_result)process->result) {
	case SIGNAL_SENT:
		snprintf(buffer, WORDS_MAX, "stood still from %.40s, for %s in all, by %s",
			words_at(process->sent_ns, at), duration_human(process->held_ns, length),
			by);
		break;
	case SIGNAL_NOT_SENT:
		snprintf(buffer, WORDS_MAX, "was not held");
		break;
	case SIGNAL_GONE:
		snprintf(buffer, WORDS_MAX, "had ended before it was held");
		break;
	case SIGNAL_FAILED:
		snprintf(buffer, WORDS_MAX, "could not be held: %.80s",
			process->reason ? process->reason : "no reason given");
		break;
	}
	return buffer;
}

/* Counts are of the calls that the fault meant. */
static const char *say_trapped(const struct process_evidence *process, char buffer[WORDS_MAX])
{
	char at[WORDS_MAX];

	if (process->result == SIGNAL_SENT)
		snprintf(buffer, WORDS_MAX, "SIG%.20s %.40s, at %.40s", process->signal,
			process->trap, words_at(process->sent_ns, at));
	else
		snprintf(buffer, WORDS_MAX, "%s %.40s: %lld such calls were seen",
			process->result == SIGNAL_GONE ? "had ended" : "was not killed",
			process->trap, (long long)process->calls);
	return buffer;
}

static const char *say_skewed(const struct process_evidence *process, char buffer[WORDS_MAX])
{
	char at[WORDS_MAX], length[DURATION_TEXT_MAX];

	switch ((enum signal_result)process->result) {
	case SIGNAL_SENT:
		snprintf(buffer, WORDS_MAX, "read another time from %.40s, for %s",
			words_at(process->sent_ns, at), duration_human(process->held_ns, length));
		break;
	case SIGNAL_NOT_SENT:
		snprintf(buffer, WORDS_MAX, "read its own time");
		break;
	case SIGNAL_GONE:
		snprintf(buffer, WORDS_MAX, "had ended before");
		break;
	case SIGNAL_FAILED:
		snprintf(buffer, WORDS_MAX, "its clock could not be skewed: %.80s",
			process->reason ? process->reason : "no reason given");
		break;
	}
	return buffer;
}

const char *words_signal(const struct process_evidence *process, char buffer[WORDS_MAX])
{
	char at[WORDS_MAX];

	if (process->how)
		return process_is_skewed(process) ? say_skewed(process, buffer)
						  : say_held(process, buffer);
	if (process->trap)
		return say_trapped(process, buffer);
	switch ((enum signal_result)process->result) {
	case SIGNAL_SENT:
		snprintf(buffer, WORDS_MAX, "SIG%.20s at %.40s", process->signal,
			words_at(process->sent_ns, at));
		break;
	case SIGNAL_NOT_SENT:
		snprintf(buffer, WORDS_MAX, "SIG%.20s was not sent", process->signal);
		break;
	case SIGNAL_GONE:
		snprintf(buffer, WORDS_MAX, "had ended before SIG%.20s", process->signal);
		break;
	case SIGNAL_FAILED:
		snprintf(buffer, WORDS_MAX, "SIG%.20s failed: %.80s", process->signal,
			process->reason ? process->reason : "no reason given");
		break;
	}
	return buffer;
}

static const char *say_age(const struct process_evidence *process, char buffer[WORDS_MAX])
{
	char length[DURATION_TEXT_MAX];

	if (process_came_later(process))
		snprintf(buffer, WORDS_MAX, "started later");
	else
		snprintf(buffer, WORDS_MAX, "up %s", duration_human(process->age_ns, length));
	return buffer;
}

void words_process(
	const struct record *record, const struct process_effect *own, char buffer[SENTENCE_MAX])
{
	const struct process_evidence *process = own->process;
	char signal[WORDS_MAX], exit[WORDS_MAX], afterwards[WORDS_MAX], age[WORDS_MAX];
	bool sent = process->result == SIGNAL_SENT;

	words_afterwards(record, own, afterwards);
	snprintf(buffer, SENTENCE_MAX, "pid %lld on %.40s, %.30s: %.90s%s%.40s%s%.70s",
		(long long)process->pid, own->node, say_age(process, age),
		words_signal(process, signal), sent ? ", " : "",
		sent ? words_exit(process, exit) : "", *afterwards ? "; " : "", afterwards);
}

/* --- strikes --------------------------------------------------------------------------- */

const char *words_strike(const struct strike_effect *own, char buffer[WORDS_MAX])
{
	char at[WORDS_MAX];

	snprintf(buffer, WORDS_MAX, "strike %zu on %.40s at %.40s", own->number, own->node,
		words_at(own->strike->at_ns, at));
	return buffer;
}

/* "; back as pid 4711 after 1.21 s"; "" where nobody is waited for. */
static const char *say_return(const struct strike_evidence *strike, char buffer[WORDS_MAX])
{
	char after[DURATION_TEXT_MAX];

	buffer[0] = '\0';
	if (!strike->wanted)
		return buffer;
	if (strike->back_ns != NEVER_NS)
		snprintf(buffer, WORDS_MAX, "; back as pid %lld after %s",
			(long long)strike->back_pid,
			duration_human(strike->back_ns - strike->at_ns, after));
	else if (strike->looked_ns == NEVER_NS)
		snprintf(buffer, WORDS_MAX, "; not known who came back");
	else
		snprintf(buffer, WORDS_MAX, "; %lld of %lld back %s later", (long long)strike->back,
			(long long)strike->wanted,
			duration_human(strike->looked_ns - strike->at_ns, after));
	return buffer;
}

void words_strike_found(const struct strike_effect *own, char buffer[SENTENCE_MAX])
{
	const struct strike_evidence *strike = own->strike;
	char back[WORDS_MAX];

	if (!strike->chosen)
		snprintf(buffer, SENTENCE_MAX, "nobody hit%s%.100s", strike->trouble ? ": " : "",
			strike->trouble ? strike->trouble : "");
	else
		snprintf(buffer, SENTENCE_MAX, "%lld of %lld hit%s, %lld ended%s",
			(long long)strike->sent, (long long)strike->chosen,
			strike->whole ? ", the cgroup in one go" : "", (long long)strike->exited,
			say_return(strike, back));
}

enum tone tone_of_strike(const struct strike_effect *own)
{
	const struct strike_evidence *strike = own->strike;

	if (!strike->chosen || strike->sent < strike->chosen)
		return TONE_OPEN;
	return !strike->wanted || strike->back_ns != NEVER_NS ? TONE_GOOD : TONE_OPEN;
}

/* --- while it goes on ------------------------------------------------------------------ */

/* The last strike of a node that was struck several times; false: none was. */
static bool say_last_strike(const struct fault_record *fault, char buffer[SENTENCE_MAX])
{
	LIST_EACH(fault->nodes, struct fault_node, node) {
		size_t last = node->strikes.count;
		struct strike_effect strike = {.node = node->node, .number = last};
		char found[SENTENCE_MAX];

		if (last < 2)
			continue;
		strike.strike = LIST_AT(node->strikes, const struct strike_evidence, last - 1);
		words_strike_found(&strike, found);
		snprintf(buffer, SENTENCE_MAX, "strike %zu: %.120s", last, found);
		return true;
	}
	return false;
}

void words_acted(const struct fault_record *fault, char buffer[SENTENCE_MAX])
{
	size_t chosen = 0, hit = 0;
	int64_t calls = 0;
	bool waits = false;
	int used;

	if (say_last_strike(fault, buffer))
		return;
	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->processes, struct process_evidence, process) {
			chosen++;
			hit += process->result == SIGNAL_SENT;
			calls += process->calls;
			waits = waits || (process->trap && process->result == SIGNAL_NOT_SENT);
		}
	used = snprintf(buffer, SENTENCE_MAX, "%zu of %zu process%s hit", hit, chosen,
		chosen == 1 ? "" : "es");
	if (waits)
		snprintf(buffer + used, SENTENCE_MAX - (size_t)used, ", %lld calls so far",
			(long long)calls);
}
