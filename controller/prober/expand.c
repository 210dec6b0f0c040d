/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/seed.h"
#include "controller/prober/orders.h"
#include "controller/texts/placeholder.h"

/* Every input gives an unrelated output. */
static uint64_t mix(uint64_t value)
{
	return seed_next(&value);
}

struct event_values event_values_of(int64_t seed, int64_t n)
{
	struct event_values values = {.n = n};
	uint64_t high = mix(mix((uint64_t)seed) ^ (uint64_t)n);
	uint64_t low = mix(high);

	/* RFC 9562: version 4 in the 13th digit, variant 10 in the two bits behind the 16th. */
	high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	low = (low & (UINT64_MAX >> 2)) | (UINT64_C(1) << 63);
	snprintf(values.uuid, sizeof(values.uuid), "%08llx-%04llx-%04llx-%04llx-%012llx",
		(unsigned long long)(high >> 32), (unsigned long long)(high >> 16 & 0xffff),
		(unsigned long long)(high & 0xffff), (unsigned long long)(low >> 48),
		(unsigned long long)(low & UINT64_C(0xffffffffffff)));
	return values;
}

static const char *secret_named(const struct list *secrets, const char *name)
{
	LIST_EACH(secrets ? *secrets : (struct list){0}, struct secret_value, secret)
		if (strcmp(secret->name, name) == 0)
			return secret->value;
	return NULL;
}

static enum placeholder_answer look_up(void *context, const char *name, char **out_value)
{
	const struct event_values *values = context;
	const char *value = NULL;
	char number[24];

	if (strcmp(name, "n") == 0) {
		snprintf(number, sizeof(number), "%lld", (long long)values->n);
		value = number;
	} else if (strcmp(name, "uuid") == 0) {
		value = values->uuid;
	} else if (values->target && strcmp(name, "node.name") == 0) {
		value = values->target->node;
	} else if (values->target && strcmp(name, "node.addr") == 0) {
		value = values->target->addr;
	} else if (strncmp(name, "secret.", strlen("secret.")) == 0) {
		value = secret_named(values->secrets, name + strlen("secret."));
	}
	if (!value)
		return PLACEHOLDER_UNKNOWN;
	*out_value = must_copy(value);
	return PLACEHOLDER_VALUE;
}

int expand_text(
	const char *text, const struct event_values *values, char **out_text, struct fail *fail)
{
	struct event_values copy = *values;
	const struct placeholders placeholders = {.lookup = look_up,
		.context = &copy,
		.known = "{n}, {uuid} and, with a target, {node.name}, {node.addr}"};

	return placeholder_expand(text, &placeholders, out_text, fail);
}

char *base64_encode(const void *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = bytes;
	char *text = must_alloc((length + 2) / 3 * 4 + 1), *out = text;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t group = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
			(left > 2 ? in[i + 2] : 0);

		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 63];
		*out++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[group & 63] : '=';
	}
	*out = '\0';
	return text;
}

/* --- JSON ------------------------------------------------------------------------------ */

static void set_string(cJSON *value, const char *text)
{
	if (!cJSON_SetValuestring(value, text))
		abort();
}

/* Depth is bounded: the value came through json_parse(). */
static int expand_strings(cJSON *value, const struct event_values *values, struct fail *fail)
{
	char *text;

	if (cJSON_IsString(value)) {
		/* Most strings hold no placeholder. */
		if (!strchr(value->valuestring, '{'))
			return 0;
		if (expand_text(value->valuestring, values, &text, fail) < 0)
			return -1;
		set_string(value, text);
		free(text);
		return 0;
	}
	for (cJSON *child = value->child; child; child = child->next)
		if (expand_strings(child, values, fail) < 0)
			return -1;
	return 0;
}

static int encode_strings(cJSON *body, const struct list *pointers, struct fail *fail)
{
	LIST_EACH(*pointers, char *, pointer) {
		cJSON *value = json_at_pointer(body, *pointer);
		char *encoded;

		if (!cJSON_IsString(value))
			return fail_set(fail, FAIL_BAD_FILE,
				"base64_at: \"%s\" is no string in the body", *pointer);
		encoded = base64_encode(value->valuestring, strlen(value->valuestring));
		set_string(value, encoded);
		free(encoded);
	}
	return 0;
}

int expand_json(const cJSON *body, const struct list *base64_at, const struct event_values *values,
	char **out_text, struct fail *fail)
{
	cJSON *copy = cJSON_Duplicate(body, true);
	int outcome;

	if (!copy)
		abort();
	outcome = expand_strings(copy, values, fail);
	if (outcome == 0)
		outcome = encode_strings(copy, base64_at, fail);
	if (outcome == 0)
		*out_text = json_print(copy);
	cJSON_Delete(copy);
	return outcome;
}
