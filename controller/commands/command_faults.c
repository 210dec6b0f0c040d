/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/json.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/plan/catalogue.h"
#include "controller/plan/catalogue_print.h"

struct arguments {
	const char *fault;
	bool json, page;
};

enum {
	OPTION_PAGE = 256
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "print the catalogue as JSON", 0},
	{"page", OPTION_PAGE, NULL, 0, "print a fault's parameters as Markdown, for its page", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case OPTION_PAGE:
		arguments->page = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->fault)
			argp_error(state, "one fault at a time; what is \"%s\"?", argument);
		arguments->fault = argument;
		return 0;
	case ARGP_KEY_END:
		if (arguments->page && !arguments->fault)
			argp_error(state, "--page needs a FAULT");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print_one(const struct catalogue *catalogue, const struct arguments *arguments)
{
	const char *name = arguments->fault, *nearest;
	const struct catalogue_fault *fault = catalogue_find(catalogue, name);

	if (fault && arguments->json) {
		char *text = json_print_indented(fault->published);

		puts(text);
		free(text);
		return 0;
	}
	if (fault && arguments->page) {
		catalogue_page(stdout, fault);
		return 0;
	}
	if (fault) {
		catalogue_explain(stdout, fault);
		return 0;
	}
	nearest = catalogue_nearest(catalogue, name);
	fprintf(stderr, "backburn: no fault named \"%s\"%s%s%s\n", name,
		nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
	return EXIT_USAGE;
}

static void print_all(const struct catalogue *catalogue, bool json)
{
	cJSON *list = json_array();
	char *text;

	for (size_t i = 0; i < catalogue->count; i++) {
		if (json)
			json_append(list, cJSON_Duplicate(catalogue->faults[i].published, true));
		else
			printf("%-12s %s\n", catalogue->faults[i].name,
				catalogue->faults[i].summary);
	}
	if (json) {
		text = json_print_indented(list);
		puts(text);
		free(text);
	}
	cJSON_Delete(list);
}

int command_faults(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "[FAULT]",
		.doc = "Lists the faults that scenarios can use, or explains one with its "
		       "parameters."};
	struct arguments arguments = {0};
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;
	int code = 0;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (catalogue_builtin(&catalogue, &fail) < 0) {
		fprintf(stderr, "backburn: %s\n", fail.text);
		return EXIT_TROUBLE;
	}
	if (arguments.fault)
		code = print_one(&catalogue, &arguments);
	else
		print_all(&catalogue, arguments.json);
	catalogue_deinit(&catalogue);
	return code;
}
