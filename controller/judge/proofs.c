/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/judge_parts.h"

/* --- effect: did the fault touch anything? --------------------------------------------- */

const char *const effect_words[] = {[EFFECT_PROVEN] = "proven",
	[EFFECT_PARTIAL] = "partly proven",
	[EFFECT_NONE] = "unproven",
	[EFFECT_NOT_INJECTED] = "not injected"};

enum {
	DIRECTION_INGRESS,
	DIRECTION_EGRESS
};

/* What `node` counted of its peer in one direction. */
static void add_counted(const struct fault_record *fault, const char *node, const char *peer,
	int direction, struct pair_effect *pair)
{
	LIST_EACH(fault->nodes, struct fault_node, own) {
		if (strcmp(own->node, node) != 0)
			continue;
		LIST_EACH(own->counters, struct counter, counter) {
			if (counter->direction != direction || strcmp(counter->peer, peer) != 0)
				continue;
			pair->packets += counter->packets;
			pair->segments += counter->segments;
			pair->matched += counter->matched;
		}
	}
}

static int64_t seen_by(const struct fault_inspection *inspection, const char *peer)
{
	int64_t count = 0;

	LIST_EACH(inspection->result.connections, struct connection, connection)
		count += strcmp(connection->peer, peer) == 0;
	return count;
}

int64_t judge_connections(const struct fault_record *fault, const char *a, const char *b)
{
	int64_t most = NEVER_NS;

	LIST_EACH(fault->inspections, struct fault_inspection, inspection) {
		bool at_a = strcmp(inspection->node, a) == 0;
		int64_t seen;

		if (!at_a && strcmp(inspection->node, b) != 0)
			continue;
		seen = seen_by(inspection, at_a ? b : a);
		if (seen > most)
			most = seen;
	}
	return most;
}

static int64_t touched_by(const struct fault_node *node, const char *peer)
{
	int64_t count = 0;

	LIST_EACH(node->touched, struct touched, touched)
		if (touched->peer && strcmp(touched->peer, peer) == 0)
			count += touched->connections;
	return count;
}

int64_t judge_connections_hit(const struct fault_record *fault, const char *a, const char *b)
{
	int64_t most = NEVER_NS;

	LIST_EACH(fault->nodes, struct fault_node, node) {
		bool at_a = strcmp(node->node, a) == 0;
		int64_t seen;

		if ((!at_a && strcmp(node->node, b) != 0) || !node->tells_touched)
			continue;
		seen = touched_by(node, at_a ? b : a);
		if (seen > most)
			most = seen;
	}
	return most;
}

/* The sender's way out and the receiver's way in: each packet is counted at one of them. */
static struct pair_effect directed_pair(
	const struct fault_record *fault, const char *from, const char *to)
{
	struct pair_effect pair = {
		.from = from,
		.to = to,
		.connections = judge_connections(fault, from, to),
		.connections_hit = judge_connections_hit(fault, from, to),
	};

	add_counted(fault, from, to, DIRECTION_EGRESS, &pair);
	add_counted(fault, to, from, DIRECTION_INGRESS, &pair);
	return pair;
}

const char *judge_did(const struct fault_record *fault)
{
	/* Journals from before the catalogue told know only faults that drop. */
	return fault->did ? fault->did : "dropped";
}

/* What effects there may be: sums over all pairs, and how many of them show nothing. */
struct effect_sums {
	size_t silent, unseen; /* pairs: without a hit, and without a packet looked at */
	size_t untouched;      /* target nodes without a hit */
};

static void say_none(struct effect_judgement *out, const struct effect_sums *sums, int64_t packets)
{
	long long matched = 0;

	LIST_EACH(out->pairs, struct pair_effect, pair)
		matched += pair->matched;
	if (matched > 0 && !packets)
		snprintf(out->text, sizeof(out->text),
			"no packet %.40s, though the fault looked at %lld segments",
			judge_did(out->fault), matched);
	else
		snprintf(out->text, sizeof(out->text),
			"%lld packets %.40s; %zu target node%s had none: no packets were "
			"exchanged with the counterpart",
			(long long)packets, judge_did(out->fault), sums->untouched,
			sums->untouched == 1 ? "" : "s");
}

static void say_effect(struct effect_judgement *out, const struct effect_sums *sums)
{
	const char *did = judge_did(out->fault);
	int64_t packets = 0;

	LIST_EACH(out->pairs, struct pair_effect, pair)
		packets += pair->packets;
	switch (out->effect) {
	case EFFECT_PROVEN:
		snprintf(out->text, sizeof(out->text), "%lld packets %.40s, on every pair",
			(long long)packets, did);
		break;
	case EFFECT_PARTIAL:
		snprintf(out->text, sizeof(out->text), "%lld packets %.40s; %zu pair%s %s none",
			(long long)packets, did, sums->silent, sums->silent == 1 ? "" : "s",
			sums->unseen == sums->silent ? "exchanged" : "had");
		break;
	case EFFECT_NONE:
		say_none(out, sums, packets);
		break;
	case EFFECT_NOT_INJECTED:
		snprintf(out->text, sizeof(out->text), "never started");
		break;
	}
}

/*
 * What was said before the cut, held against what was counted in it: a pair with live connections
 * that lost nothing was cut on paper only. One without may well have lost attempts to connect.
 */
static void say_prediction(struct effect_judgement *out)
{
	const struct pair_effect *ways = out->pairs.items;
	size_t used = strlen(out->text);

	/* Pairs come as a way and the way back, and their connections go both. */
	for (size_t i = 0; i + 1 < out->pairs.count; i += 2) {
		if (ways[i].connections <= 0)
			continue;
		out->predicted++;
		out->predicted_hit += ways[i].packets + ways[i + 1].packets > 0;
	}
	if (out->predicted && out->effect != EFFECT_NOT_INJECTED)
		snprintf(out->text + used, sizeof(out->text) - used,
			"; predicted %zu pair%s with live connections, hit %zu", out->predicted,
			out->predicted == 1 ? "" : "s", out->predicted_hit);
}

bool judge_is_pair(const struct fault_record *fault, const char *on, const char *from)
{
	if (strcmp(on, from) == 0)
		return false;
	return !list_has_text(&fault->on, from) || !list_has_text(&fault->from, on) ||
		strcmp(on, from) < 0;
}

static void add_pair(
	const struct fault_record *fault, const char *on, const char *from, struct list *pairs)
{
	*(struct pair_effect *)list_push(pairs, sizeof(struct pair_effect)) =
		directed_pair(fault, on, from);
	*(struct pair_effect *)list_push(pairs, sizeof(struct pair_effect)) =
		directed_pair(fault, from, on);
}

static bool counts_peer(const struct fault_record *fault, const char *node, const char *peer)
{
	LIST_EACH(fault->nodes, struct fault_node, own) {
		if (strcmp(own->node, node) != 0)
			continue;
		LIST_EACH(own->counters, struct counter, counter)
			if (strcmp(counter->peer, peer) == 0)
				return true;
	}
	return false;
}

/*
 * Without a counterpart the fault acts between the nodes it is on, and which of them it parts is
 * the fault's own business: a node counts for those peers, and no others, that it acts against.
 */
static void add_pairs_within(const struct fault_record *fault, struct list *pairs)
{
	char *const *names = fault->on.items;

	for (size_t i = 0; i < fault->on.count; i++)
		for (size_t j = i + 1; j < fault->on.count; j++)
			if (counts_peer(fault, names[i], names[j]) ||
				counts_peer(fault, names[j], names[i]))
				add_pair(fault, names[i], names[j], pairs);
}

static void add_pairs(const struct fault_record *fault, struct list *pairs)
{
	if (!fault->from.count) {
		add_pairs_within(fault, pairs);
		return;
	}
	LIST_EACH(fault->on, char *, on)
		LIST_EACH(fault->from, char *, from)
			if (judge_is_pair(fault, *on, *from))
				add_pair(fault, *on, *from, pairs);
}

static bool is_part_of(const struct pair_effect *pair, const char *node)
{
	return strcmp(pair->from, node) == 0 || strcmp(pair->to, node) == 0;
}

/* A node without a counterpart of its own has nothing to show, unless nobody has. */
static struct effect_sums sum_up(const struct effect_judgement *out)
{
	const struct pair_effect *ways = out->pairs.items;
	struct effect_sums sums = {0};

	for (size_t i = 0; i + 1 < out->pairs.count; i += 2) {
		bool silent = ways[i].packets + ways[i + 1].packets == 0;

		sums.silent += silent;
		sums.unseen += silent && ways[i].matched + ways[i + 1].matched == 0;
	}
	LIST_EACH(out->fault->on, char *, on) {
		bool parted = out->fault->from.count || !out->pairs.count;
		int64_t packets = 0;

		LIST_EACH(out->pairs, struct pair_effect, pair) {
			if (!is_part_of(pair, *on))
				continue;
			parted = true;
			packets += pair->packets;
		}
		sums.untouched += parted && packets == 0;
	}
	return sums;
}

/* A fault whose heal was never confirmed has nevertheless acted, if it was armed in time. */
static bool was_injected(const struct fault_record *fault)
{
	if (fault->start_ns == NEVER_NS || !fault->nodes.count)
		return false;
	return fault->healed_ns == NEVER_NS || fault->healed_ns > fault->start_ns;
}

/*
 * Nothing cut it short: its phase ended as planned (one with `until` may end long before the
 * deadline), or it was healed so little early that the deadline, which is a bound, does not matter.
 */
bool judge_ran_to_its_end(const struct record *record, const struct fault_record *fault)
{
	const struct phase_spec *phase = NULL;

	if (!was_injected(fault) || fault->healed_ns == NEVER_NS)
		return false;
	scenario_fault(&record->scenario, fault->spec->id, &phase);
	return record_phase(record, phase->id)->end_ns != NEVER_NS ||
		fault->deadline_ns - fault->healed_ns < INT64_C(1000000000);
}

void judge_effect(
	const struct record *record, const struct fault_record *fault, struct effect_judgement *out)
{
	struct effect_sums sums;

	*out = (struct effect_judgement){.fault = fault, .effect = EFFECT_NOT_INJECTED};
	if (judge_fault_left_out(record, fault)) {
		snprintf(out->text, sizeof(out->text), "its phase was left out");
		return;
	}
	out->ran_to_its_end = judge_ran_to_its_end(record, fault);
	if (fault->spec->on->processes) {
		judge_processes(fault, out);
		judge_measures(fault, out);
		return;
	}
	if (fault->machine) {
		judge_machines(fault, out);
		judge_measures(fault, out);
		return;
	}
	add_pairs(fault, &out->pairs);
	sums = sum_up(out);
	if (was_injected(fault))
		out->effect = sums.untouched ? EFFECT_NONE
			: sums.silent        ? EFFECT_PARTIAL
					     : EFFECT_PROVEN;
	say_effect(out, &sums);
	say_prediction(out);
	judge_measures(fault, out);
}
