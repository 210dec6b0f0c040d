/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <math.h>
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

/*
 * The published schemas against a validator that is not ours: it takes every file that we ship, and
 * of files with one seeded mistake it refuses each, as `backburn validate` does.
 */
#define VALIDATOR "/usr/bin/jsonschema"

enum {
	MUTANTS = 300, /* with BACKBURN_LONG there are as many as places for them */
	MUTANTS_MAX = 64000,
	FILES_MAX = 64,
	SKIPPED = 77
};

/* --- the files -------------------------------------------------------------------------- */

struct file {
	char path[256];
	const struct schema_kind *kind;
	cJSON *tree; /* references to other files made absolute */
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

/* Asks it about all files of one kind at once; `paths` ends with NULL. */
static void judge(const struct schema_kind *kind, const char *const *paths, bool valid)
{
	static const char *argv[2 * MUTANTS_MAX + 8];
	const char *const start[] = {VALIDATOR, "--output", "pretty"};
	struct cli_result result;
	size_t count = sizeof(start) / sizeof(start[0]);

	if (!paths[0])
		return;
	memcpy(argv, start, sizeof(start));
	for (size_t i = 0; paths[i]; i++) {
		argv[count++] = "-i";
		argv[count++] = paths[i];
	}
	argv[count++] = schema_path(kind);
	argv[count] = NULL;
	cli_run_program(argv, &result);
	for (size_t i = 0; paths[i]; i++)
		if (!said(&result, valid ? "SUCCESS" : "ValidationError", paths[i]))
			fail_msg("%s: %s: not %s:\n%s%s", kind->name, paths[i],
				valid ? "valid" : "refused", result.out, result.err);
	assert_int_equal(result.code, valid ? 0 : 1);
	cli_result_free(&result);
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

/* --- mistakes --------------------------------------------------------------------------- */

/* Walks a file along its table, counts the places for a mistake, and makes the `target`-th. */
struct walk {
	const struct catalogue *catalogue;
	size_t seen, target;
	char made[256]; /* what was done */
};

static bool here(struct walk *walk, const char *what, const char *key)
{
	if (walk->seen++ != walk->target)
		return false;
	snprintf(walk->made, sizeof(walk->made), "%s \"%s\"", what, key);
	return true;
}

static cJSON *wrong_type(const struct field *field)
{
	switch (field->kind) {
	case FIELD_BOOL:
	case FIELD_INTEGER:
	case FIELD_NUMBER:
	case FIELD_RATIO:
	case FIELD_COUNT:
		return cJSON_CreateString("seven");
	case FIELD_JSON:
		return NULL;
	case FIELD_LIST:
		return cJSON_CreateObject();
	case FIELD_OBJECT:
	case FIELD_MAP:
	case FIELD_WITH:
	case FIELD_TEXTS:
	case FIELD_STRINGS:
	case FIELD_NAMES:
		return cJSON_CreateArray();
	case FIELD_PORTS:
		return cJSON_CreateTrue();
	default:
		return cJSON_CreateNumber(-7);
	}
}

static cJSON *wrong_value(const struct field *field)
{
	switch (field->kind) {
	case FIELD_INTEGER:
	case FIELD_NUMBER:
		return field->max != 0 ? cJSON_CreateNumber(2 * field->max + 1) : NULL;
	case FIELD_RATIO:
		return cJSON_CreateNumber(1.5);
	case FIELD_COUNT:
		return cJSON_CreateNumber(0);
	case FIELD_DURATION:
	case FIELD_SIZE:
	case FIELD_BANDWIDTH:
		return cJSON_CreateString("3 parsecs");
	case FIELD_ENUM:
	case FIELD_FAULT:
		return cJSON_CreateString("no-such-word");
	case FIELD_NAME:
	case FIELD_GROUP:
	case FIELD_NODE:
		return cJSON_CreateString("-no name");
	case FIELD_PREFIX:
		return cJSON_CreateString("here");
	case FIELD_STRING:
		return field->allow_empty ? NULL : cJSON_CreateString("");
	case FIELD_LIST:
	case FIELD_MAP:
		if (field->allow_empty)
			return NULL;
		return field->kind == FIELD_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
	case FIELD_NAMES:
		return field->allow_empty ? NULL : cJSON_CreateObject();
	default:
		return NULL;
	}
}

static cJSON *too_small(const struct field *field)
{
	/* Of the least number that there is, one less is the same. */
	double less = field->min < 0 ? 2 * field->min : field->min - 1;

	if (field->kind != FIELD_INTEGER && field->kind != FIELD_NUMBER)
		return NULL;
	return (field->min != 0 || field->max != 0) && isfinite(less) ? cJSON_CreateNumber(less)
								      : NULL;
}

static cJSON *between_two(const struct field *field)
{
	return field->kind == FIELD_INTEGER ? cJSON_CreateNumber(field->min + 0.5) : NULL;
}

/* Of any JSON value it is one. */
static cJSON *nothing(const struct field *field)
{
	return field->kind == FIELD_JSON ? NULL : cJSON_CreateNull();
}

/* No form allows a line end. */
static cJSON *of_no_form(const struct field *field)
{
	return field->form && field->kind == FIELD_STRING ? cJSON_CreateString("a\nb") : NULL;
}

static cJSON *with_a_wrong_item(const struct field *field)
{
	cJSON *list;

	if (field->kind != FIELD_LIST || field->item == FIELD_JSON)
		return NULL;
	list = cJSON_CreateArray();
	cJSON_AddItemToArray(list, cJSON_CreateNull());
	return list;
}

static const struct {
	const char *what;
	cJSON *(*make)(const struct field *field); /* NULL: can't be made of that kind */
} wrongs[] = {
	{"a wrong type of", wrong_type},
	{"a wrong value of", wrong_value},
	{"too small a value of", too_small},
	{"a fraction of", between_two},
	{"null as", nothing},
	{"a text of no form as", of_no_form},
	{"a wrong item in", with_a_wrong_item},
};

/* Puts `wrong` (consumed, may be NULL) in a member's place when that is the target. */
static void try_value(
	struct walk *walk, cJSON *object, cJSON *member, const char *what, cJSON *wrong)
{
	if (wrong && here(walk, what, member->string))
		assert_true(cJSON_ReplaceItemInObjectCaseSensitive(object, member->string, wrong));
	else
		cJSON_Delete(wrong);
}

static void rename_key(cJSON *member, const char *prefix)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", prefix, member->string);
	free(member->string);
	member->string = strdup(name);
}

static void walk_object(struct walk *walk, const struct shape *shape, cJSON *object);

static void walk_inside(
	struct walk *walk, const struct field *field, cJSON *value, const cJSON *beside)
{
	const struct catalogue_fault *fault;
	cJSON *child;

	if (field->kind == FIELD_OBJECT)
		walk_object(walk, field->sub, value);
	if (field->kind == FIELD_WITH) {
		fault = catalogue_find(walk->catalogue, json_string(beside, "fault", ""));
		if (fault) /* else this very mistake was made */
			walk_object(walk, fault->params, value);
	}
	if (field->kind != FIELD_MAP && !(field->kind == FIELD_LIST && field->item == FIELD_OBJECT))
		return;
	cJSON_ArrayForEach(child, value) {
		if (field->kind == FIELD_MAP && here(walk, "no name:", child->string))
			rename_key(child, "- ");
		walk_object(walk, field->sub, child);
	}
}

/* What only a rule between keys forbids. */
static void walk_rules(
	struct walk *walk, const struct shape *shape, const struct field *field, cJSON *object)
{
	const struct field *type = shape_type(shape);
	const char *word = type ? json_string(object, type->key, NULL) : NULL;
	bool other_type = false;

	if (cJSON_GetObjectItemCaseSensitive(object, field->key)) {
		if (field->needs && here(walk, "without what is needed by", field->key))
			cJSON_DeleteItemFromObjectCaseSensitive(object, field->needs);
		return;
	}
	for (int i = 0; field->of && word && type->words[i]; i++)
		other_type |= strcmp(type->words[i], word) == 0 && !(field->of & FIELD_OF(i));
	if (!field->later && (other_type || field->choice == CHOICE_ONE) &&
		here(walk, "an excluded", field->key))
		cJSON_AddItemToObject(object, field->key, cJSON_CreateString("7s"));
}

static void walk_object(struct walk *walk, const struct shape *shape, cJSON *object)
{
	for (size_t i = 0; i < shape->count; i++)
		walk_rules(walk, shape, &shape->fields[i], object);
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		cJSON *member = cJSON_GetObjectItemCaseSensitive(object, field->key);

		if (!member || field->later)
			continue;
		walk_inside(walk, field, member, object);
		if ((field->required || field->choice == CHOICE_ONE) &&
			here(walk, "without", field->key)) {
			cJSON_DeleteItemFromObjectCaseSensitive(object, field->key);
			continue;
		}
		if (here(walk, "renamed", field->key)) {
			rename_key(member, "x_");
			continue;
		}
		for (size_t w = 0; w < sizeof(wrongs) / sizeof(wrongs[0]); w++) {
			member = cJSON_GetObjectItemCaseSensitive(object, field->key);
			try_value(walk, object, member, wrongs[w].what, wrongs[w].make(field));
		}
	}
}

static size_t places_in(const struct files *files, const struct file *file)
{
	struct walk walk = {.catalogue = &files->catalogue, .target = SIZE_MAX};

	walk_object(&walk, schema_shape(file->kind, &files->catalogue), file->tree);
	return walk.seen;
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
	struct walk walk = {.catalogue = &files->catalogue, .target = place};
	const struct file *file = files->items;
	const char *path;
	char name[64], *text, *why;
	cJSON *tree;

	while (walk.target >= places_in(files, file))
		walk.target -= places_in(files, file++);
	tree = cJSON_Duplicate(file->tree, true);
	walk_object(&walk, schema_shape(file->kind, &files->catalogue), tree);
	text = json_pretty(tree);
	cJSON_Delete(tree);
	snprintf(name, sizeof(name), "%s-%zu.json", file->kind->name, number);
	path = cli_write(cli, name, text);
	free(text);
	if (validate(path, &why) != 65)
		fail_msg("%s with %s was taken: %s", file->path, walk.made, why);
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
		places += places_in(files, &files->items[i]);
	if (places < MUTANTS || places > MUTANTS_MAX) {
		fail_msg("%zu places for a mistake", places);
		return;
	}
	mutants = getenv("BACKBURN_LONG") ? places : MUTANTS;
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
