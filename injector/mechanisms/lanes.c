/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/undo.h"

/* Packets that were sent to a lane just before nothing was any more. */
#define IN_FLIGHT_NS (2 * NS_PER_MS)
#define LET_GO_NS (200 * NS_PER_MS)
#define TAKE_OVER_NS (500 * NS_PER_MS) /* it looks every 20 ms; a busy machine is slower */
#define SHAPED_WAIT_NS NS_PER_SEC

bool lanes_own(const char *link_name)
{
	return strncmp(link_name, LANES_WIRE, strlen(LANES_WIRE)) == 0 ||
		strncmp(link_name, LANES_KEPT, strlen(LANES_KEPT)) == 0;
}

/* ---- making and removing a link ---- */

static int remove_link(struct lanes *lanes, struct lane_link *link, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;

	if (!link->noted)
		return 0;
	link->ready = false;
	if (link->tcx_link >= 0)
		host_tcx_detach(link->tcx_link);
	link->tcx_link = -1;
	FAILPOINT(undo_next);
	if (host_lane_delete(link->entry, fail) < 0)
		return -1;
	FAILPOINT(undo_run);
	host_matcher_lane_gone(lanes->matcher, link->exit_index);
	/* A "done" that can't be written leaves a record that is harmless to undo again. */
	ledger_done(lanes->ledger, link->record, &ignored);
	FAILPOINT(undo_marked);
	link->noted = false;
	return 0;
}

/*
 * A link that has the name already is not ours to undo, so it is looked for before the note. One
 * that an earlier try left behind, half made, is ours, and goes first.
 */
static int note(struct lanes *lanes, struct lane_link *link, struct fail *fail)
{
	struct undo undo = {.kind = UNDO_LANE};
	int ifindex, result;

	if (remove_link(lanes, link, fail) < 0)
		return fail_context(fail, "removing what an earlier try left");
	if (host_link_named(link->entry, &ifindex, fail) < 0)
		return -1;
	if (ifindex)
		return fail_set(fail, FAIL_REFUSED,
			"there is a link %s already, and backburn needs that name", link->entry);
	undo.interface = must_copy(link->entry);
	result = ledger_note(lanes->ledger, &undo, &link->record, fail);
	shape_free(&undo_shape, &undo);
	if (result < 0)
		return -1;
	link->noted = true;
	link->tcx_link = -1;
	link->entry_index = link->exit_index = 0;
	return 0;
}

static int attach_exit(struct lanes *lanes, struct lane_link *link, struct fail *fail)
{
	if (host_matcher_lane_end(lanes->matcher, link->exit_index, fail) < 0)
		return -1;
	return host_exit_attach(
		lanes->matcher, link->exit_index, lanes->mode, &link->tcx_link, fail);
}

/* On failure what is half made is removed, or stays noted for another try. */
static int give_up(struct lanes *lanes, struct lane_link *link, struct fail *fail)
{
	struct fail undoing = FAIL_INIT;

	if (remove_link(lanes, link, &undoing) < 0)
		fail_context(fail, "%s; then", undoing.text);
	return -1;
}

/* What is there by that name since we looked is somebody else's. */
static int not_made(struct lanes *lanes, struct lane_link *link, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;

	if (fail->kind != FAIL_BUSY)
		return give_up(lanes, link, fail);
	ledger_done(lanes->ledger, link->record, &ignored);
	link->noted = false;
	return -1;
}

static int make_pair(struct lanes *lanes, struct lane_link *link, bool as_wire, struct fail *fail)
{
	struct host_pair pair = {.entry = link->entry, .exit = link->exit, .as_wire = as_wire};

	if (note(lanes, link, fail) < 0)
		return -1;
	if (host_pair_add(&pair, fail) < 0)
		return not_made(lanes, link, fail);
	link->entry_index = pair.entry_index;
	link->exit_index = pair.exit_index;
	if (attach_exit(lanes, link, fail) < 0)
		return give_up(lanes, link, fail);
	link->ready = true;
	return 0;
}

int lanes_wire(struct lanes *lanes, uint32_t *out_ifindex, struct fail *fail)
{
	struct lane_link *wire = &lanes->wire;

	if (!wire->ready) {
		snprintf(wire->entry, sizeof(wire->entry), LANES_WIRE);
		snprintf(wire->exit, sizeof(wire->exit), LANES_WIRE_EXIT);
		if (make_pair(lanes, wire, true, fail) < 0)
			return fail_context(fail, "making the wire");
	}
	*out_ifindex = (uint32_t)wire->entry_index;
	return 0;
}

/* ---- the kept lane ---- */

static bool keeps_any(const struct lanes *lanes)
{
	const struct lane_memory *memory = host_keeper_memory(lanes->keeper);

	for (int i = 0; i < BB_LANES; i++)
		if (__atomic_load_n(&memory->lanes[i].active, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void stop_keeper(struct lanes *lanes)
{
	host_keeper_stop(lanes->keeper);
	lanes->keeper = NULL;
	lanes->kept.ready = false;
}

/*
 * Faults whose keeper has died let all packets pass. Another one would wake them up, on a link that
 * they do not know: it is not started before they are healed.
 */
static int start_keeper(struct lanes *lanes, struct fail *fail)
{
	struct lane_link *kept = &lanes->kept;

	if (lanes->keeper && host_keeper_lives(lanes->keeper))
		return 0;
	if (lanes->keeper && keeps_any(lanes))
		return fail_set(fail, FAIL_REFUSED,
			"the process that keeps packets has died: heal the faults that it did "
			"before others are armed");
	stop_keeper(lanes);
	snprintf(kept->entry, sizeof(kept->entry), LANES_KEPT);
	if (note(lanes, kept, fail) < 0)
		return -1;
	if (host_keeper_start(lanes->matcher, kept->entry, &lanes->keeper, fail) < 0)
		return not_made(lanes, kept, fail);
	kept->exit_index = kept->entry_index = host_keeper_link(lanes->keeper);
	if (attach_exit(lanes, kept, fail) < 0) {
		stop_keeper(lanes);
		return give_up(lanes, kept, fail);
	}
	kept->ready = true;
	__atomic_store_n(
		&host_keeper_memory(lanes->keeper)->until_ns, lanes->until_ns, __ATOMIC_RELEASE);
	return 0;
}

/* The keeper looks at an order when its version has changed. */
static void give_order(struct lane *lane, const struct lane_spec *spec)
{
	uint32_t spare = !lane->current;

	lane->spec[spare] = *spec;
	__atomic_store_n(&lane->current, spare, __ATOMIC_RELEASE);
	__atomic_add_fetch(&lane->version, 1, __ATOMIC_RELEASE);
}

static int open_kept(struct lanes *lanes, int number, const struct lane_spec *spec,
	struct lane_way *out, struct fail *fail)
{
	struct lane *lane;

	if (start_keeper(lanes, fail) < 0)
		return fail_context(fail, "making a lane that is kept by a process");
	lane = &host_keeper_memory(lanes->keeper)->lanes[number];
	give_order(lane, spec);
	__atomic_store_n(&lane->active, 1, __ATOMIC_RELEASE);
	*out = (struct lane_way){.ifindex = (uint32_t)lanes->kept.entry_index, .by_keeper = true};
	return 0;
}

static uint64_t waiting(const struct lane *lane)
{
	uint64_t packets = 0;

	for (int i = 0; i < 2 * BB_DIRECTIONS; i++)
		packets +=
			__atomic_load_n(&lane->counts[i / BB_DIRECTIONS][i % BB_DIRECTIONS].waiting,
				__ATOMIC_ACQUIRE);
	return packets;
}

/* What waits leaves at once; a keeper that does nothing any more is not waited for. */
static void let_go(struct lanes *lanes, int number)
{
	struct lane *lane = &host_keeper_memory(lanes->keeper)->lanes[number];
	int64_t until_ns = host_now_ns() + LET_GO_NS;

	if (host_keeper_lives(lanes->keeper))
		host_pause(IN_FLIGHT_NS);
	__atomic_store_n(&lane->active, 0, __ATOMIC_RELEASE);
	do
		host_pause(IN_FLIGHT_NS);
	while (waiting(lane) && host_now_ns() < until_ns && host_keeper_lives(lanes->keeper));
}

static bool is_taken(const struct lane *lane)
{
	return __atomic_load_n(&lane->taken, __ATOMIC_ACQUIRE) == lane->version;
}

int lanes_change(struct lanes *lanes, int number, const struct lane_spec *spec, bool *out_torn,
	struct fail *fail)
{
	int64_t until_ns = host_now_ns() + TAKE_OVER_NS;
	struct lane *lane;

	if (!lanes->keeper || !host_keeper_lives(lanes->keeper))
		return fail_set(fail, FAIL_REFUSED,
			"the process that keeps packets has died: nothing holds them back");
	lane = &host_keeper_memory(lanes->keeper)->lanes[number];
	give_order(lane, spec);
	while (!is_taken(lane) && host_now_ns() < until_ns && host_keeper_lives(lanes->keeper))
		host_pause(IN_FLIGHT_NS);
	*out_torn = !is_taken(lane);
	if (*out_torn)
		return fail_set(fail, FAIL_SYSTEM,
			"the process that keeps packets does not take a new order");
	return 0;
}

/* ---- shaped lanes ---- */

static int64_t longest_wait(const struct lane_spec *spec)
{
	return spec->delay_ns + 4 * spec->jitter_ns;
}

static int open_shaped(struct lanes *lanes, int number, const struct lane_spec *spec,
	struct lane_way *out, struct fail *fail)
{
	struct lane_link *link = &lanes->shaped[number];

	snprintf(link->entry, sizeof(link->entry), LANES_KEPT "%d", number);
	snprintf(link->exit, sizeof(link->exit), LANES_KEPT "%d-x", number);
	if (make_pair(lanes, link, false, fail) < 0 ||
		(host_shape(link->entry_index, spec, fail) < 0 && give_up(lanes, link, fail) < 0))
		return fail_context(fail, "making a lane of veth and netem");
	lanes->longest_ns[number] = longest_wait(spec);
	*out = (struct lane_way){.ifindex = (uint32_t)link->entry_index};
	return 0;
}

/* ---- all ---- */

/*
 * The keeper counts what it does, draws from a seed, and lets all go the moment it is told to;
 * netem does neither. It is taken where it is asked for, or where no TAP can be made.
 */
int lanes_open(struct lanes *lanes, int lane, const struct lane_order *order, struct lane_way *out,
	struct fail *fail)
{
	struct fail keeping = FAIL_INIT;

	if (order->choice == LANE_NETEM)
		return open_shaped(lanes, lane, &order->spec, out, fail);
	if (open_kept(lanes, lane, &order->spec, out, &keeping) == 0)
		return 0;
	if (order->choice == LANE_AUTO && open_shaped(lanes, lane, &order->spec, out, fail) == 0)
		return 0;
	*fail = keeping;
	return -1;
}

int lanes_close(struct lanes *lanes, int lane, struct fail *fail)
{
	struct lane_link *shaped = &lanes->shaped[lane];

	if (lanes->keeper && host_keeper_memory(lanes->keeper)->lanes[lane].active)
		let_go(lanes, lane);
	if (!shaped->noted)
		return 0;
	host_pause(lanes->longest_ns[lane] < SHAPED_WAIT_NS ? lanes->longest_ns[lane]
							    : SHAPED_WAIT_NS);
	return remove_link(lanes, shaped, fail);
}

static void keep_first(int *result, const struct fail *each, struct fail *fail)
{
	if (*result == 0)
		*fail = *each;
	*result = -1;
}

int lanes_release(struct lanes *lanes, struct fail *fail)
{
	struct fail each = FAIL_INIT;
	int result = 0;

	for (int i = 0; i < BB_LANES; i++)
		if (remove_link(lanes, &lanes->shaped[i], &each) < 0)
			keep_first(&result, &each, fail);
	if (lanes->wire.ready)
		host_pause(IN_FLIGHT_NS);
	if (remove_link(lanes, &lanes->wire, &each) < 0)
		keep_first(&result, &each, fail);
	stop_keeper(lanes);
	if (remove_link(lanes, &lanes->kept, &each) < 0)
		keep_first(&result, &each, fail);
	return result;
}

void lanes_deinit(struct lanes *lanes)
{
	host_keeper_forget(lanes->keeper);
	lanes->keeper = NULL;
}

void lanes_lease(struct lanes *lanes, int64_t until_ns)
{
	lanes->until_ns = until_ns;
	if (lanes->keeper)
		__atomic_store_n(
			&host_keeper_memory(lanes->keeper)->until_ns, until_ns, __ATOMIC_RELAXED);
}

const struct lane *lanes_kept(const struct lanes *lanes, int lane)
{
	const struct lane *kept;

	if (!lanes->keeper)
		return NULL;
	kept = &host_keeper_memory(lanes->keeper)->lanes[lane];
	return is_taken(kept) ? kept : NULL;
}
