/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/shape.h"

/*
 * Tables as data: what the injector publishes about its faults' parameters, and the way back for
 * the controller, which checks scenarios against a catalogue without any fault code of its own.
 */

/* --- table to data --------------------------------------------------------------------- */

static cJSON *describe_words(const char *const *words)
{
	cJSON *list = json_array();

	for (size_t i = 0; words[i]; i++)
		json_append_string(list, words[i]);
	return list;
}

static const char *const choice_words[] = {
	[CHOICE_NONE] = "none", [CHOICE_ONE] = "one", [CHOICE_ANY] = "any", NULL};

static cJSON *describe_form(const struct form *form)
{
	cJSON *out = json_object();

	json_put_string(out, "pattern", form->pattern);
	json_put_string(out, "says", form->says);
	return out;
}

static cJSON *describe_refused(const struct refused_word *refused)
{
	cJSON *object = json_object();

	for (; refused->word; refused++)
		json_put_string(object, refused->word, refused->reason);
	return object;
}

static cJSON *describe_field(const struct field *field)
{
	cJSON *out = json_object();

	json_put_string(out, "key", field->key);
	json_put_string(out, "kind", field_kind_word(field->kind));
	if (field->kind == FIELD_LIST)
		json_put_string(out, "item", field_kind_word(field->item));
	if (field->required)
		json_put_bool(out, "required", true);
	if (field->one_is_list)
		json_put_bool(out, "one_is_list", true);
	if (field->allow_empty)
		json_put_bool(out, "allow_empty", true);
	if (field->live)
		json_put_bool(out, "live", true);
	if (field->choice)
		json_put_string(out, "choice", choice_words[field->choice]);
	if (field->needs)
		json_put_string(out, "needs", field->needs);
	if (field->of)
		json_put_number(out, "of", field->of);
	if (field->form)
		json_put(out, "form", describe_form(field->form));
	if (field->min != 0 || field->max != 0) {
		json_put_number(out, "min", field->min);
		json_put_number(out, "max", field->max);
	}
	if (field->preset)
		json_put(out, "default", cJSON_Parse(field->preset));
	if (field->words)
		json_put(out, "words", describe_words(field->words));
	if (field->refused)
		json_put(out, "refused", describe_refused(field->refused));
	if (field->sub)
		json_put(out, "object", shape_describe(field->sub));
	if (field->unit)
		json_put_string(out, "unit", field->unit);
	if (field->help)
		json_put_string(out, "help", field->help);
	return out;
}

cJSON *shape_describe(const struct shape *shape)
{
	cJSON *out = json_object(), *fields = json_array();

	json_put_string(out, "name", shape->name);
	if (shape->help)
		json_put_string(out, "help", shape->help);
	for (size_t i = 0; i < shape->count; i++)
		if (!shape->fields[i].later)
			json_append(fields, describe_field(&shape->fields[i]));
	json_put(out, "fields", fields);
	return out;
}

/* --- data to table --------------------------------------------------------------------- */

static int kind_of_word(const char *word, enum field_kind *out)
{
	for (unsigned i = 0; i < FIELD_KINDS; i++) {
		if (strcmp(field_kind_word((enum field_kind)i), word) == 0) {
			*out = (enum field_kind)i;
			return 0;
		}
	}
	return -1;
}

static const char **copy_words(const cJSON *list)
{
	size_t count = (size_t)cJSON_GetArraySize(list), used = 0;
	const char **words = must_array(count + 1, sizeof(*words));

	for (const cJSON *word = list->child; word; word = word->next)
		if (cJSON_IsString(word))
			words[used++] = must_copy_if(word->valuestring);
	return words;
}

static const struct form *copy_form(const cJSON *in)
{
	struct form *form;

	if (!in)
		return NULL;
	form = must_alloc(sizeof(*form));
	form->pattern = must_copy_if(json_string(in, "pattern", ""));
	form->says = must_copy_if(json_string(in, "says", ""));
	return form;
}

static enum field_choice choice_of(const cJSON *in)
{
	const char *word = json_string(in, "choice", "none");

	for (int i = 0; choice_words[i]; i++)
		if (strcmp(choice_words[i], word) == 0)
			return (enum field_choice)i;
	return CHOICE_NONE;
}

/* Counted repetitions inside of one another would take all memory to compile: one is enough. */
static bool form_compiles(const struct form *form)
{
	const char *brace = form ? strchr(form->pattern, '{') : NULL;
	regex_t expression;

	if (brace && strchr(brace + 1, '{'))
		return false;
	if (form && regcomp(&expression, form->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	if (form)
		regfree(&expression);
	return true;
}

static const struct refused_word *copy_refused(const cJSON *object)
{
	size_t used = 0;
	struct refused_word *refused =
		must_array((size_t)cJSON_GetArraySize(object) + 1, sizeof(*refused));

	for (const cJSON *word = object->child; word; word = word->next) {
		if (!cJSON_IsString(word))
			continue;
		refused[used].word = must_copy_if(word->string);
		refused[used++].reason = must_copy_if(word->valuestring);
	}
	return refused;
}

static int read_field(const cJSON *in, struct field *out, struct fail *fail)
{
	const cJSON *words = cJSON_GetObjectItemCaseSensitive(in, "words");
	const cJSON *refused = cJSON_GetObjectItemCaseSensitive(in, "refused");
	const cJSON *preset = cJSON_GetObjectItemCaseSensitive(in, "default");
	const cJSON *sub = cJSON_GetObjectItemCaseSensitive(in, "object");
	const char *key = json_string(in, "key", NULL);

	if (!key || kind_of_word(json_string(in, "kind", ""), &out->kind) < 0 ||
		(out->kind == FIELD_LIST &&
			kind_of_word(json_string(in, "item", ""), &out->item) < 0))
		return fail_set(fail, FAIL_PEER, "a field without key or kind");
	out->key = must_copy_if(key);
	out->required = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "required"));
	out->one_is_list = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "one_is_list"));
	out->allow_empty = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "allow_empty"));
	out->live = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "live"));
	out->choice = choice_of(in);
	out->needs = must_copy_if(json_string(in, "needs", NULL));
	out->of = (unsigned int)json_number(in, "of", 0);
	out->form = copy_form(cJSON_GetObjectItemCaseSensitive(in, "form"));
	if (!form_compiles(out->form))
		return fail_set(fail, FAIL_PEER, "%s: a form that is no expression", key);
	out->min = json_number(in, "min", 0);
	out->max = json_number(in, "max", 0);
	out->unit = must_copy_if(json_string(in, "unit", NULL));
	out->help = must_copy_if(json_string(in, "help", NULL));
	if (preset)
		out->preset = json_print(preset);
	if (cJSON_IsArray(words))
		out->words = copy_words(words);
	if (cJSON_IsObject(refused))
		out->refused = copy_refused(refused);
	if ((out->kind == FIELD_ENUM || (out->kind == FIELD_LIST && out->item == FIELD_ENUM)) &&
		!out->words)
		return fail_set(fail, FAIL_PEER, "%s: an enum without words", key);
	if (sub) {
		out->sub = shape_from_description(sub, fail);
		if (!out->sub)
			return -1;
	}
	if (!out->sub &&
		(out->kind == FIELD_OBJECT || out->kind == FIELD_MAP ||
			(out->kind == FIELD_LIST && out->item == FIELD_OBJECT)))
		return fail_set(fail, FAIL_PEER, "%s: an object without its fields", key);
	return 0;
}

struct shape *shape_from_description(const cJSON *description, struct fail *fail)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(description, "fields");
	struct shape *shape = must_alloc(sizeof(*shape));
	struct field *fields;

	shape->name = must_copy_if(json_string(description, "name", "object"));
	shape->help = must_copy_if(json_string(description, "help", NULL));
	fields = must_array((size_t)cJSON_GetArraySize(list) + 1, sizeof(*fields));
	shape->fields = fields;
	if (!cJSON_IsArray(list)) {
		fail_set(fail, FAIL_PEER, "%s: no list of fields", shape->name);
		goto wrong;
	}
	for (const cJSON *in = list->child; in; in = in->next)
		if (read_field(in, &fields[shape->count++], fail) < 0)
			goto wrong;
	return shape;
wrong:
	shape_description_free(shape);
	return NULL;
}

static void free_words(const char *const *words)
{
	for (size_t i = 0; words && words[i]; i++)
		free((char *)words[i]);
	free((void *)words);
}

static void free_refused(const struct refused_word *refused)
{
	for (size_t i = 0; refused && refused[i].word; i++) {
		free((char *)refused[i].word);
		free((char *)refused[i].reason);
	}
	free((void *)refused);
}

void shape_description_free(struct shape *shape)
{
	if (!shape)
		return;
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		free((char *)field->key);
		free((char *)field->preset);
		free((char *)field->needs);
		if (field->form) {
			free((char *)field->form->pattern);
			free((char *)field->form->says);
		}
		free((void *)field->form);
		free((char *)field->unit);
		free((char *)field->help);
		free_words(field->words);
		free_refused(field->refused);
		shape_description_free((struct shape *)field->sub);
	}
	free((void *)shape->fields);
	free((char *)shape->name);
	free((char *)shape->help);
	free(shape);
}
