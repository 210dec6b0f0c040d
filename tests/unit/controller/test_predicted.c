/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/list.h"
#include "controller/predict/difference.h"
#include "controller/predict/earlier.h"
#include "controller/report/preview.h"
#include "controller/report/preview_parts.h"
#include "given.h"

/* The predicted radius: joined, shared out, drawn, and compared with an earlier one. */

static void node(struct record *record, const char *name, int address, const char *labels)
{
	given_event(record, "node", 0,
		"'node':'%s','host':'%s','kernel':'6.1','tool':'t','attach':'tcx','addresses':["
		"'10.0.0.%d','fd00::%d'],'labels':{%s}",
		name, name, address, address, labels);
}

/* n1 leads and would be cut off from n2 and n3. */
static struct record planned_cut(const char *on, const char *from)
{
	struct record record = given_record(given_tree());

	node(&record, "n1", 1, "'role':'etcd','zone':'a'");
	node(&record, "n2", 2, "'role':'etcd','zone':'b'");
	node(&record, "n3", 3, "'role':'etcd','zone':'b'");
	node(&record, "client", 9, "'role':'client'");
	given_event(&record, "group_resolved", 0, "'group':'members','nodes':['n1','n2','n3']");
	given_event(&record, "group_resolved", 0, "'group':'leader','nodes':[%s]", on);
	given_event(&record, "fault_planned", 0, "'fault':'cut-leader','on':[%s],'from':[%s]", on,
		from);
	return record;
}

static void inspected(struct record *record, const char *at, const char *members)
{
	given_event(record, "fault_inspected", 0,
		"'fault':'cut-leader','node':'%s','result':{'effects':[],'undo':[],"
		"'interfaces':[],'foreign':[],%s}",
		at, members);
}

#define CONNECTION(local, remote, peer, rest)                                                      \
	"{'local':'" local "','remote':'" remote "','peer':'" peer "','state':'established'" rest  \
	"}"
#define SERVES ",'listens':true,'program':'etcd','pid':7"
#define OPENED ",'program':'etcd','pid':7"
#define BOTH_WAYS(peers)                                                                           \
	"'matches':[{'direction':'ingress','peers':[" peers                                        \
	"]},{'direction':'egress','peers':[" peers "]}]"

/* Two connections from n2 to n1, seen from both; one from n1 to n3, of which only n1 has told. */
static struct record seen_from_both(void)
{
	struct record record = planned_cut("'n1'", "'n2','n3'");

	inspected(&record, "n1",
		"'connections':[" CONNECTION("10.0.0.1:2380", "10.0.0.2:4001", "n2",
			SERVES) "," CONNECTION("10.0.0.1:2380", "10.0.0.2:4002", "n2",
			SERVES) "," CONNECTION("[fd00::1]:5001", "[fd00::3]:2380", "n3",
			OPENED) "],'connection_count':3," BOTH_WAYS("'n2','n3'") ",'clients':[{'"
										 "port':2379,'"
										 "program':'etcd','"
										 "pid':7,'address':"
										 "'10.0.0.9',"
										 "'connections':5},"
										 "{'port':2380,'"
										 "program':'etcd','"
										 "pid':7,'address':"
										 "'10.0.0.2',"
										 "'connections':2},"
										 "{'port':22,'"
										 "address':'192.0."
										 "2.7','"
										 "connections':1}"
										 "]");
	inspected(&record, "n2",
		"'connections':[" CONNECTION("10.0.0.2:4001", "10.0.0.1:2380", "n1",
			OPENED) "," CONNECTION("10.0.0.2:4002", "10.0.0.1:2380", "n1",
			OPENED) "],'connection_count':2," BOTH_WAYS("'n1'"));
	inspected(&record, "n3", "'connections':[],'connection_count':0," BOTH_WAYS("'n1'"));
	return record;
}

static struct predicted predicted_of(struct record record)
{
	struct predicted predicted;

	predict(&record, &predicted);
	record_deinit(&record);
	return predicted;
}

static const struct predicted_flow *flow_between(
	const struct list *flows, const char *client, const char *server)
{
	LIST_EACH(*flows, struct predicted_flow, flow)
		if (strcmp(flow->client, client) == 0 && strcmp(flow->server, server) == 0)
			return flow;
	fail_msg("nothing from %s to %s", client, server);
	return NULL;
}

/* --- joining ----------------------------------------------------------------------------- */

static void a_connection_seen_from_both_ends_is_one(void **state)
{
	struct predicted predicted = predicted_of(seen_from_both());
	const struct predicted_fault *fault = predicted_fault(&predicted, "cut-leader");
	const struct predicted_connection *first;
	const struct predicted_flow *flow;

	(void)state;
	assert_int_equal(fault->connection_count, 3);
	assert_false(fault->at_least);
	assert_int_equal(fault->connections.count, 3);
	first = fault->connections.items;
	assert_string_equal(first->client, "n2");
	assert_string_equal(first->client_address, "10.0.0.2:4001");
	assert_string_equal(first->server, "n1");
	assert_string_equal(first->server_address, "10.0.0.1:2380");
	assert_string_equal(first->program, "etcd");
	assert_true(first->both);
	flow = flow_between(&fault->flows, "n2", "n1");
	assert_int_equal(flow->connections, 2);
	assert_int_equal(flow->port, 2380);
	assert_string_equal(flow->client_program, "etcd");
	/* Nobody listens on the port at this end, and the other host has not said anything. */
	flow = flow_between(&fault->flows, "n1", "n3");
	assert_int_equal(flow->connections, 1);
	assert_int_equal(flow->port, 2380);
	assert_null(flow->server_program);
	assert_int_equal(predicted_between(fault, "n1", "n2"), 2);
	assert_int_equal(predicted_between(fault, "n3", "n1"), 1);
	assert_int_equal(predicted_between(fault, "n3", "n2"), 0);
	predicted_free(&predicted);
}

static void who_opened_it_is_not_guessed(void **state)
{
	struct record record = planned_cut("'n1'", "'n2','n3'");
	struct predicted predicted;
	const struct predicted_flow *flow;

	(void)state;
	/* The server has stopped listening: to both hosts this is a port like any other. */
	inspected(&record, "n1",
		"'connections':[" CONNECTION(
			"10.0.0.1:2380", "10.0.0.2:4001", "n2", OPENED) "],'connection_count':9");
	inspected(&record, "n2",
		"'connections':[" CONNECTION(
			"10.0.0.2:4001", "10.0.0.1:2380", "n1", OPENED) "],'connection_count':1");
	predicted = predicted_of(record);
	flow = flow_between(&predicted_fault(&predicted, "cut-leader")->flows, "n1", "n2");
	assert_int_equal(flow->port, 0);
	assert_true(LIST_AT(predicted_fault(&predicted, "cut-leader")->connections,
		struct predicted_connection, 0)
			    ->unsure);
	/* One host had more than its answer could hold. */
	assert_true(predicted_fault(&predicted, "cut-leader")->at_least);
	predicted_free(&predicted);
}

static void an_address_is_its_node_s(void **state)
{
	struct record record = planned_cut("'n1'", "'everything'");
	struct predicted predicted;
	const struct predicted_fault *fault;

	(void)state;
	inspected(&record, "n1",
		"'connections':[" CONNECTION("[fd00::1]:2379", "[fd00::9]:4001", "everything",
			SERVES) "," CONNECTION("10.0.0.1:2379", "192.0.2.7:4001", "everything",
			SERVES) "],'connection_count':2");
	predicted = predicted_of(record);
	fault = predicted_fault(&predicted, "cut-leader");
	assert_int_equal(flow_between(&fault->flows, "client", "n1")->connections, 1);
	assert_int_equal(flow_between(&fault->flows, "everything", "n1")->connections, 1);
	predicted_free(&predicted);
}

static void links_are_the_ways_that_the_nodes_named(void **state)
{
	struct record record = planned_cut("'n1'", "'n2','n3'");
	struct predicted predicted;
	const struct predicted_link *links;
	const struct predicted_fault *fault;

	(void)state;
	/* The same way, named at both ends, and nothing back. */
	inspected(&record, "n1",
		"'connections':[],'connection_count':0,'matches':[{'direction':'egress',"
		"'peers':['n2']}]");
	inspected(&record, "n2",
		"'connections':[],'connection_count':0,'matches':[{'direction':'ingress',"
		"'peers':['n1']}]");
	predicted = predicted_of(record);
	fault = predicted_fault(&predicted, "cut-leader");
	links = fault->links.items;
	assert_int_equal(fault->links.count, 1);
	assert_int_equal(fault->link_count, 1);
	assert_string_equal(links[0].from, "n1");
	assert_string_equal(links[0].to, "n2");
	predicted_free(&predicted);
	/* A journal in which nobody names ways has both of each pair. */
	predicted = predicted_of(planned_cut("'n1'", "'n2','n3'"));
	assert_int_equal(predicted_fault(&predicted, "cut-leader")->link_count, 4);
	predicted_free(&predicted);
}

static void who_depends_on_a_hit_node_is_named(void **state)
{
	struct predicted predicted = predicted_of(seen_from_both());
	const struct predicted_fault *fault = predicted_fault(&predicted, "cut-leader");
	const struct predicted_flow *flow = flow_between(&fault->dependents, "client", "n1");

	(void)state;
	assert_int_equal(flow->connections, 5);
	assert_int_equal(flow->port, 2379);
	assert_string_equal(flow->server_program, "etcd");
	assert_false(flow->hit);
	flow = flow_between(&fault->dependents, "n2", "n1");
	assert_true(flow->hit);
	assert_string_equal(flow->client_program, "etcd");
	/* No node has that address. */
	assert_int_equal(flow_between(&fault->dependents, "192.0.2.7", "n1")->port, 22);
	predicted_free(&predicted);
}

/* --- shares ------------------------------------------------------------------------------ */

static const struct predicted_share *share_of(const struct predicted_phase *phase, const char *of)
{
	LIST_EACH(phase->shares, struct predicted_share, share)
		if (strcmp(share->of, of) == 0)
			return share;
	fail_msg("no share of %s", of);
	return NULL;
}

static void assert_share(
	const struct predicted_phase *phase, const char *of, int64_t hit, int64_t total)
{
	assert_int_equal(share_of(phase, of)->hit, hit);
	assert_int_equal(share_of(phase, of)->total, total);
}

static void shares_are_of_groups_and_label_values(void **state)
{
	struct predicted predicted = predicted_of(planned_cut("'n2','n3'", "'n1'"));
	const struct predicted_phase *phase = predicted_phase(&predicted, "cut");

	(void)state;
	assert_int_equal(phase->nodes.count, 2);
	assert_share(phase, "group members", 2, 3);
	assert_share(phase, "group leader", 2, 2);
	assert_share(phase, "role=etcd", 2, 3);
	/* Both are in it, and it is told once; zone a is not hit. */
	assert_share(phase, "zone=b", 2, 2);
	assert_int_equal(phase->shares.count, 4);
	predicted_free(&predicted);
}

static const struct predicted_limit *limit_of(const struct predicted_phase *phase, const char *name)
{
	LIST_EACH(phase->limits, struct predicted_limit, limit)
		if (strcmp(limit->limit, name) == 0)
			return limit;
	fail_msg("no limit of %s", name);
	return NULL;
}

static void a_quorum_is_a_majority_of_what_is_left(void **state)
{
	struct predicted one = predicted_of(planned_cut("'n1'", "'n2','n3'")),
			 two = predicted_of(planned_cut("'n2','n3'", "'n1'"));
	const struct predicted_quorum *quorum = predicted_phase(&one, "cut")->quorums.items;

	(void)state;
	/* That of the leader, a group of one, is nobody's business. */
	assert_int_equal(predicted_phase(&one, "cut")->quorums.count, 1);
	assert_string_equal(quorum->group, "members");
	assert_int_equal(quorum->left, 2);
	assert_int_equal(quorum->majority, 2);
	assert_true(quorum->kept && quorum->demanded);
	quorum = predicted_phase(&two, "cut")->quorums.items;
	assert_int_equal(quorum->left, 1);
	assert_false(quorum->kept);
	assert_true(limit_of(predicted_phase(&one, "cut"), "nodes")->kept);
	assert_true(limit_of(predicted_phase(&one, "cut"), "group members")->kept);
	assert_false(limit_of(predicted_phase(&two, "cut"), "nodes")->kept);
	assert_false(limit_of(predicted_phase(&two, "cut"), "group members")->kept);
	assert_true(limit_of(predicted_phase(&two, "cut"), "label zone")->kept);
	predicted_free(&one);
	predicted_free(&two);
}

/* --- drawn --------------------------------------------------------------------------------- */

static char *drawn(const struct predicted_fault *fault)
{
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	preview_links(out, fault);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_narrow(const char *text)
{
	for (; *text; text += strcspn(text, "\n") + 1)
		if (strcspn(text, "\n") > 80)
			fail_msg("wider than 80: %.*s", (int)strcspn(text, "\n"), text);
}

static void links_are_drawn(void **state)
{
	struct predicted predicted = predicted_of(seen_from_both());
	char *text = drawn(predicted_fault(&predicted, "cut-leader"));

	(void)state;
	assert_string_equal(text,
		"    links (x is what the fault hits)\n"
		"      n1\n"
		"       +<-x-> n2             2 live connections\n"
		"       |         n2 etcd -> n1 etcd:2380                           2\n"
		"       +<-x-> n3             1 live connection\n"
		"       |         n1 etcd -> n3 :2380                               1\n"
		"       +----- client         not hit; 5 depend on this node\n"
		"       |         client -> n1 etcd:2379                            5\n"
		"       +----- 192.0.2.7      not hit; 1 depend on this node\n"
		"                 192.0.2.7 -> n1 :22                               1\n");
	free(text);
	predicted_free(&predicted);
}

enum {
	MANY = 500
};

static void a_drawing_of_many_is_bounded_and_says_so(void **state)
{
	struct record record;
	struct predicted predicted;
	char *peers = malloc(MANY * 64), *from = malloc(MANY * 64), *members = NULL, *text;
	size_t peers_length = 0, from_length = 0;

	(void)state;
	assert_true(peers && from);
	for (int i = 0; i < MANY; i++) {
		peers_length += (size_t)sprintf(peers + peers_length,
			"%s'a-node-with-a-rather-long-name-%03d'", i ? "," : "", i);
		from_length += (size_t)sprintf(from + from_length,
			"%s'a-node-with-a-rather-long-name-%03d'", i ? "," : "", i);
	}
	record = planned_cut("'n1'", from);
	assert_true(asprintf(&members,
			    "'connections':[" CONNECTION("10.0.0.1:1", "10.1.0.1:2",
				    "a-node-with-a-rather-long-name-499",
				    SERVES) "],'connection_count':1,'matches':[{'direction':'"
					    "egress','peers':[%s]"
					    "}]",
			    peers) > 0);
	inspected(&record, "n1", members);
	predicted = predicted_of(record);
	assert_int_equal(predicted_fault(&predicted, "cut-leader")->link_count, MANY);
	text = drawn(predicted_fault(&predicted, "cut-leader"));
	/* The one that lives comes first, whatever its name. */
	assert_non_null(strstr(text, "      n1\n       +--x-> a-node-with-a~ 1 live connection\n"));
	assert_non_null(strstr(text, "       + 492 more, with 0 live connections\n"));
	assert_narrow(text);
	free(text);
	free(members);
	free(peers);
	free(from);
	predicted_free(&predicted);
}

static char *ended(struct record *record)
{
	struct predicted predicted;
	const struct preview preview = {.record = record, .predicted = &predicted};
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	predict(record, &predicted);
	preview_end(out, &preview);
	assert_int_equal(fclose(out), 0);
	predicted_free(&predicted);
	record_deinit(record);
	return text;
}

static void the_last_lines_say_what_matters(void **state)
{
	struct record record = seen_from_both();
	char *text = ended(&record);

	(void)state;
	assert_string_equal(text,
		"would hit n1 (1 of 4 nodes): 3 live connections, 0 processes\n"
		"the run could begin: `backburn run` with the same arguments does it\n");
	free(text);
	record = planned_cut("'n1'", "'n2'");
	inspected(&record, "n1", "'connections':[],'connection_count':0");
	text = ended(&record);
	assert_non_null(strstr(text,
		"nothing that cut-leader could hit is there now: a fault without an effect makes a "
		"run INCONCLUSIVE\n"));
	free(text);
	/* Refused before anybody was asked: no numbers, and no promise. */
	record = planned_cut("'n1'", "'n2'");
	given_event(&record, "stop", 1, "'why':'refused','id':'limits','text':'limits: …'");
	text = ended(&record);
	assert_string_equal(text, "would hit n1 (1 of 4 nodes)\n");
	free(text);
}

/* --- as JSON, and compared ------------------------------------------------------------------ */

static struct difference compared(struct record before, struct record now)
{
	struct predicted earlier = predicted_of(before), later = predicted_of(now);
	struct difference difference;

	difference_init(&difference, &earlier, &later);
	predicted_free(&earlier);
	predicted_free(&later);
	return difference;
}

static const struct change *change_of(const struct difference *difference, const char *text)
{
	LIST_EACH(difference->changes, struct change, change)
		if (strcmp(change->text, text) == 0)
			return change;
	fail_msg("no change of %s", text);
	return NULL;
}

static void the_same_is_no_difference(void **state)
{
	struct difference difference = compared(seen_from_both(), seen_from_both());

	(void)state;
	assert_int_equal(difference.changes.count, 0);
	assert_int_equal(difference.growth.count, 0);
	difference_deinit(&difference);
}

/* A leader that was elected anew is another node, and no larger radius. */
static void another_node_of_the_same_size_has_not_grown(void **state)
{
	struct difference difference =
		compared(planned_cut("'n2'", "'n1','n3'"), planned_cut("'n1'", "'n2','n3'"));

	(void)state;
	assert_int_equal(change_of(&difference, "cut-leader: n1 -> n3")->how, CHANGE_NEW);
	assert_int_equal(change_of(&difference, "cut-leader: n2 -> n3")->how, CHANGE_GONE);
	/* zone=b has two nodes, zone=a one: half of one before, all of one now. */
	assert_int_equal(difference.growth.count, 1);
	assert_string_equal(*LIST_AT(difference.growth, char *, 0),
		"% of one zone in phase cut: 100, 50 before");
	difference_deinit(&difference);
}

static void a_larger_radius_has_grown(void **state)
{
	struct difference difference =
		compared(planned_cut("'n2'", "'n1'"), planned_cut("'n2','n3'", "'n1'"));

	(void)state;
	assert_true(list_has_text(&difference.growth, "nodes that cut-leader is on: 2, 1 before"));
	assert_true(list_has_text(&difference.growth, "links that cut-leader hits: 4, 2 before"));
	assert_true(list_has_text(&difference.growth, "nodes hit in phase cut: 2, 1 before"));
	assert_true(list_has_text(
		&difference.growth, "% of group members in phase cut: 66.67, 33.33 before"));
	assert_true(list_has_text(&difference.growth,
		"nodes of members in phase cut above their majority: -1, 0 before"));
	difference_deinit(&difference);
	/* And the other way round it has shrunk. */
	difference = compared(planned_cut("'n2','n3'", "'n1'"), planned_cut("'n2'", "'n1'"));
	assert_int_equal(difference.growth.count, 0);
	assert_true(difference.changes.count > 0);
	difference_deinit(&difference);
}

static struct record serving(int connections, const char *program)
{
	struct record record = planned_cut("'n1'", "'n2','n3'");
	char members[256];

	snprintf(members, sizeof(members),
		"'connections':[],'connection_count':0,'clients':[{'port':2379,'program':'%s',"
		"'address':'10.0.0.9','connections':%d}]",
		program, connections);
	inspected(&record, "n1", members);
	return record;
}

static void another_service_is_growth_and_more_connections_are_not(void **state)
{
	struct difference difference = compared(serving(5, "etcd"), serving(7, "etcd"));
	const struct change *change = change_of(&difference, "cut-leader: client -> n1 etcd:2379");

	(void)state;
	assert_int_equal(change->how, CHANGE_AMOUNT);
	assert_true(change->before == 5 && change->now == 7);
	assert_int_equal(difference.growth.count, 0);
	difference_deinit(&difference);
	difference = compared(serving(5, "etcd"), serving(5, "ledger"));
	assert_true(list_has_text(
		&difference.growth, "cut-leader is on a node that serves ledger:2379: not before"));
	difference_deinit(&difference);
}

static void a_wider_limit_is_growth(void **state)
{
	cJSON *tree = given_tree();
	struct record wide;
	struct predicted earlier = predicted_of(planned_cut("'n1'", "'n2'")), now;
	struct difference difference;

	(void)state;
	given_set(tree, "guardrails.limits.nodes", "2");
	given_set(tree, "guardrails.limits.of_group", NULL);
	wide = given_record(tree);
	given_event(&wide, "fault_planned", 0, "'fault':'cut-leader','on':['n1'],'from':['n2']");
	now = predicted_of(wide);
	difference_init(&difference, &earlier, &now);
	assert_true(list_has_text(&difference.growth, "limit of nodes in phase cut: 2, 1 before"));
	assert_true(list_has_text(
		&difference.growth, "limit of group members in phase cut: 0.34 before, none now"));
	difference_deinit(&difference);
	predicted_free(&earlier);
	predicted_free(&now);
}

/* --- files --------------------------------------------------------------------------------- */

struct place {
	char dir[64], path[160];
};

static void place_make(struct place *place, const char *name, const char *text)
{
	FILE *file;

	snprintf(place->dir, sizeof(place->dir), "/tmp/backburn-earlier-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->path, sizeof(place->path), "%s/%s", place->dir, name);
	file = fopen(place->path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void place_end(const struct place *place)
{
	unlink(place->path);
	assert_int_equal(rmdir(place->dir), 0);
}

static void what_plan_wrote_is_read_again(void **state)
{
	struct predicted predicted = predicted_of(seen_from_both()), again;
	struct fail fail = FAIL_INIT;
	struct difference difference;
	struct place place;
	cJSON *plan = json_object();
	char *text;

	(void)state;
	json_put_number(plan, "plan", 1);
	json_put(plan, "radius", shape_encode(&predicted_shape, &predicted));
	text = json_print_indented(plan);
	place_make(&place, "plan.json", text);
	free(text);
	cJSON_Delete(plan);
	if (earlier_read(place.path, &again, &fail) < 0)
		fail_msg("%s", fail.text);
	difference_init(&difference, &predicted, &again);
	assert_int_equal(difference.changes.count + difference.growth.count, 0);
	assert_int_equal(predicted_fault(&again, "cut-leader")->connections.count, 3);
	difference_deinit(&difference);
	predicted_free(&again);
	predicted_free(&predicted);
	place_end(&place);
}

static void what_is_no_plan_is_told_in_full(void **state)
{
	static const struct {
		const char *name, *text, *says;
	} cases[] = {
		{"a.json", "{\"backburn\":1}",
			"a.json: is neither a plan that `backburn plan --json` wrote nor a run's "
			"directory"},
		{"b.json", "{\"plan\":1}",
			"b.json: this plan was written before any node was asked (it has no "
			"\"radius\"): of a run, name its directory"},
		{"c.json", "{\"plan\":1,\n\"radius\":", "c.json:2: "},
		{"d.json", "{\"plan\":1,\"radius\":{\"radius\":1}}", "d.json: radius"},
		{"e.json", "{\"plan\":1,\"radius\":{\"radius\":2}}", "e.json: radius.radius: "},
		{"journal.ndjson", "", "journal.ndjson: the journal is empty"},
		{"journal.ndjson", "{\"event\":\"nothing\"}\n", "journal.ndjson:1: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct predicted none;
		struct fail fail = FAIL_INIT;
		struct place place;

		place_make(&place, cases[i].name, cases[i].text);
		assert_int_equal(earlier_read(place.path, &none, &fail), -1);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		if (!strstr(fail.text, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", fail.text, cases[i].says);
		/* A run's directory is its journal. */
		if (strcmp(cases[i].name, "journal.ndjson") == 0) {
			fail = FAIL_INIT;
			assert_int_equal(earlier_read(place.dir, &none, &fail), -1);
			assert_non_null(strstr(fail.text, cases[i].says));
		}
		place_end(&place);
	}
}

static void a_missing_file_and_a_run_that_asked_nobody(void **state)
{
	cJSON *event = given_event_json("run_started", 0,
		"'journal':1,'run':'r1','tool':'t','wall':'2026-01-31T23:59:30Z','environment':"
		"'lab','scenario_file':'x.json'");
	struct predicted none;
	struct fail fail = FAIL_INIT;
	struct place place;
	char *text, *line = NULL;

	(void)state;
	json_put(event, "scenario", given_tree());
	text = json_print(event);
	assert_true(asprintf(&line, "%s\n", text) > 0);
	place_make(&place, "journal.ndjson", line);
	assert_int_equal(earlier_read(place.dir, &none, &fail), -1);
	assert_non_null(strstr(fail.text,
		"/journal.ndjson: that run ended before any node was asked what would be hit: "
		"there is no plan in it to compare with"));
	place_end(&place);
	fail = FAIL_INIT;
	assert_int_equal(earlier_read("/nowhere/plan.json", &none, &fail), -1);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_non_null(strstr(fail.text, "/nowhere/plan.json: No such file or directory"));
	free(line);
	free(text);
	cJSON_Delete(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_seen_from_both_ends_is_one),
		cmocka_unit_test(who_opened_it_is_not_guessed),
		cmocka_unit_test(an_address_is_its_node_s),
		cmocka_unit_test(links_are_the_ways_that_the_nodes_named),
		cmocka_unit_test(who_depends_on_a_hit_node_is_named),
		cmocka_unit_test(shares_are_of_groups_and_label_values),
		cmocka_unit_test(a_quorum_is_a_majority_of_what_is_left),
		cmocka_unit_test(links_are_drawn),
		cmocka_unit_test(a_drawing_of_many_is_bounded_and_says_so),
		cmocka_unit_test(the_last_lines_say_what_matters),
		cmocka_unit_test(the_same_is_no_difference),
		cmocka_unit_test(another_node_of_the_same_size_has_not_grown),
		cmocka_unit_test(a_larger_radius_has_grown),
		cmocka_unit_test(another_service_is_growth_and_more_connections_are_not),
		cmocka_unit_test(a_wider_limit_is_growth),
		cmocka_unit_test(what_plan_wrote_is_read_again),
		cmocka_unit_test(what_is_no_plan_is_told_in_full),
		cmocka_unit_test(a_missing_file_and_a_run_that_asked_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
