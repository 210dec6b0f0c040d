/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/conflicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/check_parts.h"
#include "controller/plan/counterparts.h"

enum {
	SAY_MAX = 320
};

/* --- sides: have they somebody in common? ------------------------------------------------- */

/* A prefix of one of two names. */
struct side {
	struct prefix prefix;
	int of; /* 0 or 1 */
};

static void add_side(struct list *out, const struct list *prefixes, int of)
{
	LIST_EACH(*prefixes, struct prefix, prefix)
		*(struct side *)list_push(out, sizeof(struct side)) =
			(struct side){.prefix = *prefix, .of = of};
}

static void add_addresses(
	const struct conflict_context *context, const char *name, int of, struct list *out)
{
	const struct plan_node *node = context->plan ? plan_node(context->plan, name) : NULL;
	const struct fault_spec *set = counterpart_set_of(context->scenario, name);
	struct fail ignored = FAIL_INIT;
	struct prefix prefix;

	if (node) {
		add_side(out, &node->addresses, of);
		add_side(out, &node->also_reached_as, of);
	} else if (set) {
		add_side(out, &set->from->prefixes, of);
	} else if (prefix_parse(name, &prefix, &ignored) == 0) {
		add_side(out, &(struct list){.items = &prefix, .count = 1}, of);
	}
}

/* Outer prefixes before inner ones, each family for itself. */
static int compare_sides(const void *a, const void *b)
{
	const struct prefix *x = &((const struct side *)a)->prefix;
	const struct prefix *y = &((const struct side *)b)->prefix;
	int order = x->ipv4 - y->ipv4;

	if (!order)
		order = memcmp(x->address, y->address, sizeof(x->address));
	return order ? order : x->length - y->length;
}

/* Prefixes part, or lie in one another: so an outer one is the last of its side before. */
static bool addresses_meet(const struct conflict_context *context, const char *a, const char *b)
{
	const struct prefix *outer[2] = {NULL, NULL};
	struct list sides = {0};
	bool meet = false;

	add_addresses(context, a, 0, &sides);
	add_addresses(context, b, 1, &sides);
	if (sides.count)
		qsort(sides.items, sides.count, sizeof(struct side), compare_sides);
	LIST_EACH(sides, struct side, side) {
		const struct prefix *own = outer[side->of], *other = outer[!side->of];

		meet = meet || (other && prefix_contains(other, &side->prefix));
		if (!own || !prefix_contains(own, &side->prefix))
			outer[side->of] = &side->prefix;
	}
	free(sides.items);
	return meet;
}

static bool is_everything(const char *name)
{
	return strcmp(name, "everything") == 0;
}

static bool meet(const struct conflict_context *context, const char *a, const char *b)
{
	return strcmp(a, b) == 0 || is_everything(a) || is_everything(b) ||
		addresses_meet(context, a, b);
}

/*
 * Whether a packet can go from one to the other. Nobody is on a path to itself, unless the name is
 * that of several.
 */
static bool are_two(const struct scenario *scenario, const char *a, const char *b)
{
	const struct group_spec *group = scenario_group(scenario, a);

	return strcmp(a, b) != 0 || is_everything(a) || (group && group->count.min > 1);
}

/* --- paths -------------------------------------------------------------------------------- */

/* Packets from anybody on one list to anybody on the other. */
struct path {
	const struct list *from, *to;
};

/* As seen by the nodes in `on`, as every kind with a direction means it. */
static size_t paths_of(const struct fault_sides_known *fault, struct path out[2])
{
	const struct list *peers = fault->from->count ? fault->from : fault->on;
	const char *direction = json_string(fault->spec->with, "direction", "both");
	size_t count = 0;

	if (strcmp(direction, "in") != 0)
		out[count++] = (struct path){fault->on, peers};
	if (strcmp(direction, "out") != 0)
		out[count++] = (struct path){peers, fault->on};
	return count;
}

/* The name that stands for what both have in common: the narrower one of the two. */
static const char *common(const char *a, const char *b)
{
	return is_everything(a) ? b : a;
}

static bool paths_meet(
	const struct conflict_context *context, const struct path *a, const struct path *b)
{
	LIST_EACH(*a->from, char *, own_from)
		LIST_EACH(*b->from, char *, other_from) {
			if (!meet(context, *own_from, *other_from))
				continue;
			LIST_EACH(*a->to, char *, own_to)
				LIST_EACH(*b->to, char *, other_to)
					if (meet(context, *own_to, *other_to) &&
						are_two(context->scenario,
							common(*own_from, *other_from),
							common(*own_to, *other_to)))
						return true;
		}
	return false;
}

static bool share_a_machine(const struct conflict_context *context,
	const struct fault_sides_known *a, const struct fault_sides_known *b)
{
	LIST_EACH(*a->on, char *, own)
		LIST_EACH(*b->on, char *, other)
			if (meet(context, *own, *other))
				return true;
	return false;
}

static bool share_a_path(const struct conflict_context *context, const struct fault_sides_known *a,
	const struct fault_sides_known *b)
{
	struct path own[2], others[2];
	size_t own_count = paths_of(a, own), other_count = paths_of(b, others);

	for (size_t i = 0; i < own_count; i++)
		for (size_t j = 0; j < other_count; j++)
			if (paths_meet(context, &own[i], &others[j]))
				return true;
	return false;
}

/* --- what of the packets, and when ---------------------------------------------------------- */

/* Words that choose among packets: two of them have none in common, but one means all of them. */
static bool words_meet(const struct fault_spec *a, const struct fault_spec *b)
{
	static const struct {
		const char *key, *all;
	} choices[] = {{"protocol", "any"}, {"connections", "all"}};

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const char *all = choices[i].all;
		const char *own = json_string(a->with, choices[i].key, all);
		const char *other = json_string(b->with, choices[i].key, all);

		if (strcmp(own, other) != 0 && strcmp(own, all) != 0 && strcmp(other, all) != 0)
			return false;
	}
	return true;
}

/* The table of the kind has seen to it that they are ports. */
static struct port_set ports_of(const struct fault_spec *fault)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(fault->with, "ports");
	const cJSON *item = cJSON_IsArray(value) ? value->child : value;
	struct port_set set = {0};
	struct fail ignored = FAIL_INIT;
	char text[32];

	for (; item; item = cJSON_IsArray(value) ? item->next : NULL) {
		snprintf(text, sizeof(text), "%.15g", item->valuedouble);
		port_set_add(&set, cJSON_IsString(item) ? item->valuestring : text, &ignored);
	}
	return set;
}

static bool ports_meet(const struct fault_spec *a, const struct fault_spec *b)
{
	struct port_set own = ports_of(a), other = ports_of(b);

	for (int i = 0; i < own.count; i++)
		for (int j = 0; j < other.count; j++)
			if (own.ranges[i].low <= other.ranges[j].high &&
				other.ranges[j].low <= own.ranges[i].high)
				return true;
	return !own.count || !other.count;
}

static bool times_meet(const struct conflict_context *context, const struct fault_spec *a,
	const struct fault_spec *b)
{
	return a->at_ns < fault_end_ns(context->catalogue, b, context->phase_ns) &&
		b->at_ns < fault_end_ns(context->catalogue, a, context->phase_ns);
}

static bool contradict(const struct conflict_context *context, const struct fault_sides_known *a,
	const struct fault_sides_known *b)
{
	const struct catalogue_fault *kind = catalogue_find(context->catalogue, a->spec->fault);

	return kind && kind->alone && strcmp(a->spec->fault, b->spec->fault) == 0 &&
		times_meet(context, a->spec, b->spec) && words_meet(a->spec, b->spec) &&
		ports_meet(a->spec, b->spec) &&
		(kind->machine ? share_a_machine(context, a, b) : share_a_path(context, a, b));
}

int conflicts_find(const struct conflict_context *context, const struct fault_sides_known *faults,
	size_t count, size_t *out_other)
{
	for (size_t later = 1; later < count; later++)
		for (size_t earlier = 0; earlier < later; earlier++)
			if (contradict(context, &faults[later], &faults[earlier])) {
				*out_other = earlier;
				return (int)later;
			}
	return -1;
}

void conflict_say(const struct conflict_context *context, const struct fault_spec *later,
	const struct fault_spec *earlier, char *buffer, size_t size)
{
	bool machine = catalogue_find(context->catalogue, later->fault)->machine;

	snprintf(buffer, size,
		"%s %s and %s act on the same %s at the same time, and contradict each other: "
		"part their times%s",
		later->fault, earlier->id, later->id, machine ? "machine" : "path",
		machine ? " or nodes" : ", nodes, directions or ports");
}

/* --- a file alone ---------------------------------------------------------------------------- */

static void add_counterparts(const struct fault_spec *fault, struct list *out)
{
	LIST_EACH(fault->from->nodes, char *, name)
		list_push_text(out, *name);
	counterpart_add_names(fault, out);
}

static int check_phase(const struct conflict_context *context, const struct phase_spec *phase,
	const struct at *at, struct fail *fail)
{
	size_t count = phase->faults.count, other;
	struct fault_sides_known *faults = must_array(count + 1, sizeof(*faults));
	struct list *from = must_array(count + 1, sizeof(*from));
	struct at place = at_key(at, "faults");
	char text[SAY_MAX];
	int later;

	for (size_t i = 0; i < count; i++) {
		const struct fault_spec *spec = LIST_AT(phase->faults, struct fault_spec, i);

		add_counterparts(spec, &from[i]);
		faults[i] = (struct fault_sides_known){
			.spec = spec, .on = &spec->on->nodes, .from = &from[i]};
	}
	later = conflicts_find(context, faults, count, &other);
	if (later >= 0) {
		conflict_say(context, faults[later].spec, faults[other].spec, text, sizeof(text));
		fail_at(fail, at_index(&place, (size_t)later).path, "%s", text);
	}
	for (size_t i = 0; i < count; i++)
		list_free_texts(&from[i]);
	free(from);
	free(faults);
	return later >= 0 ? -1 : 0;
}

int check_conflicts(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail)
{
	struct at base = at_key(NULL, "phases");
	size_t index = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		const struct conflict_context context = {.scenario = scenario,
			.catalogue = catalogue,
			.phase_ns = phase_longest_ns(phase)};
		struct at at = at_index(&base, index++);

		if (check_phase(&context, phase, &at, fail) < 0)
			return -1;
	}
	return 0;
}
