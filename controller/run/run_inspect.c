/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "controller/run/run_parts.h"

/* The dry run on one node: what a fault would hit there now. */

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

void run_inspect(struct run *run, const struct action *action)
{
	struct run_node *node = run_find_node(run, action->node);
	const char *id = action->fault->spec->id;
	struct fault_order order;

	if (!node->injector) {
		run_refuse(node, EVENT_INSPECTED, id);
		return;
	}
	order_fault(&run->plan, action->fault, action->role, action->node, &order);
	order.start_ns = 0; /* a dry run has no time */
	order.deadline_ns = 0;
	link_request(node->injector, "inspect", shape_encode(&fault_order_shape, &order),
		&(struct link_wait){REQUEST_TIMEOUT_NS, inspected, errand_new(node, id)});
	shape_free(&fault_order_shape, &order);
}
