/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "contract/units.h"
#include "controller/report/words.h"

/* What was asked of a fault beside what it did. */

enum {
	DIFFERING_NAMED = 2
};

/* --- numbers ----------------------------------------------------------------------------- */

static void say_rate(double bits, char buffer[WORDS_MAX])
{
	static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
	size_t unit = 0;

	/* 999.5 would be rounded to a thousand of its unit. */
	for (; fabs(bits) >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		bits /= 1000;
	snprintf(buffer, WORDS_MAX, "%.3g %s", bits, units[unit]);
}

const char *words_quantity(int unit, double value, char buffer[WORDS_MAX])
{
	char text[DURATION_TEXT_MAX];

	switch ((enum measure_unit)unit) {
	case MEASURE_RATIO:
		snprintf(buffer, WORDS_MAX, "%.3g %%", 100 * value);
		break;
	case MEASURE_DURATION:
		/* A node may tell any number; no duration is longer than ten years. */
		if (fabs(value) > (double)DURATION_MAX_NS)
			snprintf(buffer, WORDS_MAX, "%.3g ns", value);
		else
			snprintf(buffer, WORDS_MAX, "%s%s", value < 0 ? "-" : "",
				words_step((int64_t)fabs(value), text));
		break;
	case MEASURE_RATE:
		say_rate(value, buffer);
		break;
	case MEASURE_COUNT:
		snprintf(buffer, WORDS_MAX, "%.15g packet%s", value, value == 1 ? "" : "s");
		break;
	}
	return buffer;
}

/* --- one measure ------------------------------------------------------------------------- */

enum tone tone_of_measure(const struct measure_judgement *own)
{
	switch (own->finding) {
	case MEASURE_AS_ASKED:
		return TONE_GOOD;
	case MEASURE_DIFFERS:
		return TONE_BAD;
	case MEASURE_TOO_FEW:
		return TONE_OPEN;
	case MEASURE_ONLY_TOLD:
		break;
	}
	return TONE_NONE;
}

const char *words_direction(const struct measure_judgement *own)
{
	if (!own->directed)
		return "–";
	return own->measure->direction ? "out" : "in";
}

const char *words_asked(const struct measure *measure, char buffer[WORDS_MAX])
{
	char amount[WORDS_MAX];

	if (measure->bound == BOUND_NONE)
		snprintf(buffer, WORDS_MAX, "–");
	else if (measure->bound == BOUND_AT_MOST && measure->asked <= 0)
		snprintf(buffer, WORDS_MAX, "none");
	else
		snprintf(buffer, WORDS_MAX, "%s%.100s",
			measure->bound == BOUND_AT_MOST ? "at most " : "",
			words_quantity(measure->unit, measure->asked, amount));
	return buffer;
}

const char *words_achieved(const struct measure *measure, char buffer[WORDS_MAX])
{
	if (measure->count <= 0 && measure->unit != MEASURE_COUNT)
		snprintf(buffer, WORDS_MAX, "no packets");
	else
		words_quantity(measure->unit, measure->achieved, buffer);
	return buffer;
}

static const char *say_tolerance(const struct measure *measure, char buffer[WORDS_MAX])
{
	char amount[WORDS_MAX];

	buffer[0] = '\0';
	if (measure->bound != BOUND_NONE && measure->tolerance > 0)
		snprintf(buffer, WORDS_MAX, ", may be off by %.60s",
			words_quantity(measure->unit, measure->tolerance, amount));
	return buffer;
}

const char *words_rests_on(const struct measure_judgement *own, char buffer[WORDS_MAX])
{
	const struct measure *measure = own->measure;
	char low[WORDS_MAX], high[WORDS_MAX], off[WORDS_MAX];

	if (measure->unit == MEASURE_RATIO && measure->count > 0)
		snprintf(buffer, WORDS_MAX, "%lld of %lld; %.24s to %.24s%.40s",
			(long long)measure->hits, (long long)measure->count,
			words_quantity(MEASURE_RATIO, own->interval.lower, low),
			words_quantity(MEASURE_RATIO, own->interval.upper, high),
			say_tolerance(measure, off));
	else if (measure->count == 1 && !own->directed)
		snprintf(buffer, WORDS_MAX, "one%.60s", say_tolerance(measure, off));
	else if (measure->count > 0 && !own->directed)
		snprintf(buffer, WORDS_MAX, "the least of %lld%.60s", (long long)measure->count,
			say_tolerance(measure, off));
	else if (measure->count > 0)
		snprintf(buffer, WORDS_MAX, "%lld sample%s%.60s", (long long)measure->count,
			measure->count == 1 ? "" : "s", say_tolerance(measure, off));
	else
		snprintf(buffer, WORDS_MAX, "–");
	return buffer;
}

const char *words_measure_found(const struct measure_judgement *own)
{
	static const char *const words[] = {[MEASURE_AS_ASKED] = "ok",
		[MEASURE_DIFFERS] = "differs",
		[MEASURE_TOO_FEW] = "not enough packets to tell",
		[MEASURE_ONLY_TOLD] = "not asked for"};

	return words[own->finding];
}

void words_measure(const struct measure_judgement *own, char buffer[SENTENCE_MAX])
{
	const struct measure *measure = own->measure;
	char asked[WORDS_MAX], achieved[WORDS_MAX];
	bool wanted = measure->bound != BOUND_NONE;

	snprintf(buffer, SENTENCE_MAX, "%.40s on %.60s%s%s: %.40s%s%.40s", measure->name, own->node,
		own->directed ? ", " : "", own->directed ? words_direction(own) : "",
		words_achieved(measure, achieved), wanted ? ", asked " : "",
		wanted ? words_asked(measure, asked) : "");
}

/* --- those of a fault that differ -------------------------------------------------------- */

const char *words_differing(const struct effect_judgement *effect, char buffer[SENTENCE_MAX])
{
	char text[SENTENCE_MAX];
	size_t named = 0;
	int used;

	if (!effect->measures_differing)
		return NULL;
	used = snprintf(
		buffer, SENTENCE_MAX, "%.60s did other than asked", effect->fault->spec->id);
	LIST_EACH(effect->measures, struct measure_judgement, own) {
		if (own->finding != MEASURE_DIFFERS || named == DIFFERING_NAMED)
			continue;
		words_measure(own, text);
		used += snprintf(buffer + used, (size_t)(SENTENCE_MAX - used), "%s %.90s",
			named++ ? ";" : ":", text);
	}
	if (effect->measures_differing > named)
		snprintf(buffer + used, (size_t)(SENTENCE_MAX - used), "; and %zu more",
			effect->measures_differing - named);
	return buffer;
}
