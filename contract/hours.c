/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/hours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/units.h"

enum {
	MINUTES_PER_HOUR = 60,
	ZONE_PATH_MAX = 256
};

#define AT(type, member) .offset = offsetof(struct type, member)
#define SHAPE(name_text, type, table, help_text)                                                   \
	{                                                                                          \
		.name = name_text, .size = sizeof(struct type), SHAPE_FIELDS(table),               \
		.help = help_text                                                                  \
	}

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

static const struct form time_form = {.pattern = "^([01]?[0-9]|2[0-3]):[0-5]?[0-9]$|^24:00?$",
	.says = "a time of day like \"09:00\""};

static const struct field hours_fields[] = {
	{.key = "days",
		.kind = FIELD_LIST,
		.item = FIELD_ENUM,
		.words = day_words,
		AT(hours, days),
		.required = true,
		.help = "The days on which it is allowed."},
	{.key = "from",
		.kind = FIELD_STRING,
		.form = &time_form,
		AT(hours, from),
		.required = true,
		.help = "The earliest time of day, like 09:00."},
	{.key = "to",
		.kind = FIELD_STRING,
		.form = &time_form,
		AT(hours, to),
		.required = true,
		.help = "The time of day by which it must have ended, like 16:00."},
	{.key = "zone",
		.kind = FIELD_STRING,
		AT(hours, zone),
		.required = true,
		.help = "The time zone of both, like Europe/Berlin or UTC."},
};
const struct shape hours_shape = SHAPE("hours", hours, hours_fields,
	"When it is allowed: what begins inside ends inside, on the same day.");

/* The text has time_form. */
static int minutes_of_day(const char *text)
{
	char *minute;
	long hour = strtol(text, &minute, 10);

	return (int)hour * MINUTES_PER_HOUR + (int)strtol(minute + 1, NULL, 10);
}

/* The C library takes an unknown zone for UTC without a word; here that must be an error. */
static bool zone_exists(const char *zone, bool (*exists)(const char *file))
{
	char path[ZONE_PATH_MAX];

	if (strcmp(zone, "UTC") == 0)
		return true;
	if (zone[0] == '/' || strstr(zone, "..") ||
		snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone) >= (int)sizeof(path))
		return false;
	return exists(path);
}

int hours_check(const struct hours *hours, bool (*exists)(const char *file), const char *path,
	struct fail *fail)
{
	char key_path[JSON_PATH_MAX];

	if (minutes_of_day(hours->from) >= minutes_of_day(hours->to))
		return fail_at(fail, json_path_key(key_path, path, "to"),
			"must be later on the day than \"from\"");
	if (!zone_exists(hours->zone, exists))
		return fail_at(fail, json_path_key(key_path, path, "zone"),
			"no time zone \"%s\" on this host", hours->zone);
	return 0;
}

static void local_time(const char *zone, int64_t wall_ns, struct tm *out)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
	const char *before = getenv("TZ");
	char *saved = before ? must_copy(before) : NULL;

	/* The C library knows one zone at a time; this process has one thread. */
	setenv("TZ", zone, 1);
	tzset();
	localtime_r(&seconds, out);
	if (saved)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	tzset();
	free(saved);
}

static bool within(const struct hours *hours, const struct tm *local)
{
	int minute = local->tm_hour * MINUTES_PER_HOUR + local->tm_min;
	int day = (local->tm_wday + 6) % 7; /* tm_wday counts from Sunday */
	bool day_named = false;

	LIST_EACH(hours->days, const int, named) {
		day_named |= *named == day;
	}
	return day_named && minute >= minutes_of_day(hours->from) &&
		minute < minutes_of_day(hours->to);
}

bool hours_cover(const struct hours *hours, int64_t from_ns, int64_t to_ns)
{
	struct tm first, last;

	local_time(hours->zone, from_ns, &first);
	local_time(hours->zone, to_ns, &last);
	/* Both ends inside of two days have a night between them. */
	return within(hours, &first) && within(hours, &last) && first.tm_year == last.tm_year &&
		first.tm_yday == last.tm_yday;
}
