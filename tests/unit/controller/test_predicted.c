/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/preview.h"
#include "controller/report/preview_parts.h"
#include "planned.h"

/* The predicted radius: joined, shared out, and drawn. */

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
	struct predicted predicted = planned_radius(planned_and_seen());
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
	planned_inspected(&record, "n1",
		"'connections':[" CONNECTION(
			"10.0.0.1:2380", "10.0.0.2:4001", "n2", OPENED) "],'connection_count':9");
	planned_inspected(&record, "n2",
		"'connections':[" CONNECTION(
			"10.0.0.2:4001", "10.0.0.1:2380", "n1", OPENED) "],'connection_count':1");
	predicted = planned_radius(record);
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
	planned_inspected(&record, "n1",
		"'connections':[" CONNECTION("[fd00::1]:2379", "[fd00::9]:4001", "everything",
			SERVES) "," CONNECTION("10.0.0.1:2379", "192.0.2.7:4001", "everything",
			SERVES) "],'connection_count':2");
	predicted = planned_radius(record);
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
	planned_inspected(&record, "n1",
		"'connections':[],'connection_count':0,'matches':[{'direction':'egress',"
		"'peers':['n2']}]");
	planned_inspected(&record, "n2",
		"'connections':[],'connection_count':0,'matches':[{'direction':'ingress',"
		"'peers':['n1']}]");
	predicted = planned_radius(record);
	fault = predicted_fault(&predicted, "cut-leader");
	links = fault->links.items;
	assert_int_equal(fault->links.count, 1);
	assert_int_equal(fault->link_count, 1);
	assert_string_equal(links[0].from, "n1");
	assert_string_equal(links[0].to, "n2");
	predicted_free(&predicted);
	/* A journal in which nobody names ways has both of each pair. */
	predicted = planned_radius(planned_cut("'n1'", "'n2','n3'"));
	assert_int_equal(predicted_fault(&predicted, "cut-leader")->link_count, 4);
	predicted_free(&predicted);
}

static void who_depends_on_a_hit_node_is_named(void **state)
{
	struct predicted predicted = planned_radius(planned_and_seen());
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
	struct predicted predicted = planned_radius(planned_cut("'n2','n3'", "'n1'"));
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
	struct predicted one = planned_radius(planned_cut("'n1'", "'n2','n3'")),
			 two = planned_radius(planned_cut("'n2','n3'", "'n1'"));
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
	struct predicted predicted = planned_radius(planned_and_seen());
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
	planned_inspected(&record, "n1", members);
	predicted = planned_radius(record);
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

enum {
	CROWD = 1500
};

/* Each peer has one connection, and a link: what is cut for its length is counted all the same. */
static void of_a_crowd_everybody_is_counted(void **state)
{
	struct record record = planned_cut("'n1'", "'n2'");
	char *members = malloc(CROWD * 200);
	size_t used = (size_t)sprintf(members, "'connection_count':%d,'connections':[", CROWD);
	struct predicted predicted;
	const struct predicted_fault *fault;
	char *text;

	(void)state;
	for (int i = 0; i < CROWD; i++)
		used += (size_t)sprintf(members + used,
			"%s{'local':'10.0.0.1:2380','remote':'10.9.%d.%d:4001','peer':'p%04d',"
			"'state':'established','listens':true}",
			i ? "," : "", i / 250, i % 250, i);
	used += (size_t)sprintf(members + used, "],'matches':[{'direction':'egress','peers':[");
	for (int i = 0; i < CROWD; i++)
		used += (size_t)sprintf(members + used, "%s'p%04d'", i ? "," : "", i);
	sprintf(members + used, "]}],'more_clients':3");
	planned_inspected(&record, "n1", members);
	free(members);
	predicted = planned_radius(record);
	fault = predicted_fault(&predicted, "cut-leader");
	assert_int_equal(fault->connection_count, CROWD);
	assert_int_equal(fault->connections.count, PREDICTED_LISTED_MAX);
	assert_int_equal(fault->flows.count, PREDICTED_FLOWS_MAX);
	assert_true(fault->at_least);
	assert_int_equal(fault->link_count, CROWD);
	LIST_EACH(fault->links, struct predicted_link, link)
		assert_int_equal(link->connections, 1);
	text = drawn(fault);
	assert_non_null(strstr(text, "+--x-> p0000          at least 1 live connection\n"));
	assert_non_null(strstr(text, "+ 1492 more, with 1492 live connections\n"));
	assert_non_null(strstr(text, "      and 3 more clients that no list had room for\n"));
	free(text);
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
	struct record record = planned_and_seen();
	char *text = ended(&record);

	(void)state;
	assert_string_equal(text,
		"would hit n1 (1 of 4 nodes): 3 live connections, 0 processes\n"
		"the run could begin: `backburn run` with the same arguments does it\n");
	free(text);
	record = planned_cut("'n1'", "'n2'");
	planned_inspected(&record, "n1", "'connections':[],'connection_count':0");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_seen_from_both_ends_is_one),
		cmocka_unit_test(who_opened_it_is_not_guessed),
		cmocka_unit_test(an_address_is_its_node_s),
		cmocka_unit_test(links_are_the_ways_that_the_nodes_named),
		cmocka_unit_test(who_depends_on_a_hit_node_is_named),
		cmocka_unit_test(of_a_crowd_everybody_is_counted),
		cmocka_unit_test(shares_are_of_groups_and_label_values),
		cmocka_unit_test(a_quorum_is_a_majority_of_what_is_left),
		cmocka_unit_test(links_are_drawn),
		cmocka_unit_test(a_drawing_of_many_is_bounded_and_says_so),
		cmocka_unit_test(the_last_lines_say_what_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
