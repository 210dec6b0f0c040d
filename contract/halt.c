/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/halt.h"

#include <stdio.h>
#include <string.h>

#include "contract/json.h"

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field halt_fields[] = {
	{.key = "environment", .kind = FIELD_NAME, AT(halt, environment), .required = true},
	{.key = "by", .kind = FIELD_STRING, AT(halt, by)},
	{.key = "because", .kind = FIELD_STRING, AT(halt, because)},
	{.key = "since", .kind = FIELD_STRING, AT(halt, since)},
};
const struct shape halt_shape = {
	.name = "halt", .size = sizeof(struct halt), SHAPE_FIELDS(halt_fields)};

static const char *const action_words[] = {
	[HALT_ENGAGE] = "engage", [HALT_RELEASE] = "release", [HALT_STATUS] = "status", NULL};

static const struct field order_fields[] = {
	{.key = "action",
		.kind = FIELD_ENUM,
		.words = action_words,
		AT(halt_order, action),
		.required = true},
	{.key = "halt",
		.kind = FIELD_OBJECT,
		.sub = &halt_shape,
		AT(halt_order, halt),
		.required = true},
};
const struct shape halt_order_shape = {
	.name = "halt order", .size = sizeof(struct halt_order), SHAPE_FIELDS(order_fields)};

static int parse(const char *text, size_t length, struct halt *out, struct fail *fail)
{
	cJSON *json = json_parse(text, length, fail);
	int result;

	if (!json)
		return -1;
	result = shape_decode(&halt_shape, json, "", out, fail);
	cJSON_Delete(json);
	return result;
}

int halt_check_because(const char *because, struct fail *fail)
{
	if (!*because)
		return fail_set(fail, FAIL_USAGE, "a halt needs a reason");
	if (strlen(because) > HALT_BECAUSE_MAX)
		return fail_set(fail, FAIL_USAGE, "a reason has at most %d bytes, not %zu",
			HALT_BECAUSE_MAX, strlen(because));
	for (const char *at = because; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return fail_set(fail, FAIL_USAGE,
				"a reason is one line without control characters");
	return 0;
}

void halt_say(const struct halt *halt, char text[HALT_TEXT_MAX])
{
	snprintf(text, HALT_TEXT_MAX,
		"halt engaged by %.120s because %.*s (environment %s, since %.40s)",
		halt->by ? halt->by : "somebody", HALT_BECAUSE_MAX,
		halt->because ? halt->because : "of a reason that was not given", halt->environment,
		halt->since ? halt->since : "an unknown time");
}

void halt_say_unreadable(const char *path, const struct fail *why, char text[HALT_TEXT_MAX])
{
	snprintf(text, HALT_TEXT_MAX,
		"halt engaged: %.250s can't be read, which counts as that: %.250s", path,
		why->text);
}

void halt_say_file(const char *path, const char *content, size_t length, char text[HALT_TEXT_MAX])
{
	struct fail fail = FAIL_INIT;
	struct halt halt;

	if (parse(content, length, &halt, &fail) < 0) {
		halt_say_unreadable(path, &fail, text);
		return;
	}
	halt_say(&halt, text);
	shape_free(&halt_shape, &halt);
}
