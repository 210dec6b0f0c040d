/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/file.h"
#include "contract/json.h"
#include "controller/files/source.h"
#include "controller/schema/schema.h"
#include "tests/e2e/cli.h"
#include "tests/e2e/mistakes.h"

/*
 * The published schemas against a validator that is not ours: it takes every file that we ship, and
 * of files with one seeded mistake it refuses each, as `backburn validate` does.
 */
#define VALIDATOR "/usr/bin/jsonschema"

enum {
	MUTANTS = 300,
	MUTANTS_MAX = 6000, /* with BACKBURN_LONG */
	FILES_MAX = 64,
	BATCH = 500, /* what fits on a command line */
	SKIPPED = 77
};

/* --- the files -------------------------------------------------------------------------- */

struct file {
	char path[256];
	const struct schema_kind *kind;
	cJSON *tree;   /* references to other files made absolute */
	size_t places; /* for a mistake */
};

struct files {
	struct file items[FILES_MAX];
	size_t count;
	struct catalogue catalogue;
};

static cJSON *read_json(const char *path)
{
	struct fail fail = FAIL_INIT;
	size_t length;
	cJSON *tree;
	char *text;

	if (file_read(path, SOURCE_BYTES_MAX, &text, &length, &fail) < 0)
		fail_msg("%s", fail.text);
	tree = json_parse(text, length, &fail);
	if (!tree)
		fail_msg("%s: %s", path, fail.text);
	free(text);
	return tree;
}

static void make_absolute(cJSON *name, const char *file)
{
	char *path;

	if (!name)
		return;
	path = path_beside(file, name->valuestring);
	assert_non_null(cJSON_SetValuestring(name, path));
	free(path);
}

static struct files *found; /* nftw() has no context */

static int add_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
	const char *ending = strrchr(path, '.');
	struct file *file;
	cJSON *use;

	(void)status;
	(void)where;
	if (type != FTW_F || !ending || strcmp(ending, ".json") != 0 ||
		strstr(path, "/scenarios/schema/"))
		return 0;
	assert_true(found->count < FILES_MAX);
	file = &found->items[found->count++];
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->tree = read_json(file->path);
	file->kind = schema_kind_of(file->tree);
	if (!file->kind) {
		fail_msg("%s is of no kind", path);
		return -1;
	}
	make_absolute(cJSON_GetObjectItem(file->tree, "lab"), file->path);
	make_absolute(cJSON_GetObjectItem(file->tree, "on"), file->path);
	cJSON_ArrayForEach(use, cJSON_GetObjectItem(file->tree, "use"))
		make_absolute(use, file->path);
	cJSON_ArrayForEach(use, cJSON_GetObjectItem(file->tree, "scenarios")) {
		make_absolute(cJSON_GetObjectItem(use, "file"), file->path);
		make_absolute(cJSON_GetObjectItem(use, "on"), file->path);
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* All that lie in a folder and below, whoever put them there. */
static void add_files(struct files *files, const char *folder)
{
	found = files;
	assert_int_equal(nftw(cli_file(folder), add_file, 16, FTW_PHYS), 0);
	qsort(files->items, files->count, sizeof(files->items[0]), by_path);
}

static int set_up(void **state)
{
	static struct files files;
	struct fail fail = FAIL_INIT;

	files = (struct files){0};
	assert_int_equal(catalogue_builtin(&files.catalogue, &fail), 0);
	add_files(&files, "scenarios");
	add_files(&files, "docs/examples");
	for (size_t i = 0; i < files.count; i++)
		files.items[i].places = mistakes_in(&files.catalogue,
			schema_shape(files.items[i].kind, &files.catalogue), files.items[i].tree);
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;

	for (size_t i = 0; i < files->count; i++)
		cJSON_Delete(files->items[i].tree);
	catalogue_deinit(&files->catalogue);
	return 0;
}

/* --- the validator ---------------------------------------------------------------------- */

static const char *schema_path(const struct schema_kind *kind)
{
	char name[128];

	snprintf(name, sizeof(name), "scenarios/schema/%s.v1.json", kind->name);
	return cli_file(name);
}

/* Has the validator said this of that file? */
static bool said(const struct cli_result *result, const char *verdict, const char *path)
{
	char line[512];

	snprintf(line, sizeof(line), "===[%s]===(%s)===", verdict, path);
	return strstr(result->out, line) || strstr(result->err, line);
}

/* Asks it about at most BATCH files of one kind, ended by NULL or by their number. */
static void judge_some(const struct schema_kind *kind, const char *const *paths, bool valid)
{
	const char *argv[2 * BATCH + 8] = {VALIDATOR, "--output", "pretty"};
	struct cli_result result;
	size_t count = 3;

	for (size_t i = 0; i < BATCH && paths[i]; i++) {
		argv[count++] = "-i";
		argv[count++] = paths[i];
	}
	argv[count++] = schema_path(kind);
	cli_run_program(argv, &result);
	for (size_t i = 0; i < BATCH && paths[i]; i++)
		if (!said(&result, valid ? "SUCCESS" : "ValidationError", paths[i]))
			fail_msg("%s: %s: not %s:\n%s%s", kind->name, paths[i],
				valid ? "valid" : "refused", result.out, result.err);
	assert_int_equal(result.code, valid ? 0 : 1);
	cli_result_free(&result);
}

/* `paths` ends with NULL. */
static void judge(const struct schema_kind *kind, const char *const *paths, bool valid)
{
	size_t count = 0;

	while (paths[count])
		count++;
	for (size_t first = 0; first < count; first += BATCH)
		judge_some(kind, paths + first, valid);
}

static int validate(const char *path, char **said_of_it)
{
	struct cli_result result;
	int code;

	cli_run((const char *[]){"validate", path, NULL}, &result);
	code = result.code;
	*said_of_it = strdup(result.err);
	cli_result_free(&result);
	return code;
}

/* --- tests ------------------------------------------------------------------------------ */

static void every_key_is_explained_in(const struct shape *shape)
{
	if (!shape->help)
		fail_msg("%s has no help", shape->name);
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (field->later)
			continue;
		if (!field->help)
			fail_msg("\"%s\" of %s has no help", field->key, shape->name);
		if (field->sub)
			every_key_is_explained_in(field->sub);
	}
}

static void every_key_is_explained(void **state)
{
	const struct files *files = *state;

	for (size_t i = 0; i < schema_kind_count; i++)
		every_key_is_explained_in(schema_shape(&schema_kinds[i], &files->catalogue));
	for (size_t i = 0; i < files->catalogue.count; i++)
		every_key_is_explained_in(files->catalogue.faults[i].params);
}

static void the_published_schemas_are_those_of_the_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++) {
		struct cli_result result;
		struct fail fail = FAIL_INIT;
		size_t length;
		char *text;

		cli_run((const char *[]){"schema", schema_kinds[i].name, NULL}, &result);
		assert_int_equal(result.code, 0);
		if (file_read(schema_path(&schema_kinds[i]), SOURCE_BYTES_MAX, &text, &length,
			    &fail) < 0)
			fail_msg("%s; tools/schemas writes it", fail.text);
		if (strcmp(text, result.out) != 0)
			fail_msg("%s differs from what the tables say; tools/schemas renews it",
				schema_path(&schema_kinds[i]));
		free(text);
		cli_result_free(&result);
	}
}

static void every_shipped_file_names_its_schema(void **state)
{
	const struct files *files = *state;

	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = &files->items[i];
		char *path = path_beside(file->path, json_string(file->tree, "$schema", ""));
		char *named = realpath(path, NULL),
		     *right = realpath(schema_path(file->kind), NULL);

		assert_non_null(right);
		if (!named || strcmp(named, right) != 0)
			fail_msg("%s: \"$schema\" names %s", file->path, path);
		free(path);
		free(named);
		free(right);
	}
}

static void every_shipped_file_is_valid(void **state)
{
	const struct files *files = *state;

	for (size_t i = 0; i < schema_kind_count; i++) {
		const char *paths[FILES_MAX + 1] = {NULL};
		size_t count = 0;

		for (size_t j = 0; j < files->count; j++)
			if (files->items[j].kind == &schema_kinds[i])
				paths[count++] = files->items[j].path;
		judge(&schema_kinds[i], paths, true);
	}
}

static const char *write_mutant(
	const struct cli *cli, const struct files *files, size_t place, size_t number)
{
	const struct file *file = files->items;
	const char *path;
	char name[64], made[256], *text, *why;
	cJSON *tree;

	while (place >= file->places)
		place -= file++->places;
	tree = cJSON_Duplicate(file->tree, true);
	mistake_make(
		&files->catalogue, schema_shape(file->kind, &files->catalogue), tree, place, made);
	text = json_pretty(tree);
	cJSON_Delete(tree);
	snprintf(name, sizeof(name), "%s-%zu.json", file->kind->name, number);
	path = cli_write(cli, name, text);
	free(text);
	if (validate(path, &why) != 65)
		fail_msg("%s with %s was taken: %s", file->path, made, why);
	free(why);
	return path;
}

static void both_refuse_the_same_mistakes(void **state)
{
	const struct files *files = *state;
	static char paths[MUTANTS_MAX][128];
	static const char *of_kind[MUTANTS_MAX + 1];
	uint64_t random = 20240607;
	size_t places = 0, mutants;
	struct cli cli;

	for (size_t i = 0; i < files->count; i++)
		places += files->items[i].places;
	if (places < MUTANTS_MAX) {
		fail_msg("%zu places for a mistake", places);
		return;
	}
	mutants = getenv("BACKBURN_LONG") ? MUTANTS_MAX : MUTANTS;
	cli_begin(&cli);
	for (size_t i = 0; i < mutants; i++) {
		/* One place in each of as many equal stretches, so that all files have some. */
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		snprintf(paths[i], sizeof(paths[i]), "%s",
			write_mutant(&cli, files,
				(i * places + (size_t)(random >> 33) % places) / mutants, i));
	}
	for (size_t i = 0; i < schema_kind_count; i++) {
		size_t count = 0;
		char start[128];

		snprintf(start, sizeof(start), "%s/%s-", cli.dir, schema_kinds[i].name);
		for (size_t j = 0; j < mutants; j++)
			if (strncmp(paths[j], start, strlen(start)) == 0)
				of_kind[count++] = paths[j];
		of_kind[count] = NULL;
		judge(&schema_kinds[i], of_kind, false);
	}
	cli_end(&cli);
}

/* Of the shipped files none leaves out a type in vain. */
static const struct {
	const char *with;
	bool valid;
} losses[] = {
	{"{ \"ratio\": 0.1 }", true},
	{"{ \"type\": \"every\", \"every\": 7 }", true},
	{"{ \"type\": { \"param\": \"model\" }, \"every\": 7 }", true},
	{"{ }", false},
	{"{ \"every\": 7 }", false},
	{"{ \"ratio\": 0.1, \"correlation\": 0.5 }", false},
	{"{ \"type\": \"every\", \"ratio\": 0.1 }", false},
};

static const char *write_loss(const struct cli *cli, const struct files *files, size_t number)
{
	const struct file *file = files->items;
	struct fail fail = FAIL_INIT;
	cJSON *tree, *phase, *fault;
	char name[64], *text, *why;
	const char *path;

	while (!strstr(file->path, "/etcd-follower-loss.json"))
		assert_true(++file < files->items + files->count);
	tree = cJSON_Duplicate(file->tree, true);
	json_put(cJSON_GetObjectItem(tree, "params"), "model",
		cJSON_Parse("{\"type\":\"string\",\"default\":\"every\",\"help\":\"x\"}"));
	phase = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "phases"), 1);
	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(phase, "faults"), 0);
	cJSON_DeleteItemFromObject(fault, "with");
	json_put(
		fault, "with", json_parse(losses[number].with, strlen(losses[number].with), &fail));
	text = json_pretty(tree);
	cJSON_Delete(tree);
	snprintf(name, sizeof(name), "loss-%zu.json", number);
	path = cli_write(cli, name, text);
	free(text);
	if (validate(path, &why) != (losses[number].valid ? 0 : 65))
		fail_msg("%s: %s", losses[number].with, why);
	free(why);
	return path;
}

static void both_know_the_type_that_is_left_out(void **state)
{
	struct cli cli;

	cli_begin(&cli);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		const char *path = write_loss(&cli, *state, i);

		judge(schema_kind_find("scenario"), (const char *[]){path, NULL}, losses[i].valid);
	}
	cli_end(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_explained),
		cmocka_unit_test(the_published_schemas_are_those_of_the_tables),
		cmocka_unit_test(every_shipped_file_names_its_schema),
		cmocka_unit_test(every_shipped_file_is_valid),
		cmocka_unit_test(both_refuse_the_same_mistakes),
		cmocka_unit_test(both_know_the_type_that_is_left_out),
	};
	struct cli_result result;

	cli_run_program((const char *[]){"env", VALIDATOR, "--version", NULL}, &result);
	if (result.code != 0) {
		print_message("no %s here\n", VALIDATOR);
		return SKIPPED;
	}
	cli_result_free(&result);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
