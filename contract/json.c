/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"

/* --- parsing --------------------------------------------------------------------------- */

static int line_at(const char *text, const char *place)
{
	int line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

static int bad_byte(const char *text, size_t index, struct fail *fail)
{
	if (text[index] == '\0')
		fail_set(fail, FAIL_BAD_FILE, "not JSON: a NUL byte");
	else
		fail_set(fail, FAIL_BAD_FILE, "not JSON: the control character 0x%02x",
			(unsigned char)text[index]);
	fail->line = line_at(text, text + index);
	return -1;
}

static int too_deep(const char *text, size_t index, struct fail *fail)
{
	fail_set(fail, FAIL_BAD_FILE, "nested deeper than %d levels", JSON_DEPTH_MAX);
	fail->line = line_at(text, text + index);
	return -1;
}

static int too_many(const char *text, size_t index, struct fail *fail)
{
	fail_set(fail, FAIL_BAD_FILE, "more than %d values", JSON_VALUES_MAX);
	fail->line = line_at(text, text + index);
	return -1;
}

/*
 * Whether a byte can matter to check_text(), in a string or out of it: most can't, and a journal
 * has a hundred million of them. Brackets, braces and the backslash differ in one bit, and lie side
 * by side: 0x5b to 0x5d, 0x7b to 0x7d.
 */
static bool matters(unsigned char c)
{
	return c < ' ' || c == '"' || c == ',' || (unsigned)((c & 0xdf) - '[') <= ']' - '[';
}

/*
 * cJSON recurses once per level, and takes some eighty bytes for a value of two, so both are
 * bounded before it sees the text. It would also stop at a NUL byte without a word, and take other
 * control characters for blanks.
 */
static int check_text(const char *text, size_t length, struct fail *fail)
{
	bool in_string = false;
	int depth = 0, values = 1;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!matters((unsigned char)c))
			continue;
		if ((unsigned char)c < ' ' && (in_string || !c || !strchr("\t\r\n", c)))
			return bad_byte(text, i, fail);
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		in_string = c == '"';
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		values += c == ',' || c == '{' || c == '[';
		if (depth > JSON_DEPTH_MAX)
			return too_deep(text, i, fail);
		if (values > JSON_VALUES_MAX)
			return too_many(text, i, fail);
	}
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum {
	KEYS_PAIRED = 24 /* of so few keys each is held against each */
};

static const char *paired_duplicate(const cJSON *object)
{
	for (const cJSON *one = object->child; one; one = one->next)
		for (const cJSON *other = one->next; other; other = other->next)
			if (*one->string == *other->string &&
				strcmp(one->string, other->string) == 0)
				return one->string;
	return NULL;
}

/* A peer may send an object with as many keys as a line holds. */
static const char *sorted_duplicate(const cJSON *object, size_t count)
{
	const char **keys = must_array(count, sizeof(*keys)), *twice = NULL;
	size_t used = 0;

	for (const cJSON *child = object->child; child; child = child->next)
		keys[used++] = child->string;
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count && !twice; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			twice = keys[i];
	free(keys);
	return twice;
}

static int check_own_duplicates(const cJSON *object, const char *path, struct fail *fail)
{
	size_t count = (size_t)cJSON_GetArraySize(object);
	const char *twice =
		count <= KEYS_PAIRED ? paired_duplicate(object) : sorted_duplicate(object, count);
	char twice_path[JSON_PATH_MAX];

	if (!twice)
		return 0;
	return fail_at(fail, json_path_key(twice_path, path, twice),
		"the key \"%s\" stands here twice", twice);
}

static int check_duplicates(const cJSON *value, const char *path, struct fail *fail)
{
	char child_path[JSON_PATH_MAX];
	size_t index = 0;

	if (cJSON_IsObject(value) && check_own_duplicates(value, path, fail) < 0)
		return -1;
	for (const cJSON *child = value->child; child; child = child->next, index++) {
		if (!child->child)
			continue;
		if (cJSON_IsObject(value))
			json_path_key(child_path, path, child->string);
		else
			json_path_index(child_path, path, index);
		if (check_duplicates(child, child_path, fail) < 0)
			return -1;
	}
	return 0;
}

/* What cJSON could not read, which stops at `at`; the text may lack a NUL behind it. */
static void say_invalid(const char *text, size_t length, const char *at, struct fail *fail)
{
	const char *end = text + length;
	const char *rest = at;
	int shown = 0;

	while (rest && rest < end && strchr(" \t\r\n", *rest))
		rest++;
	if (!rest || rest >= end) {
		at = end;
		fail_set(
			fail, FAIL_BAD_FILE, "not valid JSON: the text ends before the value does");
	} else {
		while (at + shown < end && at[shown] != '\n' && shown < 24)
			shown++;
		fail_set(fail, FAIL_BAD_FILE, "not valid JSON near \"%.*s\"", shown, at);
	}
	fail->line = line_at(text, at);
}

cJSON *json_parse(const char *text, size_t length, struct fail *fail)
{
	const char *end = NULL;
	cJSON *value;

	if (check_text(text, length, fail) < 0)
		return NULL;
	/* cJSON would skip a byte order mark, and places in the text would not be found. */
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		say_invalid(text, length, text, fail);
		return NULL;
	}
	value = cJSON_ParseWithLengthOpts(text, length, &end, false);
	if (!value) {
		say_invalid(text, length, end, fail);
		return NULL;
	}
	while (end < text + length && strchr(" \t\r\n", *end))
		end++;
	if (end < text + length) {
		fail_set(fail, FAIL_BAD_FILE, "not valid JSON: something follows the value");
		fail->line = line_at(text, end);
		cJSON_Delete(value);
		return NULL;
	}
	if (check_duplicates(value, "", fail) < 0) {
		fail->line = json_line_of(text, length, fail->path);
		cJSON_Delete(value);
		return NULL;
	}
	return value;
}

/* --- names and words ------------------------------------------------------------------- */

static bool key_is_plain(const char *key)
{
	const char *at = key;

	while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		(*at >= '0' && *at <= '9') || *at == '_' || *at == '-' || *at == '$')
		at++;
	return at > key && !*at;
}

/* By hand, since decoders make a path for each value that they look at, and printf is slow. */
static size_t begin_path(char buffer[JSON_PATH_MAX], const char *parent)
{
	size_t length = strnlen(parent, JSON_PATH_MAX - 1);

	memmove(buffer, parent, length);
	buffer[length] = '\0';
	return length;
}

/* What there is no room for is cut. Returns the new length. */
static size_t add_to_path(char buffer[JSON_PATH_MAX], size_t length, const char *text)
{
	size_t more = strnlen(text, JSON_PATH_MAX - 1 - length);

	memcpy(buffer + length, text, more);
	buffer[length + more] = '\0';
	return length + more;
}

const char *json_path_key(char buffer[JSON_PATH_MAX], const char *parent, const char *key)
{
	size_t length = begin_path(buffer, parent);

	if (key_is_plain(key)) {
		length = add_to_path(buffer, length, length ? "." : "");
		add_to_path(buffer, length, key);
	} else {
		length = add_to_path(buffer, length, "[\"");
		length = add_to_path(buffer, length, key);
		add_to_path(buffer, length, "\"]");
	}
	return buffer;
}

const char *json_path_index(char buffer[JSON_PATH_MAX], const char *parent, size_t index)
{
	char text[32], *at = text + sizeof(text);

	*--at = '\0';
	*--at = ']';
	do {
		*--at = (char)('0' + index % 10);
		index /= 10;
	} while (index);
	*--at = '[';
	add_to_path(buffer, begin_path(buffer, parent), at);
	return buffer;
}

enum {
	WORD_MAX = 63
};

/* Levenshtein distance, one row at a time; words longer than WORD_MAX are never near. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t length = strlen(b);
	size_t row[WORD_MAX + 1];

	if (length > WORD_MAX || strlen(a) > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			size_t replace = diagonal + (a[i] != b[j]);
			size_t other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = replace < other ? replace : other;
		}
	}
	return row[length];
}

const char *json_nearest(const char *word, const char *const *words, size_t count)
{
	size_t best = strlen(word) / 3 + 2;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t distance = edit_distance(word, words[i]);

		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}

const char *json_kind(const cJSON *value)
{
	if (cJSON_IsObject(value))
		return "an object";
	if (cJSON_IsArray(value))
		return "a list";
	if (cJSON_IsString(value))
		return "a string";
	if (cJSON_IsNumber(value))
		return "a number";
	if (cJSON_IsBool(value))
		return cJSON_IsTrue(value) ? "true" : "false";
	return "null";
}

/* --- building and reading -------------------------------------------------------------- */

static cJSON *must(cJSON *value)
{
	if (!value)
		abort();
	return value;
}

cJSON *json_object(void)
{
	return must(cJSON_CreateObject());
}

cJSON *json_array(void)
{
	return must(cJSON_CreateArray());
}

void json_put(cJSON *object, const char *key, cJSON *value)
{
	if (!cJSON_AddItemToObject(object, key, must(value)))
		abort();
}

void json_put_string(cJSON *object, const char *key, const char *value)
{
	json_put(object, key, cJSON_CreateString(value));
}

void json_put_number(cJSON *object, const char *key, double value)
{
	json_put(object, key, cJSON_CreateNumber(value));
}

void json_put_bool(cJSON *object, const char *key, bool value)
{
	json_put(object, key, cJSON_CreateBool(value));
}

void json_put_i64(cJSON *object, const char *key, long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	json_put_string(object, key, text);
}

void json_append(cJSON *array, cJSON *value)
{
	if (!cJSON_AddItemToArray(array, must(value)))
		abort();
}

void json_append_string(cJSON *array, const char *value)
{
	json_append(array, cJSON_CreateString(value));
}

const char *json_string(const cJSON *object, const char *key, const char *otherwise)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(value) ? value->valuestring : otherwise;
}

double json_number(const cJSON *object, const char *key, double otherwise)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(value) ? value->valuedouble : otherwise;
}

long long json_i64(const cJSON *object, const char *key, long long otherwise)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
	char *end;
	long long number;

	if (cJSON_IsNumber(value))
		return fabs(value->valuedouble) < 0x1p63 ? (long long)value->valuedouble
							 : otherwise;
	if (!cJSON_IsString(value))
		return otherwise;
	errno = 0;
	number = strtoll(value->valuestring, &end, 10);
	return errno || *end || end == value->valuestring ? otherwise : number;
}

char *json_print_indented(const cJSON *value)
{
	char *text = cJSON_Print(value);

	if (!text)
		abort();
	return text;
}

char *json_print(const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);

	if (!text)
		abort();
	return text;
}
