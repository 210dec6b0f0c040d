/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit duration_units[] = {
	{"ns", 1},
	{"us", NS_PER_US},
	{"ms", NS_PER_MS},
	{"s", NS_PER_SEC},
	{"m", 60 * NS_PER_SEC},
	{"h", 3600 * NS_PER_SEC},
	{"d", 86400 * NS_PER_SEC},
};

static const struct unit size_units[] = {
	{"B", 1},
	{"KiB", INT64_C(1) << 10},
	{"MiB", INT64_C(1) << 20},
	{"GiB", INT64_C(1) << 30},
};

static const struct unit bandwidth_units[] = {
	{"bit", 1},
	{"kbit", 1000},
	{"Mbit", 1000000},
	{"Gbit", 1000000000},
};

static const struct unit *unit_find(const struct unit *units, size_t count, const char *suffix)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(units[i].suffix, suffix) == 0)
			return &units[i];
	return NULL;
}

/* Digits with at most one point inside; no sign, no exponent, no blanks. Returns its length. */
static size_t decimal_span(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t fraction;

	if (whole == 0 || whole > 18)
		return 0;
	if (text[whole] != '.')
		return whole;
	fraction = strspn(text + whole + 1, "0123456789");
	if (fraction == 0 || fraction > 9)
		return 0;
	return whole + 1 + fraction;
}

/* The digits behind the point, in the smallest unit; -1 where they say less than one of that. */
static int64_t fraction_of(const char *digits, const char *end, int64_t factor)
{
	int64_t fraction = 0, scale = 1;

	for (; digits < end; digits++) {
		fraction = fraction * 10 + (*digits - '0');
		scale *= 10;
	}
	/* Shortened first: the plain product can exceed 63 bits. */
	while (scale > 1 && factor % 10 == 0) {
		scale /= 10;
		factor /= 10;
	}
	return fraction * factor % scale ? -1 : fraction * factor / scale;
}

int duration_parse(const char *text, int64_t *out_ns)
{
	const struct unit *unit;
	size_t span = decimal_span(text);
	int64_t whole, fraction = 0;
	const char *point;

	if (span == 0)
		return -1;
	unit = unit_find(
		duration_units, sizeof(duration_units) / sizeof(duration_units[0]), text + span);
	if (!unit)
		return -1;
	whole = strtoll(text, NULL, 10);
	if (whole > DURATION_MAX_NS / unit->factor)
		return -1;
	point = memchr(text, '.', span);
	if (point)
		fraction = fraction_of(point + 1, text + span, unit->factor);
	if (fraction < 0 || whole * unit->factor + fraction > DURATION_MAX_NS)
		return -1;
	*out_ns = whole * unit->factor + fraction;
	return 0;
}

int offset_parse(const char *text, int64_t *out_ns)
{
	int64_t ns;

	if ((*text != '+' && *text != '-') || duration_parse(text + 1, &ns) < 0)
		return -1;
	*out_ns = *text == '-' ? -ns : ns;
	return 0;
}

const char *duration_format(int64_t ns, char buffer[DURATION_TEXT_MAX])
{
	static const struct unit long_units[] = {
		{"d", 86400 * NS_PER_SEC}, {"h", 3600 * NS_PER_SEC}, {"m", 60 * NS_PER_SEC}};
	static const struct unit exact[] = {
		{"s", NS_PER_SEC}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1}};

	/* One minute reads better as 60s; from two of a unit on it is the shorter word. */
	for (size_t i = 0; i < sizeof(long_units) / sizeof(long_units[0]); i++) {
		if (ns < 2 * long_units[i].factor || ns % long_units[i].factor != 0)
			continue;
		snprintf(buffer, DURATION_TEXT_MAX, "%" PRId64 "%s", ns / long_units[i].factor,
			long_units[i].suffix);
		return buffer;
	}
	if (ns >= NS_PER_SEC && ns % NS_PER_MS == 0 && ns % NS_PER_SEC != 0) {
		int written = snprintf(buffer, DURATION_TEXT_MAX, "%" PRId64 ".%03" PRId64,
			ns / NS_PER_SEC, ns / NS_PER_MS % 1000);
		while (buffer[written - 1] == '0')
			written--;
		snprintf(buffer + written, (size_t)(DURATION_TEXT_MAX - written), "s");
		return buffer;
	}
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (ns % exact[i].factor != 0)
			continue;
		snprintf(buffer, DURATION_TEXT_MAX, "%" PRId64 "%s", ns / exact[i].factor,
			exact[i].suffix);
		break;
	}
	return buffer;
}

const char *percent_human(double ratio, char buffer[PERCENT_TEXT_MAX])
{
	double percent = 100 * ratio;

	if (percent > 0 && percent < 0.001)
		snprintf(buffer, PERCENT_TEXT_MAX, "under 0.001 %%");
	else
		snprintf(buffer, PERCENT_TEXT_MAX, "%.3g %%", percent);
	return buffer;
}

const char *duration_human(int64_t ns, char buffer[DURATION_TEXT_MAX])
{
	static const struct unit steps[] = {
		{"s", NS_PER_SEC}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1}};
	size_t last = sizeof(steps) / sizeof(steps[0]) - 1;
	/* Rounded without a sum that could leave 63 bits. */
	int64_t seconds = ns / NS_PER_SEC + (ns % NS_PER_SEC >= NS_PER_SEC / 2);
	int64_t minutes = seconds / 60;

	if (minutes >= 600)
		snprintf(buffer, DURATION_TEXT_MAX, "%lldh%02lldm", (long long)(minutes / 60),
			(long long)(minutes % 60));
	else if (minutes >= 10)
		snprintf(buffer, DURATION_TEXT_MAX, "%lldm%02llds", (long long)minutes,
			(long long)(seconds % 60));
	if (minutes >= 10)
		return buffer;
	for (size_t i = 0; i <= last; i++) {
		double value = (double)ns / (double)steps[i].factor;

		if (llabs(ns) < steps[i].factor && i < last)
			continue;
		snprintf(buffer, DURATION_TEXT_MAX, "%.*f%s",
			value >= 99.95 || steps[i].factor == 1 ? 0
				: value >= 9.995               ? 1
							       : 2,
			value, steps[i].suffix);
		break;
	}
	return buffer;
}

int size_parse(const char *text, int64_t *out_bytes)
{
	size_t span = strspn(text, "0123456789");
	const struct unit *unit;
	int64_t whole;

	if (span == 0 || span > 15)
		return -1;
	unit = unit_find(size_units, sizeof(size_units) / sizeof(size_units[0]), text + span);
	if (!unit)
		return -1;
	whole = strtoll(text, NULL, 10);
	if (whole > INT64_MAX / unit->factor)
		return -1;
	*out_bytes = whole * unit->factor;
	return 0;
}

int bandwidth_parse(const char *text, int64_t *out_bits)
{
	size_t span = decimal_span(text);
	const struct unit *unit;
	int64_t whole, fraction = 0;
	const char *point;

	if (span == 0)
		return -1;
	unit = unit_find(
		bandwidth_units, sizeof(bandwidth_units) / sizeof(bandwidth_units[0]), text + span);
	if (!unit)
		return -1;
	whole = strtoll(text, NULL, 10);
	/* One less: the fraction comes on top. */
	if (whole > INT64_MAX / unit->factor - 1)
		return -1;
	point = memchr(text, '.', span);
	if (point)
		fraction = fraction_of(point + 1, text + span, unit->factor);
	if (fraction < 0 || whole * unit->factor + fraction == 0)
		return -1;
	*out_bits = whole * unit->factor + fraction;
	return 0;
}

/* In the largest unit of which it is a whole number. */
static const char *format_whole(
	int64_t value, const struct unit *units, size_t count, char buffer[UNIT_TEXT_MAX])
{
	const struct unit *unit = &units[0];

	for (size_t i = 1; i < count && value; i++)
		if (value % units[i].factor == 0)
			unit = &units[i];
	snprintf(buffer, UNIT_TEXT_MAX, "%" PRId64 "%s", value / unit->factor, unit->suffix);
	return buffer;
}

const char *size_format(int64_t bytes, char buffer[UNIT_TEXT_MAX])
{
	return format_whole(bytes, size_units, sizeof(size_units) / sizeof(size_units[0]), buffer);
}

const char *bandwidth_format(int64_t bits, char buffer[UNIT_TEXT_MAX])
{
	return format_whole(bits, bandwidth_units,
		sizeof(bandwidth_units) / sizeof(bandwidth_units[0]), buffer);
}

int u64_parse(const char *text, uint64_t *out)
{
	size_t span = strspn(text, "0123456789");
	unsigned long long value;

	if (span == 0 || text[span] != '\0')
		return -1;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (errno)
		return -1;
	*out = value;
	return 0;
}
