/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/plan.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/matcher.h"
#include "contract/verbs.h"
#include "injector/lists.h"

enum {
	PORTS_TEXT_MAX = 128,
	PEERS_TEXT_MAX = 512,
	PEERS_NAMED_MAX = 8,
	SELECTOR_TEXT_MAX = 512
};

struct effect *plan_add(struct plan *plan, enum effect_kind kind)
{
	struct effect *effect = list_push(&plan->effects, sizeof(*effect));

	effect->kind = kind;
	return effect;
}

struct list *plan_list(struct plan *plan)
{
	struct list *list = must_alloc(sizeof(*list));

	*(struct list **)list_push(&plan->lists, sizeof(list)) = list;
	return list;
}

void plan_deinit(struct plan *plan)
{
	LIST_EACH(plan->effects, struct effect, effect) {
		matcher_rule_free(effect->armed);
		free(effect->hold);
		signals_free(effect->signals);
	}
	LIST_EACH(plan->lists, struct list *, list) {
		list_free(*list);
		free(*list);
	}
	list_free(&plan->effects);
	list_free(&plan->lists);
}

bool plan_has(const struct plan *plan, enum effect_kind kind)
{
	LIST_EACH(plan->effects, const struct effect, effect) {
		if (effect->kind == kind)
			return true;
	}
	return false;
}

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

static void describe_match(const struct match_rule *rule, struct list *effects, struct list *undo)
{
	static const char *const words[BB_DIRECTIONS] = {[BB_INGRESS] = "from", [BB_EGRESS] = "to"};
	char ports[PORTS_TEXT_MAX], peers[PEERS_TEXT_MAX];

	for (int direction = 0; direction < BB_DIRECTIONS; direction++) {
		if (!(rule->directions & 1u << direction))
			continue;
		list_add_text(effects, "drop packets %s %s (%s%s%s)", words[direction],
			peers_text(rule->peers, peers), direction_words[direction],
			protocol_text(rule->protocol), ports_text(&rule->ports, ports));
		list_add_text(undo, "pass packets %s %s again (one write to the fault's slot)",
			words[direction], peers_text(rule->peers, peers));
	}
}

static void describe_signal(const struct signal_rule *rule, struct list *effects, struct list *undo)
{
	char wanted[SELECTOR_TEXT_MAX];

	list_add_text(effects, "send SIG%s once to each process with %s", rule->name,
		process_selector_text(rule->processes, wanted, sizeof(wanted)));
	list_add_text(undo,
		"nothing: SIG%s can't be taken back, and who supervises a process must start it "
		"again",
		rule->name);
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
		case EFFECT_KINDS:
			break;
		}
	}
}
