/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/words.h"

#include <string.h>
#include <time.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/exit_code.h"

/* --- tones ----------------------------------------------------------------------------- */

const char *const tone_marks[] = {
	[TONE_GOOD] = "✓", [TONE_BAD] = "✗", [TONE_OPEN] = "?", [TONE_NONE] = "–"};
const char *const tone_names[] = {
	[TONE_GOOD] = "good", [TONE_BAD] = "bad", [TONE_OPEN] = "open", [TONE_NONE] = "none"};

enum tone tone_of_run(const struct judgement *judgement)
{
	switch (judgement->exit_code) {
	case EXIT_HELD:
		return TONE_GOOD;
	case EXIT_VIOLATED:
	case EXIT_STOPPED:
	case EXIT_NOT_REVERTED:
	case EXIT_TROUBLE:
		return TONE_BAD;
	default:
		return TONE_OPEN;
	}
}

enum tone tone_of_claim(const struct claim_judgement *own)
{
	switch (own->finding) {
	case FINDING_AS_EXPECTED:
		return TONE_GOOD;
	case FINDING_OTHERWISE:
		return TONE_BAD;
	case FINDING_KNOWN:
	case FINDING_UNPROVEN:
		return TONE_OPEN;
	case FINDING_NOT_JUDGED:
		break;
	}
	return TONE_NONE;
}

enum tone tone_of_effect(const struct effect_judgement *own)
{
	switch (own->effect) {
	case EFFECT_PROVEN:
	case EFFECT_PARTIAL:
		return TONE_GOOD;
	case EFFECT_NONE:
		return TONE_OPEN;
	case EFFECT_NOT_INJECTED:
		break;
	}
	return TONE_NONE;
}

const char *words_verdict(const struct claim_judgement *own, char buffer[WORDS_MAX])
{
	const char *word = verdict_words[own->verdict];

	if (own->claim->expect == EXPECT_VIOLATED && own->finding == FINDING_AS_EXPECTED)
		snprintf(buffer, WORDS_MAX, "%s, as expected", word);
	else if (own->claim->expect == EXPECT_VIOLATED && own->finding == FINDING_OTHERWISE)
		snprintf(buffer, WORDS_MAX, "%s, not as expected", word);
	else if (own->finding == FINDING_KNOWN)
		snprintf(buffer, WORDS_MAX, "%s, a known issue", word);
	else
		snprintf(buffer, WORDS_MAX, "%s", word);
	return buffer;
}

/* --- counts ---------------------------------------------------------------------------- */

const char *words_count(size_t count, const char *noun, char buffer[WORDS_MAX])
{
	const char *plural = noun[strlen(noun) - 1] == 's' ? "es" : "s";

	snprintf(buffer, WORDS_MAX, "%zu %.100s%s", count, noun, count == 1 ? "" : plural);
	return buffer;
}

const char *words_step(int64_t ns, char buffer[DURATION_TEXT_MAX])
{
	char unit[8] = "", *end;

	duration_human(ns, buffer);
	if (!strchr(buffer, '.'))
		return buffer;
	end = buffer + strspn(buffer, "0123456789.");
	snprintf(unit, sizeof(unit), "%s", end);
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	memcpy(end, unit, strlen(unit) + 1);
	return buffer;
}

const char *words_instant(int instant)
{
	static const char *const instants[] = {[INSTANT_START] = "start",
		[INSTANT_EFFECT] = "first effect",
		[INSTANT_BREACH] = "breach",
		[INSTANT_HEALED] = "heal"};

	return instants[instant];
}

/* --- times ----------------------------------------------------------------------------- */

const char *words_at(int64_t at_ns, char buffer[WORDS_MAX])
{
	int64_t seconds = at_ns / NS_PER_SEC;

	if (at_ns == NEVER_NS)
		snprintf(buffer, WORDS_MAX, "–");
	else if (seconds >= 3600)
		snprintf(buffer, WORDS_MAX, "T+%lld:%02lld:%02lld", (long long)(seconds / 3600),
			(long long)(seconds / 60 % 60), (long long)(seconds % 60));
	else
		snprintf(buffer, WORDS_MAX, "T+%.3f s", (double)at_ns / (double)NS_PER_SEC);
	return buffer;
}

static bool started_at(const struct record *record, time_t *out)
{
	struct tm utc = {0};
	const char *end = record->wall ? strptime(record->wall, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;

	if (!end || *end)
		return false;
	*out = timegm(&utc);
	return true;
}

const char *words_utc(const struct record *record, int64_t at_ns, char buffer[WORDS_MAX])
{
	struct tm first, own;
	time_t start, then;

	buffer[0] = '\0';
	if (!started_at(record, &start) || at_ns == NEVER_NS)
		return buffer;
	then = start + at_ns / NS_PER_SEC;
	if (!gmtime_r(&start, &first) || !gmtime_r(&then, &own))
		return buffer;
	strftime(buffer, WORDS_MAX,
		first.tm_yday == own.tm_yday && first.tm_year == own.tm_year ? "%H:%M:%S"
									     : "%F %H:%M:%S",
		&own);
	return buffer;
}

const char *words_started(const struct record *record, char buffer[WORDS_MAX])
{
	struct tm utc;
	time_t start;

	if (started_at(record, &start) && gmtime_r(&start, &utc))
		strftime(buffer, WORDS_MAX, "%F %H:%M:%S UTC", &utc);
	else
		snprintf(buffer, WORDS_MAX, "at an unknown time");
	return buffer;
}

const char *words_period(int64_t ns, char buffer[DURATION_TEXT_MAX])
{
	int64_t hours = ns / (3600 * NS_PER_SEC);

	if (ns % (3600 * NS_PER_SEC) != 0 || hours == 0)
		return duration_format(ns, buffer);
	if (hours % 24 == 0)
		snprintf(buffer, DURATION_TEXT_MAX, "%lld day%s", (long long)(hours / 24),
			hours == 24 ? "" : "s");
	else
		snprintf(buffer, DURATION_TEXT_MAX, "%lld hour%s", (long long)hours,
			hours == 1 ? "" : "s");
	return buffer;
}

int64_t words_length_ns(const struct report *report)
{
	const struct record *record = &report->record;

	return record->ended && record->end_ns > report->story.last_ns ? record->end_ns
								       : report->story.last_ns;
}

/* A stop gives its own code, and its sentence, unless something heavier came of it. */
static bool stop_is_the_reason(const struct report *report)
{
	const char *text = report->record.stop_text;

	return text && strncmp(report->judgement.reason, text, strlen(text)) == 0;
}

/* "Known issues: a, b." of the claims with that finding; appended, if there are any. */
static void add_claims(const struct report *report, enum finding finding, const char *what,
	char buffer[SENTENCE_MAX])
{
	size_t used = strlen(buffer);
	struct list names = {0};
	char joined[120];

	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		if (own->finding == finding)
			list_push_text(&names, own->claim->id);
	if (names.count && used < SENTENCE_MAX)
		snprintf(buffer + used, SENTENCE_MAX - used, "%s%s: %s.", used ? " " : "", what,
			words_join(&names, joined, sizeof(joined)));
	list_free_texts(&names);
}

/* A verdict that expected them, or allows them, does not say that writes were lost. */
static void add_losses(const struct report *report, char buffer[SENTENCE_MAX])
{
	size_t used = strlen(buffer);

	if (report->judgement.exit_code != EXIT_HELD)
		return;
	LIST_EACH(report->judgement.data, struct data_summary, own) {
		if (!own->lost || used >= SENTENCE_MAX)
			continue;
		used += (size_t)snprintf(buffer + used, SENTENCE_MAX - used,
			"%s%lld of %lld acknowledged writes of %.60s are lost.", used ? " " : "",
			(long long)own->lost, (long long)own->acked, own->workload->spec->name);
	}
}

static size_t count_otherwise(const struct report *report)
{
	size_t count = 0;

	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		count += own->finding == FINDING_OTHERWISE;
	return count;
}

const char *words_also(const struct report *report, char buffer[SENTENCE_MAX])
{
	const struct record *record = &report->record;

	buffer[0] = '\0';
	if (record->stop != STOP_NONE && !stop_is_the_reason(report))
		snprintf(buffer, SENTENCE_MAX, "The run was stopped (%s): %.140s.",
			stop_words[record->stop], record->stop_text ? record->stop_text : "?");
	if (report->judgement.exit_code != EXIT_VIOLATED || count_otherwise(report) > 1)
		add_claims(report, FINDING_OTHERWISE, "Claims other than expected", buffer);
	add_claims(report, FINDING_KNOWN, "Violated, but known issues", buffer);
	add_losses(report, buffer);
	return *buffer ? buffer : NULL;
}

const char *words_counted(const struct slo_spec *slo, char buffer[WORDS_MAX])
{
	char slice[DURATION_TEXT_MAX];

	if (slo->slice_ns)
		snprintf(buffer, WORDS_MAX, "slices of %s", duration_format(slo->slice_ns, slice));
	else
		snprintf(buffer, WORDS_MAX, "events");
	return buffer;
}

int64_t words_resolution_ns(const struct record *record, const struct slo_spec *slo)
{
	double rate = 0;

	if (slo->slice_ns)
		return slo->slice_ns;

	/* Sources of one probe interleave: together they are as fine as the sum of their rates,
	 * but only if they are out of step, which nobody promises. */
	LIST_EACH(record->sources, struct source_record, source)
		if (strcmp(source->probe, slo->probe) == 0 && (rate == 0 || source->rate < rate))
			rate = source->rate;
	return rate > 0 ? (int64_t)((double)NS_PER_SEC / rate) : 0;
}

/* --- faults ---------------------------------------------------------------------------- */

/* Appends ", more"; false when it was cut for want of room, with "…" at its end. */
static bool join_one(char *buffer, size_t size, size_t *used, const char *more)
{
	int length = snprintf(buffer + *used, size - *used, "%s%s", *used ? ", " : "", more);

	if (length < 0 || (size_t)length >= size - *used) {
		/* "…" is three bytes. */
		snprintf(buffer + (*used + 4 < size ? *used : size - 4), 4, "…");
		return false;
	}
	*used += (size_t)length;
	return true;
}

const char *words_join(const struct list *texts, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	LIST_EACH(*texts, char *, text)
		if (!join_one(buffer, size, &used, *text))
			break;
	return buffer;
}

const char *words_join_json(const cJSON *texts, char *buffer, size_t size)
{
	const cJSON *text;
	size_t used = 0;

	buffer[0] = '\0';
	cJSON_ArrayForEach(text, texts)
		if (!join_one(buffer, size, &used, cJSON_IsString(text) ? text->valuestring : "?"))
			break;
	return buffer;
}

void words_fault(const struct fault_record *fault, char buffer[SENTENCE_MAX])
{
	char on[120], from[120];

	bool among = !fault->from.count && fault->on.count > 1 && !fault->spec->on->processes &&
		!fault->machine;

	snprintf(buffer, SENTENCE_MAX, "%.60s %s %s%s%s", fault->spec->fault,
		among ? "among" : "on",
		fault->on.count ? words_join(&fault->on, on, sizeof(on)) : "nothing yet",
		fault->from.count ? ", from " : "",
		fault->from.count ? words_join(&fault->from, from, sizeof(from)) : "");
}

/* "first effect 2.91ms later"; the clocks of two nodes may disagree about which was first. */
static void say_effect(const struct fault_record *fault, char buffer[WORDS_MAX])
{
	char later[DURATION_TEXT_MAX];

	if (fault->effect_ns == NEVER_NS)
		snprintf(buffer, WORDS_MAX, "no effect seen");
	else if (fault->effect_ns <= fault->start_ns)
		snprintf(buffer, WORDS_MAX, "first effect at once");
	else
		snprintf(buffer, WORDS_MAX, "first effect %s later",
			words_step(fault->effect_ns - fault->start_ns, later));
}

static void say_end(const struct fault_record *fault, char buffer[WORDS_MAX])
{
	char at[WORDS_MAX], length[DURATION_TEXT_MAX];

	if (fault->healed_ns == NEVER_NS)
		snprintf(buffer, WORDS_MAX, "its %s is not known", fault->at_once ? "end" : "heal");
	else if (fault->healed_ns < fault->start_ns)
		snprintf(buffer, WORDS_MAX, "healed before that");
	else if (fault->at_once)
		snprintf(buffer, WORDS_MAX, "done after %s",
			words_step(fault->healed_ns - fault->start_ns, length));
	else
		snprintf(buffer, WORDS_MAX, "healed %.40s, after %s",
			words_at(fault->healed_ns, at),
			words_step(fault->healed_ns - fault->start_ns, length));
}

void words_times(const struct fault_record *fault, char buffer[SENTENCE_MAX])
{
	bool together = fault->skew_ns > 0 && fault->nodes.count > 1;
	char start[WORDS_MAX], effect[WORDS_MAX], end[WORDS_MAX], apart[DURATION_TEXT_MAX];

	if (fault->start_ns == NEVER_NS) {
		snprintf(buffer, SENTENCE_MAX, "never started");
		return;
	}
	say_effect(fault, effect);
	say_end(fault, end);
	snprintf(buffer, SENTENCE_MAX, "began %.24s, %.60s, %.90s%s%s%s",
		words_at(fault->start_ns, start), effect, end,
		together ? "; nodes began within " : "",
		together ? words_step(record_start_bound_ns(fault), apart) : "",
		together ? " of one another" : "");
}

const char *words_live(const struct pair_effect *pair, char buffer[WORDS_MAX])
{
	if (pair->connections == NEVER_NS)
		snprintf(buffer, WORDS_MAX, "live connections not asked for");
	else
		snprintf(buffer, WORDS_MAX, "%lld live connection%s before",
			(long long)pair->connections, pair->connections == 1 ? "" : "s");
	return buffer;
}

/* "77", with their segments where a packet was more than one or not all of them were hit. */
static const char *say_packets(const struct pair_effect *way, char buffer[WORDS_MAX])
{
	char of[48] = "";

	if (way->matched > way->segments)
		snprintf(of, sizeof(of), " of %lld", (long long)way->matched);
	if (way->segments == way->packets && !*of)
		snprintf(buffer, WORDS_MAX, "%lld", (long long)way->packets);
	else
		snprintf(buffer, WORDS_MAX, "%lld (%lld%s segments)", (long long)way->packets,
			(long long)way->segments, of);
	return buffer;
}

void words_pair(const struct fault_record *fault, const struct pair_effect ways[2],
	char buffer[SENTENCE_MAX])
{
	char to[WORDS_MAX], back[WORDS_MAX], live[WORDS_MAX];

	snprintf(buffer, SENTENCE_MAX,
		"%.40s to %.40s: packets %.30s %.50s, on the way back %.50s; %.50s", ways[0].from,
		ways[0].to, judge_did(fault), say_packets(&ways[0], to),
		say_packets(&ways[1], back), words_live(&ways[0], live));
}
