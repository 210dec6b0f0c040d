/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/list.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/orders.h"
#include "controller/run/run_parts.h"
#include "given.h"

/* Orders to probers; secrets go into them and nowhere else. */

struct stage {
	struct scenario scenario;
	struct catalogue catalogue;
	struct plan plan;
	struct resolved_group members;
	struct list groups;
	struct secrets secrets;
};

static struct stage *stage_new(cJSON *tree)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	stage->scenario = given_scenario(tree);
	stage->catalogue = given_catalogue();
	stage->plan = given_plan(&stage->scenario, &stage->catalogue);
	stage->members.group = (char *)"members";
	list_push_text(&stage->members.nodes, "n1");
	list_push_text(&stage->members.nodes, "n3");
	stage->groups = (struct list){.items = &stage->members, .count = 1};
	return stage;
}

static void stage_free(struct stage *stage)
{
	secrets_deinit(&stage->secrets);
	list_free_texts(&stage->members.nodes);
	plan_deinit(&stage->plan);
	catalogue_deinit(&stage->catalogue);
	scenario_deinit(&stage->scenario);
	free(stage);
}

static cJSON *probe_order(struct stage *stage, const char *member, struct fail *fail)
{
	const struct order_context context = {.plan = &stage->plan,
		.groups = &stage->groups,
		.secrets = &stage->secrets.list,
		.from = "n1",
		.start_ns = 7};

	return order_probe(&context, scenario_probe(&stage->scenario, "put"), member, fail);
}

/* The order as the prober reads it; to be freed. */
static struct probe_order decoded(struct stage *stage, const char *member)
{
	struct fail fail = FAIL_INIT;
	cJSON *json = probe_order(stage, member, &fail);
	struct probe_order order;

	if (!json || shape_decode(&probe_order_shape, json, "", &order, &fail) < 0) {
		print_error("%s: %s\n", fail.path, fail.text);
		abort();
	}
	cJSON_Delete(json);
	return order;
}

static void a_probe_knows_each_member(void **state)
{
	(void)state;
	struct stage *stage = stage_new(given_tree());
	struct probe_order order = decoded(stage, NULL);
	const struct probe_target *targets = order.targets.items;

	assert_int_equal(order.targets.count, 2);
	assert_string_equal(targets[0].node, "n1");
	assert_string_equal(targets[0].addr, "10.0.0.1");
	assert_string_equal(targets[1].addr, "10.0.0.3");
	assert_string_equal(order.http->url, "http://{node.addr}:2379/v3/kv/put");
	assert_string_equal(order.http->method, "POST");
	assert_int_equal(order.http->connection, HTTP_KEEP_ALIVE);
	assert_null(order.http->expect_body);
	assert_true(order.rate == 50);
	assert_int_equal(order.timeout_ns, 300 * NS_PER_MS);
	assert_int_equal(order.start_ns, 7);
	assert_int_equal(order.seed, 7);
	assert_string_equal(json_string(order.http->body_json, "key", ""), "key-{n}");
	assert_int_equal(order.http->base64_at.count, 2);
	assert_int_equal(*LIST_AT(order.http->expect_status, int64_t, 0), 200);
	assert_string_equal(LIST_AT(order.classes, struct probe_class, 0)->slo, "avail");
	assert_null(order.tcp);
	assert_null(order.exec);
	shape_free(&probe_order_shape, &order);
	stage_free(stage);
}

static void each_member_has_an_order_of_its_own(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct stage *stage;
	struct probe_order order;
	const struct probe_target *targets;

	given_set(tree, "probes.put.to.policy", "'each'");
	stage = stage_new(tree);
	order = decoded(stage, "n3");
	targets = order.targets.items;
	assert_int_equal(order.policy, POLICY_EACH);
	assert_int_equal(order.targets.count, 1);
	assert_string_equal(targets[0].node, "n3");
	assert_string_equal(targets[0].addr, "10.0.0.3");
	shape_free(&probe_order_shape, &order);
	stage_free(stage);
}

static void tcp_and_exec_probes_are_ordered(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct stage *stage;
	struct probe_order order;

	given_set(tree, "probes.put",
		"{'type':'tcp','from':'client','to':{'group':'members','policy':'any'},"
		"'address':'{node.addr}:6379','send':'PING {group.members.addrs}',"
		"'expect':{'answer':{'contains':'PONG'}},'rate':10,'timeout':'1s'}");
	stage = stage_new(tree);
	order = decoded(stage, NULL);
	assert_string_equal(order.tcp->address, "{node.addr}:6379");
	assert_string_equal(order.tcp->send, "PING 10.0.0.1,10.0.0.3");
	assert_string_equal(order.tcp->expect_answer->contains, "PONG");
	shape_free(&probe_order_shape, &order);
	stage_free(stage);

	tree = given_tree();
	given_set(tree, "probes.put",
		"{'type':'exec','from':'client','exec':['check','{group.members.addrs}','{n}'],"
		"'env':{'MODE':'a b'},'stdin':'hello','expect':{'exit_code':2,"
		"'stdout':{'equals':'yes'}},'rate':10,'timeout':'1s'}");
	stage = stage_new(tree);
	order = decoded(stage, NULL);
	assert_int_equal(order.exec->argv.count, 3);
	assert_string_equal(*LIST_AT(order.exec->argv, char *, 0), "check");
	assert_string_equal(*LIST_AT(order.exec->argv, char *, 1), "10.0.0.1,10.0.0.3");
	assert_string_equal(*LIST_AT(order.exec->argv, char *, 2), "{n}");
	assert_string_equal(*LIST_AT(order.exec->env, char *, 0), "MODE=a b");
	assert_string_equal(order.exec->input, "hello");
	assert_int_equal(order.exec->expect_exit_code, 2);
	assert_string_equal(order.exec->expect_stdout->equals, "yes");
	assert_int_equal(order.targets.count, 1);
	shape_free(&probe_order_shape, &order);
	stage_free(stage);
}

static void a_load_is_ordered_as_a_probe(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct stage *stage;
	struct fail fail = FAIL_INIT;
	struct probe_order order;
	const struct probe_class *class;
	cJSON *json;

	given_set(tree, "workloads.shop",
		"{'model':'load','from':'client','to':{'group':'members','policy':'any'},"
		"'http':{'url':'http://{node.addr}/','expect':{'status':[200]}},'arrivals':"
		"[{'rate':5,'to':80,'for':'5s'},{'rate':7}],'timeout':'700ms','retry':{'attempts':"
		"4,'jitter':0.5,'on':['status']}}");
	given_set(
		tree, "slos.shop", "{'workload':'shop','good':{'attempts_le':2},'objective':0.9}");
	stage = stage_new(tree);
	json = order_probe(
		&(const struct order_context){.plan = &stage->plan, .groups = &stage->groups},
		scenario_probe(&stage->scenario, "shop"), NULL, &fail);
	assert_non_null(json);
	assert_int_equal(shape_decode(&probe_order_shape, json, "", &order, &fail), 0);
	assert_true(order.rate == 80);
	assert_int_equal(order.timeout_ns, 700 * NS_PER_MS);
	assert_int_equal(order.targets.count, 2);
	assert_int_equal(order.load->arrivals.count, 2);
	assert_true(LIST_AT(order.load->arrivals, struct arrival, 0)->to == 80);
	assert_int_equal(order.load->retry->attempts, 4);
	assert_int_equal(order.load->retry->backoff_ns, 100 * NS_PER_MS);
	assert_int_equal(*LIST_AT(order.load->retry->on, int, 0), RETRY_ON_STATUS);
	assert_int_equal(order.classes.count, 1);
	class = LIST_AT(order.classes, struct probe_class, 0);
	assert_string_equal(class->slo, "shop");
	assert_int_equal(class->attempts_le, 2);
	cJSON_Delete(json);
	shape_free(&probe_order_shape, &order);
	stage_free(stage);
}

static void a_final_read_asks_each_member_alone(void **state)
{
	(void)state;
	struct stage *stage = stage_new(given_tree());
	struct fail fail = FAIL_INIT;
	cJSON *json = order_final_read(
		&stage->plan, &stage->groups, scenario_workload(&stage->scenario, "acked"), &fail);
	struct final_read_order order;
	const struct read_target *targets;

	assert_int_equal(shape_decode(&final_read_order_shape, json, "", &order, &fail), 0);
	targets = order.targets.items;
	assert_int_equal(order.targets.count, 2);
	assert_string_equal(*LIST_AT(targets[1].argv, char *, 1), "10.0.0.3");
	shape_free(&final_read_order_shape, &order);
	cJSON_Delete(json);
	json = order_workload(&stage->plan, &stage->groups,
		scenario_workload(&stage->scenario, "acked"), 0, &fail);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "argv"), 1)->valuestring,
		"10.0.0.1,10.0.0.3");
	cJSON_Delete(json);
	stage_free(stage);
}

/* The cgroup that the probe names, else the one of the node that it runs at. */
static void kernels_are_asked_about_the_nodes_cgroup(void **state)
{
	static const struct {
		const char *more, *cgroup;
	} cases[] = {
		{"", "/system.slice/web.service"},
		{",'cgroup':'/web-{group.members.addrs}'", "/web-10.0.0.1,10.0.0.3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *tree = given_tree();
		struct stage *stage;
		struct probe_order order;
		char text[512];

		snprintf(text, sizeof(text),
			"{'type':'metric','from':'n1','read':{'kernel':'oom_kills','per':"
			"'cpu_seconds'%s},'rate':2,'timeout':'1s'}",
			cases[i].more);
		given_set(tree, "probes.put", text);
		stage = stage_new(tree);
		plan_node(&stage->plan, "n1")->cgroup = strdup("/system.slice/web.service");
		order = decoded(stage, NULL);
		assert_null(order.http);
		assert_null(order.exec);
		assert_string_equal(kernel_metrics[order.kernel->metric].name, "oom_kills");
		assert_string_equal(
			kernel_metrics[order.kernel->per - KERNEL_PER_FIRST].name, "cpu_seconds");
		assert_string_equal(order.kernel->cgroup, cases[i].cgroup);
		assert_int_equal(order.value->format, VALUE_KERNEL);
		assert_int_equal(order.targets.count, 1);
		shape_free(&probe_order_shape, &order);
		stage_free(stage);
	}
}

static void numbers_are_read_by_requests_and_programs(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct stage *stage;
	struct probe_order order;
	const struct probe_class *class;

	given_set(tree, "probes.put",
		"{'type':'metric','from':'client','to':{'group':'members','policy':'each'},"
		"'read':{'url':'http://{node.addr}:9/m','metric':'depth','labels':{'a':'b'},"
		"'aggregate':'max'},'headers':{'A':'b'},'per_second':true,'rate':10,'timeout':"
		"'1s'}");
	given_set(tree, "slos.avail.good", "{'value_lt':100,'value_ge':0}");
	stage = stage_new(tree);
	order = decoded(stage, "n1");
	assert_string_equal(order.http->url, "http://{node.addr}:9/m");
	assert_string_equal(*LIST_AT(order.http->headers, char *, 0), "A: b");
	assert_int_equal(order.value->format, VALUE_METRIC);
	assert_string_equal(order.value->metric, "depth");
	assert_string_equal(json_string(order.value->labels, "a", ""), "b");
	assert_int_equal(order.value->aggregate, AGGREGATE_MAX);
	assert_true(order.value->per_second);
	class = LIST_AT(order.classes, struct probe_class, 0);
	assert_int_equal(class->bounds.count, 2);
	assert_int_equal(LIST_AT(class->bounds, struct value_bound, 0)->op, BOUND_LT);
	assert_true(LIST_AT(class->bounds, struct value_bound, 0)->value == 100);
	assert_int_equal(LIST_AT(class->bounds, struct value_bound, 1)->op, BOUND_GE);
	assert_true(LIST_AT(class->bounds, struct value_bound, 1)->value == 0);
	shape_free(&probe_order_shape, &order);
	stage_free(stage);

	tree = given_tree();
	given_set(tree, "probes.put",
		"{'type':'prometheus','from':'client','url':'http://prom:9090/','query':"
		"'up{job=~{n}}','rate':10,'timeout':'1s'}");
	stage = stage_new(tree);
	order = decoded(stage, NULL);
	assert_string_equal(order.http->url, "http://prom:9090/api/v1/query");
	assert_string_equal(order.http->query, "up{job=~{n}}");
	assert_int_equal(order.value->format, VALUE_QUERY);
	assert_int_equal(LIST_AT(order.classes, struct probe_class, 0)->bounds.count, 0);
	shape_free(&probe_order_shape, &order);
	stage_free(stage);

	tree = given_tree();
	given_set(tree, "probes.put",
		"{'type':'metric','from':'client','read':{'exec':['depth','{n}']},'rate':10,"
		"'timeout':'1s'}");
	stage = stage_new(tree);
	order = decoded(stage, NULL);
	assert_string_equal(*LIST_AT(order.exec->argv, char *, 1), "{n}");
	assert_int_equal(order.value->format, VALUE_FIRST_LINE);
	assert_null(order.http);
	shape_free(&probe_order_shape, &order);
	stage_free(stage);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static cJSON *with_secrets(const char *file)
{
	cJSON *tree = given_tree();
	char secrets[256];

	snprintf(secrets, sizeof(secrets),
		"{'token':{'env':'BACKBURN_TEST_TOKEN'},"
		"'password':{'file':'%s'}}",
		file);
	given_set(tree, "secrets", secrets);
	given_set(tree, "probes.put.headers", "{'X-Token':{'secret':'token'},'X-N':'{n}'}");
	given_set(tree, "probes.put.body.json",
		"{'user':'me','login':{'password':{'secret':'password'}}}");
	given_set(tree, "probes.put.body.base64_at", NULL);
	return tree;
}

static void a_secret_stands_in_the_order_once(void **state)
{
	(void)state;
	char path[] = "/tmp/backburn-secret-XXXXXX";
	int fd = mkstemp(path);
	struct fail fail = FAIL_INIT;
	struct stage *stage;
	const char *twice;
	cJSON *json;
	char *text;

	assert_int_equal(write(fd, "hunter2\nsecond line\n", 20), 20);
	close(fd);
	setenv("BACKBURN_TEST_TOKEN", "s3cr3t {n}", 1);
	stage = stage_new(with_secrets(path));
	secrets_take(&stage->secrets, &stage->scenario);
	assert_int_equal(secrets_complete(&stage->secrets, &stage->scenario, NULL, &fail), 0);
	json = probe_order(stage, NULL, &fail);
	assert_non_null(json);
	text = json_print(json);
	assert_non_null(strstr(text, "\"X-Token: {secret.token}\""));
	assert_non_null(strstr(text, "\"X-N: {n}\""));
	assert_non_null(strstr(text, "{\"password\":\"{secret.password}\"}"));
	assert_non_null(strstr(text, "{\"name\":\"token\",\"value\":\"s3cr3t {n}\"}"));
	twice = strstr(text, "hunter2");
	assert_non_null(twice);
	assert_null(strstr(twice + 1, "hunter2"));
	assert_null(strstr(text, "second line"));
	free(text);
	cJSON_Delete(json);

	/* What the journal keeps still has the names. */
	text = json_print(stage->scenario.merged);
	assert_null(strstr(text, "s3cr3t"));
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "{\"secret\":\"token\"}"));
	free(text);
	unlink(path);
	stage_free(stage);
}

/* Children inherit the environment, and /proc/self/environ shows what this one began with. */
static void secrets_are_taken_out_of_the_environment(void **state)
{
	(void)state;
	struct stage *stage = stage_new(with_secrets("/nowhere"));
	char *value;

	setenv("BACKBURN_TEST_TOKEN", "s3cr3t", 1);
	value = getenv("BACKBURN_TEST_TOKEN");
	if (!value) {
		fail();
		return;
	}
	secrets_take(&stage->secrets, &stage->scenario);
	assert_null(getenv("BACKBURN_TEST_TOKEN"));
	assert_int_equal(value[0], '\0');
	assert_int_equal(stage->secrets.list.count, 1);
	assert_string_equal(LIST_AT(stage->secrets.list, struct secret_value, 0)->value, "s3cr3t");
	stage_free(stage);
}

static const char *refusal(const char *file)
{
	static struct fail fail;
	struct stage *stage = stage_new(with_secrets(file));

	fail = FAIL_INIT;
	secrets_take(&stage->secrets, &stage->scenario);
	assert_int_equal(secrets_complete(&stage->secrets, &stage->scenario, NULL, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	stage_free(stage);
	return fail.text;
}

static void missing_secrets_are_refused_by_name(void **state)
{
	char path[] = "/tmp/backburn-secret-XXXXXX";
	int fd;

	(void)state;
	assert_string_equal(refusal("/nowhere"),
		"secret \"token\": the environment variable BACKBURN_TEST_TOKEN is not set");
	setenv("BACKBURN_TEST_TOKEN", "", 1);
	assert_string_equal(refusal("/nowhere"), "secret \"token\": BACKBURN_TEST_TOKEN is empty");
	setenv("BACKBURN_TEST_TOKEN", "s3cr3t", 1);
	assert_non_null(strstr(refusal("/nowhere"), "secret \"password\": /nowhere"));
	setenv("BACKBURN_TEST_TOKEN", "s3cr3t", 1);
	assert_string_equal(
		refusal("/dev/null"), "secret \"password\": /dev/null: not a regular file");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\nsecond", 7), 7);
	close(fd);
	setenv("BACKBURN_TEST_TOKEN", "s3cr3t", 1);
	assert_string_equal(refusal(path), "secret \"password\": the file's first line is empty");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_knows_each_member),
		cmocka_unit_test(a_final_read_asks_each_member_alone),
		cmocka_unit_test(each_member_has_an_order_of_its_own),
		cmocka_unit_test(tcp_and_exec_probes_are_ordered),
		cmocka_unit_test(a_load_is_ordered_as_a_probe),
		cmocka_unit_test(kernels_are_asked_about_the_nodes_cgroup),
		cmocka_unit_test(numbers_are_read_by_requests_and_programs),
		cmocka_unit_test(a_secret_stands_in_the_order_once),
		cmocka_unit_test(secrets_are_taken_out_of_the_environment),
		cmocka_unit_test(missing_secrets_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
