/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"

/* --- JSON --------------------------------------------------------------------------------- */

static cJSON *parse(char *text)
{
	struct fail fail = FAIL_INIT;
	cJSON *value;

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_parse(text, strlen(text), &fail);
	if (!value)
		fail_msg("%s: %s", text, fail.text);
	free(text);
	return value;
}

cJSON *given_json(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&text, format, args) >= 0);
	va_end(args);
	return parse(text);
}

/* Takes the last step off the path; *out_key or *out_index say which it was. */
static void split_path(char *path, const char **out_key, int *out_index)
{
	size_t length = strlen(path);
	char *cut = path[length - 1] == ']' ? strrchr(path, '[') : strrchr(path, '.');

	*out_key = NULL;
	*out_index = -1;
	if (!cut) {
		*out_key = strdup(path);
		*path = '\0';
		return;
	}
	if (*cut == '[')
		*out_index = atoi(cut + 1);
	else
		*out_key = strdup(cut + 1);
	*cut = '\0';
}

static cJSON *find(cJSON *tree, const char *path)
{
	char *parent_path = strdup(path);
	const char *key;
	cJSON *parent, *value;
	int index;

	if (!*path) {
		free(parent_path);
		return tree;
	}
	split_path(parent_path, &key, &index);
	parent = find(tree, parent_path);
	assert_non_null(parent);
	value = key ? cJSON_GetObjectItemCaseSensitive(parent, key)
		    : cJSON_GetArrayItem(parent, index);
	free(parent_path);
	free((char *)key);
	return value;
}

void given_set(cJSON *tree, const char *path, const char *json)
{
	char *parent_path = strdup(path);
	const char *key;
	cJSON *parent, *value;
	int index;

	split_path(parent_path, &key, &index);
	parent = find(tree, parent_path);
	assert_non_null(parent);
	if (!json) {
		assert_non_null(find(tree, path));
		if (key)
			cJSON_DeleteItemFromObjectCaseSensitive(parent, key);
		else
			cJSON_DeleteItemFromArray(parent, index);
	} else {
		value = parse(strdup(json));
		if (!key && index == cJSON_GetArraySize(parent))
			cJSON_AddItemToArray(parent, value);
		else if (!key)
			assert_true(cJSON_ReplaceItemInArray(parent, index, value));
		else if (cJSON_HasObjectItem(parent, key))
			cJSON_ReplaceItemInObjectCaseSensitive(parent, key, value);
		else
			cJSON_AddItemToObject(parent, key, value);
	}
	free(parent_path);
	free((char *)key);
}

/* --- scenarios and plans ------------------------------------------------------------------- */

char *given_path(const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", GIVEN_FILES, name) >= 0);
	return path;
}

cJSON *given_tree(void)
{
	char *path = given_path("leader-cut.json");
	struct sources sources = {0};
	struct scenario scenario;
	struct fail fail = FAIL_INIT;
	cJSON *tree;

	if (scenario_load(&scenario, &sources, path, NULL, &fail) < 0)
		fail_msg("%s", fail.text);
	tree = cJSON_Duplicate(scenario.merged, true);
	scenario_deinit(&scenario);
	sources_deinit(&sources);
	free(path);
	return tree;
}

struct scenario given_scenario(cJSON *tree)
{
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	if (scenario_from_merged(&scenario, tree, &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	return scenario;
}

struct catalogue given_catalogue(void)
{
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;

	if (catalogue_builtin(&catalogue, &fail) < 0)
		fail_msg("%s", fail.text);
	return catalogue;
}

struct catalogue *given_kept_catalogue(void)
{
	static struct catalogue kept;

	if (!kept.count)
		kept = given_catalogue();
	return &kept;
}

static void add_node(struct plan *plan, const char *name, const char *labels, const char *address)
{
	struct plan_node *node = plan_add_node(plan, name, name);
	struct fail fail = FAIL_INIT;
	struct prefix prefix;

	node->labels = parse(strdup(labels));
	node->facts_known = true;
	assert_int_equal(prefix_parse(address, &prefix, &fail), 0);
	*(struct prefix *)list_push(&node->addresses, sizeof(prefix)) = prefix;
}

struct plan given_plan(const struct scenario *scenario, const struct catalogue *catalogue)
{
	struct environment environment = {.name = (char *)"test"};
	struct plan plan;

	plan_init(&plan, scenario, catalogue, &environment);
	add_node(&plan, "n1", "{'role':'etcd','zone':'a'}", "10.0.0.1");
	add_node(&plan, "n2", "{'role':'etcd','zone':'b'}", "10.0.0.2");
	add_node(&plan, "n3", "{'role':'etcd','zone':'c'}", "10.0.0.3");
	add_node(&plan, "client", "{'role':'client'}", "10.0.0.9");
	return plan;
}

/* --- records ------------------------------------------------------------------------------ */

cJSON *given_event_json(const char *type, int64_t at_ns, const char *members)
{
	return given_json("{'event':'%s','t_ns':%lld%s%s}", type, (long long)at_ns,
		*members ? "," : "", members);
}

struct record given_record(cJSON *tree)
{
	cJSON *event = given_event_json("run_started", 0, "'journal':1,'run':'r1'");
	struct fail fail = FAIL_INIT;
	struct record record;

	json_put(event, "scenario", tree);
	if (record_init(&record, event, &fail) < 0)
		fail_msg("%s", fail.text);
	cJSON_Delete(event);
	return record;
}

void given_event(
	struct record *record, const char *type, int64_t at_ns, const char *members_format, ...)
{
	struct fail fail = FAIL_INIT;
	char *members = NULL;
	cJSON *event;
	va_list args;

	va_start(args, members_format);
	assert_true(vasprintf(&members, members_format, args) >= 0);
	va_end(args);
	event = given_event_json(type, at_ns, members);
	if (record_apply(record, event, &fail) < 0)
		fail_msg("%s %s: %s", type, members, fail.text);
	cJSON_Delete(event);
	free(members);
}

void given_source(struct record *record)
{
	given_event(record, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
}

static int64_t count_runs(const char *runs)
{
	int64_t total = 0;

	for (; *runs; runs++)
		if (*runs == 'g' || *runs == 'b')
			total += atoll(runs + 1);
	return total;
}

void given_window(struct record *record, const char *runs)
{
	const struct source_record *source = LIST_AT(record->sources, struct source_record, 0);
	int64_t first = source->next_index, count = count_runs(runs);
	int64_t start_ns = first * 20 * NS_PER_MS, end_ns = start_ns + count * 20 * NS_PER_MS;

	given_event(record, "window", end_ns,
		"'probe':'put','from':'client','window':{'probe':'put','first_index':%lld,"
		"'count':%lld,'start_ns':'%lld','end_ns':'%lld','outcomes':[0,0,0,0,0,0],"
		"'classes':[{'slo':'avail','runs':'%s'}],'latency':[]}",
		(long long)first, (long long)count, (long long)start_ns, (long long)end_ns, runs);
}

void given_good_until(struct record *record, int64_t until_ns)
{
	const struct source_record *source = LIST_AT(record->sources, struct source_record, 0);
	int64_t count = until_ns / (20 * NS_PER_MS) - source->next_index;
	char runs[32];

	snprintf(runs, sizeof(runs), "g%lld", (long long)count);
	assert_true(count > 0);
	given_window(record, runs);
}

const struct invariant_spec *given_claim(const struct record *record, const char *id)
{
	LIST_EACH(record->scenario.invariants, struct invariant_spec, claim)
		if (strcmp(claim->id, id) == 0)
			return claim;
	fail_msg("no claim %s", id);
	return NULL;
}

struct claim_judgement given_judgement(const struct record *record, const char *id)
{
	struct claim_judgement judgement;

	judge_claim(record, given_claim(record, id), &judgement);
	return judgement;
}
