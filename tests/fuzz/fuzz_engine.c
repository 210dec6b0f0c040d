/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/engine/engine.h"
#include "fuzz.h"
#include "tests/unit/controller/hands.h"

/*
 * A run in which nodes and probers lie: each line of the input is an event that is fed beside the
 * true ones: a byte for the kind, one for the name, one for the node, one for yes or no, then the
 * JSON that comes with it. The run ends all the same, and its journal says what the engine knew.
 */
struct lies {
	const uint8_t *at, *end;
};

static const char *const names[] = {"cut-leader", "put", "acked", "leader", "members", "no-such"};
static const char *const nodes[] = {"n1", "n2", "n3", "client", "no-such"};
static const enum event_kind kinds[] = {EVENT_ANSWER, EVENT_INSPECTED, EVENT_ARMED, EVENT_HEALED,
	EVENT_EVIDENCE, EVENT_WINDOW, EVENT_OPERATIONS, EVENT_READ, EVENT_AUDITED, EVENT_RECOVERED,
	EVENT_SERVICES, EVENT_NODE_LOST, EVENT_PROBER_LOST, EVENT_PROBES_STARTED,
	EVENT_PROBES_STOPPED, EVENT_READ_BACK};
#define PICK(list, byte) ((list)[(byte) % (sizeof(list) / sizeof((list)[0]))])

static void tell_a_lie(struct hands *hands)
{
	struct lies *lies = hands->context;
	const uint8_t *line = lies->at, *newline;
	const struct fail why = {.kind = FAIL_PEER, .text = "it lies"};
	struct fail ignored = FAIL_INIT;
	struct event event;
	cJSON *json = NULL;

	if (lies->end - line < 5)
		return;
	newline = memchr(line + 4, '\n', (size_t)(lies->end - line - 4));
	if (!newline)
		newline = lies->end;
	/* Told before it is fed: feeding comes back here. */
	lies->at = newline < lies->end ? newline + 1 : newline;
	json = json_parse((const char *)line + 4, (size_t)(newline - line - 4), &ignored);
	if (!cJSON_IsObject(json)) {
		cJSON_Delete(json);
		json = json_object();
	}
	event = (struct event){.kind = PICK(kinds, line[0]),
		.name = PICK(names, line[1]),
		.node = PICK(nodes, line[2]),
		.ok = line[3] & 1,
		.at_ns = json_i64(json, "at_ns", INT64_MAX),
		.late_ns = json_i64(json, "late_ns", INT64_MIN),
		.value = line[3],
		.data = json,
		.fail = &why};
	hands_feed(hands, event);
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static cJSON *tree;
	struct lies lies = {.at = data, .end = data + size};
	struct hands hands;

	if (!tree)
		tree = given_tree();
	hands_init(&hands, cJSON_Duplicate(tree, true));
	hands.context = &lies;
	hands.watch = tell_a_lie;
	fuzz_require(hands_run(&hands, SECONDS(600)));
	fuzz_require(hands_journaled(&hands, "run_ended") == 1);
	hands_code(&hands);
	hands_deinit(&hands);
	return 0;
}
