/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/targets.h"

enum {
	CMDLINE_JSON_MAX = 96, /* PROCESSES_MAX of them stay below 64 KiB with all that is around */
	REASON_JSON_MAX = 64
};

/* A killed process is gone within a millisecond or so; one that handles its signal may stay. */
#define LOOK_FIRST_NS NS_PER_MS
#define LOOK_LAST_NS (500 * NS_PER_MS)

struct hit {
	enum signal_result result;
	int64_t age_ns, sent_ns, exited_ns;
	char *reason;
};

struct signals {
	struct signal_rule rule;
	struct list targets; /* of struct target */
	struct hit *hits;    /* one for each */
	bool fired, disarmed;
	size_t awaited; /* sent to, and not seen to have exited */
	int64_t pause_ns, next_look_ns;
};

int signals_arm(const struct signal_rule *rule, const struct target_guard *guard,
	struct signals **out, struct fail *fail)
{
	struct signals *signals;
	struct list targets;

	if (targets_open(rule->processes, guard, &targets, fail) < 0)
		return -1;
	signals = must_alloc(sizeof(*signals));
	signals->rule = *rule;
	signals->targets = targets;
	signals->hits = must_alloc(targets.count * sizeof(*signals->hits));
	for (size_t i = 0; i < targets.count; i++)
		signals->hits[i].age_ns = host_wall_ns() -
			host_ticks_wall_ns(LIST_AT(targets, struct target, i)->process.start_ticks);
	*out = signals;
	return 0;
}

static void send_to(struct signals *signals, const struct target *target, struct hit *hit)
{
	struct fail fail = FAIL_INIT;
	int64_t now_ns = host_now_ns();

	if (host_process_signal(target->file, signals->rule.number, &fail) == 0) {
		hit->result = SIGNAL_SENT;
		hit->sent_ns = now_ns;
		signals->awaited++;
		FAILPOINT(signal_sent);
		return;
	}
	hit->result = fail.error == ESRCH ? SIGNAL_GONE : SIGNAL_FAILED;
	if (hit->result == SIGNAL_FAILED)
		hit->reason = process_text(fail.text, REASON_JSON_MAX);
}

void signals_fire(struct signals *signals)
{
	struct target *targets = signals->targets.items;

	if (signals->fired || signals->disarmed)
		return;
	signals->fired = true;
	for (size_t i = 0; i < signals->targets.count; i++)
		send_to(signals, &targets[i], &signals->hits[i]);
	signals->pause_ns = LOOK_FIRST_NS;
	signals->next_look_ns = host_now_ns() + signals->pause_ns;
}

void signals_disarm(struct signals *signals)
{
	signals->disarmed = !signals->fired;
}

bool signals_watch(struct signals *signals, int64_t now_ns)
{
	struct target *targets = signals->targets.items;
	size_t before = signals->awaited;

	if (now_ns < signals_next_ns(signals))
		return false;
	for (size_t i = 0; i < signals->targets.count; i++) {
		struct hit *hit = &signals->hits[i];

		if (hit->result != SIGNAL_SENT || hit->exited_ns ||
			!host_process_has_exited(targets[i].file))
			continue;
		hit->exited_ns = host_now_ns();
		signals->awaited--;
	}
	if (signals->pause_ns < LOOK_LAST_NS)
		signals->pause_ns *= 2;
	signals->next_look_ns = now_ns + signals->pause_ns;
	return signals->awaited < before;
}

int64_t signals_next_ns(const struct signals *signals)
{
	return signals->awaited ? signals->next_look_ns : INT64_MAX;
}

void signals_evidence(const struct signals *signals, struct list *out)
{
	const struct target *targets = signals->targets.items;

	for (size_t i = 0; i < signals->targets.count; i++) {
		const struct host_process *process = &targets[i].process;
		const struct hit *hit = &signals->hits[i];
		struct process_evidence *evidence = list_push(out, sizeof(*evidence));

		*evidence = (struct process_evidence){
			.pid = process->pid,
			.start_ticks = (int64_t)process->start_ticks,
			.cmdline = process_text(
				process->cmdline ? process->cmdline : "", CMDLINE_JSON_MAX),
			.signal = must_copy(signals->rule.name),
			.age_ns = hit->age_ns,
			.must_exit = signals->rule.must_exit,
			.sent_ns = hit->sent_ns,
			.exited_ns = hit->exited_ns,
			.result = hit->result,
			.reason = must_copy_if(hit->reason),
		};
	}
}

void signals_free(struct signals *signals)
{
	if (!signals)
		return;
	for (size_t i = 0; i < signals->targets.count; i++)
		free(signals->hits[i].reason);
	free(signals->hits);
	targets_close(&signals->targets);
	free(signals);
}
