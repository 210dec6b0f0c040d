/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "injector/lane/frame.h"
#include "injector/lane/mapped.h"
#include "injector/lane/path.h"
#include "injector/lane/queue.h"
#include "injector/lane/spec.h"

/* What must be known of a packet while it waits; found by its number in the arena. */
struct packet {
	int64_t came_ns, due_ns;
	uint64_t rate_bytes;
	uint32_t bytes, segments, length;
	int32_t path; /* lane · BB_DIRECTIONS + direction */
	int8_t copy;  /* of the lane's order that it came under; -1: none */
	bool waits;   /* among those that a path has let in */
	bool ahead;
};

/* A lane as this side goes by it: a copy, since the other side may write at any time. */
struct own_lane {
	bool usable, active;
	uint32_t version;
	int8_t copy; /* which of the two orders `spec` is */
	struct lane_spec spec;
	struct path paths[BB_DIRECTIONS];
};

struct lanes {
	struct lane_memory *memory;
	struct arena arena;
	struct queue queue;
	struct packet *packets; /* ARENA_CHUNKS */
	bool ending;
	struct own_lane own[BB_LANES];
};

static const size_t packets_bytes = ARENA_CHUNKS * sizeof(struct packet);

struct lanes *lanes_new(struct lane_memory *memory, struct fail *fail)
{
	struct lanes *lanes = must_alloc(sizeof(*lanes));

	lanes->memory = memory;
	lanes->packets = mapped_new(packets_bytes, fail);
	if (!lanes->packets || arena_init(&lanes->arena, fail) < 0 ||
		queue_init(&lanes->queue, ARENA_CHUNKS, fail) < 0) {
		lanes_free(lanes);
		return NULL;
	}
	return lanes;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	arena_deinit(&lanes->arena);
	queue_deinit(&lanes->queue);
	mapped_free(lanes->packets, packets_bytes);
	free(lanes);
}

static void hurry(struct lanes *lanes, size_t lane)
{
	for (int direction = 0; direction < BB_DIRECTIONS; direction++)
		if (lanes->own[lane].paths[direction].waiting_bytes)
			queue_hurry(&lanes->queue, (int32_t)lane * BB_DIRECTIONS + direction);
}

/* What still waits since the order before the last is not counted in the new one's place. */
static void forget(struct lanes *lanes, size_t lane, int8_t copy)
{
	const struct queue *queue = &lanes->queue;

	for (uint32_t i = 0; i < queue->count; i++) {
		struct packet *packet = &lanes->packets[queue->heap[i].packet];

		if ((size_t)queue->heap[i].path / BB_DIRECTIONS == lane && packet->copy == copy)
			packet->copy = -1;
	}
}

static void take_over(struct lanes *lanes, size_t lane, uint32_t version)
{
	struct lane *shared = &lanes->memory->lanes[lane];
	struct own_lane *own = &lanes->own[lane];
	struct fail fail = FAIL_INIT;
	uint32_t current = __atomic_load_n(&shared->current, __ATOMIC_ACQUIRE) & 1;

	own->usable = false; /* until what was copied has been looked at */
	own->spec = shared->spec[current];
	/* A torn copy is taken again at the next look. */
	if (__atomic_load_n(&shared->version, __ATOMIC_ACQUIRE) != version)
		return;
	forget(lanes, lane, (int8_t)current);
	own->version = version;
	own->copy = (int8_t)current;
	own->usable = spec_check(&own->spec, &fail) == 0;
	if (!own->usable)
		lanes->memory->refused++;
	for (int direction = 0; direction < BB_DIRECTIONS; direction++) {
		if (own->active)
			path_change(&own->paths[direction], &own->spec, direction);
		else
			path_start(&own->paths[direction], &own->spec, direction);
		memset(&shared->counts[current][direction], 0, sizeof(struct lane_counts));
	}
	__atomic_store_n(&shared->taken, version, __ATOMIC_RELEASE);
}

static void look_at(struct lanes *lanes, size_t lane)
{
	const struct lane *shared = &lanes->memory->lanes[lane];
	struct own_lane *own = &lanes->own[lane];
	uint32_t version = __atomic_load_n(&shared->version, __ATOMIC_ACQUIRE);
	bool active = __atomic_load_n(&shared->active, __ATOMIC_ACQUIRE);

	if (version != own->version)
		take_over(lanes, lane, version);
	if (own->active && !active)
		hurry(lanes, lane);
	own->active = active;
}

bool lanes_look(struct lanes *lanes, int64_t now_ns)
{
	for (size_t lane = 0; lane < BB_LANES; lane++)
		look_at(lanes, lane);
	return now_ns >= __atomic_load_n(&lanes->memory->until_ns, __ATOMIC_ACQUIRE);
}

void lanes_end(struct lanes *lanes)
{
	lanes->ending = true;
	queue_hurry(&lanes->queue, QUEUE_ALL);
}

const struct iovec *lanes_room(const struct lanes *lanes, int *count)
{
	*count = ARENA_SPARE;
	return lanes->arena.room;
}

/* The counts of a packet's order; NULL when it belongs to none. */
static struct lane_counts *counts_of(struct lanes *lanes, const struct packet *packet)
{
	if (packet->copy < 0)
		return NULL;
	return &lanes->memory->lanes[packet->path / BB_DIRECTIONS]
			.counts[packet->copy][packet->path % BB_DIRECTIONS];
}

static void count_lost(struct lane_counts *counts, const struct packet *packet)
{
	counts->lost++;
	counts->lost_segments += packet->segments;
}

static void count_came(struct lane_counts *counts, const struct packet *packet)
{
	if (!counts->came)
		counts->first_ns = (uint64_t)packet->came_ns;
	counts->came++;
	counts->segments += packet->segments;
	counts->bytes += packet->bytes;
}

/* Whether it may wait; then it is due at packet->due_ns. */
static bool decide(struct lanes *lanes, const struct frame *frame, struct packet *packet)
{
	struct own_lane *own = &lanes->own[frame->lane];
	struct path *path = &own->paths[frame->direction];
	struct lane_counts *counts = counts_of(lanes, packet);
	int64_t overhead = own->spec.overhead_bytes * (int64_t)frame->segments;
	int64_t rate_bytes = (int64_t)frame->wire_bytes + overhead;
	struct decision decision;

	packet->rate_bytes = rate_bytes > 0 ? (uint64_t)rate_bytes : 0;
	decision =
		path_decide(path, &own->spec, packet->came_ns, packet->bytes, packet->rate_bytes);
	count_came(counts, packet);
	if (decision.lost) {
		count_lost(counts, packet);
		return false;
	}
	packet->due_ns = decision.due_ns;
	packet->ahead = decision.ahead;
	packet->waits = true;
	counts->ahead += decision.ahead;
	counts->overtook += decision.overtakes;
	return true;
}

void lanes_take(struct lanes *lanes, size_t length, int64_t now_ns)
{
	struct lane_counts *counts;
	struct packet packet;
	struct own_lane *own;
	struct frame frame;
	int32_t kept;

	if (frame_read(arena_head(&lanes->arena), length, &frame) < 0) {
		lanes->memory->stray++;
		return;
	}
	/* Its order may be younger than the last look. */
	look_at(lanes, frame.lane);
	own = &lanes->own[frame.lane];
	packet = (struct packet){
		.came_ns = now_ns,
		.due_ns = QUEUE_AT_ONCE,
		.bytes = (uint32_t)frame.bytes,
		.segments = (uint32_t)frame.segments,
		.length = (uint32_t)length,
		.path = (int32_t)(frame.lane * BB_DIRECTIONS + frame.direction),
		.copy = own->active && own->usable && !lanes->ending ? own->copy : -1,
	};
	if (packet.copy >= 0 && !decide(lanes, &frame, &packet))
		return;
	counts = counts_of(lanes, &packet);
	kept = arena_keep(&lanes->arena, length);
	if (kept == ARENA_NONE) {
		if (counts)
			count_lost(counts, &packet);
		if (packet.waits)
			path_leave(&own->paths[frame.direction], packet.bytes);
		return;
	}
	if (counts)
		counts->waiting++;
	lanes->packets[kept] = packet;
	queue_push(&lanes->queue, packet.due_ns, kept, packet.path);
}

int64_t lanes_due_ns(const struct lanes *lanes)
{
	const struct waiting *first = queue_first(&lanes->queue);

	return first ? first->due_ns : INT64_MAX;
}

bool lanes_let_go(struct lanes *lanes, int64_t now_ns, struct leaving *leaving)
{
	struct waiting first;

	if (lanes_due_ns(lanes) > now_ns)
		return false;
	first = queue_pop(&lanes->queue);
	leaving->packet = first.packet;
	leaving->early = first.due_ns == QUEUE_AT_ONCE;
	leaving->count = arena_pieces(
		&lanes->arena, first.packet, lanes->packets[first.packet].length, leaving->pieces);
	return true;
}

static void count_left(struct lane_counts *counts, const struct packet *packet, int64_t now_ns)
{
	counts->last_ns = (uint64_t)now_ns;
	counts->left_bytes += packet->rate_bytes;
	histogram_record(&counts->late, now_ns - packet->due_ns);
	if (!packet->ahead)
		histogram_record(&counts->delay, now_ns - packet->came_ns);
}

void lanes_left(struct lanes *lanes, const struct leaving *leaving, bool written, int64_t now_ns)
{
	const struct packet *packet = &lanes->packets[leaving->packet];
	struct lane_counts *counts = counts_of(lanes, packet);
	struct own_lane *own = &lanes->own[packet->path / BB_DIRECTIONS];

	if (packet->waits)
		path_leave(&own->paths[packet->path % BB_DIRECTIONS], packet->bytes);
	if (counts) {
		counts->waiting--;
		counts->left += written;
		if (!written)
			count_lost(counts, packet);
		else if (leaving->early)
			counts->early++;
		else
			count_left(counts, packet, now_ns);
	}
	arena_drop(&lanes->arena, leaving->packet);
}
