/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/list.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/files/source.h"
#include "controller/schema/keys_page.h"
#include "controller/schema/schema.h"

struct arguments {
	const struct schema_kind *kind;
	bool page;
	struct list files; /* of char *: with --page */
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *own = state->input;

	switch (key) {
	case 'p':
		own->page = true;
		return 0;
	case ARGP_KEY_ARG:
		if (own->page) {
			list_push_text(&own->files, argument);
			return 0;
		}
		if (own->kind)
			argp_error(state, "one kind at a time; what is \"%s\"?", argument);
		own->kind = schema_kind_find(argument);
		if (!own->kind)
			argp_error(state, "no kind of file \"%s\"; `backburn schema` lists them",
				argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print_schema(const struct schema_kind *kind, const struct catalogue *catalogue)
{
	cJSON *schema = schema_new(kind, catalogue);
	char *text = json_pretty(schema);

	fputs(text, stdout);
	free(text);
	cJSON_Delete(schema);
	return 0;
}

static int learn(struct keys_page *page, const char *path, struct fail *fail)
{
	size_t length;
	cJSON *tree;
	char *text;

	if (file_read(path, SOURCE_BYTES_MAX, &text, &length, fail) < 0)
		return -1;
	tree = json_parse(text, length, fail);
	free(text);
	if (!tree)
		return fail_context(fail, "%s", path);
	keys_page_learn(page, tree);
	cJSON_Delete(tree);
	return 0;
}

static int print_page(
	const struct list *files, const struct catalogue *catalogue, struct fail *fail)
{
	struct keys_page *page = keys_page_new(catalogue);
	int outcome = 0;

	LIST_EACH(*files, char *, path)
		if (outcome == 0)
			outcome = learn(page, *path, fail);
	if (outcome == 0)
		keys_page_print(page, stdout);
	keys_page_free(page);
	return outcome;
}

static int print(const struct arguments *own)
{
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;
	int outcome = catalogue_builtin(&catalogue, &fail);

	if (outcome == 0) {
		outcome = own->page ? print_page(&own->files, &catalogue, &fail)
				    : print_schema(own->kind, &catalogue);
		catalogue_deinit(&catalogue);
	}
	if (outcome < 0) {
		fprintf(stderr, "backburn: %s\n", fail.text);
		return fail.kind == FAIL_BAD_FILE ? EXIT_BAD_FILE : EXIT_TROUBLE;
	}
	return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}

int command_schema(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"page", 'p', NULL, 0,
			"Every key of every kind of file in Markdown, as docs/keys.md has them; "
			"FILEs give the examples",
			0},
		{0},
	};
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "[KIND]\n--page [FILE...]",
		.doc = "Prints the JSON Schema (draft-07) of a kind of file, for completion and "
		       "checks in an editor. Without KIND: the kinds, and the key that tells "
		       "each."};
	struct arguments own = {0};
	int code = 0;

	argp_parse(&parser, argc, argv, 0, NULL, &own);
	if (own.page || own.kind)
		code = print(&own);
	else
		for (size_t i = 0; i < schema_kind_count; i++)
			printf("%-12s \"%s\": 1\n", schema_kinds[i].name, schema_kinds[i].marker);
	list_free_texts(&own.files);
	return code;
}
