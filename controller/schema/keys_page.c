/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/schema/keys_page.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/catalogue_print.h"
#include "controller/schema/schema.h"

enum {
	EXAMPLE_MAX = 72, /* characters: longer ones would tear the table */
	PLACE_MAX = 256
};

struct example {
	const struct field *field;
	char *text; /* JSON, owned */
};

/* A table that is printed by then or later, and under which heading it is found. */
struct told {
	const struct shape *shape;
	char place[PLACE_MAX];
};

struct keys_page {
	const struct catalogue *catalogue;
	struct list examples; /* of struct example */
	struct list told;     /* of struct told */
	FILE *out;
};

struct keys_page *keys_page_new(const struct catalogue *catalogue)
{
	struct keys_page *page = must_array(1, sizeof(*page));

	page->catalogue = catalogue;
	return page;
}

void keys_page_free(struct keys_page *page)
{
	if (!page)
		return;
	LIST_EACH(page->examples, struct example, example)
		free(example->text);
	free(page->examples.items);
	free(page->told.items);
	free(page);
}

/* --- examples ---------------------------------------------------------------------------- */

static const struct example *example_of(const struct keys_page *page, const struct field *field)
{
	LIST_EACH(page->examples, struct example, example)
		if (example->field == field)
			return example;
	return NULL;
}

/* Values alone: what holds further keys is shown by these. */
static bool has_example(const struct field *field)
{
	return !field->sub && field->kind != FIELD_WITH;
}

static void learn_value(struct keys_page *page, const struct field *field, const cJSON *value)
{
	struct example *example;
	char *text;

	if (!has_example(field) || example_of(page, field) || shape_reference(value, "param"))
		return;
	text = json_print(value);
	/* A backtick can't stand in code, and a parameter's name is no value. */
	if (strlen(text) > EXAMPLE_MAX || strchr(text, '`') || strstr(text, "{param.")) {
		free(text);
		return;
	}
	example = list_push(&page->examples, sizeof(*example));
	*example = (struct example){.field = field, .text = text};
}

static void learn_object(struct keys_page *page, const struct shape *shape, const cJSON *object)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, field->key), *child;

		if (!value)
			continue;
		learn_value(page, field, value);
		if (!field->sub)
			continue;
		if (field->kind == FIELD_OBJECT || !cJSON_IsArray(value))
			learn_object(page, field->sub, value);
		if (field->kind != FIELD_OBJECT)
			cJSON_ArrayForEach(child, value)
				learn_object(page, field->sub, child);
	}
}

void keys_page_learn(struct keys_page *page, const cJSON *file)
{
	const struct schema_kind *kind = schema_kind_of(file);

	if (kind)
		learn_object(page, schema_shape(kind, page->catalogue), file);
}

/* --- cells ------------------------------------------------------------------------------- */

/* A bar would end the cell. */
static void print_cell(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void print_code(FILE *out, const char *text)
{
	fputc('`', out);
	print_cell(out, text);
	fputc('`', out);
}

/* "scenario-phases-until" of "scenario: phases[].until" */
static void print_anchor(FILE *out, const char *place)
{
	bool gap = false;

	for (; *place; place++) {
		if (isalnum((unsigned char)*place) || *place == '_') {
			fprintf(out, gap ? "-%c" : "%c", *place);
			gap = false;
		} else {
			gap = true;
		}
	}
}

static const struct told *told_of(const struct keys_page *page, const struct shape *shape)
{
	LIST_EACH(page->told, struct told, told)
		if (told->shape == shape)
			return told;
	return NULL;
}

static void print_link(const struct keys_page *page, const struct field *field, const char *place)
{
	const struct told *told = told_of(page, field->sub);

	fprintf(page->out, "%s [%s](#",
		field->kind == FIELD_LIST          ? "list of objects:"
			: field->kind == FIELD_MAP ? "objects by name:"
						   : "object:",
		field->sub->name);
	print_anchor(page->out, told ? told->place : place);
	fputc(')', page->out);
	if (field->kind == FIELD_LIST && field->one_is_list)
		fputs(", or one alone", page->out);
}

static void print_words(FILE *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		fprintf(out, "%s`%s`", i ? ", " : "", words[i]);
}

static void print_values(const struct keys_page *page, const struct field *field, const char *place)
{
	if (field->sub) {
		print_link(page, field, place);
		return;
	}
	if (field->kind == FIELD_WITH) {
		fputs("object: the parameters of the fault, see [docs/faults](faults/)", page->out);
		return;
	}
	if (field->kind == FIELD_ENUM) {
		print_words(page->out, field->words);
		return;
	}
	if (field->kind == FIELD_BOOL && field->min != 0) {
		fputs("only `true`", page->out);
		return;
	}
	if (field->min == field->max && field->min != 0) {
		fprintf(page->out, "only `%.15g`", field->min);
		return;
	}
	catalogue_print_kind(page->out, field);
	if (field->kind == FIELD_LIST && field->item == FIELD_ENUM) {
		fputs(": ", page->out);
		print_words(page->out, field->words);
	}
	if (field->form)
		fprintf(page->out, ": %s", field->form->says);
	catalogue_print_range(page->out, field, ", ");
	if (field->unit)
		fprintf(page->out, ", in %s", field->unit);
}

static void print_default(FILE *out, const struct shape *shape, const struct field *field)
{
	bool said = field->required || field->preset;

	if (field->preset)
		print_code(out, field->preset);
	if (field->required)
		fputs("required", out);
	catalogue_print_types(out, shape, field->of, said ? " with type " : "only with type ");
	if (field->needs)
		fprintf(out, "%sonly with `%s`", said || field->of ? ", " : "", field->needs);
}

static void print_example(const struct keys_page *page, const struct field *field)
{
	const struct example *example = example_of(page, field);
	char text[128];

	if (!has_example(field))
		return;
	if (example) {
		print_code(page->out, example->text);
	} else if (field->kind == FIELD_ENUM) {
		snprintf(text, sizeof(text), "\"%s\"", field->words[0]);
		print_code(page->out, text);
	} else if (field->preset) {
		print_code(page->out, field->preset);
	} else if (field->kind == FIELD_BOOL) {
		print_code(page->out, "true");
	}
}

/* --- tables ------------------------------------------------------------------------------ */

/* "exactly one of `for` and `until`" */
static void print_choice(
	FILE *out, const struct shape *shape, enum field_choice choice, const char *how)
{
	const char *before = how;

	for (size_t i = 0; i < shape->count; i++) {
		if (shape->fields[i].choice != choice || shape->fields[i].later)
			continue;
		fprintf(out, "%s`%s`", before, shape->fields[i].key);
		before = ", ";
	}
	if (before != how)
		fputs(".\n", out);
}

static void place_below(char below[PLACE_MAX], const char *place, const struct field *field)
{
	size_t length = strlen(place);

	snprintf(below, PLACE_MAX, "%s%s%s%s", place, length && place[length - 1] == ' ' ? "" : ".",
		field->key,
		field->kind == FIELD_LIST          ? "[]"
			: field->kind == FIELD_MAP ? ".NAME"
						   : "");
}

static void print_row(const struct keys_page *page, const struct shape *shape,
	const struct field *field, const char *place)
{
	char below[PLACE_MAX];

	place_below(below, place, field);
	fputs(field->required && !field->of ? "| **" : "| ", page->out);
	print_code(page->out, field->key);
	fputs(field->required && !field->of ? "** | " : " | ", page->out);
	print_values(page, field, below);
	fputs(" | ", page->out);
	print_default(page->out, shape, field);
	fputs(" | ", page->out);
	print_example(page, field);
	fputs(" | ", page->out);
	print_cell(page->out, field->help ? field->help : "");
	fputs(" |\n", page->out);
}

static void tell(struct keys_page *page, const struct shape *shape, const char *place)
{
	struct told *told = list_push(&page->told, sizeof(*told));

	told->shape = shape;
	snprintf(told->place, sizeof(told->place), "%s", place);
}

/* Before their own: a table stands as far up as it can, where people look for it. */
static void tell_of_fields(struct keys_page *page, const struct shape *shape, const char *place)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		char below[PLACE_MAX];

		if (!field->sub || field->later || told_of(page, field->sub))
			continue;
		place_below(below, place, field);
		tell(page, field->sub, below);
	}
}

static bool stands_at(const struct keys_page *page, const struct shape *shape, const char *place)
{
	return strcmp(told_of(page, shape)->place, place) == 0;
}

static void print_table(struct keys_page *page, const struct shape *shape, const char *place)
{
	const char *inside = strchr(place, ' ');

	tell_of_fields(page, shape, place);
	fputs("\n<a id=\"", page->out);
	print_anchor(page->out, place);
	fprintf(page->out, "\"></a>\n\n");
	if (inside && inside[1])
		fprintf(page->out, "### `%s`\n\n", inside + 1);
	if (shape->help)
		fprintf(page->out, "%s\n\n", shape->help);
	fputs("| key | values | default | example | |\n|---|---|---|---|---|\n", page->out);
	for (size_t i = 0; i < shape->count; i++)
		if (!shape->fields[i].later)
			print_row(page, shape, &shape->fields[i], place);
	print_choice(page->out, shape, CHOICE_ONE, "\nExactly one of these: ");
	print_choice(page->out, shape, CHOICE_ANY, "\nAt least one of these: ");
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		char below[PLACE_MAX];

		if (!field->sub || field->later)
			continue;
		place_below(below, place, field);
		if (stands_at(page, field->sub, below))
			print_table(page, field->sub, below);
	}
}

void keys_page_print(struct keys_page *page, FILE *out)
{
	page->out = out;
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct shape *shape = schema_shape(&schema_kinds[i], page->catalogue);
		char place[PLACE_MAX];

		fprintf(out, "\n## %s\n", schema_kinds[i].name);
		snprintf(place, sizeof(place), "%s: ", schema_kinds[i].name);
		tell(page, shape, place);
		print_table(page, shape, place);
	}
}
