/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"

/* JSON as a person would write it: what fits stays on one line, the rest is indented by tabs. */

enum {
	COLUMNS = 100,
	TAB = 8
};

static void put_string(FILE *out, const char *text)
{
	cJSON *string = cJSON_CreateString(text);
	char *printed = json_print(string);

	fputs(printed, out);
	free(printed);
	cJSON_Delete(string);
}

static void put_on_one_line(FILE *out, const cJSON *value)
{
	bool object = cJSON_IsObject(value);
	char *printed;

	if (!value->child || (!object && !cJSON_IsArray(value))) {
		printed = json_print(value);
		fputs(printed, out);
		free(printed);
		return;
	}
	fputs(object ? "{ " : "[", out);
	for (const cJSON *child = value->child; child; child = child->next) {
		if (object) {
			put_string(out, child->string);
			fputs(": ", out);
		}
		put_on_one_line(out, child);
		fputs(child->next ? ", " : object ? " }" : "]", out);
	}
}

/* Characters, not bytes: a letter of two bytes takes one column. */
static size_t columns(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static char *on_one_line(const cJSON *value)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		abort();
	put_on_one_line(out, value);
	if (fclose(out) != 0)
		abort();
	return line;
}

/* `used`: columns that the line has already, and what must follow the value on it. */
static void put(FILE *out, const cJSON *value, int depth, size_t used)
{
	bool object = cJSON_IsObject(value);
	char *line = on_one_line(value);

	if (used + columns(line) <= COLUMNS || !value->child) {
		fputs(line, out);
		free(line);
		return;
	}
	free(line);
	fputs(object ? "{\n" : "[\n", out);
	for (const cJSON *child = value->child; child; child = child->next) {
		size_t key = 0;

		for (int i = 0; i <= depth; i++)
			fputc('\t', out);
		if (object) {
			put_string(out, child->string);
			fputs(": ", out);
			key = columns(child->string) + strlen("\"\": ");
		}
		put(out, child, depth + 1, (size_t)(depth + 1) * TAB + key + (child->next ? 1 : 0));
		fputs(child->next ? ",\n" : "\n", out);
	}
	for (int i = 0; i < depth; i++)
		fputc('\t', out);
	fputc(object ? '}' : ']', out);
}

char *json_pretty(const cJSON *value)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	put(out, value, 0, 0);
	fputc('\n', out);
	if (fclose(out) != 0)
		abort();
	return text;
}
