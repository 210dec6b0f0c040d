/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/list.h"
#include "controller/prober/orders.h"
#include "controller/run/run_parts.h"
#include "controller/run/tls_files.h"
#include "given.h"
#include "tests/unit/prober/openssl_program.h"

/* Certificates and keys that scenarios name: read where they are, told to the prober alone. */
static char folder[] = "/tmp/backburn-files-XXXXXX";

static int set_up(void **state)
{
	char cert[64], key[64];
	char *const argv[] = {(char[]){"openssl"}, (char[]){"req"}, (char[]){"-x509"},
		(char[]){"-newkey"}, (char[]){"rsa:2048"}, (char[]){"-nodes"}, (char[]){"-subj"},
		(char[]){"/CN=prober"}, (char[]){"-keyout"}, key, (char[]){"-out"}, cert, NULL};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	openssl_run(argv);
	return 0;
}

static int tear_down(void **state)
{
	char *const argv[] = {(char[]){"rm"}, (char[]){"-r"}, folder, NULL};

	(void)state;
	openssl_run(argv);
	return 0;
}

/* A scenario whose probe stands in a part beside the files. */
static struct scenario scenario_with(const char *tls)
{
	cJSON *tree = given_tree();

	given_set(tree, "secrets", "{'key':{'file':'/nowhere'}}");
	given_set(tree, "probes.put.url", "'https://{node.addr}/'");
	given_set(tree, "probes.put.tls", tls);
	return given_scenario(tree);
}

static int read_all(const struct scenario *scenario, const struct list *secrets, struct list *out,
	struct fail *fail)
{
	char path[64];
	struct source parts[] = {
		{.path = (char *)"/nowhere/scenario.json", .tree = given_json("{'probes':{}}")},
		{.path = path, .tree = given_json("{'probes':{'put':{}},'groups':{'put':{}}}")},
	};
	const struct sources sources = {.items = parts, .count = 2};
	int outcome;

	snprintf(path, sizeof(path), "%s/part.json", folder);
	outcome = tls_files_read(out, scenario, &sources, secrets, fail);
	cJSON_Delete(parts[0].tree);
	cJSON_Delete(parts[1].tree);
	return outcome;
}

static char *text_of(const char *name)
{
	char path[64], *text;
	struct fail fail = FAIL_INIT;
	size_t length;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_read(path, 65536, &text, &length, &fail), 0);
	return text;
}

static struct probe_order order_of(const struct scenario *scenario, const struct list *tls)
{
	struct catalogue *catalogue = given_kept_catalogue();
	struct plan plan = given_plan(scenario, catalogue);
	struct resolved_group members = {.group = (char *)"members"};
	const struct list groups = {.items = &members, .count = 1};
	const struct order_context context = {.plan = &plan, .groups = &groups, .tls = tls};
	struct probe_order order;
	struct fail fail = FAIL_INIT;
	cJSON *json;

	list_push_text(&members.nodes, "n1");
	json = order_probe(&context, scenario_probe(scenario, "put"), NULL, &fail);
	assert_non_null(json);
	if (shape_decode(&probe_order_shape, json, "", &order, &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	cJSON_Delete(json);
	list_free_texts(&members.nodes);
	plan_deinit(&plan);
	return order;
}

static void files_are_read_beside_the_part_that_names_them(void **state)
{
	struct scenario scenario = scenario_with("{'ca':'cert.pem','cert':'cert.pem','key':"
						 "'key.pem','server_name':'{node.name}.x'}");
	char *key = text_of("key.pem"), *cert = text_of("cert.pem"), *kept;
	struct fail fail = FAIL_INIT;
	struct probe_order order;
	struct list tls;

	(void)state;
	assert_int_equal(read_all(&scenario, NULL, &tls, &fail), 0);
	order = order_of(&scenario, &tls);
	assert_string_equal(order.http->tls->ca, cert);
	assert_string_equal(order.http->tls->cert, cert);
	assert_string_equal(order.http->tls->key, key);
	assert_string_equal(order.http->tls->server_name, "{node.name}.x");
	assert_true(order.http->tls->verify);
	/* What the journal and the plan show. */
	kept = json_print(scenario.merged);
	assert_non_null(strstr(kept, "key.pem"));
	assert_null(strstr(kept, "BEGIN"));
	free(kept);
	shape_free(&probe_order_shape, &order);
	tls_files_deinit(&tls);
	scenario_deinit(&scenario);
	free(cert);
	free(key);
}

static void a_key_may_be_a_secret(void **state)
{
	struct scenario scenario =
		scenario_with("{'cert':'cert.pem','key':{'secret':'key'},'verify':false}");
	struct secret_value value = {.name = (char *)"key", .value = text_of("key.pem")};
	const struct list secrets = {.items = &value, .count = 1};
	struct fail fail = FAIL_INIT;
	struct probe_order order;
	struct list tls;

	(void)state;
	assert_int_equal(read_all(&scenario, &secrets, &tls, &fail), 0);
	order = order_of(&scenario, &tls);
	assert_string_equal(order.http->tls->key, value.value);
	assert_int_equal(order.secrets.count, 0); /* it is no text of an event */
	assert_false(order.http->tls->verify);
	shape_free(&probe_order_shape, &order);
	tls_files_deinit(&tls);
	/* Whoever validates need not have it. */
	assert_int_equal(read_all(&scenario, NULL, &tls, &fail), 0);
	assert_null(tls_text_of(&tls, TLS_OF_PROBE, "put")->key);
	tls_files_deinit(&tls);
	scenario_deinit(&scenario);
	free(value.value);
}

/* The question of a group is told apart from a probe of the same name. */
static void a_group_asks_with_files_of_its_own(void **state)
{
	static const struct tls_case {
		const char *ca, *path;
	} cases[] = {{"cert.pem", NULL}, {"nowhere.pem", "groups.put.where.http.tls.ca"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *tree = given_tree();
		struct fail fail = FAIL_INIT;
		struct scenario scenario;
		struct list tls;
		char json[256];

		snprintf(json, sizeof(json),
			"{'in':'members','where':{'http':{'url':'https://{node.addr}/','tls':{'ca':"
			"'%s'}},'metric':'m','equals':1}}",
			cases[i].ca);
		given_set(tree, "groups.put", json);
		scenario = given_scenario(tree);
		if (!cases[i].path) {
			assert_int_equal(read_all(&scenario, NULL, &tls, &fail), 0);
			assert_non_null(tls_text_of(&tls, TLS_OF_GROUP, "put")->ca);
			assert_null(tls_text_of(&tls, TLS_OF_PROBE, "put"));
			tls_files_deinit(&tls);
		} else {
			assert_int_equal(read_all(&scenario, NULL, &tls, &fail), -1);
			assert_string_equal(fail.path, cases[i].path);
		}
		scenario_deinit(&scenario);
	}
}

/* A key has many lines; of other secrets the first counts. */
static void a_secret_in_pem_form_is_taken_whole(void **state)
{
	cJSON *tree = given_tree();
	char *key = text_of("key.pem"), json[128];
	struct secrets secrets = {0};
	struct fail fail = FAIL_INIT;
	struct scenario scenario;

	(void)state;
	snprintf(json, sizeof(json), "{'key':{'file':'%s/key.pem'}}", folder);
	given_set(tree, "secrets", json);
	scenario = given_scenario(tree);
	assert_int_equal(secrets_complete(&secrets, &scenario, NULL, &fail), 0);
	assert_string_equal(LIST_AT(secrets.list, struct secret_value, 0)->value, key);
	secrets_deinit(&secrets);
	scenario_deinit(&scenario);
	free(key);
}

static void what_is_wrong_with_a_file_is_told_with_its_place(void **state)
{
	static const struct {
		const char *tls, *path, *text;
	} cases[] = {
		{"{'ca':'no.pem'}", "probes.put.tls.ca", "no.pem: No such file or directory"},
		{"{'ca':'key.pem'}", "probes.put.tls.ca", "ca: has no certificate in PEM form"},
		{"{'cert':'cert.pem','key':'cert.pem'}", "probes.put.tls.key",
			"key: has no private key in PEM form"},
		{"{'cert':'key.pem','key':'key.pem'}", "probes.put.tls.cert",
			"cert: has no certificate in PEM form"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scenario scenario = scenario_with(cases[i].tls);
		struct fail fail = FAIL_INIT;
		struct list tls;

		assert_int_equal(read_all(&scenario, NULL, &tls, &fail), -1);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		assert_string_equal(fail.path, cases[i].path);
		if (!strstr(fail.text, cases[i].text))
			fail_msg("\"%s\" does not say \"%s\"", fail.text, cases[i].text);
		assert_int_equal(tls.count, 0);
		scenario_deinit(&scenario);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_beside_the_part_that_names_them),
		cmocka_unit_test(a_key_may_be_a_secret),
		cmocka_unit_test(a_group_asks_with_files_of_its_own),
		cmocka_unit_test(a_secret_in_pem_form_is_taken_whole),
		cmocka_unit_test(what_is_wrong_with_a_file_is_told_with_its_place),
	};

	if (access("/usr/bin/openssl", X_OK) < 0) {
		print_message("needs openssl\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
