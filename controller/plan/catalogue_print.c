/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/catalogue_print.h"

#include <assert.h>

#include "contract/units.h"

enum {
	INDENT = 2,
	KEY_WIDTH = 12
};

void catalogue_print_kind(FILE *out, const struct field *field)
{
	switch (field->kind) {
	case FIELD_LIST:
		fprintf(out, "list of %s%s%s", field_kind_word(field->item),
			field->item == FIELD_PREFIX ? "es" : "s",
			field->one_is_list ? ", or one alone" : "");
		break;
	case FIELD_MAP:
		fputs("object of objects by name", out);
		break;
	case FIELD_NAMES:
		fputs("object of lists of names", out);
		break;
	case FIELD_STRINGS:
		fputs("object of strings", out);
		break;
	default:
		fputs(field_kind_word(field->kind), out);
		break;
	}
}

void catalogue_print_range(FILE *out, const struct field *field, const char *before)
{
	enum field_kind kind = field->kind == FIELD_LIST ? field->item : field->kind;
	char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX];

	static_assert((int)UNIT_TEXT_MAX <= (int)DURATION_TEXT_MAX, "room for each unit");
	if ((field->min == 0 && field->max == 0) || kind == FIELD_BOOL)
		return;
	switch (kind) {
	case FIELD_DURATION:
		fprintf(out, "%s%s to %s", before, duration_format((int64_t)field->min, low),
			duration_format((int64_t)field->max, high));
		return;
	case FIELD_SIZE:
		fprintf(out, "%s%s to %s", before, size_format((int64_t)field->min, low),
			size_format((int64_t)field->max, high));
		return;
	case FIELD_BANDWIDTH:
		fprintf(out, "%s%s to %s", before, bandwidth_format((int64_t)field->min, low),
			bandwidth_format((int64_t)field->max, high));
		return;
	default:
		fprintf(out, "%s%.15g to %.15g", before, field->min, field->max);
		return;
	}
}

void catalogue_print_types(
	FILE *out, const struct shape *shape, unsigned int of, const char *before)
{
	const struct field *type = of ? shape_type(shape) : NULL;
	for (int word = 0; type && type->words[word]; word++)
		if (of & FIELD_OF(word)) {
			fprintf(out, "%s%s", before, type->words[word]);
			before = " or ";
		}
}

static void print_table(FILE *out, const struct shape *shape, int depth);

static void print_field(FILE *out, const struct shape *shape, const struct field *field, int depth)
{
	int indent = INDENT * depth;

	fprintf(out, "%*s%-*s ", indent, "", KEY_WIDTH, field->key);
	catalogue_print_kind(out, field);
	for (size_t i = 0; field->words && field->words[i]; i++)
		fprintf(out, "%s%s", i ? " | " : ": ", field->words[i]);
	catalogue_print_range(out, field, ", ");
	if (field->unit)
		fprintf(out, ", in %s", field->unit);
	if (field->required)
		fputs(", required", out);
	catalogue_print_types(out, shape, field->of, ", with type ");
	if (field->needs)
		fprintf(out, ", only with %s", field->needs);
	if (field->preset)
		fprintf(out, ", default %s", field->preset);
	fputc('\n', out);
	if (field->help)
		fprintf(out, "%*s%*s %s\n", indent, "", KEY_WIDTH, "", field->help);
	if (field->sub)
		print_table(out, field->sub, depth + 1);
}

static void print_table(FILE *out, const struct shape *shape, int depth)
{
	for (size_t i = 0; i < shape->count; i++)
		print_field(out, shape, &shape->fields[i], depth);
}

static void print_words(FILE *out, const char *label, const cJSON *list)
{
	const cJSON *word;
	bool first = true;

	fputs(label, out);
	cJSON_ArrayForEach(word, list) {
		fprintf(out, "%s%s", first ? " " : ", ",
			cJSON_IsString(word) ? word->valuestring : "?");
		first = false;
	}
}

void catalogue_explain(FILE *out, const struct catalogue_fault *fault)
{
	fprintf(out, "%s: %s\n", fault->name, fault->summary);
	print_words(out, "on:  ", cJSON_GetObjectItemCaseSensitive(fault->published, "on"));
	print_words(out, "\nfrom:", cJSON_GetObjectItemCaseSensitive(fault->published, "from"));
	fputs(fault->within ? "; or none: then between the nodes of \"on\"\n" : "\n", out);
	if (fault->alone)
		fprintf(out, "      no two of them on one %s at one time\n",
			fault->machine ? "machine" : "path");
	fputs(fault->params->count ? "with:\n" : "with: no parameters\n", out);
	print_table(out, fault->params, 1);
}
