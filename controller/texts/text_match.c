/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/texts/text_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct form pointer_form = {
	.pattern = "^(/|$)", .says = "a JSON pointer like \"/health\", or empty"};

static const struct field json_match_fields[] = {
	{.key = "pointer",
		.kind = FIELD_STRING,
		AT(json_match, pointer),
		.required = true,
		.allow_empty = true,
		.form = &pointer_form,
		.help = "JSON pointer to the value, like /status/ready; empty for the whole."},
	{.key = "equals",
		.kind = FIELD_JSON,
		AT(json_match, equals),
		.required = true,
		.help = "The value that must stand there."},
};
static const struct shape json_match_shape = {.name = "json",
	.size = sizeof(struct json_match),
	SHAPE_FIELDS(json_match_fields),
	.help = "A value inside of JSON."};

static const struct field text_match_fields[] = {
	{.key = "contains",
		.kind = FIELD_STRING,
		AT(text_match, contains),
		.choice = CHOICE_ONE,
		.help = "A text that must occur in it."},
	{.key = "starts_with",
		.kind = FIELD_STRING,
		AT(text_match, starts_with),
		.choice = CHOICE_ONE,
		.help = "A text that it must begin with."},
	{.key = "equals",
		.kind = FIELD_STRING,
		AT(text_match, equals),
		.choice = CHOICE_ONE,
		.allow_empty = true,
		.help = "The whole text; one line end behind it is ignored."},
	{.key = "json",
		.kind = FIELD_OBJECT,
		.sub = &json_match_shape,
		AT(text_match, json),
		.choice = CHOICE_ONE,
		.help = "It must be JSON with a certain value at a certain place."},
};
const struct shape text_match_shape = {.name = "match",
	.size = sizeof(struct text_match),
	SHAPE_FIELDS(text_match_fields),
	.help = "What is expected of a text that comes back."};

static bool begins(const char *text, size_t length, const char *start)
{
	size_t needed = strlen(start);

	return length >= needed && memcmp(text, start, needed) == 0;
}

static size_t without_line_end(const char *text, size_t length)
{
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 0 && text[length - 1] == '\r')
		length--;
	return length;
}

static bool json_fits(const struct json_match *match, const char *text, size_t length)
{
	struct fail ignored = FAIL_INIT;
	cJSON *value = json_parse(text, length, &ignored);
	bool fits =
		value && cJSON_Compare(json_at_pointer(value, match->pointer), match->equals, true);

	cJSON_Delete(value);
	return fits;
}

bool text_match_fits(const struct text_match *match, const char *text, size_t length)
{
	if (match->contains)
		return memmem(text, length, match->contains, strlen(match->contains)) != NULL;
	if (match->starts_with)
		return begins(text, length, match->starts_with);
	if (match->json)
		return json_fits(match->json, text, length);
	length = without_line_end(text, length);
	return length == strlen(match->equals) && begins(text, length, match->equals);
}

void text_match_say(const struct text_match *match, char why[TEXT_MATCH_WHY_SIZE])
{
	char *wanted;

	if (match->contains) {
		snprintf(why, TEXT_MATCH_WHY_SIZE, "does not contain \"%.80s\"", match->contains);
	} else if (match->starts_with) {
		snprintf(why, TEXT_MATCH_WHY_SIZE, "does not begin with \"%.80s\"",
			match->starts_with);
	} else if (match->json) {
		wanted = json_print(match->json->equals);
		snprintf(why, TEXT_MATCH_WHY_SIZE, "does not have %.60s at \"%.60s\"", wanted,
			match->json->pointer);
		free(wanted);
	} else {
		snprintf(why, TEXT_MATCH_WHY_SIZE, "does not equal \"%.80s\"", match->equals);
	}
}

bool text_match_is_decided(const struct text_match *match, const char *text, size_t length)
{
	return text_match_fits(match, text, length) ||
		(match->starts_with && length >= strlen(match->starts_with));
}
