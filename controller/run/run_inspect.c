/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/counterparts.h"
#include "controller/run/run_parts.h"

/*
 * The dry run on one node: what a fault would hit there now. The addresses of a large counterpart
 * go ahead, and stay there for the order to arm.
 */

/* Far below what a line may hold: an IPv6 prefix has 45 bytes, and a slow link other words, too. */
enum {
	CHUNK_PREFIXES = 2000
};

static void inspected(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct errand *errand = context;
	struct event event = {.kind = EVENT_INSPECTED,
		.name = errand->fault,
		.node = errand->node->node->name,
		.fail = why};
	struct fail fail = FAIL_INIT;

	if (reply && shape_decode(&inspect_result_shape, reply->body, "", NULL, &fail) == 0) {
		event.ok = true;
		event.data = reply->body;
	} else if (reply) {
		fail.kind = FAIL_PEER;
		event.fail = &fail;
	}
	run_feed(errand->node->run, &event);
	errand_free(errand);
}

static void inspect(struct run_node *node, const struct fault_record *fault, enum fault_role role)
{
	struct fault_order order;

	order_fault(&node->run->plan, fault, role, node->node->name, &order);
	order.start_ns = 0; /* a dry run has no time */
	order.deadline_ns = 0;
	link_request(node->injector, "inspect", shape_encode(&fault_order_shape, &order),
		&(struct link_wait){
			REQUEST_TIMEOUT_NS, inspected, errand_new(node, fault->spec->id)});
	shape_free(&fault_order_shape, &order);
}

/* ---- sets ---- */

struct sending {
	struct run_node *node;
	const struct fault_record *fault;
	enum fault_role role;
	size_t sent;
};

static void chunk_taken(void *context, const struct wire_message *reply, const struct fail *why);

/* The next chunk; with none left, the dry run. */
static void send_next(struct sending *sending)
{
	const struct fault_spec *spec = sending->fault->spec;
	const struct list *all = &spec->from->prefixes;
	size_t left = all->count - sending->sent;
	struct peers_params params = {.set = spec->id,
		.prefixes = {.items = LIST_AT(*all, struct prefix, sending->sent),
			.count = left < CHUNK_PREFIXES ? left : CHUNK_PREFIXES}};

	if (!left) {
		inspect(sending->node, sending->fault, sending->role);
		free(sending);
		return;
	}
	sending->sent += params.prefixes.count;
	link_request(sending->node->injector, "peers", shape_encode(&peers_params_shape, &params),
		&(struct link_wait){REQUEST_TIMEOUT_NS, chunk_taken, sending});
}

static void chunk_taken(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct sending *sending = context;
	struct event event = {.kind = EVENT_INSPECTED,
		.name = sending->fault->spec->id,
		.node = sending->node->node->name,
		.fail = why};

	if (reply && sending->node->injector) {
		send_next(sending);
		return;
	}
	if (reply)
		run_refuse(sending->node, EVENT_INSPECTED, event.name);
	else
		run_feed(sending->node->run, &event);
	free(sending);
}

static void send_set(struct run_node *node, const struct action *action)
{
	struct sending *sending = must_alloc(sizeof(*sending));

	*sending = (struct sending){.node = node, .fault = action->fault, .role = action->role};
	send_next(sending);
}

void run_inspect(struct run *run, const struct action *action)
{
	struct run_node *node = run_find_node(run, action->node);

	if (!node->injector)
		run_refuse(node, EVENT_INSPECTED, action->fault->spec->id);
	else if (counterpart_is_set(action->fault->spec))
		send_set(node, action);
	else
		inspect(node, action->fault, action->role);
}
