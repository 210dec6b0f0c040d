/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/groups.h"
#include "controller/prober/asker.h"
#include "controller/prober/asker_run.h"
#include "controller/prober/orders.h"
#include "controller/prober/value.h"
#include "controller/run/reach.h"
#include "controller/run/run_parts.h"
#include "controller/run/tls_files.h"

/* Probers and askers: starting them where they measure from, their windows, final reads. */

/* Between the order and the first event, so that every prober has its orders by then. */
#define PROBES_LEAD_NS (500 * NS_PER_MS)
/* A final read may take its own timeout for each member, one after the other, and a while. */
#define READ_GRACE_NS (10 * NS_PER_SEC)
/* A program that says which role a node has; as the help of `where.exec` tells. */
#define WHERE_EXEC_TIMEOUT_NS (2 * NS_PER_SEC)

/* One for each probe, member and workload are usual. */
enum {
	WINDOWS_A_SECOND = 5000
};

static int64_t to_theirs(const struct run_prober *prober, int64_t ours_ns)
{
	return ours_ns + (int64_t)prober->run->zero + prober->clock.offset_ns;
}

static struct run_prober *find_prober(struct run *run, const char *node)
{
	for (size_t i = 0; i < run->prober_count; i++)
		if (strcmp(run->probers[i].node, node) == 0)
			return &run->probers[i];
	return NULL;
}

/* The nodes that a probe or workload runs at: groups among them must be resolved. */
static void origins(const struct run *run, const struct list *from, struct list *out)
{
	nodes_of_names(&run->plan, &engine_record(run->engine)->groups, from, out);
}

/* --- connecting ------------------------------------------------------------------------ */

static void notified(void *context, const struct wire_message *message)
{
	struct run_prober *prober = context;
	struct event event = {.node = prober->node, .data = message->body};

	if (strcmp(message->method, "window") == 0) {
		event.kind = EVENT_WINDOW;
		event.name = json_string(message->body, "probe", "");
	} else if (strcmp(message->method, "operations") == 0) {
		event.kind = EVENT_OPERATIONS;
		event.name = json_string(message->body, "workload", "");
	} else if (strcmp(message->method, "read_back") == 0) {
		event.kind = EVENT_READ_BACK;
		event.name = json_string(message->body, "workload", "");
	} else {
		return;
	}
	run_feed(prober->run, &event);
}

static void lost(void *context, const struct fail *why)
{
	struct run_prober *prober = context;
	struct event event = {.kind = EVENT_PROBER_LOST, .node = prober->node, .fail = why};

	prober->link = NULL;
	if (engine_state(prober->run->engine) == ENGINE_NEW)
		run_trouble(prober->run, why);
	else
		run_feed(prober->run, &event);
}

static void said(void *context, const char *line)
{
	struct run_prober *prober = context;

	if (!prober->run->options->quiet)
		screen_say(&prober->run->screen, "  prober at %s: %s", prober->node, line);
}

static void clock_known(void *context, const struct fail *why)
{
	struct run_prober *prober = context;
	struct fail fail;

	if (!why) {
		prober->run->waiting--;
		return;
	}
	fail = *why;
	fail_context(&fail, "prober at %s", prober->node);
	run_trouble(prober->run, &fail);
}

static void hello_came(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run_prober *prober = context;

	if (reply)
		run_measure_clock(prober->run, prober->link, &prober->clock, clock_known, prober);
	else
		run_trouble(prober->run, why);
}

static int open_prober(struct run *run, struct run_prober *prober, struct fail *fail)
{
	static const char *const words[] = {"probe", NULL};
	struct list argv =
		reach_argv(run->self_dir, plan_node(&run->plan, prober->node), "backburn", words);
	char label[128];
	const struct link_options options = {.label = label,
		.argv = &argv,
		.max_line = WIRE_LINE_TO_INJECTOR_MAX,
		.max_notices = WINDOWS_A_SECOND,
		.context = prober,
		.notified = notified,
		.lost = lost,
		.said = said};

	snprintf(label, sizeof(label), "prober at %s", prober->node);
	prober->link = link_open(run->loop, &options, fail);
	list_free_texts(&argv);
	return prober->link ? 0 : -1;
}

static void collect_origins(const struct run *run, struct list *out)
{
	LIST_EACH(run->scenario.probes, struct probe_spec, probe)
		origins(run, &probe->from, out);
	LIST_EACH(run->scenario.workloads, struct workload_spec, workload)
		origins(run, &workload->from, out);
}

int run_connect_probers(struct run *run, struct fail *fail)
{
	struct list names = {0};

	collect_origins(run, &names);
	run->probers = must_array(names.count + 1, sizeof(*run->probers));
	LIST_EACH(names, char *, name) {
		if (find_prober(run, *name))
			continue;
		run->probers[run->prober_count++] =
			(struct run_prober){.run = run, .node = plan_node(&run->plan, *name)->name};
	}
	list_free_texts(&names);
	for (size_t i = 0; i < run->prober_count; i++) {
		struct prober_hello hello = {.version = PROBER_VERSION};

		if (open_prober(run, &run->probers[i], fail) < 0)
			return -1;
		run->waiting++;
		link_request(run->probers[i].link, "hello",
			shape_encode(&prober_hello_shape, &hello),
			&(struct link_wait){REQUEST_TIMEOUT_NS, hello_came, &run->probers[i]});
	}
	if (run_await(run, fail) < 0)
		return -1;
	FAILPOINT(probers_connected);
	return 0;
}

/* --- starting -------------------------------------------------------------------------- */

static void probes_failed(struct run *run, const struct fail *why)
{
	struct event event = {.kind = EVENT_PROBES_STARTED, .fail = why};

	run->probes_at_ns = NEVER_NS;
	run_feed(run, &event);
}

static void started(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run *run = context;

	if (!reply)
		probes_failed(run, why);
}

static void log_source(
	struct run *run, const struct probe_spec *probe, const char *from, const char *member)
{
	cJSON *event = journal_event("source", run_now_ns(run));
	struct fail fail = FAIL_INIT;

	json_put_string(event, "probe", probe->name);
	json_put_string(event, "from", from);
	if (member)
		json_put_string(event, "to", member);
	json_put_number(event, "start_ns", (double)run->probes_at_ns);
	json_put_number(event, "rate", probe->rate);
	if (engine_note(run->engine, event, &fail) < 0)
		probes_failed(run, &fail);
}

static int start_probe_to(struct run_prober *prober, const struct probe_spec *probe,
	const char *member, struct fail *fail)
{
	struct run *run = prober->run;
	const struct order_context context = {.plan = &run->plan,
		.groups = &engine_record(run->engine)->groups,
		.secrets = &run->secrets.list,
		.tls = &run->tls,
		.from = prober->node,
		.start_ns = to_theirs(prober, run->probes_at_ns)};
	cJSON *order = order_probe(&context, probe, member, fail);

	if (!order)
		return -1;
	log_source(run, probe, prober->node, member);
	link_request(prober->link, "probe", order,
		&(struct link_wait){REQUEST_TIMEOUT_NS, started, run});
	return 0;
}

/* With `each` every member has an open loop of its own, so that none waits for another. */
static int start_probe(
	struct run *run, const struct probe_spec *probe, const char *from, struct fail *fail)
{
	const struct order_context context = {
		.plan = &run->plan, .groups = &engine_record(run->engine)->groups};
	struct run_prober *prober = find_prober(run, from);
	struct list members = {0};
	int outcome = 0;

	if (!probe->to || probe->to->policy != POLICY_EACH)
		return start_probe_to(prober, probe, NULL, fail);
	order_members(&context, probe, &members);
	LIST_EACH(members, char *, member)
		if (outcome == 0)
			outcome = start_probe_to(prober, probe, *member, fail);
	list_free_texts(&members);
	return outcome;
}

static int start_workload(
	struct run *run, const struct workload_spec *workload, const char *from, struct fail *fail)
{
	struct run_prober *prober = find_prober(run, from);
	cJSON *order = order_workload(&run->plan, &engine_record(run->engine)->groups, workload,
		to_theirs(prober, run->probes_at_ns), fail);

	if (!order)
		return -1;
	link_request(prober->link, "workload", order,
		&(struct link_wait){REQUEST_TIMEOUT_NS, started, run});
	return 0;
}

static int start_all(struct run *run, struct fail *fail)
{
	struct list from = {0};
	int outcome = 0;

	LIST_EACH(run->scenario.probes, struct probe_spec, probe) {
		origins(run, &probe->from, &from);
		LIST_EACH(from, char *, name)
			if (outcome == 0)
				outcome = start_probe(run, probe, *name, fail);
		list_free_texts(&from);
	}
	LIST_EACH(run->scenario.workloads, struct workload_spec, workload) {
		origins(run, &workload->from, &from);
		LIST_EACH(from, char *, name)
			if (outcome == 0)
				outcome = start_workload(run, workload, *name, fail);
		list_free_texts(&from);
	}
	return outcome;
}

/* The engine hears that the probes have started when their first event is due (run_loop.c's tick).
 */
void run_start_probes(struct run *run)
{
	struct fail fail = FAIL_INIT;

	run->probes_at_ns = run_now_ns(run) + PROBES_LEAD_NS;
	if (start_all(run, &fail) < 0)
		probes_failed(run, &fail);
	FAILPOINT(probes_started);
}

/* --- stopping -------------------------------------------------------------------------- */

static void one_stopped(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run *run = context;
	struct event event = {.kind = EVENT_PROBES_STOPPED, .ok = true};

	(void)reply;
	(void)why; /* a prober that is gone is silent, too */
	if (--run->waiting == 0)
		run_feed(run, &event);
}

void run_stop_probes(struct run *run)
{
	struct event event = {.kind = EVENT_PROBES_STOPPED, .ok = true};

	run->waiting = 0;
	for (size_t i = 0; i < run->prober_count; i++)
		run->waiting += run->probers[i].link != NULL;
	if (run->waiting == 0) {
		run_feed(run, &event);
		return;
	}
	for (size_t i = 0; i < run->prober_count; i++)
		if (run->probers[i].link)
			link_request(run->probers[i].link, "stop", NULL,
				&(struct link_wait){REQUEST_TIMEOUT_NS, one_stopped, run});
	FAILPOINT(probes_stopped);
}

/* --- final reads ----------------------------------------------------------------------- */

struct reading {
	struct run *run;
	const struct workload_spec *workload;
};

static void read_done(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct reading *reading = context;
	struct event event = {.kind = EVENT_READ,
		.name = reading->workload->name,
		.ok = reply != NULL,
		.fail = why};

	event.data = reply ? reply->body : NULL;
	run_feed(reading->run, &event);
	free(reading);
}

void run_read(struct run *run, const struct workload_spec *workload)
{
	const struct list *groups = &engine_record(run->engine)->groups;
	struct reading *reading = must_alloc(sizeof(*reading));
	struct list from = {0};
	struct fail fail = FAIL_INIT;
	struct run_prober *prober = NULL;
	cJSON *order;

	*reading = (struct reading){.run = run, .workload = workload};
	origins(run, &workload->from, &from);
	if (from.count)
		prober = find_prober(run, *LIST_AT(from, char *, 0));
	list_free_texts(&from);
	order = order_final_read(&run->plan, groups, workload, &fail);
	if (order && prober && prober->link) {
		link_request(prober->link, "final_read", order,
			&(struct link_wait){
				workload->final_read->timeout_ns * (int64_t)(run->node_count + 1) +
					READ_GRACE_NS,
				read_done, reading});
		FAILPOINT(read_ordered);
		return;
	}
	if (order)
		fail_set(&fail, FAIL_PEER, "the prober that would read %s is gone", workload->name);
	cJSON_Delete(order);
	read_done(reading, NULL, &fail);
}

/* --- where ----------------------------------------------------------------------------- */

static void asker_notified(void *context, const struct wire_message *message)
{
	(void)context;
	(void)message;
}

static void asker_lost(void *context, const struct fail *why)
{
	struct run_node *node = context;

	(void)why; /* what was asked has been answered with it */
	node->asker = NULL;
}

static int open_asker(struct run_node *node, struct fail *fail)
{
	static const char *const words[] = {"ask", NULL};
	struct list argv = reach_argv(node->run->self_dir, node->node, "backburn", words);
	char label[128];
	const struct link_options options = {.label = label,
		.argv = &argv,
		.max_line = WIRE_LINE_TO_INJECTOR_MAX,
		.context = node,
		.notified = asker_notified,
		.lost = asker_lost};

	snprintf(label, sizeof(label), "asker at %s", node->node->name);
	node->asker = link_open(node->run->loop, &options, fail);
	list_free_texts(&argv);
	return node->asker ? 0 : -1;
}

struct question {
	struct run_node *node;
	const struct group_spec *group;
};

static int read_metric(const struct where_spec *where, const struct wire_message *reply,
	double *out_value, struct fail *fail)
{
	const struct value_order order = {
		.format = VALUE_METRIC, .metric = where->metric, .labels = where->labels};
	struct ask_answer answer;
	char why[VALUE_WHY_SIZE];
	int outcome = 0;

	if (shape_decode(&ask_answer_shape, reply->body, "", &answer, fail) < 0)
		return -1;
	if (answer.status != 200)
		outcome = fail_set(fail, FAIL_PEER, "HTTP status %lld", (long long)answer.status);
	else if (value_read(&order, answer.body, strlen(answer.body), out_value, why) < 0)
		outcome = fail_set(fail, FAIL_PEER, "%s", why);
	shape_free(&ask_answer_shape, &answer);
	return outcome;
}

/* Of a program that should say something, another exit status is no answer but an error. */
static int read_ran(const struct where_spec *where, const struct wire_message *reply,
	double *out_value, struct fail *fail)
{
	struct ask_ran ran;
	bool as_expected;

	if (shape_decode(&ask_ran_shape, reply->body, "", &ran, fail) < 0)
		return -1;
	as_expected = ran.exit_code == where->exit_code;
	*out_value = as_expected &&
		(!where->first_line || strcmp(ran.first_line, where->first_line) == 0);
	shape_free(&ask_ran_shape, &ran);
	if (where->first_line && !as_expected)
		return fail_set(fail, FAIL_PEER, "%.40s exited with status %lld",
			*LIST_AT(where->exec, char *, 0), (long long)ran.exit_code);
	return 0;
}

static int read_answer(const struct question *question, const struct wire_message *reply,
	double *out_value, struct fail *fail)
{
	const struct where_spec *where = question->group->where;

	return where->http ? read_metric(where, reply, out_value, fail)
			   : read_ran(where, reply, out_value, fail);
}

static void answered(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct question *question = context;
	struct event event = {.kind = EVENT_ANSWER,
		.name = question->group->name,
		.node = question->node->node->name};
	struct fail fail = FAIL_INIT;

	if (!reply)
		fail = *why;
	event.ok = reply && read_answer(question, reply, &event.value, &fail) == 0;
	event.fail = &fail;
	run_feed(question->node->run, &event);
	free(question);
}

static int send_get(struct question *question, const struct plan_text *text, struct fail *fail)
{
	const struct where_http *http = question->group->where->http;
	struct ask_get get = {.timeout_ns = http->timeout_ns};
	const struct list *texts = &question->node->run->tls;
	int outcome = plan_expand(text, http->url, &get.url, fail);

	if (outcome == 0 && http->tls) {
		get.tls = must_alloc(sizeof(*get.tls));
		outcome = order_tls(http->tls,
			tls_text_of(texts, TLS_OF_GROUP, question->group->name), text, get.tls,
			fail);
	}
	if (outcome == 0)
		link_request(question->node->asker, "get", shape_encode(&ask_get_shape, &get),
			&(struct link_wait){get.timeout_ns + NS_PER_SEC, answered, question});
	shape_free(&ask_get_shape, &get);
	return outcome;
}

static int send_run(struct question *question, const struct plan_text *text, struct fail *fail)
{
	struct ask_run run = {.timeout_ns = WHERE_EXEC_TIMEOUT_NS};
	char *word;
	int outcome = 0;

	LIST_EACH(question->group->where->exec, char *, given) {
		outcome = outcome < 0 ? outcome : plan_expand(text, *given, &word, fail);
		if (outcome == 0) {
			list_push_text(&run.argv, word);
			free(word);
		}
	}
	if (outcome == 0)
		link_request(question->node->asker, "run", shape_encode(&ask_run_shape, &run),
			&(struct link_wait){run.timeout_ns + NS_PER_SEC, answered, question});
	list_free_texts(&run.argv);
	return outcome;
}

void run_query(struct run *run, const struct group_spec *group, const char *name)
{
	struct question *question = must_alloc(sizeof(*question));
	struct run_node *node = run_find_node(run, name);
	const struct plan_text text = {.plan = &run->plan,
		.node = node->node,
		.groups = &engine_record(run->engine)->groups};
	struct fail fail = FAIL_INIT;
	int outcome = 0;

	*question = (struct question){.node = node, .group = group};
	if (!node->asker)
		outcome = open_asker(node, &fail);
	if (outcome == 0 && group->where->http)
		outcome = send_get(question, &text, &fail);
	else if (outcome == 0)
		outcome = send_run(question, &text, &fail);
	if (outcome < 0) {
		answered(question, NULL, &fail);
		return;
	}
	FAILPOINT(where_asked);
}
