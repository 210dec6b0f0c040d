/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/prober/exposition.h"

enum {
	NUMBER_TEXT_MAX = 64
};

__attribute__((format(printf, 2, 3))) static int none(
	char why[VALUE_WHY_SIZE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, VALUE_WHY_SIZE, format, arguments);
	va_end(arguments);
	return -1;
}

/* --- numbers ----------------------------------------------------------------------------- */

/* A decimal number alone, without what strtod() takes beyond that; NaN and infinities are none. */
static int read_number(const char *text, double *out)
{
	char *end;

	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return -1;
	*out = strtod(text, &end);
	return *end || !isfinite(*out) ? -1 : 0;
}

static int read_first_line(const char *text, size_t length, double *out, char why[VALUE_WHY_SIZE])
{
	char number[NUMBER_TEXT_MAX];
	const char *end = memchr(text, '\n', length);
	size_t size = end ? (size_t)(end - text) : length;

	while (size > 0 && strchr(" \t\r", *text))
		text++, size--;
	while (size > 0 && strchr(" \t\r", text[size - 1]))
		size--;
	if (size == 0)
		return none(why, "its first line is empty");
	if (size >= sizeof(number))
		return none(why, "its first line is no number");
	memcpy(number, text, size);
	number[size] = '\0';
	return read_number(number, out) < 0 ? none(why, "its first line is no number") : 0;
}

/* --- Prometheus' text format --------------------------------------------------------------- */

static double aggregated(const struct exposition_found *found, int aggregate)
{
	switch ((enum value_aggregate)aggregate) {
	case AGGREGATE_SUM:
		return found->sum;
	case AGGREGATE_MIN:
		return found->min;
	case AGGREGATE_MAX:
		return found->max;
	case AGGREGATE_ONE:
		break;
	}
	return found->last;
}

static int read_metric(const struct value_order *order, const char *text, size_t length,
	double *out, char why[VALUE_WHY_SIZE])
{
	const struct exposition_query query = {.metric = order->metric, .labels = order->labels};
	struct exposition_found found;
	struct fail fail = FAIL_INIT;

	if (exposition_find(text, length, &query, &found, &fail) < 0)
		return none(why, "%.190s", fail.text);
	if (found.series == 0)
		return none(why, "no series of %.80s%s in the answer", order->metric,
			order->labels ? " with these labels" : "");
	if (found.series > 1 && order->aggregate == AGGREGATE_ONE)
		return none(why, "%zu series of %.80s match, not one", found.series, order->metric);
	*out = aggregated(&found, order->aggregate);
	return 0;
}

/* --- JSON ------------------------------------------------------------------------------- */

static int read_pointer(
	const char *pointer, const char *text, size_t length, double *out, char why[VALUE_WHY_SIZE])
{
	struct fail fail = FAIL_INIT;
	cJSON *tree = json_parse(text, length, &fail);
	const cJSON *value = tree ? json_at_pointer(tree, pointer) : NULL;
	int outcome = 0;

	if (!tree)
		outcome = none(why, "the answer is no JSON");
	else if (!value)
		outcome = none(why, "there is nothing at \"%.80s\"", pointer);
	else if (!cJSON_IsNumber(value))
		outcome = none(why, "at \"%.80s\" is %s, not a number", pointer, json_kind(value));
	else if (!isfinite(value->valuedouble))
		outcome = none(why, "at \"%.80s\" is no finite number", pointer);
	else
		*out = value->valuedouble;
	cJSON_Delete(tree);
	return outcome;
}

/* [time, "value"], as Prometheus' HTTP API writes a sample. */
static int read_sample(const cJSON *sample, double *out, char why[VALUE_WHY_SIZE])
{
	const cJSON *value = cJSON_GetArrayItem(sample, 1);

	if (!cJSON_IsString(value) || read_number(value->valuestring, out) < 0)
		return none(why, "the query's result is no finite number");
	return 0;
}

static int read_result(const cJSON *data, double *out, char why[VALUE_WHY_SIZE])
{
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(data, "result");
	const char *type = json_string(data, "resultType", "");
	int count = cJSON_GetArraySize(result);

	if (strcmp(type, "scalar") == 0)
		return read_sample(result, out, why);
	if (strcmp(type, "vector") != 0)
		return none(why, "the query's result is neither a scalar nor an instant vector");
	if (count == 0)
		return none(why, "no data: the query's result is empty");
	if (count > 1)
		return none(why, "the query's result has %d series, not one", count);
	return read_sample(cJSON_GetObjectItemCaseSensitive(result->child, "value"), out, why);
}

static int read_query(const char *text, size_t length, double *out, char why[VALUE_WHY_SIZE])
{
	struct fail fail = FAIL_INIT;
	cJSON *tree = json_parse(text, length, &fail);
	int outcome;

	if (!cJSON_IsObject(tree))
		outcome = none(why, "the answer is none of Prometheus' HTTP API");
	else if (strcmp(json_string(tree, "status", ""), "success") != 0)
		outcome = none(why, "the query failed");
	else
		outcome = read_result(cJSON_GetObjectItemCaseSensitive(tree, "data"), out, why);
	cJSON_Delete(tree);
	return outcome;
}

/* --- all ------------------------------------------------------------------------------- */

int value_read(const struct value_order *order, const char *text, size_t length, double *out,
	char why[VALUE_WHY_SIZE])
{
	switch ((enum value_format)order->format) {
	case VALUE_METRIC:
		return read_metric(order, text, length, out, why);
	case VALUE_JSON:
		return read_pointer(order->pointer, text, length, out, why);
	case VALUE_QUERY:
		return read_query(text, length, out, why);
	case VALUE_KERNEL:
		return none(why, "no text has it");
	case VALUE_FIRST_LINE:
		break;
	}
	return read_first_line(text, length, out, why);
}

static bool keeps(double value, const struct value_bound *bound)
{
	switch ((enum value_op)bound->op) {
	case BOUND_LT:
		return value < bound->value;
	case BOUND_LE:
		return value <= bound->value;
	case BOUND_GT:
		return value > bound->value;
	case BOUND_GE:
		break;
	}
	return value >= bound->value;
}

bool value_is_within(const struct list *bounds, double value)
{
	LIST_EACH(*bounds, const struct value_bound, bound)
		if (!isnan(value) && !keeps(value, bound))
			return false;
	return true;
}

double value_per_second(double before, double now, int64_t apart_ns)
{
	double grown = now < before ? now : now - before;

	return grown * (double)NS_PER_SEC / (double)apart_ns;
}
