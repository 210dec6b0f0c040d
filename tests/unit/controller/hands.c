/* SPDX-License-Identifier: Apache-2.0 */
#include "hands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"

#define ANSWER_NS (20 * NS_PER_MS)
#define TICK_NS (100 * NS_PER_MS)
#define WINDOW_EVENTS 50 /* one second of them */
#define TIMEOUT_NS (300 * NS_PER_MS)

struct reply {
	int64_t due_ns;
	struct event event;
	cJSON *data;
	struct fail fail;
	bool used;
};

static struct fake_node *fake_node(struct hands *hands, const char *name)
{
	for (size_t i = 0; i < NODES; i++)
		if (strcmp(hands->nodes[i].name, name) == 0)
			return &hands->nodes[i];
	fail_msg("no node %s", name);
	return NULL;
}

static size_t fault_index(const struct hands *hands, const struct fault_record *fault)
{
	const struct record *record = engine_record(hands->engine);
	size_t index = (size_t)(fault - LIST_AT(record->faults, struct fault_record, 0));

	assert_true(index < FAULTS_MAX);
	return index;
}

/* --- what answers hold -------------------------------------------------------------------- */

static cJSON *audit_data(struct hands *hands, const char *name)
{
	const struct fake_node *node = fake_node(hands, name);
	cJSON *data = given_json("{'state':['link lo up','qdisc lo noqueue'],'residue':[]}");

	for (size_t i = 0; i < FAULTS_MAX; i++)
		if (node->armed[i])
			json_append_string(cJSON_GetObjectItem(data, "state"), "tcx backburn");
	return data;
}

/* One process on each node; it is gone before its time where faults hit nothing. */
static cJSON *process_data(const struct hands *hands, const struct fault_record *fault)
{
	bool begun = hands->now_ns >= fault->start_ns, sent = begun && !hands->no_packets;
	long long at_ns = sent ? fault->start_ns + NS_PER_MS : NEVER_NS;

	return given_json("[{'pid':7,'start_ticks':'1','cmdline':'etcd','signal':'KILL',"
			  "'age_ns':'5','must_exit':true,'sent_ns':'%lld','exited_ns':'%lld',"
			  "'result':'%s'}]",
		at_ns, sent ? at_ns + NS_PER_MS : NEVER_NS,
		sent            ? "sent"
			: begun ? "gone"
				: "not_sent");
}

static cJSON *evidence_data(const struct hands *hands, const struct fault_record *fault)
{
	cJSON *list = json_array(), *data = json_object();

	json_put(data, "counters", list);
	if (fault->spec->on->processes) {
		json_put(data, "processes", process_data(hands, fault));
		return data;
	}
	for (size_t i = 0; i < NODES; i++)
		for (int direction = 0; direction < 2; direction++)
			json_append(list,
				given_json("{'peer':'%s','direction':'%s','packets':'%d',"
					   "'segments':'%d','bytes':'600','first_ns':'%lld',"
					   "'last_ns':'%lld'}",
					hands->nodes[i].name, direction ? "egress" : "ingress",
					hands->no_packets ? 0 : 10, hands->no_packets ? 0 : 12,
					(long long)fault->start_ns, (long long)hands->now_ns));
	return data;
}

/* Each node has one connection to every other. */
static cJSON *inspection_data(const char *name, const struct hands *hands)
{
	cJSON *data =
		given_json("{'effects':['drop'],'undo':['stop'],'interfaces':['eth0'],"
			   "'foreign':[],'connections':[],'connection_count':%d,'processes':[]}",
			NODES - 1);

	for (size_t i = 0; i < NODES; i++)
		if (strcmp(hands->nodes[i].name, name) != 0)
			json_append(cJSON_GetObjectItem(data, "connections"),
				given_json("{'local':'10.0.0.1:1','remote':'10.0.0.2:2',"
					   "'peer':'%s','state':'established'}",
					hands->nodes[i].name));
	return data;
}

static cJSON *read_data(const struct hands *hands, const struct workload_spec *workload)
{
	cJSON *reads = json_array(), *data = json_object();

	for (size_t i = 0; i < 3; i++)
		json_append(reads,
			given_json("{'node':'%s','ok':true,'present':[{'first':1,'last':%lld}],"
				   "'duplicates':0}",
				hands->nodes[i].name, (long long)hands->sent_events));
	json_put_string(data, "workload", workload->name);
	json_put(data, "reads", reads);
	return data;
}

/* --- events ------------------------------------------------------------------------------- */

static void carry_out(struct hands *hands);

void hands_feed(struct hands *hands, struct event event)
{
	event.now_ns = hands->now_ns;
	engine_step(hands->engine, &event);
	carry_out(hands);
	if (hands->watch)
		hands->watch(hands);
}

static struct reply *add_reply(
	struct hands *hands, enum event_kind kind, const char *name, const char *node)
{
	struct reply *reply = list_push(&hands->replies, sizeof(*reply));

	reply->due_ns = hands->now_ns + ANSWER_NS;
	reply->event = (struct event){.kind = kind, .name = name, .node = node, .ok = true};
	return reply;
}

static void make_fail(struct reply *reply, enum fail_kind kind, const char *text)
{
	reply->event.ok = false;
	fail_set(&reply->fail, kind, "%s", text);
}

void hands_signal(struct hands *hands, int number)
{
	hands_feed(hands, (struct event){.kind = EVENT_SIGNAL, .value = number});
}

/* All that is asked of it fails, as when a pipe breaks; then the loss itself is told. */
void hands_lose(struct hands *hands, const char *node)
{
	struct fail fail = FAIL_INIT;

	fake_node(hands, node)->lost = true;
	LIST_EACH(hands->replies, struct reply, reply)
		if (!reply->used && reply->event.node && strcmp(reply->event.node, node) == 0 &&
			reply->event.kind != EVENT_ANSWER)
			make_fail(reply, FAIL_PEER, "the pipe broke");
	fail_set(&fail, FAIL_PEER, "the pipe broke");
	hands_feed(hands, (struct event){.kind = EVENT_NODE_LOST, .node = node, .fail = &fail});
}

static void send_events(struct hands *hands, int64_t count)
{
	int64_t first = hands->sent_events;
	char *runs = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&runs, &size);
	cJSON *window;

	for (int64_t i = first; i < first + count; i++) {
		int64_t at_ns = hands->probes_ns + i * 20 * NS_PER_MS;

		fputs(at_ns >= hands->bad_from_ns && at_ns < hands->bad_to_ns ? "b1" : "g1", out);
	}
	fclose(out);
	window = given_json("{'probe':'put','first_index':%lld,'count':%lld,'start_ns':'0',"
			    "'end_ns':'0','outcomes':[0,0,0,0,0,0],'latency':[],"
			    "'classes':[{'slo':'avail','runs':'%s'}]}",
		(long long)first, (long long)count, runs);
	free(runs);
	hands->sent_events += count;
	hands_feed(hands,
		(struct event){
			.kind = EVENT_WINDOW, .name = "put", .node = "client", .data = window});
	cJSON_Delete(window);
	if (!hands->scenario.workloads.count || !count)
		return;
	window = given_json("{'workload':'acked','start_ns':'0','end_ns':'0','failed':[],"
			    "'unknown':[],'attempted':[{'first':%lld,'last':%lld}],"
			    "'acked':[{'first':%lld,'last':%lld}]}",
		(long long)first + 1, (long long)first + count, (long long)first + 1,
		(long long)first + count);
	hands_feed(hands,
		(struct event){.kind = EVENT_OPERATIONS,
			.name = "acked",
			.node = "client",
			.data = window});
	cJSON_Delete(window);
}

static void probe(struct hands *hands)
{
	while (hands->probing && !hands->done && hands->now_ns < hands->deaf_from_ns &&
		hands->now_ns >= hands->probes_ns + TIMEOUT_NS +
				(hands->sent_events + WINDOW_EVENTS) * 20 * NS_PER_MS)
		send_events(hands, WINDOW_EVENTS);
}

/* --- actions ------------------------------------------------------------------------------ */

/* A fault on processes is over when it has begun, and the node says so by itself. */
static void add_news(struct hands *hands, const struct action *action)
{
	static const enum event_kind kinds[] = {EVENT_EVIDENCE, EVENT_HEALED};

	for (size_t i = 0; i < 2; i++)
		add_reply(hands, kinds[i], action->fault->spec->id, action->node)->due_ns =
			action->fault->start_ns + 20 * NS_PER_MS;
}

/* What was disarmed in time is not told of: nothing else is on its way that far ahead. */
static void forget_news(struct hands *hands, const struct action *action)
{
	LIST_EACH(hands->replies, struct reply, reply)
		reply->used |= hands->now_ns < action->fault->start_ns &&
			reply->due_ns >= action->fault->start_ns;
}

static void do_arm(struct hands *hands, const struct action *action)
{
	bool *armed = &fake_node(hands, action->node)->armed[fault_index(hands, action->fault)];

	assert_false(*armed);
	*armed = !action->fault->spec->on->processes;
	if (!*armed && !hands->no_news)
		add_news(hands, action);
	if (action->role == ROLE_ON && hands->outage_ns) {
		hands->bad_from_ns = action->fault->start_ns;
		hands->bad_to_ns = action->fault->start_ns + hands->outage_ns;
	}
}

static void do_heal(struct hands *hands, const struct action *action)
{
	struct reply *evidence;

	if (action->fault->spec->on->processes)
		forget_news(hands, action);
	evidence = add_reply(hands, EVENT_EVIDENCE, action->fault->spec->id, action->node);
	evidence->data = evidence_data(hands, action->fault);
	evidence->due_ns = hands->now_ns;
	fake_node(hands, action->node)->armed[fault_index(hands, action->fault)] = false;
}

/* The answer to an order to a node, and what the node makes of the order. */
static void order(struct hands *hands, const struct action *action, enum event_kind kind,
	void (*carry)(struct hands *hands, const struct action *action))
{
	enum behaviour behaviour = hands->behave ? hands->behave(hands, action) : BEHAVE;
	struct fake_node *node = fake_node(hands, action->node);
	struct reply *reply;

	if (node->lost && kind != EVENT_RECOVERED)
		behaviour = FAIL_SILENTLY;
	if (behaviour == BEHAVE || behaviour == SAY_NOTHING || behaviour == BE_SLOW)
		carry(hands, action);
	else if (kind == EVENT_HEALED)
		node->heal_failed = true;
	if (behaviour == NEVER_ANSWER)
		return;
	reply = add_reply(
		hands, kind, action->fault ? action->fault->spec->id : NULL, action->node);
	if (behaviour == BE_SLOW)
		reply->due_ns += 3 * NS_PER_SEC;
	if (kind == EVENT_HEALED)
		reply->due_ns += hands->heal_lag_ns;
	if (behaviour == REFUSE)
		make_fail(reply, FAIL_REFUSED, "the policy says no");
	else if (behaviour != BEHAVE && behaviour != BE_SLOW)
		make_fail(reply, FAIL_PEER, "no answer in time");
	if (kind == EVENT_AUDITED && reply->event.ok)
		reply->data = audit_data(hands, action->node);
	if (kind == EVENT_INSPECTED && reply->event.ok)
		reply->data = inspection_data(action->node, hands);
	if (behaviour == GET_LOST)
		add_reply(hands, EVENT_NODE_LOST, NULL, action->node);
}

static void do_nothing(struct hands *hands, const struct action *action)
{
	(void)hands;
	(void)action;
}

static void do_recover(struct hands *hands, const struct action *action)
{
	struct fake_node *node = fake_node(hands, action->node);

	for (size_t i = 0; i < FAULTS_MAX; i++)
		node->armed[i] = false;
	node->lost = false;
}

static void query(struct hands *hands, const struct action *action)
{
	enum behaviour behaviour = hands->behave ? hands->behave(hands, action) : BEHAVE;
	struct reply *reply;

	hands->queries++;
	if (behaviour == NEVER_ANSWER)
		return;
	reply = add_reply(hands, EVENT_ANSWER, action->group->name, action->node);
	reply->event.value = hands->leader && strcmp(action->node, hands->leader) == 0;
	if (behaviour != BEHAVE)
		make_fail(reply, FAIL_PEER, "Connection refused");
}

static void start_probes(struct hands *hands)
{
	struct fail fail = FAIL_INIT;

	hands->probes_ns = hands->now_ns + 200 * NS_PER_MS;
	hands->probing = true;
	assert_int_equal(
		engine_note(hands->engine,
			given_json("{'event':'source','t_ns':%lld,'probe':'put','from':'client',"
				   "'start_ns':%lld,'rate':50}",
				(long long)hands->now_ns, (long long)hands->probes_ns),
			&fail),
		0);
	add_reply(hands, EVENT_PROBES_STARTED, NULL, NULL);
}

static void stop_probes(struct hands *hands)
{
	int64_t due = (hands->now_ns - hands->probes_ns) / (20 * NS_PER_MS);

	if (hands->probing && hands->now_ns < hands->deaf_from_ns && due > hands->sent_events)
		send_events(hands, due - hands->sent_events);
	hands->probing = false;
	add_reply(hands, EVENT_PROBES_STOPPED, NULL, NULL);
}

static void read_back(struct hands *hands, const struct action *action)
{
	enum behaviour behaviour = hands->behave ? hands->behave(hands, action) : BEHAVE;
	struct reply *reply = add_reply(hands, EVENT_READ, action->workload->name, NULL);

	hands->reads++;
	if (behaviour == BEHAVE)
		reply->data = read_data(hands, action->workload);
	else
		make_fail(reply, FAIL_PEER, "the prober is gone");
}

static void write_journal(struct hands *hands, struct action *action)
{
	hands->stopped =
		hands->stopped || strcmp(json_string(action->data, "event", ""), "stop") == 0;
	json_append(hands->journal, action->data);
}

static void take(struct hands *hands, struct action *action)
{
	switch (action->kind) {
	case ACTION_JOURNAL:
		write_journal(hands, action);
		break;
	case ACTION_START_PROBES:
		start_probes(hands);
		break;
	case ACTION_QUERY:
		query(hands, action);
		break;
	case ACTION_INSPECT:
		assert_false(hands->stopped);
		hands->inspections++;
		order(hands, action, EVENT_INSPECTED, do_nothing);
		break;
	case ACTION_ARM:
		assert_false(hands->stopped);
		hands->arms++;
		order(hands, action, EVENT_ARMED, do_arm);
		break;
	case ACTION_HEAL:
		hands->heals++;
		order(hands, action, EVENT_HEALED, do_heal);
		break;
	case ACTION_TELL_HEALED:
		hands->told++;
		break;
	case ACTION_STOP_PROBES:
		assert_false(hands_anything_armed(hands) && !hands->stopped);
		stop_probes(hands);
		break;
	case ACTION_READ:
		read_back(hands, action);
		break;
	case ACTION_AUDIT:
		order(hands, action, EVENT_AUDITED, do_nothing);
		break;
	case ACTION_RECOVER:
		hands->recoveries++;
		order(hands, action, EVENT_RECOVERED, do_recover);
		break;
	case ACTION_SERVICES:
		add_reply(hands, EVENT_SERVICES, NULL, NULL)->data =
			given_json("{'services':['n1 etcd running']}");
		break;
	case ACTION_DONE:
		hands->done = true;
		break;
	}
}

static void carry_out(struct hands *hands)
{
	struct action action;

	while (engine_action(hands->engine, &action))
		take(hands, &action);
}

/* --- time --------------------------------------------------------------------------------- */

/* One answer that is due; false when there is none. Answers may make further answers. */
static bool deliver_one(struct hands *hands)
{
	for (size_t i = 0; i < hands->replies.count; i++) {
		struct reply *slot = LIST_AT(hands->replies, struct reply, i), reply;

		if (slot->used || slot->due_ns > hands->now_ns)
			continue;
		slot->used = true;
		reply = *slot;
		reply.event.fail = reply.event.ok ? NULL : &reply.fail;
		if (reply.event.kind == EVENT_EVIDENCE && !reply.data)
			reply.data = evidence_data(hands,
				record_fault(engine_record(hands->engine), reply.event.name));
		reply.event.data = reply.data;
		reply.event.at_ns = hands->now_ns;
		if (reply.event.kind == EVENT_NODE_LOST)
			hands_lose(hands, reply.event.node);
		else
			hands_feed(hands, reply.event);
		cJSON_Delete(reply.data);
		return true;
	}
	return false;
}

bool hands_run_to(struct hands *hands, enum engine_state state, int64_t until_ns)
{
	while (!hands->done && hands->now_ns < until_ns) {
		if (engine_state(hands->engine) == state)
			return true;
		if (deliver_one(hands))
			continue;
		hands->now_ns += TICK_NS / 5;
		if (hands->now_ns % TICK_NS != 0)
			continue;
		probe(hands);
		hands_feed(hands, (struct event){.kind = EVENT_TICK});
	}
	return engine_state(hands->engine) == state;
}

bool hands_run(struct hands *hands, int64_t until_ns)
{
	return hands_run_to(hands, ENGINE_DONE, until_ns);
}

/* --- life --------------------------------------------------------------------------------- */

static void note(struct hands *hands, cJSON *event)
{
	struct fail fail = FAIL_INIT;

	if (engine_note(hands->engine, event, &fail) < 0)
		fail_msg("%s", fail.text);
}

void hands_init(struct hands *hands, cJSON *tree)
{
	static const char *const names[NODES] = {"n1", "n2", "n3", "client"};
	const struct engine_options options = {.lead_ns = 500 * NS_PER_MS};
	cJSON *started = given_event_json("run_started", 0, "'journal':1,'run':'r1'");
	struct fail fail = FAIL_INIT;

	*hands = (struct hands){.journal = json_array(),
		.leader = "n2",
		.outage_ns = 1500 * NS_PER_MS,
		.bad_from_ns = INT64_MAX,
		.bad_to_ns = INT64_MAX,
		.deaf_from_ns = INT64_MAX};
	json_put(started, "scenario", cJSON_Duplicate(tree, true));
	hands->scenario = given_scenario(tree);
	hands->catalogue = given_kept_catalogue();
	hands->plan = given_plan(&hands->scenario, hands->catalogue);
	hands->engine = engine_new(&hands->plan, &options, started, &fail);
	cJSON_Delete(started);
	assert_non_null(hands->engine);
	for (size_t i = 0; i < NODES; i++)
		hands->nodes[i].name = names[i];
	for (size_t i = 0; i < NODES; i++) {
		cJSON *audit = audit_data(hands, names[i]);

		note(hands, given_json("{'event':'node','t_ns':0,'node':'%s'}", names[i]));
		json_put_string(audit, "event", "audit");
		json_put_string(audit, "node", names[i]);
		json_put_string(audit, "when", "before");
		note(hands, audit);
	}
	note(hands,
		given_json("{'event':'services','t_ns':0,'when':'before',"
			   "'services':['n1 etcd running']}"));
	engine_start(hands->engine, 0);
	carry_out(hands);
}

void hands_deinit(struct hands *hands)
{
	LIST_EACH(hands->replies, struct reply, reply)
		if (!reply->used)
			cJSON_Delete(reply->data);
	free(hands->replies.items);
	cJSON_Delete(hands->journal);
	engine_free(hands->engine);
	plan_deinit(&hands->plan);
	scenario_deinit(&hands->scenario);
}

/* --- what came of it ---------------------------------------------------------------------- */

bool hands_anything_armed(const struct hands *hands)
{
	for (size_t i = 0; i < NODES; i++)
		for (size_t j = 0; j < FAULTS_MAX; j++)
			if (hands->nodes[i].armed[j])
				return true;
	return false;
}

const cJSON *hands_event(const struct hands *hands, const char *type)
{
	for (const cJSON *event = hands->journal->child; event; event = event->next)
		if (strcmp(json_string(event, "event", ""), type) == 0)
			return event;
	return NULL;
}

size_t hands_journaled(const struct hands *hands, const char *type)
{
	size_t count = 0;

	for (const cJSON *event = hands->journal->child; event; event = event->next)
		count += strcmp(json_string(event, "event", ""), type) == 0;
	return count;
}

struct judgement hands_judgement(const struct hands *hands, struct record *out_record)
{
	struct judgement own, read;
	struct fail fail = FAIL_INIT;

	assert_int_equal(record_init(out_record, hands->journal->child, &fail), 0);
	for (const cJSON *event = hands->journal->child->next; event; event = event->next)
		if (record_apply(out_record, event, &fail) < 0)
			fail_msg("%s: %s", json_string(event, "event", "?"), fail.text);
	judge(engine_record(hands->engine), &own);
	judge(out_record, &read);
	assert_int_equal(read.exit_code, own.exit_code);
	assert_int_equal(read.code_count, own.code_count);
	assert_string_equal(read.reason, own.reason);
	for (size_t i = 0; i < read.claims.count; i++)
		assert_string_equal(LIST_AT(read.claims, struct claim_judgement, i)->text,
			LIST_AT(own.claims, struct claim_judgement, i)->text);
	judgement_deinit(&own);
	return read;
}

int hands_code(const struct hands *hands)
{
	struct record record;
	struct judgement judgement = hands_judgement(hands, &record);
	int code = judgement.exit_code;

	judgement_deinit(&judgement);
	record_deinit(&record);
	return code;
}
