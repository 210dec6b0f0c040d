/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/json.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/schema/schema.h"

static error_t take(int key, char *argument, struct argp_state *state)
{
	const struct schema_kind **kind = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*kind)
			argp_error(state, "one kind at a time; what is \"%s\"?", argument);
		*kind = schema_kind_find(argument);
		if (!*kind)
			argp_error(state, "no kind of file \"%s\"; `backburn schema` lists them",
				argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print(const struct schema_kind *kind)
{
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;
	cJSON *schema;
	char *text;

	if (catalogue_builtin(&catalogue, &fail) < 0) {
		fprintf(stderr, "backburn: %s\n", fail.text);
		return EXIT_TROUBLE;
	}
	schema = schema_new(kind, &catalogue);
	text = json_pretty(schema);
	fputs(text, stdout);
	free(text);
	cJSON_Delete(schema);
	catalogue_deinit(&catalogue);
	return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}

int command_schema(int argc, char **argv)
{
	static const struct argp parser = {.parser = take,
		.args_doc = "[KIND]",
		.doc = "Prints the JSON Schema (draft-07) of a kind of file, for completion and "
		       "checks in an editor. Without KIND: the kinds, and the key that tells "
		       "each."};
	const struct schema_kind *kind = NULL;

	argp_parse(&parser, argc, argv, 0, NULL, &kind);
	if (kind)
		return print(kind);
	for (size_t i = 0; i < schema_kind_count; i++)
		printf("%-12s \"%s\": 1\n", schema_kinds[i].name, schema_kinds[i].marker);
	return 0;
}
