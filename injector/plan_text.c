/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdio.h>

#include "bpf/matcher.h"
#include "contract/list.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/lane/spec_text.h"
#include "injector/lists.h"
#include "injector/mechanisms/chance.h"
#include "injector/mechanisms/lanes.h"
#include "injector/plan.h"

/* What a plan does, in sentences. */

enum {
	PORTS_TEXT_MAX = 128,
	PEERS_TEXT_MAX = 512,
	PEERS_NAMED_MAX = 8,
	SELECTOR_TEXT_MAX = 512,
	WHICH_TEXT_MAX = 1024,
	CHANCE_TEXT_MAX = 96,
	OWNER_TEXT_MAX = 256,
	OFFSET_TEXT_MAX = 48,
	TURNS_TEXT_MAX = 160,
	DRIFT_TEXT_MAX = 64,
	OFTEN_TEXT_MAX = 64 + DURATION_TEXT_MAX
};

static const char *ports_text(const struct port_set *ports, char text[PORTS_TEXT_MAX])
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < ports->count; i++) {
		const struct port_range *range = &ports->ranges[i];

		used += (size_t)snprintf(text + used, PORTS_TEXT_MAX - used,
			range->low == range->high ? "%s%u" : "%s%u-%u", i ? "," : ", ports ",
			range->low, range->high);
	}
	return text;
}

static const char *peers_text(const struct list *peers, char text[PEERS_TEXT_MAX])
{
	size_t used = 0, named = 0;

	text[0] = '\0';
	LIST_EACH(*peers, const struct endpoint, peer) {
		if (named == PEERS_NAMED_MAX || used > PEERS_TEXT_MAX / 2) {
			snprintf(text + used, PEERS_TEXT_MAX - used, " and %zu more",
				peers->count - named);
			break;
		}
		used += (size_t)snprintf(text + used, PEERS_TEXT_MAX - used, "%s%.63s",
			named++ ? ", " : "", peer->node);
		if (peer->host)
			used += (size_t)snprintf(text + used, PEERS_TEXT_MAX - used,
				" (%zu addresses)", endpoint_prefixes(peer)->count);
		if (peer->set)
			used += (size_t)snprintf(text + used, PEERS_TEXT_MAX - used,
				" (%zu in set %.63s)", endpoint_prefixes(peer)->count, peer->set);
	}
	return text;
}

static const char *protocol_text(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return ", tcp";
	case IPPROTO_UDP:
		return ", udp";
	case IPPROTO_ICMP:
		return ", icmp";
	default:
		return "";
	}
}

static const char *connections_text(uint8_t connections)
{
	switch ((enum bb_connections)connections) {
	case BB_NEW_CONNECTIONS:
		return ", new connections";
	case BB_ESTABLISHED_CONNECTIONS:
		return ", established connections";
	case BB_ALL_CONNECTIONS:
		break;
	}
	return "";
}

/* "from b": whose packets, and which way they go. */
static const char *peers_of(const struct match_rule *rule, int direction, char text[WHICH_TEXT_MAX])
{
	static const char *const words[BB_DIRECTIONS] = {[BB_INGRESS] = "from", [BB_EGRESS] = "to"};
	char peers[PEERS_TEXT_MAX];

	snprintf(text, WHICH_TEXT_MAX, "%s %s", words[direction], peers_text(rule->peers, peers));
	return text;
}

/* "10 % of the packets" */
static const char *chance_text(const struct bb_chance *chance, char text[CHANCE_TEXT_MAX])
{
	if (chance->every)
		snprintf(text, CHANCE_TEXT_MAX, "one of %u packets", chance->every);
	else
		snprintf(text, CHANCE_TEXT_MAX, "%.4g %% of the packets",
			chance_ratio(chance) * 100);
	return text;
}

/* "in the long run, " where they come together, or keep apart. */
static const char *bursts_text(const struct bb_chance *chance)
{
	return !chance->every && chance->states > 1 ? " in the long run, not each for itself" : "";
}

/* Of a way of packets: what is done to those of one direction, around "from b". */
static void describe_action(const struct match_rule *rule, struct spec_text *out)
{
	char chance[CHANCE_TEXT_MAX];

	out->after[0] = '\0';
	switch (rule->action) {
	case BB_DROP:
		snprintf(out->before, sizeof(out->before), "drop packets");
		break;
	case BB_SHORTEN:
		snprintf(out->before, sizeof(out->before), "drop packets");
		snprintf(out->after, sizeof(out->after), " that are longer than %u bytes",
			rule->mtu);
		break;
	case BB_LOSE:
		snprintf(out->before, sizeof(out->before), "lose %s",
			chance_text(&rule->chance, chance));
		snprintf(out->after, sizeof(out->after), "%s", bursts_text(&rule->chance));
		break;
	case BB_CORRUPT:
		snprintf(out->before, sizeof(out->before), "turn a bit in %s",
			chance_text(&rule->chance, chance));
		snprintf(out->after, sizeof(out->after), "%s, %s", bursts_text(&rule->chance),
			rule->fix_checksum ? "with a checksum that is right"
					   : "with a checksum that is wrong");
		break;
	case BB_DUPLICATE:
		snprintf(out->before, sizeof(out->before), "deliver %s",
			chance_text(&rule->chance, chance));
		snprintf(out->after, sizeof(out->after), " twice%s", bursts_text(&rule->chance));
		break;
	case BB_HOLD:
		spec_describe(&rule->hold->spec, out);
		break;
	}
}

static const char *owner_text(const char *cgroup, char text[OWNER_TEXT_MAX])
{
	text[0] = '\0';
	if (cgroup)
		snprintf(text, OWNER_TEXT_MAX, ", cgroup %.200s", cgroup);
	return text;
}

static void describe_way(const struct match_rule *rule, int direction, struct list *effects)
{
	char which[WHICH_TEXT_MAX], ports[PORTS_TEXT_MAX], owner[OWNER_TEXT_MAX];
	struct spec_text action;

	describe_action(rule, &action);
	list_add_text(effects, "%s %s%s (%s%s%s%s%s%s)", action.before,
		peers_of(rule, direction, which), action.after, direction_words[direction],
		protocol_text(rule->protocol), ports_text(&rule->ports, ports),
		connections_text(rule->connections), owner_text(rule->cgroup, owner),
		rule->flap_period_ns ? ", on and off" : "");
}

static void describe_undo(const struct match_rule *rule, int direction, struct list *undo)
{
	char which[WHICH_TEXT_MAX];

	peers_of(rule, direction, which);
	if (rule->action == BB_HOLD)
		list_add_text(undo,
			"pass packets %s without delay again (one write to the fault's slot), then "
			"let go those that wait",
			which);
	else
		list_add_text(undo, "pass packets %s %s (one write to the fault's slot)", which,
			rule->action == BB_CORRUPT || rule->action == BB_DUPLICATE
				? "as they are again"
				: "again");
}

static void add_once(struct list *texts, const char *text)
{
	if (!list_has_text(texts, text))
		list_push_text(texts, text);
}

/* What is made so that packets can be treated like this. */
static void describe_links(const struct match_rule *rule, struct list *effects, struct list *undo)
{
	switch (rule->action) {
	case BB_DROP:
	case BB_SHORTEN:
		return;
	case BB_LOSE:
	case BB_CORRUPT:
	case BB_DUPLICATE:
		add_once(effects,
			"make the links " LANES_WIRE " and " LANES_WIRE_EXIT
			", unless they are there: a wire that takes packets apart");
		add_once(undo, "remove link " LANES_WIRE ", when the last fault is healed");
		return;
	case BB_HOLD:
		if (rule->hold->choice == LANE_NETEM) {
			add_once(effects,
				"make a pair of links " LANES_KEPT
				"N with a qdisc of the kernel's that holds packets back");
			add_once(undo, "remove that pair of links");
			return;
		}
		add_once(effects,
			"make the link " LANES_KEPT
			", unless it is there, and start the process that holds packets back");
		add_once(undo,
			"end that process, and its link with it, when the last fault is healed");
		return;
	}
}

static void describe_match(const struct match_rule *rule, struct list *effects, struct list *undo)
{
	describe_links(rule, effects, undo);
	for (int direction = 0; direction < BB_DIRECTIONS; direction++) {
		if (!(rule->directions & 1u << direction))
			continue;
		describe_way(rule, direction, effects);
		describe_undo(rule, direction, undo);
	}
}

static void describe_signal(const struct signal_rule *rule, struct list *effects, struct list *undo)
{
	char wanted[SELECTOR_TEXT_MAX], every[DURATION_TEXT_MAX], often[OFTEN_TEXT_MAX] = " once";

	if (rule->every_ns)
		snprintf(often, sizeof(often), " every %s, at most %d times,",
			duration_human(rule->every_ns, every), (int)rule->times);
	list_add_text(effects, "send SIG%s%s to each process with %s%s", rule->name, often,
		process_selector_text(rule->processes, wanted, sizeof(wanted)),
		rule->how == KILL_SIGNAL           ? ""
			: rule->how == KILL_CGROUP ? ", all in one go"
						   : ", all in one go unless somebody is spared");
	list_add_text(undo,
		"nothing: SIG%s can't be taken back, and who supervises a process must start it "
		"again",
		rule->name);
}

static void describe_pause(const struct pause_rule *rule, struct list *effects, struct list *undo)
{
	static const char *const holds[] = {
		[PAUSE_AUTO] = "hold",
		[PAUSE_TRACE] = "hold still, by ptrace,",
		[PAUSE_STOP] = "stop, by SIGSTOP,",
		[PAUSE_FREEZE] = "freeze, by its cgroup,",
	};
	char wanted[SELECTOR_TEXT_MAX], on[DURATION_TEXT_MAX], period[DURATION_TEXT_MAX];

	process_selector_text(rule->processes, wanted, sizeof(wanted));
	if (rule->period_ns)
		list_add_text(effects, "%s each process with %s, for %s of every %s",
			holds[rule->how], wanted, duration_human(rule->on_ns, on),
			duration_human(rule->period_ns, period));
	else
		list_add_text(effects, "%s each process with %s", holds[rule->how], wanted);
	list_add_text(effects, "start the process that lets them go on time, unless it is there");
	list_add_text(undo, "let them go on%s",
		rule->how == PAUSE_TRACE
			? "; the kernel does when their holder dies"
			: ": the guardian does, and if that is killed together with the injector, "
			  "`backburn-injector recover`");
}

static void describe_trap(const struct trap_rule *rule, struct list *effects, struct list *undo)
{
	static const char *const sides[] = {
		[TRAP_WHEN_AUTO] = ("before it takes effect, where this kernel lets us refuse it "
				    "(BPF LSM), else when it returns (a tracepoint)"),
		[TRAP_WHEN_BEFORE] = "before it takes effect (BPF LSM)",
		[TRAP_WHEN_AFTER] = "when it returns (a tracepoint)",
	};
	char wanted[SELECTOR_TEXT_MAX], which[DURATION_TEXT_MAX] = "";

	if (rule->port)
		snprintf(which, sizeof(which), " to port %lld", (long long)rule->port);
	list_add_text(effects, "kill each process with %s at its %s number %lld%s%s%.100s: %s",
		process_selector_text(rule->processes, wanted, sizeof(wanted)),
		trap_call_words[rule->call], (long long)rule->nth, which,
		rule->path ? " on or below " : "", rule->path ? rule->path : "", sides[rule->when]);
	list_add_text(undo,
		"remove the trap, as its end, the lease and the injector's death do; who was "
		"killed stays dead, and who supervises it must start it again");
}

/* "+30.0s" */
static const char *offset_text(int64_t ns, char text[OFFSET_TEXT_MAX])
{
	char length[DURATION_TEXT_MAX];

	snprintf(text, OFFSET_TEXT_MAX, "%c%s", ns < 0 ? '-' : '+',
		duration_human(ns < 0 ? -ns : ns, length));
	return text;
}

static void describe_clock(const struct clock_rule *rule, struct list *effects, struct list *undo)
{
	const struct clock_skew *skew = &rule->skew;
	char wanted[SELECTOR_TEXT_MAX], offset[OFFSET_TEXT_MAX], other[OFFSET_TEXT_MAX];
	char every[DURATION_TEXT_MAX], turns[TURNS_TEXT_MAX] = "", drift[DRIFT_TEXT_MAX] = "";

	if (skew->strobe_ns)
		snprintf(turns, sizeof(turns), " and %s in turns, each for half of %s",
			offset_text(skew->other_ns, other), duration_human(skew->strobe_ns, every));
	if (skew->drift != 1)
		snprintf(drift, sizeof(drift), ", %.6g s for each true one", skew->drift);
	list_add_text(effects, "skew the wall clock of each process with %s: %s%s%s%s",
		process_selector_text(rule->processes, wanted, sizeof(wanted)),
		offset_text(skew->offset_ns, offset), turns, drift,
		skew->freeze ? ", and it stands" : "");
	if (skew->steady)
		list_add_text(effects, "let its monotonic clocks go as slowly");
	if (rule->later)
		list_add_text(effects,
			"and of each program that is started there while it lasts: it is stopped "
			"(SIGSTOP) before its first instruction until it is led");
	list_add_text(effects,
		"not what asks the kernel itself: system calls that read a clock, and waits until "
		"an absolute time%s",
		rule->later ? "" : "; nor children once they run another program");
	list_add_text(undo,
		"say the true time (one write to the fault's page), then put the vDSO's bytes "
		"back; the time is true at once when the injector dies, the rest is left to "
		"`backburn-injector recover`");
}

static void describe_step(const struct step_rule *rule, struct list *effects, struct list *undo)
{
	char offset[OFFSET_TEXT_MAX];

	list_add_text(effects,
		"step the clock of the whole machine by %s, for all that runs on it and for the "
		"kernel",
		offset_text(rule->offset_ns, offset));
	list_add_text(effects, "start the process that sets it right on time, unless it is there");
	list_add_text(undo,
		"step the clock to what it would say by now, within 1ms, with the frequency and "
		"the status that it had: the guardian does, and if that is killed together with "
		"the injector, `backburn-injector recover`");
}

void plan_describe(const struct plan *plan, struct list *effects, struct list *undo)
{
	if (!plan->effects.count)
		list_add_text(effects, "nothing: the fault leaves this node all its peers");
	LIST_EACH(plan->effects, const struct effect, effect) {
		switch (effect->kind) {
		case EFFECT_MATCH:
			describe_match(&effect->match, effects, undo);
			break;
		case EFFECT_SIGNAL:
			describe_signal(&effect->signal, effects, undo);
			break;
		case EFFECT_PAUSE:
			describe_pause(&effect->pause, effects, undo);
			break;
		case EFFECT_TRAP:
			describe_trap(&effect->trap, effects, undo);
			break;
		case EFFECT_CLOCK:
			describe_clock(&effect->clock, effects, undo);
			break;
		case EFFECT_STEP:
			describe_step(&effect->step, effects, undo);
			break;
		case EFFECT_KINDS:
			break;
		}
	}
}
