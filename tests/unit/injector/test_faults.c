/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/matcher.h"
#include "contract/json.h"
#include "injector/lifecycle.h"
#include "injector/lists.h"
#include "injector/proc_net.h"
#include "injector/registry.h"
#include "tests/unit/injector/plans.h"

/* The registry, the plan of each fault, the life cycle, /proc/net/tcp: all pure. */

enum {
	INTO = 1 << BB_INGRESS,
	OUT_OF = 1 << BB_EGRESS
};

static void the_catalogue_tells_each_fault(void **state)
{
	cJSON *catalogue = registry_catalogue(), *fault;

	(void)state;
	assert_int_equal(cJSON_GetObjectItem(catalogue, "catalogue")->valueint, 1);
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(catalogue, "faults")), (int)registry_count);
	cJSON_ArrayForEach(fault, cJSON_GetObjectItem(catalogue, "faults")) {
		struct fail fail = FAIL_INIT;
		const char *name = cJSON_GetObjectItem(fault, "name")->valuestring;
		struct shape *shape;

		assert_non_null(registry_find(name, &fail));
		assert_true(strlen(cJSON_GetObjectItem(fault, "summary")->valuestring) > 10);
		/* Whoever reads the catalogue can check parameters by it. */
		shape = shape_from_description(cJSON_GetObjectItem(fault, "params"), &fail);
		assert_non_null(shape);
		shape_description_free(shape);
	}
	cJSON_Delete(catalogue);
}

static void an_unknown_fault_gets_a_hint(void **state)
{
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_null(registry_find("partitoin", &fail));
	assert_int_equal(fail.kind, FAIL_UNSUPPORTED);
	assert_non_null(strstr(fail.text, "\"partition\""));
}

static void a_partition_is_planned_for_both_sides(void **state)
{
	static const struct {
		const char *with;
		enum fault_role role;
		unsigned int directions;
		const char *peer;
	} cases[] = {
		{"{}", ROLE_ON, INTO | OUT_OF, "b"},
		{"{}", ROLE_FROM, INTO | OUT_OF, "a"},
		{"{'direction':'in'}", ROLE_ON, INTO, "b"},
		{"{'direction':'in'}", ROLE_FROM, OUT_OF, "a"},
		{"{\"direction\":\"out\"}", ROLE_ON, OUT_OF, "b"},
		{"{\"direction\":\"out\"}", ROLE_FROM, INTO, "a"},
		{"{\"enforce\":\"on\"}", ROLE_ON, INTO | OUT_OF, "b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan *plan = plan_of("partition", cases[i].with, cases[i].role);
		const struct match_rule *rule;

		assert_non_null(plan);
		assert_int_equal(plan->effects.count, 1);
		rule = &LIST_AT(plan->effects, struct effect, 0)->match;
		assert_int_equal(rule->directions, cases[i].directions);
		assert_string_equal(LIST_AT(*rule->peers, struct endpoint, 0)->node, cases[i].peer);
		assert_int_equal(rule->start_ns, 10);
		assert_int_equal(rule->deadline_ns, 20);
		free_plan(plan);
	}
	assert_null(plan_of("partition", "{\"enforce\":\"on\"}", ROLE_FROM));
}

static void a_plan_says_what_it_does(void **state)
{
	struct plan *plan =
		plan_of("partition", "{\"protocol\":\"tcp\",\"ports\":[80,\"90-99\"]}", ROLE_ON);
	struct list effects = {0}, undo = {0};

	(void)state;
	assert_non_null(plan);
	assert_int_equal(LIST_AT(plan->effects, struct effect, 0)->match.protocol, IPPROTO_TCP);
	plan_describe(plan, &effects, &undo);
	assert_int_equal(effects.count, 2);
	assert_int_equal(undo.count, 2);
	assert_string_equal(
		*LIST_AT(effects, char *, 0), "drop packets from b (ingress, tcp, ports 80,90-99)");
	list_free_texts(&effects);
	list_free_texts(&undo);
	free_plan(plan);
}

static void a_fault_lives_in_one_direction(void **state)
{
	static const struct {
		enum fault_state from, to;
	} legal[] = {
		{FAULT_PLANNED, FAULT_ARMED},
		{FAULT_PLANNED, FAULT_FAILED},
		{FAULT_ARMED, FAULT_ACTIVE},
		{FAULT_ARMED, FAULT_HEALING},
		{FAULT_ACTIVE, FAULT_HEALING},
		{FAULT_HEALING, FAULT_HEALED},
		{FAULT_HEALING, FAULT_FAILED},
		{FAULT_FAILED, FAULT_HEALING},
	};
	size_t found = 0;

	(void)state;
	for (int from = 0; from < FAULT_STATES; from++)
		for (int to = 0; to < FAULT_STATES; to++)
			found += fault_state_may(from, to);
	for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
		assert_true(fault_state_may(legal[i].from, legal[i].to));
	assert_int_equal(found, sizeof(legal) / sizeof(legal[0]));
	assert_false(fault_state_needs_healing(FAULT_PLANNED));
	assert_true(fault_state_needs_healing(FAULT_FAILED));
	assert_false(fault_state_needs_healing(FAULT_HEALED));
}

static void tcp_tables_are_read(void **state)
{
	static const char ipv4[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 "
		" "
		"      0 1234 1 0000000000000000 100 0 0 10 0\n"
		"   1: 0502000A:A001 0602000A:0050 01 00000000:00000000 02:00000F3E 00000000  1000 "
		" "
		"      0 99887766554 2 0000000000000000 20 4 30 10 -1\n"
		"garbage\n"
		"   2: 0502000A:A0";
	static const char ipv6[] =
		"   0: 000000000000000000000000010000FD:0016 "
		"0000000000000000FFFF00000601A8C0:D431 01 00000000:00000000 00:00000000 00000000  "
		"   0        0 77 1 0000000000000000 20 4 30 10 -1\n";
	char text[SOCKET_TEXT_MAX];
	const struct tcp_socket *socket;
	struct list sockets = {0};

	(void)state;
	proc_net_tcp_parse(ipv4, &sockets);
	assert_int_equal(sockets.count, 2);
	socket = LIST_AT(sockets, struct tcp_socket, 0);
	assert_string_equal(
		proc_net_address(&socket->local, socket->local_port, text), "127.0.0.1:8080");
	assert_string_equal(proc_net_tcp_state(socket->state), "listening");
	socket = LIST_AT(sockets, struct tcp_socket, 1);
	assert_string_equal(
		proc_net_address(&socket->remote, socket->remote_port, text), "10.0.2.6:80");
	assert_string_equal(proc_net_tcp_state(socket->state), "established");
	assert_true(socket->inode == UINT64_C(99887766554));
	proc_net_tcp_parse(ipv6, &sockets);
	assert_int_equal(sockets.count, 3);
	socket = LIST_AT(sockets, struct tcp_socket, 2);
	/* IPv4 on an IPv6 socket is IPv4. */
	assert_string_equal(
		proc_net_address(&socket->remote, socket->remote_port, text), "192.168.1.6:54321");
	assert_string_equal(proc_net_tcp_state(200), "unknown");
	proc_net_tcp_parse("", &sockets);
	assert_int_equal(sockets.count, 3);
	list_free(&sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_catalogue_tells_each_fault),
		cmocka_unit_test(an_unknown_fault_gets_a_hint),
		cmocka_unit_test(a_partition_is_planned_for_both_sides),
		cmocka_unit_test(a_plan_says_what_it_does),
		cmocka_unit_test(a_fault_lives_in_one_direction),
		cmocka_unit_test(tcp_tables_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
