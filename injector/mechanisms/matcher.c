/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/matcher.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/matcher_parts.h"
#include "injector/policy.h"

static_assert(BB_PROTECTED_RANGES >= POLICIES * PORT_RANGES_MAX, "every protected port fits");

/* Room for later faults when the first is loaded; an unused place costs 16 bytes at most. */
enum {
	ADDRESSES_MIN = 4096,
	PREFIXES_MIN = 16384,
	COUNTERS_MIN = 16384,
	ROOM_FACTOR = 4,
	ROOM_MOST = 16384,
	/* Of all rules that are armed: what a change of the tables needs for a moment is 100 bytes
	   for each. */
	CLAIMS_MAX = 4 * PEERS_MAX,
	NEW_FLOWS = 32768,
	NEW_FLOWS_MIN = 16
};

struct matcher *matcher_new(
	enum attach_mode mode, const struct list *exempt, const struct port_set *ports)
{
	struct matcher *matcher = must_alloc(sizeof(*matcher));

	matcher->mode = mode;
	matcher->exempt = exempt;
	matcher->ports = ports;
	return matcher;
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	hooks_deinit(&matcher->hooks);
	lanes_deinit(&matcher->lanes);
	match_table_deinit(&matcher->table);
	list_free(&matcher->flows);
	list_free(&matcher->wanted_flows);
	host_matcher_free(matcher->loaded);
	free(matcher);
}

bool matcher_is_idle(const struct matcher *matcher)
{
	return !matcher->loaded;
}

enum attach_mode matcher_mode(const struct matcher *matcher)
{
	return matcher->mode;
}

void matcher_links(const struct matcher *matcher, struct list *names)
{
	hooks_names(&matcher->hooks, names);
}

void matcher_lease(struct matcher *matcher, int64_t until_ns)
{
	matcher->lease_until_ns = until_ns;
	if (matcher->loaded)
		__atomic_store_n(&host_matcher_control(matcher->loaded)->lease_until_ns,
			(uint64_t)until_ns, __ATOMIC_RELAXED);
	lanes_lease(&matcher->lanes, until_ns);
}

static bool has_flow(const struct list *flows, const struct bb_flow *wanted)
{
	LIST_EACH(*flows, const struct bb_flow, flow) {
		if (memcmp(flow, wanted, sizeof(*flow)) == 0)
			return true;
	}
	return false;
}

void matcher_protect(struct matcher *matcher, const struct list *flows)
{
	list_free(&matcher->wanted_flows);
	LIST_EACH(*flows, const struct bb_flow, flow) {
		*(struct bb_flow *)list_push(&matcher->wanted_flows, sizeof(*flow)) = *flow;
	}
}

/* Before the slot opens: what carries the session must be safe before anything is hit. */
static int apply_flows(struct matcher *matcher, struct fail *fail)
{
	if (matcher->wanted_flows.count > BB_PROTECTED_FLOWS)
		return fail_set(fail, FAIL_REFUSED,
			"%zu connections may carry this session, more than the %d that can be "
			"protected",
			matcher->wanted_flows.count, BB_PROTECTED_FLOWS);
	LIST_EACH(matcher->flows, const struct bb_flow, flow) {
		if (!has_flow(&matcher->wanted_flows, flow))
			host_matcher_unprotect(matcher->loaded, flow);
	}
	list_free(&matcher->flows);
	LIST_EACH(matcher->wanted_flows, const struct bb_flow, flow) {
		if (host_matcher_protect(matcher->loaded, flow, fail) < 0)
			return -1;
		*(struct bb_flow *)list_push(&matcher->flows, sizeof(*flow)) = *flow;
	}
	return 0;
}

/* ---- load, arm, heal ---- */

static uint32_t at_least(size_t wanted, uint32_t least)
{
	size_t room = wanted * ROOM_FACTOR;

	if (room > wanted + ROOM_MOST)
		room = wanted + ROOM_MOST;
	return room > least ? (uint32_t)room : least;
}

/* Sets may grow while they are in use, and maps can't: where there are any all must fit. */
static struct host_matcher_sizes sizes_for(const struct matcher *matcher,
	const struct match_table *table, const struct match_rule *spec)
{
	size_t sets = matcher->expects_sets ? PEERS_MAX : 0;

	return (struct host_matcher_sizes){
		.addresses = at_least(table->addresses + sets, ADDRESSES_MIN),
		.prefixes = at_least(table->broad + sets, PREFIXES_MIN),
		.counters = at_least(table->counts.count * BB_DIRECTIONS, COUNTERS_MIN),
		.new_flows = spec->connections == BB_ALL_CONNECTIONS ? NEW_FLOWS_MIN : NEW_FLOWS,
	};
}

static int check_claims(const struct matcher *matcher, struct fail *fail)
{
	size_t claims = 0;

	for (int slot = 0; slot < BB_SLOTS; slot++)
		if (matcher->rules[slot])
			LIST_EACH(*matcher->rules[slot]->spec.peers, const struct endpoint, peer) {
				claims += endpoint_prefixes(peer)->count;
			}
	if (claims <= CLAIMS_MAX)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"all armed faults together name %zu addresses and prefixes, more than %d", claims,
		CLAIMS_MAX);
}

static int check_room(
	const struct matcher *matcher, const struct match_table *table, struct fail *fail)
{
	const struct host_matcher_sizes *sizes = &matcher->sizes;
	size_t counters = matcher_counters(matcher, table);

	if (table->addresses <= sizes->addresses && table->broad <= sizes->prefixes &&
		counters <= sizes->counters)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"all armed faults together need %zu addresses, %zu prefixes and %zu counters; the "
		"first one made room for %u, %u and %u; heal all, or arm the largest first",
		table->addresses, table->broad, counters, sizes->addresses, sizes->prefixes,
		sizes->counters);
}

/* Only the first rule makes room for new connections, which costs memory that no other needs. */
static int check_flows(
	const struct matcher *matcher, const struct match_rule *spec, struct fail *fail)
{
	if (spec->connections == BB_ALL_CONNECTIONS || matcher->sizes.new_flows == NEW_FLOWS)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"there is no room to tell new connections from old ones beside faults that are "
		"armed; heal all, or arm this one first");
}

static int load(struct matcher *matcher, const struct match_table *table,
	const struct match_rule *spec, struct ledger *ledger, struct fail *fail)
{
	struct bb_control *control;

	if (matcher->loaded)
		return check_flows(matcher, spec, fail);
	matcher->sizes = sizes_for(matcher, table, spec);
	if (host_matcher_load(&matcher->sizes, &matcher->loaded, fail) < 0)
		return -1;
	control = host_matcher_control(matcher->loaded);
	control->lease_until_ns = (uint64_t)matcher->lease_until_ns;
	for (size_t policy = 0; policy < POLICIES; policy++)
		for (int i = 0; i < matcher->ports[policy].count; i++)
			control->protected_ports[control->protected_count++] =
				(struct bb_port_range){.low = matcher->ports[policy].ranges[i].low,
					.high = matcher->ports[policy].ranges[i].high};
	matcher->hooks =
		(struct hooks){.matcher = matcher->loaded, .ledger = ledger, .mode = matcher->mode};
	matcher->lanes = (struct lanes){.matcher = matcher->loaded,
		.ledger = ledger,
		.mode = matcher->mode,
		.until_ns = matcher->lease_until_ns};
	return 0;
}

/*
 * Packets in a lane come out of it as long as it stands, and with a mark that only the hooks take
 * off: it goes before them. What can't be removed does not hold the rest.
 */
static int release(struct matcher *matcher, struct fail *fail)
{
	struct fail unhooking = FAIL_INIT;
	int lanes = lanes_release(&matcher->lanes, fail);

	if (hooks_release(&matcher->hooks, &unhooking) == 0)
		return lanes;
	if (lanes < 0)
		return fail_context(fail, "%s; then", unhooking.text);
	*fail = unhooking;
	return -1;
}

int matcher_settle(struct matcher *matcher, struct fail *fail)
{
	for (int slot = 0; slot < BB_SLOTS; slot++)
		if (matcher->rules[slot])
			return 0;
	if (!matcher->loaded)
		return 0;
	if (release(matcher, fail) < 0)
		return -1;
	host_matcher_free(matcher->loaded);
	matcher->loaded = NULL;
	matcher->unsure = false;
	matcher->stale = 0;
	FAILPOINT(programs_freed);
	match_table_deinit(&matcher->table);
	list_free(&matcher->flows);
	return 0;
}

static void open_slot(struct matcher *matcher, struct matcher_rule *rule)
{
	struct bb_control *control = host_matcher_control(matcher->loaded);
	struct bb_slot *slot = &control->slots[rule->slot];
	const struct match_rule *spec = &rule->spec;

	slot->directions = (uint8_t)spec->directions;
	slot->protocol = spec->protocol;
	slot->connections = spec->connections;
	slot->flap_on_ns = (uint64_t)spec->flap_on_ns;
	slot->flap_period_ns = (uint64_t)spec->flap_period_ns;
	slot->action = (uint8_t)spec->action;
	slot->cgroup = rule->cgroup;
	slot->answer = spec->answer;
	slot->fix_checksum = spec->fix_checksum;
	slot->current = rule->copy;
	slot->mtu[rule->copy] = spec->mtu;
	slot->chance[rule->copy] = spec->chance;
	slot->lane = rule->way.ifindex;
	slot->by_keeper = rule->way.by_keeper;
	slot->missed = 0;
	slot->untold = 0;
	slot->rule = rule->number;
	slot->range_count = spec->ports.count;
	for (int i = 0; i < spec->ports.count; i++)
		slot->ranges[i] = (struct bb_port_range){
			.low = spec->ports.ranges[i].low, .high = spec->ports.ranges[i].high};
	slot->start_ns = (uint64_t)spec->start_ns;
	slot->deadline_ns = (uint64_t)spec->deadline_ns;
	rule->tracks = spec->connections != BB_ALL_CONNECTIONS;
	if (rule->tracks)
		control->track++;
	__atomic_store_n(&slot->in_use, 1, __ATOMIC_RELEASE);
}

static void close_slot(struct matcher *matcher, struct matcher_rule *rule)
{
	struct bb_control *control = host_matcher_control(matcher->loaded);
	struct bb_slot *slot = &control->slots[rule->slot];

	__atomic_store_n(&slot->deadline_ns, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->in_use, 0, __ATOMIC_RELEASE);
	rule->missed += slot->missed;
	slot->missed = 0;
	if (rule->tracks)
		control->track--;
	rule->tracks = false;
}

struct slots {
	int first, end;
	const char *what;
};

/* The order of slots is the order in which faults see a packet (bpf/matcher.h). */
static struct slots slots_for(const struct match_rule *spec)
{
	switch (spec->action) {
	case BB_DROP:
	case BB_SHORTEN:
		break;
	case BB_LOSE:
	case BB_CORRUPT:
	case BB_DUPLICATE:
		return (struct slots){
			BB_WIRE_FIRST, BB_LANE_FIRST, "lose, corrupt or duplicate packets"};
	case BB_HOLD:
		if (spec->hold->spec.rate_bytes)
			return (struct slots){BB_RATE_FIRST, BB_SLOTS, "limit a rate"};
		return (struct slots){BB_LANE_FIRST, BB_RATE_FIRST, "delay packets"};
	}
	return (struct slots){0, BB_WIRE_FIRST, "drop packets"};
}

static struct matcher_rule *new_rule(
	struct matcher *matcher, const struct match_rule *spec, struct fail *fail)
{
	struct slots range = slots_for(spec);
	struct matcher_rule *rule;
	int slot = range.first;

	/* In a stale slot the new rule would inherit peers, and counts, that are not its own. */
	while (slot < range.end && (matcher->rules[slot] || matcher->stale >> slot & 1))
		slot++;
	if (slot == range.end) {
		fail_set(fail, FAIL_REFUSED, "%d faults at once that %s are the most",
			range.end - range.first, range.what);
		return NULL;
	}
	rule = must_alloc(sizeof(*rule));
	rule->spec = *spec;
	rule->slot = slot;
	rule->number = ++matcher->numbers;
	rule->folded = must_alloc(2 * spec->peers->count * BB_DIRECTIONS * sizeof(*rule->folded));
	matcher->rules[slot] = rule;
	return rule;
}

static int prepare(struct matcher *matcher, struct matcher_rule *rule, struct ledger *ledger,
	struct fail *fail)
{
	struct list links = {0};
	struct match_table table;
	int result = -1;

	if (check_claims(matcher, fail) < 0 ||
		(rule->spec.cgroup && host_cgroup_id(rule->spec.cgroup, &rule->cgroup, fail) < 0))
		return -1;
	matcher_build_table(matcher, rule, &table);
	if (load(matcher, &table, &rule->spec, ledger, fail) < 0 ||
		check_room(matcher, &table, fail) < 0 || apply_flows(matcher, fail) < 0 ||
		host_links(&links, fail) < 0)
		goto out;
	FAILPOINT(program_loaded);
	/* Hooks first: while the tables are empty they let everything pass. */
	if (hooks_sync(&matcher->hooks, &links, fail) < 0 ||
		matcher_number_links(matcher, &links, fail) < 0 ||
		matcher_open_way(matcher, rule, fail) < 0)
		goto out;
	result = matcher_change_table(matcher, &table, fail);
	FAILPOINT(map_filled);
out:
	list_free(&links);
	if (result < 0)
		match_table_deinit(&table);
	return result;
}

/* Rewrites the maps so that they know the live rules only. */
static int tidy(struct matcher *matcher, struct fail *fail)
{
	struct match_table table;

	matcher_build_table(matcher, NULL, &table);
	if (matcher_change_table(matcher, &table, fail) == 0)
		return 0;
	match_table_deinit(&table);
	return -1;
}

/* With the last rule the maps go as a whole, when what uses them is gone. */
static bool others_live(const struct matcher *matcher, const struct matcher_rule *rule)
{
	for (int slot = 0; slot < BB_SLOTS; slot++)
		if (matcher->rules[slot] && matcher->rules[slot] != rule)
			return true;
	return false;
}

/* Ends the rule in the kernel, then rewrites the tables without it. */
static int revert(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail)
{
	int closed;

	rule->live = false;
	if (!matcher->loaded)
		return 0;
	close_slot(matcher, rule);
	FAILPOINT(slot_closed);
	matcher_keep_touched(matcher, rule);
	closed = matcher_close_way(matcher, rule, fail);
	if (!others_live(matcher, rule)) {
		matcher->stale |= UINT64_C(1) << rule->slot;
		matcher_fold(matcher, rule->slot);
		return closed;
	}
	if (tidy(matcher, fail) == 0)
		return closed;
	matcher->stale |= UINT64_C(1) << rule->slot;
	matcher_fold(matcher, rule->slot);
	return -1;
}

int matcher_arm(struct matcher *matcher, const struct match_rule *spec, struct ledger *ledger,
	struct matcher_rule **out, struct fail *fail)
{
	struct matcher_rule *rule = new_rule(matcher, spec, fail);
	struct fail undoing = FAIL_INIT;

	if (!rule)
		return -1;
	if (prepare(matcher, rule, ledger, fail) < 0) {
		if (matcher_heal(matcher, rule, &undoing) < 0)
			fail_context(fail, "and then %s", undoing.text);
		matcher_rule_free(rule);
		return -1;
	}
	rule->live = true;
	open_slot(matcher, rule);
	FAILPOINT(slot_opened);
	*out = rule;
	return 0;
}

int matcher_heal(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail)
{
	struct fail reverting = FAIL_INIT;
	int result = 0;

	if (matcher->rules[rule->slot] == rule) {
		result = revert(matcher, rule, &reverting);
		matcher->rules[rule->slot] = NULL;
	} else if (matcher->stale) {
		result = tidy(matcher, &reverting);
	}
	if (matcher_settle(matcher, fail) < 0)
		return -1;
	/* The slot is dead either way; entries that stayed matter only while others use the maps.
	 */
	if (result < 0 && matcher->loaded) {
		*fail = reverting;
		return -1;
	}
	return 0;
}

void matcher_expect_sets(struct matcher *matcher)
{
	matcher->expects_sets = true;
}

int matcher_peers_changed(struct matcher *matcher, struct fail *fail)
{
	struct match_table table;

	if (!matcher->loaded)
		return 0;
	if (check_claims(matcher, fail) < 0)
		return -1;
	matcher_build_table(matcher, NULL, &table);
	if (check_room(matcher, &table, fail) == 0 &&
		matcher_change_table(matcher, &table, fail) == 0)
		return 0;
	match_table_deinit(&table);
	return -1;
}

void matcher_rule_free(struct matcher_rule *rule)
{
	if (!rule)
		return;
	LIST_EACH(rule->measured, struct measure, measure) {
		shape_free(&measure_shape, measure);
	}
	list_free(&rule->measured);
	list_free(&rule->hits);
	touched_index_deinit(&rule->index);
	free(rule->folded);
	free(rule->settled);
	free(rule->hold_before);
	free(rule);
}

int matcher_links_changed(struct matcher *matcher, struct fail *fail)
{
	struct list links;
	int result;

	if (!matcher->loaded)
		return 0;
	if (host_links(&links, fail) < 0)
		return -1;
	result = hooks_sync(&matcher->hooks, &links, fail);
	if (result == 0)
		result = matcher_number_links(matcher, &links, fail);
	list_free(&links);
	return result;
}

void matcher_owners_changed(struct matcher *matcher)
{
	for (int slot = 0; slot < BB_SLOTS && matcher->loaded; slot++) {
		struct matcher_rule *rule = matcher->rules[slot];
		struct bb_slot *there = &host_matcher_control(matcher->loaded)->slots[slot];
		struct fail gone = FAIL_INIT;

		if (!rule || !rule->live || !rule->spec.cgroup ||
			host_cgroup_id(rule->spec.cgroup, &rule->cgroup, &gone) < 0)
			continue;
		__atomic_store_n(&there->cgroup, rule->cgroup, __ATOMIC_RELAXED);
	}
}
