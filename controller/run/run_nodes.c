/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/run/reach.h"
#include "controller/run/run_parts.h"

/* Injectors: connecting, what the engine orders of them, and what becomes of a lost one. */

/* Two are usual; processes that end, one after the other, may be some hundred. */
enum {
	EVIDENCE_A_SECOND = 500
};

static int64_t to_theirs(const struct run_node *node, int64_t ours_ns)
{
	return ours_ns + (int64_t)node->run->zero + node->clock.offset_ns;
}

static int64_t to_ours(const struct run_node *node, int64_t theirs_ns)
{
	int64_t ours_ns;

	/* What the other side says may be any number. */
	if (__builtin_sub_overflow(
		    theirs_ns, (int64_t)node->run->zero + node->clock.offset_ns, &ours_ns))
		return NEVER_NS;
	return ours_ns;
}

struct run_node *run_find_node(struct run *run, const char *name)
{
	for (size_t i = 0; i < run->node_count; i++)
		if (strcmp(run->nodes[i].node->name, name) == 0)
			return &run->nodes[i];
	return NULL;
}

/* --- evidence -------------------------------------------------------------------------- */

static cJSON *counters_json(const struct run_node *node, const struct list *counters)
{
	cJSON *array = json_array();

	LIST_EACH(*counters, struct counter, counter) {
		cJSON *item = json_object();

		json_put_string(item, "peer", counter->peer);
		json_put_string(item, "direction", direction_words[counter->direction]);
		json_put_i64(item, "packets", counter->packets);
		json_put_i64(item, "segments", counter->segments);
		json_put_i64(item, "bytes", counter->bytes);
		json_put_i64(item, "matched", counter->matched);
		json_put_i64(item, "first_ns",
			counter->first_ns ? to_ours(node, counter->first_ns) : NEVER_NS);
		json_put_i64(item, "last_ns",
			counter->last_ns ? to_ours(node, counter->last_ns) : NEVER_NS);
		json_append(array, item);
	}
	return array;
}

static cJSON *processes_json(const struct run_node *node, const struct list *processes)
{
	cJSON *array = json_array();

	LIST_EACH(*processes, struct process_evidence, process) {
		struct process_evidence ours = *process;

		ours.sent_ns = ours.sent_ns ? to_ours(node, ours.sent_ns) : NEVER_NS;
		ours.exited_ns = ours.exited_ns ? to_ours(node, ours.exited_ns) : NEVER_NS;
		json_append(array, shape_encode(&process_evidence_shape, &ours));
	}
	return array;
}

static int64_t instant(const struct run_node *node, int64_t theirs_ns)
{
	return theirs_ns ? to_ours(node, theirs_ns) : NEVER_NS;
}

static cJSON *strikes_json(const struct run_node *node, const struct list *strikes)
{
	cJSON *array = json_array();

	LIST_EACH(*strikes, struct strike_evidence, strike) {
		struct strike_evidence ours = *strike;

		ours.at_ns = instant(node, ours.at_ns);
		ours.back_ns = instant(node, ours.back_ns);
		ours.looked_ns = instant(node, ours.looked_ns);
		json_append(array, shape_encode(&strike_evidence_shape, &ours));
	}
	return array;
}

static cJSON *measures_json(const struct run_node *node, const struct list *measures)
{
	cJSON *array = json_array();

	LIST_EACH(*measures, struct measure, measure) {
		struct measure ours = *measure;

		ours.first_ns = instant(node, ours.first_ns);
		json_append(array, shape_encode(&measure_shape, &ours));
	}
	return array;
}

static cJSON *hosts_json(const struct list *hosts)
{
	cJSON *array = json_array();

	LIST_EACH(*hosts, struct host_evidence, host)
		json_append(array, shape_encode(&host_evidence_shape, host));
	return array;
}

static cJSON *touched_json(const struct run_node *node, const struct list *touched)
{
	cJSON *array = json_array();

	LIST_EACH(*touched, struct touched, address) {
		struct touched ours = *address;

		ours.first_ns = instant(node, ours.first_ns);
		ours.last_ns = instant(node, ours.last_ns);
		json_append(array, shape_encode(&touched_shape, &ours));
	}
	return array;
}

/* Faults on processes have no counters, and touch no address. */
static void put_touched(
	cJSON *data, const struct run_node *node, const struct fault_evidence *fault)
{
	if (!fault->counters.count)
		return;
	json_put(data, "touched", touched_json(node, &fault->touched));
	if (fault->touched_more)
		json_put_i64(data, "touched_more", fault->touched_more);
	if (fault->untold)
		json_put_i64(data, "untold", fault->untold);
}

static void feed_evidence(struct run_node *node, const struct fault_evidence *fault)
{
	struct event event = {.kind = EVENT_EVIDENCE, .name = fault->id, .node = node->node->name};
	cJSON *data;

	if (!record_fault(engine_record(node->run->engine), fault->id))
		return; /* an injector may not invent faults */
	data = json_object();
	json_put(data, "counters", counters_json(node, &fault->counters));
	if (fault->processes.count)
		json_put(data, "processes", processes_json(node, &fault->processes));
	if (fault->strikes.count)
		json_put(data, "strikes", strikes_json(node, &fault->strikes));
	if (fault->hosts.count)
		json_put(data, "hosts", hosts_json(&fault->hosts));
	if (fault->measures.count)
		json_put(data, "measures", measures_json(node, &fault->measures));
	put_touched(data, node, fault);
	event.data = data;
	run_feed(node->run, &event);
	cJSON_Delete(data);
}

/* What ended without being told to: a fault that is over at once, or one past its deadline. */
static void feed_ended(struct run_node *node, const struct fault_evidence *fault)
{
	struct event event = {.kind = EVENT_HEALED,
		.name = fault->id,
		.node = node->node->name,
		.ok = true,
		.at_ns = to_ours(node, fault->healed_ns)};

	if (fault->healed)
		run_feed(node->run, &event);
}

static void told_of_halt(struct run_node *node, const cJSON *body)
{
	struct halted_notice notice;
	struct fail fail = FAIL_INIT, why = FAIL_INIT;

	if (shape_decode(&halted_notice_shape, body, "", &notice, &fail) < 0)
		return;
	fail_set(&why, FAIL_REFUSED, "%.400s (said by %s)", notice.text, node->node->name);
	run_halted(node->run, &why);
	shape_free(&halted_notice_shape, &notice);
}

static void notified(void *context, const struct wire_message *message)
{
	struct run_node *node = context;
	struct evidence evidence;
	struct fail fail = FAIL_INIT;

	if (strcmp(message->method, "halted") == 0)
		told_of_halt(node, message->body);
	if (strcmp(message->method, "evidence") != 0 || !node->run->engine)
		return;
	if (shape_decode(&evidence_shape, message->body, "", &evidence, &fail) < 0)
		return; /* the next one, or the reply to heal, will do */
	LIST_EACH(evidence.faults, struct fault_evidence, fault) {
		feed_evidence(node, fault);
		feed_ended(node, fault);
	}
	shape_free(&evidence_shape, &evidence);
}

static void lost(void *context, const struct fail *why)
{
	struct run_node *node = context;
	struct event event = {.kind = EVENT_NODE_LOST, .node = node->node->name, .fail = why};

	node->injector = NULL;
	if (engine_state(node->run->engine) == ENGINE_NEW)
		run_trouble(node->run, why);
	else
		run_feed(node->run, &event);
}

static void said(void *context, const char *line)
{
	struct run_node *node = context;

	if (!node->run->options->quiet)
		screen_say(&node->run->screen, "  %s: %s", node->node->name, line);
}

/* --- connecting ------------------------------------------------------------------------ */

int run_open_injector(struct run_node *node, struct fail *fail)
{
	struct list words = {0};
	struct list argv;
	char label[128];
	struct link_options options = {.label = label,
		.max_line = WIRE_LINE_TO_CONTROLLER_MAX,
		.max_notices = EVIDENCE_A_SECOND,
		.context = node,
		.notified = notified,
		.lost = lost,
		.said = said};

	list_push_text(&words, "session");
	LIST_EACH(node->node->injector_args, char *, word)
		list_push_text(&words, *word);
	*(char **)list_push(&words, sizeof(char *)) = NULL;
	argv = reach_argv(node->run->self_dir, node->node, "backburn-injector", words.items);
	words.count--;
	options.argv = &argv;
	snprintf(label, sizeof(label), "injector on %s", node->node->name);
	node->injector = link_open(node->run->loop, &options, fail);
	list_free_texts(&words);
	list_free_texts(&argv);
	FAILPOINT(injector_started);
	return node->injector ? 0 : -1;
}

cJSON *run_hello_body(const struct run *run, bool looks)
{
	char controller[256], who[RUN_WHO_MAX];
	struct hello_params params = {
		.version = CONTRACT_VERSION, .session = run->run_id, .looks = looks};

	snprintf(controller, sizeof(controller), "backburn run %s, %s", run->run_id, run_who(who));
	params.controller = controller;
	params.lease_ns = run->scenario.guardrails->limits->lease_ns;
	for (int i = 0; attach_words[i]; i++)
		if (strcmp(attach_words[i], run->options->attach) == 0)
			params.attach = i;
	return shape_encode(&hello_params_shape, &params);
}

static cJSON *prefixes_json(const struct list *prefixes)
{
	char text[PREFIX_TEXT_MAX];
	cJSON *array = json_array();

	LIST_EACH(*prefixes, struct prefix, prefix)
		json_append_string(array, prefix_format(prefix, text));
	return array;
}

static void log_node(struct run_node *node, const struct hello_result *hello)
{
	cJSON *event = journal_event("node", run_now_ns(node->run));
	struct fail fail = FAIL_INIT;

	json_put_string(event, "node", node->node->name);
	json_put_string(event, "host", node->node->host);
	json_put_string(event, "kernel", hello->kernel);
	json_put_string(event, "tool", hello->tool);
	json_put_string(event, "attach", hello->attach);
	json_put_number(event, "pid", (double)hello->pid);
	json_put(event, "addresses", prefixes_json(&node->node->addresses));
	if (node->node->also_reached_as.count)
		json_put(event, "also_reached_as", prefixes_json(&node->node->also_reached_as));
	json_put(event, "labels", cJSON_Duplicate(node->node->labels, true));
	if (engine_note(node->run->engine, event, &fail) < 0)
		run_trouble(node->run, &fail);
}

static int check_capability(const struct run_node *node, const struct hello_result *hello,
	const char *fault, struct fail *fail)
{
	const char *needed = catalogue_find(&node->run->catalogue, fault)->capability;

	LIST_EACH(hello->capabilities, struct capability, capability)
		if (strcmp(capability->name, needed) == 0 && !capability->ok)
			return fail_set(fail, FAIL_REFUSED, "%s is not possible on %s: %s", fault,
				node->node->name, capability->reason);
	return 0;
}

static int check_hello(
	const struct run_node *node, const struct hello_result *hello, struct fail *fail)
{
	if (hello->version != CONTRACT_VERSION)
		return fail_set(fail, FAIL_REFUSED,
			"the injector on %s speaks version %lld of the contract, this controller "
			"%d: install the same version",
			node->node->name, (long long)hello->version, CONTRACT_VERSION);
	/* A host whose policy can't be read allows nothing: better said now than at the first
	 * fault. */
	LIST_EACH(hello->capabilities, struct capability, capability)
		if (strcmp(capability->name, "policy") == 0 && !capability->ok)
			return fail_set(fail, FAIL_REFUSED,
				"the policy of %s can't be used, so nothing is allowed there: %s",
				node->node->name, capability->reason);
	LIST_EACH(node->run->scenario.phases, struct phase_spec, phase)
		LIST_EACH(phase->faults, struct fault_spec, fault)
			if (check_capability(node, hello, fault->fault, fail) < 0)
				return -1;
	return 0;
}

static void clock_known(void *context, const struct fail *why)
{
	struct run_node *node = context;
	struct fail fail;

	if (why) {
		fail = *why;
		fail_context(&fail, "%s", node->node->name);
		run_trouble(node->run, &fail);
		return;
	}
	node->audit_when = "before";
	run_audit(node);
}

static void hello_came(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run_node *node = context;
	struct hello_result hello;
	struct fail fail = FAIL_INIT;

	if (!reply) {
		fail = *why;
		fail_context(&fail, "%s", node->node->name);
		run_trouble(node->run, &fail);
		return;
	}
	if (shape_decode(&hello_result_shape, reply->body, "", &hello, &fail) < 0) {
		fail.kind = FAIL_PEER;
		fail_context(&fail, "hello from %s: %s", node->node->name, fail.path);
		run_trouble(node->run, &fail);
		return;
	}
	if (check_hello(node, &hello, &fail) < 0 ||
		plan_node_learn(node->node, &hello.addresses, &fail) < 0) {
		run_trouble(node->run, &fail);
	} else {
		FAILPOINT(hello_answered);
		run_take_boot_id(node, hello.boot_id ? hello.boot_id : "");
		log_node(node, &hello);
		run_measure_clock(node->run, node->injector, &node->clock, clock_known, node);
	}
	shape_free(&hello_result_shape, &hello);
}

int run_connect(struct run *run, struct fail *fail)
{
	size_t at_once = (size_t)run->environment.connect_at_once;

	for (size_t first = 0; first < run->node_count; first += at_once) {
		for (size_t i = first; i < run->node_count && i < first + at_once; i++) {
			if (run_open_injector(&run->nodes[i], fail) < 0)
				return -1;
			run->waiting++;
			link_request(run->nodes[i].injector, "hello", run_hello_body(run, false),
				&(struct link_wait){
					REQUEST_TIMEOUT_NS, hello_came, &run->nodes[i]});
		}
		if (run_await(run, fail) < 0)
			return -1;
	}
	return 0;
}

/* --- arming and healing ---------------------------------------------------------------- */

struct errand *errand_new(struct run_node *node, const char *fault)
{
	struct errand *errand = must_alloc(sizeof(*errand));

	errand->node = node;
	errand->fault = must_copy(fault);
	return errand;
}

void errand_free(struct errand *errand)
{
	free(errand->fault);
	free(errand);
}

static void armed(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct errand *errand = context;
	struct run_node *node = errand->node;
	struct event event = {
		.kind = EVENT_ARMED, .name = errand->fault, .node = node->node->name, .fail = why};
	struct arm_result result;
	struct fail fail = FAIL_INIT;

	FAILPOINT(arm_answered);
	if (reply && shape_decode(&arm_result_shape, reply->body, "", &result, &fail) == 0) {
		event.ok = true;
		event.at_ns = to_ours(node, result.armed_ns);
		event.late_ns = result.late_ns;
		shape_free(&arm_result_shape, &result);
	} else if (reply) {
		fail.kind = FAIL_PEER;
		event.fail = &fail;
	}
	run_feed(node->run, &event);
	errand_free(errand);
}

void run_refuse(struct run_node *node, enum event_kind kind, const char *fault)
{
	struct fail fail = FAIL_INIT;
	struct event event = {.kind = kind, .name = fault, .node = node->node->name, .fail = &fail};

	fail_set(&fail, FAIL_PEER, "the injector on %s is gone", node->node->name);
	run_feed(node->run, &event);
}

void run_arm(struct run *run, const struct action *action)
{
	struct run_node *node = run_find_node(run, action->node);
	struct fault_order order;

	if (!node->injector) {
		run_refuse(node, EVENT_ARMED, action->fault->spec->id);
		return;
	}
	order_fault(&run->plan, action->fault, action->role, action->node, &order);
	order.start_ns = to_theirs(node, order.start_ns);
	order.deadline_ns = to_theirs(node, order.deadline_ns);
	link_request(node->injector, "arm", shape_encode(&fault_order_shape, &order),
		&(struct link_wait){
			REQUEST_TIMEOUT_NS, armed, errand_new(node, action->fault->spec->id)});
	shape_free(&fault_order_shape, &order);
	FAILPOINT(arm_sent);
}

/*
 * A heal that nobody confirms may not have happened. Without its stdin the injector heals by
 * itself, without renewals the lease ends the fault, and at the end the node is recovered and
 * audited.
 */
static void give_up(struct run_node *node, const struct fail *why)
{
	struct event event = {.kind = EVENT_NODE_LOST, .node = node->node->name, .fail = why};

	if (!node->injector)
		return;
	link_close(node->injector, HEAL_PATIENCE_NS);
	node->injector = NULL;
	run_feed(node->run, &event);
}

static void feed_healed(struct errand *errand, const struct evidence *evidence)
{
	struct run_node *node = errand->node;
	struct event event = {
		.kind = EVENT_HEALED, .name = errand->fault, .node = node->node->name};
	struct fail fail = FAIL_INIT;

	LIST_EACH(evidence->faults, struct fault_evidence, fault) {
		if (strcmp(fault->id, errand->fault) != 0)
			continue;
		feed_evidence(node, fault);
		event.ok = fault->healed;
		event.at_ns = to_ours(node, fault->healed_ns);
	}
	if (!event.ok) {
		fail_set(&fail, FAIL_PEER, "the injector did not confirm it");
		event.fail = &fail;
	}
	run_feed(node->run, &event);
	if (!event.ok)
		give_up(node, &fail);
}

static void healed(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct errand *errand = context;
	struct run_node *node = errand->node;
	struct event event = {
		.kind = EVENT_HEALED, .name = errand->fault, .node = node->node->name};
	struct evidence evidence;
	struct fail fail = FAIL_INIT;

	FAILPOINT(heal_answered);
	if (reply && shape_decode(&evidence_shape, reply->body, "", &evidence, &fail) == 0) {
		feed_healed(errand, &evidence);
		shape_free(&evidence_shape, &evidence);
	} else {
		fail.kind = FAIL_PEER;
		event.fail = reply ? &fail : why;
		run_feed(node->run, &event);
		give_up(node, event.fail);
	}
	errand_free(errand);
}

void run_heal(struct run *run, const struct action *action)
{
	struct run_node *node = run_find_node(run, action->node);
	struct heal_params params = {0};

	if (!node->injector) {
		run_refuse(node, EVENT_HEALED, action->fault->spec->id);
		return;
	}
	list_push_text(&params.faults, action->fault->spec->id);
	link_request(node->injector, "heal", shape_encode(&heal_params_shape, &params),
		&(struct link_wait){
			REQUEST_TIMEOUT_NS, healed, errand_new(node, action->fault->spec->id)});
	list_free_texts(&params.faults);
	FAILPOINT(heal_sent);
}

static void renewed(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run_node *node = context;
	struct event event = {.kind = EVENT_NODE_LOST, .node = node->node->name, .fail = why};

	if (reply || !node->injector)
		return;
	if (engine_state(node->run->engine) == ENGINE_NEW)
		run_trouble(node->run, why);
	else
		run_feed(node->run, &event);
}

void run_renew(struct run *run)
{
	struct renew_params params = {.lease_ns = run->scenario.guardrails->limits->lease_ns};

	for (size_t i = 0; i < run->node_count; i++)
		if (run->nodes[i].injector)
			link_request(run->nodes[i].injector, "renew",
				shape_encode(&renew_params_shape, &params),
				&(struct link_wait){params.lease_ns, renewed, &run->nodes[i]});
	FAILPOINT(renew_sent);
}
