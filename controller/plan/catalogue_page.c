/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/plan/catalogue_print.h"

/* The part of a fault's page that its tables tell; what they don't is written by hand around it. */

enum {
	KEY_MAX = 128
};

/* A bar would end the cell. */
static void print_text(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void print_values(FILE *out, const struct field *field)
{
	if (field->kind == FIELD_ENUM) {
		for (size_t i = 0; field->words[i]; i++)
			fprintf(out, "%s`%s`", i ? ", " : "", field->words[i]);
		return;
	}
	catalogue_print_kind(out, field);
	catalogue_print_range(out, field, ", ");
	if (field->unit)
		fprintf(out, ", in %s", field->unit);
}

static void print_default(FILE *out, const struct shape *shape, const struct field *field)
{
	if (field->preset) {
		fputs("`", out);
		print_text(out, field->preset);
		fputs("`", out);
	}
	if (field->required)
		fputs("needed", out);
	catalogue_print_types(out, shape, field->of,
		field->required || field->preset ? " with type " : "only with type ");
	if (field->needs)
		fprintf(out, "%sonly with `%s`", field->preset ? ", " : "", field->needs);
}

static void print_rows(FILE *out, const struct shape *shape, const char *above)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		char key[KEY_MAX];

		snprintf(key, sizeof(key), "%s%s", above, field->key);
		fprintf(out, "| `%s` | ", key);
		print_values(out, field);
		fputs(" | ", out);
		print_default(out, shape, field);
		fputs(" | ", out);
		print_text(out, field->help ? field->help : "");
		fputs(" |\n", out);
		strncat(key, field->kind == FIELD_LIST ? "[]." : ".",
			sizeof(key) - strlen(key) - 1);
		if (field->sub)
			print_rows(out, field->sub, key);
	}
}

/* "exactly one of `ratio` and `gap`" */
static void print_choice(
	FILE *out, const struct shape *shape, enum field_choice choice, const char *how)
{
	const char *before = how;

	for (size_t i = 0; i < shape->count; i++) {
		if (shape->fields[i].choice != choice)
			continue;
		fprintf(out, "%s`%s`", before, shape->fields[i].key);
		before = ", ";
	}
	if (before != how)
		fputs(".\n", out);
}

static void print_words(FILE *out, const char *label, const cJSON *list)
{
	const char *before = label;
	const cJSON *word;

	cJSON_ArrayForEach(word, list) {
		fprintf(out, "%s%s", before, cJSON_IsString(word) ? word->valuestring : "?");
		before = ", ";
	}
}

void catalogue_page(FILE *out, const struct catalogue_fault *fault)
{
	print_words(out, "`on`: ", cJSON_GetObjectItemCaseSensitive(fault->published, "on"));
	print_words(out, " · `from`: ", cJSON_GetObjectItemCaseSensitive(fault->published, "from"));
	fputs(fault->within ? ", or left out: then among the nodes of `on`\n" : "\n", out);
	if (fault->alone)
		fprintf(out, "\nNo two of them act on one %s at one time.\n",
			fault->machine ? "machine" : "path");
	if (!fault->params->count)
		return;
	fputs("\n| key | values | default | |\n|---|---|---|---|\n", out);
	print_rows(out, fault->params, "");
	print_choice(out, fault->params, CHOICE_ONE, "\nExactly one of these must be there: ");
	print_choice(out, fault->params, CHOICE_ANY, "\nAt least one of these must be there: ");
}
