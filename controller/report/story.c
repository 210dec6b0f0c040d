/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/report/story_parts.h"

/* --- moments --------------------------------------------------------------------------- */

/* NULL: there are too many. */
static struct moment *new_moment(struct story *story, int64_t at_ns, const char *actor)
{
	struct moment *moment;

	if (story->moments.count == MOMENTS_MAX) {
		story->moments_left_out++;
		return NULL;
	}
	moment = list_push(&story->moments, sizeof(*moment));
	*moment = (struct moment){.at_ns = at_ns, .order = story->moments.count, .actor = actor};
	return moment;
}

/* A moment is a line, whatever somebody wrote into a note. */
static char *shortened(char *text)
{
	if (strlen(text) > MOMENT_BYTES_MAX)
		memcpy(text + MOMENT_BYTES_MAX - strlen("…"), "…", sizeof("…"));
	return text;
}

void story_tell(struct story *story, int64_t at_ns, const char *actor, const char *format, ...)
{
	struct moment *moment;
	va_list args;

	if (at_ns == NEVER_NS)
		return;
	moment = new_moment(story, at_ns, actor);
	if (!moment)
		return;
	va_start(args, format);
	if (vasprintf(&moment->text, format, args) < 0)
		abort();
	va_end(args);
	shortened(moment->text);
}

/* Two nodes that do the same within this time do it together. */
#define TOGETHER_NS (5 * NS_PER_SEC)

enum {
	TOGETHER_LOOKED = 256,    /* what they do is told of close together */
	TOGETHER_BYTES_MAX = 8192 /* of their names */
};

static struct moment *same_moment(struct story *story, int64_t at_ns, const char *what)
{
	struct moment *moments = story->moments.items;
	size_t left = TOGETHER_LOOKED;

	for (size_t i = story->moments.count; i-- > 0 && left-- > 0;)
		if (moments[i].nodes && llabs(at_ns - moments[i].at_ns) < TOGETHER_NS &&
			strcmp(moments[i].text, what) == 0)
			return &moments[i];
	return NULL;
}

static void add_node(struct moment *moment, const char *node)
{
	size_t length = strlen(moment->nodes);
	char *longer;

	if (length > TOGETHER_BYTES_MAX)
		return;
	if (asprintf(&longer, "%s, %.*s", moment->nodes, MOMENT_BYTES_MAX,
		    length + strlen(node) > TOGETHER_BYTES_MAX ? "…" : node) < 0)
		abort();
	free(moment->nodes);
	moment->nodes = longer;
}

void story_tell_node(struct story *story, int64_t at_ns, const char *node, const char *format, ...)
{
	struct moment *moment;
	va_list args;
	char *what;

	if (at_ns == NEVER_NS)
		return;
	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		abort();
	va_end(args);
	shortened(what);
	moment = same_moment(story, at_ns, what);
	if (moment) {
		add_node(moment, node);
		if (at_ns > moment->at_ns)
			moment->at_ns = at_ns;
	} else {
		moment = new_moment(story, at_ns, "node");
		if (moment) {
			moment->text = what;
			moment->nodes = shortened(must_copy(node));
			return;
		}
	}
	free(what);
}

/* Who did it becomes part of what was done. */
static void name_nodes(struct moment *moment)
{
	char *text;

	if (!moment->nodes)
		return;
	if (asprintf(&text, "%s: %s", moment->text, moment->nodes) < 0)
		abort();
	free(moment->text);
	moment->text = text;
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* --- the command ----------------------------------------------------------------------- */

/* Words as a shell reads them back. */
static void quote(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./=:,@%+";

	if (*word && strspn(word, plain) == strlen(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	fputc('\'', out);
}

static char *quoted(const cJSON *words)
{
	const cJSON *word;
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (!cJSON_IsArray(words) || !words->child)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		abort();
	cJSON_ArrayForEach(word, words) {
		if (word != words->child)
			fputc(' ', out);
		quote(out, cJSON_IsString(word) ? word->valuestring : "?");
	}
	fclose(out);
	return text;
}

/* --- the whole ------------------------------------------------------------------------- */

void story_begin(struct story *story, const cJSON *run_started)
{
	const char *file = json_string(run_started, "scenario_file", NULL);

	*story = (struct story){
		.scenario = cJSON_Duplicate(
			cJSON_GetObjectItemCaseSensitive(run_started, "scenario"), true),
		.scenario_file = must_copy_if(file),
		.command = quoted(cJSON_GetObjectItemCaseSensitive(run_started, "command"))};
	story_tell(story, 0, "controller", "run %s began", json_string(run_started, "run", "?"));
}

void story_apply(struct story *story, const struct record *record, const cJSON *event)
{
	const char *type = json_string(event, "event", "");
	int64_t at_ns = journal_time(event, "t_ns");

	if (strcmp(type, "heal") == 0) {
		free(story->healed_wall);
		story->healed_wall = must_copy(json_string(event, "wall", "?"));
	}
	/* heal --run may have looked a day later: that is no part of the run. */
	if (at_ns > story->last_ns && !story->healed_wall)
		story->last_ns = at_ns;
	if (strcmp(type, "window") == 0)
		story_add_window(story, record, event);
	else if (strcmp(type, "operations") == 0)
		story_add_acks(story, record, event);
	else
		story_tell_event(story, record, event);
}

void story_finish(
	struct story *story, const struct record *record, const struct judgement *judgement)
{
	story_tell_judgement(story, record, judgement);
	story_finish_latency(story);
	story_find_losses(story, record);
	LIST_EACH(story->moments, struct moment, moment)
		name_nodes(moment);
	if (story->moments.count)
		qsort(story->moments.items, story->moments.count, sizeof(struct moment), by_time);
}

static void moment_deinit(struct moment *moment)
{
	free(moment->text);
	free(moment->nodes);
}

void story_deinit(struct story *story)
{
	cJSON_Delete(story->scenario);
	LIST_EACH(story->moments, struct moment, moment)
		moment_deinit(moment);
	LIST_EACH(story->latency, struct latency_series, series)
		for (size_t i = 0; i < series->count; i++)
			histogram_free(series->bins[i].histogram);
	LIST_EACH(story->members, struct member_series, series) {
		samples_deinit(&series->samples);
		free(series->member);
	}
	free(story->members.items);
	free(story->moments.items);
	free(story->latency.items);
	free(story->losses.items);
	free(story->acks.items);
	list_free_texts(&story->targets);
	list_free_texts(&story->clients);
	free(story->scenario_file);
	free(story->command);
	free(story->healed_wall);
	*story = (struct story){0};
}
