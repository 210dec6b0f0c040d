/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "contract/units.h"
#include "injector/lane/lanes.h"
#include "injector/lane/mapped.h"

/*
 * The keeper's engine between a hostile injector and a hostile network: the input is a sequence of
 * steps, each a byte that says what happens and the bytes it needs. Whatever stands in the shared
 * memory and in packets, each packet that was kept leaves once, whole, and at the end all have.
 */
enum step {
	STEP_PACKET,   /* its length and beginning are the input's */
	STEP_TIME,     /* goes on */
	STEP_ORDER,    /* a spec of the input's bytes */
	STEP_SENSIBLE, /* one within its bounds */
	STEP_REST,     /* a lane is switched off, or on */
	STEP_SCRIBBLE, /* bytes anywhere in the shared memory */
	STEP_LEAVE,
	STEPS
};

enum {
	HEAD_BYTES = 128
};

struct input {
	const uint8_t *bytes;
	size_t left;
};

/* As many bytes as there are; the rest are zero. */
static void take(struct input *input, void *out, size_t size)
{
	size_t there = size < input->left ? size : input->left;

	memset(out, 0, size);
	memcpy(out, input->bytes, there);
	input->bytes += there;
	input->left -= there;
}

static uint32_t number(struct input *input)
{
	uint16_t value;

	take(input, &value, sizeof(value));
	return value;
}

struct bench {
	struct lane_memory *memory;
	struct lanes *lanes;
	int64_t now_ns;
	size_t kept_bytes; /* at most: what was lost is in it */
};

static void packet(struct bench *bench, struct input *input)
{
	uint8_t head[HEAD_BYTES] = {0};
	size_t length = number(input) % LANE_FRAME_MAX + 1;
	int count;
	const struct iovec *room = lanes_room(bench->lanes, &count);

	take(input, head, number(input) % sizeof(head) + 1);
	memcpy(room[0].iov_base, head, sizeof(head));
	lanes_take(bench->lanes, length, bench->now_ns);
	bench->kept_bytes += length;
}

static void leave(struct bench *bench, bool written)
{
	int64_t due_ns = lanes_due_ns(bench->lanes);
	struct leaving leaving;
	size_t length = 0;

	if (!lanes_let_go(bench->lanes, bench->now_ns, &leaving)) {
		fuzz_require(due_ns > bench->now_ns);
		return;
	}
	fuzz_require(due_ns <= bench->now_ns);
	fuzz_require(leaving.count >= 1 && leaving.count <= ARENA_SPARE);
	for (int i = 0; i < leaving.count; i++)
		length += leaving.pieces[i].iov_len;
	fuzz_require(length >= 1 && length <= LANE_FRAME_MAX && length <= bench->kept_bytes);
	bench->kept_bytes -= length;
	lanes_left(bench->lanes, &leaving, written, bench->now_ns);
}

static void order(struct bench *bench, struct input *input, bool sensible)
{
	struct lane *lane = &bench->memory->lanes[number(input) % BB_LANES];
	struct lane_spec *spec = &lane->spec[!(lane->current & 1)];

	take(input, spec, offsetof(struct lane_spec, table) + number(input) % 64);
	if (sensible) {
		spec->spread = (int32_t)((uint32_t)spec->spread % (SPREAD_REPLAY + 1));
		spec->delay_ns = (int64_t)((uint64_t)spec->delay_ns % LANE_DELAY_MAX_NS);
		spec->jitter_ns = spec->delay_ns / 2;
		spec->correlation = spec->reorder_correlation = 0.5;
		spec->reorder = 0.25;
		spec->reorder_gap = spec->reorder_gap < 0 ? 0 : spec->reorder_gap;
		spec->table_count = 1 + (int32_t)((uint32_t)spec->table_count % LANE_TABLE_MAX);
		spec->rate_bytes = LANE_RATE_MIN + spec->rate_bytes % LANE_RATE_MIN;
		spec->burst_bytes %= LANE_BYTES_MAX;
		spec->overhead_bytes %= LANE_OVERHEAD_MAX;
		spec->limit_bytes = 1 + spec->limit_bytes % LANE_BYTES_MAX;
	}
	lane->active = 1;
	lane->current = !(lane->current & 1);
	lane->version++;
}

static void scribble(struct bench *bench, struct input *input)
{
	size_t at = ((size_t)number(input) << 16 | number(input)) % sizeof(*bench->memory);
	size_t size = number(input) % 64 + 1;

	if (at + size <= sizeof(*bench->memory))
		take(input, (uint8_t *)bench->memory + at, size);
}

static void step(struct bench *bench, struct input *input)
{
	switch ((enum step)(number(input) % STEPS)) {
	case STEP_PACKET:
		packet(bench, input);
		break;
	case STEP_TIME:
		bench->now_ns += (int64_t)number(input) * NS_PER_MS;
		lanes_look(bench->lanes, bench->now_ns);
		break;
	case STEP_ORDER:
		order(bench, input, false);
		break;
	case STEP_SENSIBLE:
		order(bench, input, true);
		break;
	case STEP_REST:
		bench->memory->lanes[number(input) % BB_LANES].active ^= 1;
		break;
	case STEP_SCRIBBLE:
		scribble(bench, input);
		break;
	default:
		leave(bench, number(input) % 4 != 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.bytes = data, .left = size};
	struct bench bench = {.now_ns = NS_PER_SEC};
	struct fail fail = FAIL_INIT;

	bench.memory = mapped_new(sizeof(*bench.memory), &fail);
	fuzz_require(bench.memory != NULL);
	bench.lanes = lanes_new(bench.memory, &fail);
	fuzz_require(bench.lanes != NULL);
	while (input.left)
		step(&bench, &input);
	lanes_end(bench.lanes);
	while (lanes_due_ns(bench.lanes) != INT64_MAX) {
		fuzz_require(lanes_due_ns(bench.lanes) <= bench.now_ns);
		leave(&bench, true);
	}
	lanes_free(bench.lanes);
	mapped_free(bench.memory, sizeof(*bench.memory));
	return 0;
}
