/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "controller/lab/lab.h"
#include "controller/lab/lab_file.h"
#include "controller/lab/lab_paths.h"

static const char good[] =
	"{ \"backburn_lab\": 1, \"name\": \"demo\",\n"
	"  \"subnet\": \"10.77.0.0/24\", \"subnet6\": \"fd77::/64\",\n"
	"  \"nodes\": {\n"
	"    \"b-1\": { \"labels\": { \"role\": \"db\" }, \"services\": {\n"
	"      \"db\": { \"argv\": [\"db\", \"\", \"{node.name}={nodes.a2.addr}\"],\n"
	"        \"env\": { \"HERE\": \"{node.dir}/x\" },\n"
	"        \"files\": { \"db.conf\": \"bind {node.addr}\\n\" },\n"
	"        \"user\": \"nobody\",\n"
	"        \"ready\": { \"http\": { \"url\": \"http://{node.addr}:1/\" }, \"within\": \"3s\" "
	"},\n"
	"        \"restart\": \"on_heal\" },\n"
	"      \"side\": { \"argv\": [\"side\"], \"ready\": { \"tcp\": \"{node.addr}:2\" } } } },\n"
	"    \"a2\": { \"labels\": { \"role\": \"client\" } } } }\n";

static struct lab_file parse(const char *text)
{
	struct lab_file file;
	struct fail fail = FAIL_INIT;

	if (lab_file_parse(text, strlen(text), "demo.json", &file, &fail) < 0)
		fail_msg("%s (at %s)", fail.text, fail.path);
	return file;
}

static void test_every_key(void **state)
{
	struct lab_file file = parse(good);
	const struct lab_node_spec *node = lab_file_node(&file, 0);
	const struct lab_service *db = LIST_AT(node->services, struct lab_service, 0);
	const struct lab_service *side = LIST_AT(node->services, struct lab_service, 1);

	(void)state;
	assert_string_equal(file.name, "demo");
	assert_int_equal(file.nodes.count, 2);
	assert_string_equal(node->name, "b-1");
	assert_string_equal(
		cJSON_GetObjectItemCaseSensitive(node->labels, "role")->valuestring, "db");
	assert_string_equal(db->name, "db");
	assert_int_equal(db->argv.count, 3);
	assert_string_equal(*LIST_AT(db->argv, char *, 1), "");
	assert_string_equal(db->user, "nobody");
	assert_int_equal(db->restart, LAB_RESTART_ON_HEAL);
	assert_int_equal(db->ready->within_ns, 3 * NS_PER_SEC);
	assert_string_equal(db->ready->http->url, "http://{node.addr}:1/");
	assert_null(db->ready->tcp);
	assert_null(side->user);
	assert_int_equal(side->restart, LAB_RESTART_NEVER);
	assert_string_equal(side->ready->tcp, "{node.addr}:2");
	assert_int_equal(side->ready->within_ns, 20 * NS_PER_SEC);
	assert_int_equal(lab_file_node(&file, 1)->services.count, 0);
	assert_string_equal(file.text, good);
	lab_file_deinit(&file);
}

static void assert_address(const struct prefix *address, const char *expected)
{
	char text[PREFIX_TEXT_MAX];

	assert_string_equal(prefix_format(address, text), expected);
}

static void test_addresses_follow_the_order_in_the_file(void **state)
{
	struct lab_file file = parse(good);
	struct lab_node node;
	struct prefix hub;

	(void)state;
	assert_true(lab_file_address(&file, LAB_IPV4, LAB_HUB_HOST, &hub));
	assert_address(&hub, "10.77.0.1");
	lab_node(&file, 0, &node);
	assert_string_equal(node.name, "b-1");
	assert_int_equal(node.address_count, 2);
	assert_address(&node.addresses[0], "10.77.0.2");
	assert_address(&node.addresses[1], "fd77::2");
	lab_node(&file, 1, &node);
	assert_address(&node.addresses[0], "10.77.0.3");
	assert_address(&node.addresses[1], "fd77::3");
	assert_string_equal(node.netns, "/run/netns/bb-demo-a2");
	assert_string_equal(node.cgroup, "/backburn/lab/demo/a2");
	assert_string_equal(node.dir, "/run/backburn/lab/demo/nodes/a2");
	lab_file_deinit(&file);
}

static void test_addresses_carry_into_the_next_byte(void **state)
{
	struct lab_file file = parse("{\"backburn_lab\":1,\"name\":\"x\",\"subnet\":\"10.0.16.0/"
				     "20\",\"nodes\":{\"a\":{}}}");
	struct prefix address;

	(void)state;
	assert_true(lab_file_address(&file, LAB_IPV4, 259, &address));
	assert_address(&address, "10.0.17.3");
	assert_false(lab_file_address(&file, LAB_IPV6, 2, &address));
	lab_file_deinit(&file);
}

static void test_ipv6_alone_is_a_lab(void **state)
{
	struct lab_file file = parse("{\"backburn_lab\":1,\"name\":\"x\",\"subnet6\":\"fd01::/"
				     "64\",\"nodes\":{\"a\":{}}}");
	struct fail fail = FAIL_INIT;
	struct lab_node node;
	char *text = NULL;

	(void)state;
	lab_node(&file, 0, &node);
	assert_int_equal(node.address_count, 1);
	assert_address(&node.addresses[0], "fd01::2");
	assert_int_equal(lab_file_expand(&file, 0, "[{node.addr}]", &text, &fail), 0);
	assert_string_equal(text, "[fd01::2]");
	free(text);
	lab_file_deinit(&file);
}

static void test_placeholders(void **state)
{
	struct lab_file file = parse(good);
	struct fail fail = FAIL_INIT;
	char *text = NULL;

	(void)state;
	assert_int_equal(lab_file_expand(&file, 0,
				 "{node.name} {node.addr} {node.dir} {nodes.a2.addr} {\"json\": 1}",
				 &text, &fail),
		0);
	assert_string_equal(
		text, "b-1 10.77.0.2 /run/backburn/lab/demo/nodes/b-1 10.77.0.3 {\"json\": 1}");
	free(text);
	lab_file_deinit(&file);
}

/* `from` in the good file becomes `to`; the failure must name path, line and reason. */
struct bad_case {
	const char *from, *to;
	const char *path;
	int line;
	const char *says;
};

static char *replaced(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *text = NULL;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)) > 0);
	return text;
}

static const struct bad_case bad_cases[] = {
	{"\"user\"", "\"usr\"", "nodes.b-1.services.db.usr", 8, "user"},
	{"\"labels\": { \"role\": \"db\" }", "\"labels\": { \"role\": 1 }", "nodes.b-1.labels.role",
		4, "must be a string, not a number"},
	{"{nodes.a2.addr}", "{nodes.a3.addr}", "nodes.b-1.services.db.argv[2]", 5,
		"unknown placeholder {nodes.a3.addr}"},
	{"{node.dir}/x", "{var.x}", "nodes.b-1.services.db.env.HERE", 6,
		"unknown placeholder {var.x}"},
	{"bind {node.addr}", "bind {uuid}", "nodes.b-1.services.db.files[\"db.conf\"]", 7,
		"unknown placeholder {uuid}"},
	{"\"HERE\"", "\"1HERE\"", "nodes.b-1.services.db.env.1HERE", 6, "not a variable's name"},
	{"\"db.conf\"", "\"../db\"", "nodes.b-1.services.db.files[\"../db\"]", 7,
		"not a file's name"},
	{"\"db.conf\"", "\"..\"", "nodes.b-1.services.db.files[\"..\"]", 7, "not a file's name"},
	{"http://{node.addr}:1/", "http://{n}/", "nodes.b-1.services.db.ready.http.url", 9,
		"unknown placeholder {n}"},
	{"\"within\"", "\"tcp\": \"x:1\", \"within\"", "nodes.b-1.services.db.ready", 9,
		"exactly one"},
	{"\"tcp\": \"{node.addr}:2\"", "\"within\": \"1s\"", "nodes.b-1.services.side.ready", 11,
		"exactly one"},
	{"\"3s\"", "\"3\"", "nodes.b-1.services.db.ready.within", 9, "not a duration"},
	{"\"3s\"", "\"11m\"", "nodes.b-1.services.db.ready.within", 9, "must be from"},
	{"\"on_heal\"", "\"on_heel\"", "nodes.b-1.services.db.restart", 10,
		"did you mean \"on_heal\""},
	{"[\"side\"]", "[]", "nodes.b-1.services.side.argv", 11, "must begin with a program"},
	{"[\"side\"]", "[\"\"]", "nodes.b-1.services.side.argv", 11, "must begin with a program"},
	{"\"demo\"", "\"de-mo\"", "name", 1, "lower-case letters"},
	{"\"demo\"", "\"abcdefghijklmnopq\"", "name", 1, "at most 16"},
	{"\"b-1\"", "\"b.1\"", "nodes[\"b.1\"]", 4, "a node's name"},
	{"\"side\":", "\"_side\":", "nodes.b-1.services._side", 11, "a service's name"},
	{"10.77.0.0/24", "10.77.0.0/30", "subnet", 2,
		"too small for 2 nodes: needs 5 addresses, has 4"},
	{"10.77.0.0/24", "10.0.0.0/7", "subnet", 2, "wider than a lab may be: at most /8"},
	{"10.77.0.0/24", "fd00::/64", "subnet", 2, "expected an IPv4 prefix"},
	{"fd77::/64", "10.0.0.0/24", "subnet6", 2, "expected an IPv6 prefix"},
	{"fd77::/64", "::/0", "subnet6", 2, "wider than a lab may be: at most /16"},
	{"10.77.0.0/24", "10.77.0.5/24", "subnet", 2, ""},
	{"\"backburn_lab\": 1", "\"backburn_lab\": 2", "backburn_lab", 1, "from 1 to 1"},
};

static void test_errors_name_the_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
		const struct bad_case *bad = &bad_cases[i];
		struct fail fail = FAIL_INIT;
		struct lab_file file;
		char *text = replaced(bad->from, bad->to);

		if (lab_file_parse(text, strlen(text), "demo.json", &file, &fail) == 0)
			fail_msg("%s was taken", bad->to);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		if (strcmp(fail.path, bad->path) != 0 || fail.line != bad->line ||
			!strstr(fail.text, bad->says))
			fail_msg("%s: path %s, line %d: %s", bad->to, fail.path, fail.line,
				fail.text);
		assert_non_null(strstr(fail.text, "demo.json"));
		free(text);
	}
}

static void test_two_services_cannot_own_one_file(void **state)
{
	struct fail fail = FAIL_INIT;
	struct lab_file file;
	char *text = replaced("[\"side\"],", "[\"side\"], \"files\": { \"db.conf\": \"\" },");

	(void)state;
	assert_int_equal(lab_file_parse(text, strlen(text), "demo.json", &file, &fail), -1);
	assert_string_equal(fail.path, "nodes.b-1.services.side.files[\"db.conf\"]");
	assert_non_null(
		strstr(fail.text, "service \"db\" of this node writes a file of that name too"));
	assert_int_equal(fail.line, 11);
	free(text);
}

/* With so many nodes that their names alone fill a screen. */
static void test_a_lab_has_an_end(void **state)
{
	struct fail fail = FAIL_INIT;
	struct lab_file file;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	fputs("{\"backburn_lab\":1,\"name\":\"x\",\"subnet\":\"10.0.0.0/16\",\"nodes\":{\"a\":{}",
		out);
	for (int i = 0; i < LAB_NODES_MAX; i++)
		fprintf(out, ",\"n%d\":{}", i);
	fputs("}}", out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(lab_file_parse(text, length, "x", &file, &fail), -1);
	assert_string_equal(fail.path, "nodes");
	assert_non_null(strstr(fail.text, "a lab has 1 to 200 nodes, this one has 201"));
	free(text);
}

static void test_a_lab_needs_a_subnet(void **state)
{
	static const char text[] = "{\"backburn_lab\":1,\"name\":\"x\",\"nodes\":{\"a\":{}}}";
	struct fail fail = FAIL_INIT;
	struct lab_file file;

	(void)state;
	assert_int_equal(lab_file_parse(text, sizeof(text) - 1, "x", &file, &fail), -1);
	assert_non_null(strstr(fail.text, "subnet"));
}

/* Two labs never share a name of a namespace, whatever their nodes are called. */
static void test_names_are_unambiguous(void **state)
{
	char hub[LAB_PATH_MAX], node[LAB_PATH_MAX];

	(void)state;
	assert_true(lab_name_ok("a_b1"));
	assert_false(lab_name_ok("a-b"));
	assert_false(lab_name_ok("../x"));
	assert_false(lab_name_ok(""));
	assert_false(lab_name_ok("1a"));
	assert_string_equal(lab_path_netns("a", NULL, hub), "/run/netns/bb-a");
	assert_string_equal(lab_path_netns("a", "b-c", node), "/run/netns/bb-a-b-c");
}

static void test_the_etcd_lab(void **state)
{
	const char *source = getenv("BACKBURN_SOURCE");
	struct fail fail = FAIL_INIT;
	struct lab_file file;
	char path[4096];

	(void)state;
	assert_non_null(source);
	snprintf(path, sizeof(path), "%s/scenarios/labs/etcd.json", source);
	if (lab_file_load(path, &file, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_int_equal(file.nodes.count, 4);
	assert_int_equal(lab_file_find(&file, "client"), 3);
	assert_int_equal(lab_file_find(&file, "n4"), -1);
	lab_file_deinit(&file);
}

static void test_a_missing_file(void **state)
{
	struct fail fail = FAIL_INIT;
	struct lab_file file;

	(void)state;
	assert_int_equal(lab_file_load("/nonexistent/lab.json", &file, &fail), -1);
	assert_non_null(strstr(fail.text, "/nonexistent/lab.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_addresses_follow_the_order_in_the_file),
		cmocka_unit_test(test_addresses_carry_into_the_next_byte),
		cmocka_unit_test(test_ipv6_alone_is_a_lab),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_errors_name_the_place),
		cmocka_unit_test(test_two_services_cannot_own_one_file),
		cmocka_unit_test(test_a_lab_has_an_end),
		cmocka_unit_test(test_a_lab_needs_a_subnet),
		cmocka_unit_test(test_names_are_unambiguous),
		cmocka_unit_test(test_the_etcd_lab),
		cmocka_unit_test(test_a_missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
