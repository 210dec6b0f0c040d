/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/json_beyond.h"

#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/report/json_parts.h"
#include "controller/report/trend.h"
#include "controller/report/words.h"

/* What of the journal could not be read. */
static cJSON *unread_json(const struct report *report)
{
	const struct unread *unread = &report->record.unread;
	cJSON *json = json_object();
	char text[SENTENCE_MAX];

	json_put_number(json, "lines", (double)unread->lines);
	if (unread->lines) {
		json_put_number(json, "first_line", (double)unread->first_line);
		json_put_string(json, "why", unread->first_why);
	}
	json_put_number(json, "unfinished_bytes", (double)unread->torn_bytes);
	json_put_bool(json, "rest_not_looked_at", unread->given_up);
	if (words_unread(report, text))
		json_put_string(json, "text", text);
	return json;
}

static cJSON *unknown_json(const struct report *report)
{
	struct list lines = words_unknown(report);
	cJSON *json = list_to_json(&lines);

	list_free_texts(&lines);
	return json;
}

/* How near each stop rule came. */
static cJSON *stop_rules_json(const struct list *closest)
{
	cJSON *list = json_array();
	char text[SENTENCE_MAX];

	LIST_EACH(*closest, struct closest, own) {
		cJSON *item = json_object();

		json_put_string(item, "id", own->rule->id);
		json_put_bool(item, "stopped_the_run", own->fired);
		json_put_bool(item, "near_miss", closest_is_near(own));
		json_put(item, "share_of_limit",
			own->share < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(own->share));
		json_put_seconds(item, "at_s", own->at_ns);
		json_put_string(item, "text", words_closest(own, text));
		json_append(list, item);
	}
	return list;
}

/* Of the directories beside this run's. */
static cJSON *trend_json(const struct report *report)
{
	cJSON *json = json_object(), *runs = json_array();
	char text[SENTENCE_MAX];

	LIST_EACH(report->trend, struct trend_run, run) {
		cJSON *item = json_object();

		json_put_string(item, "directory", run->directory);
		json_put_string(item, "started", run->started);
		json_put_string(item, "verdict", run->verdict);
		json_put_number(item, "exit_code", run->exit_code);
		json_append(runs, item);
	}
	json_put(json, "earlier", runs);
	if (trend_words(report, text))
		json_put_string(json, "text", text);
	return json;
}

static cJSON *findings_json(const struct report *report)
{
	struct list findings = words_findings(report);
	cJSON *list = json_array();

	LIST_EACH(findings, struct finding_draft, own) {
		cJSON *item = json_object();

		json_put_string(item, "weakness", own->weakness);
		json_put_string(item, "evidence", own->evidence);
		json_put_string(item, "next", own->next);
		json_append(list, item);
	}
	free(findings.items);
	return list;
}

static cJSON *clearer_json(const struct report *report)
{
	struct list lines = words_clearer(report);
	cJSON *json = list_to_json(&lines);

	list_free_texts(&lines);
	return json;
}

void json_put_beyond(cJSON *json, const struct report *report)
{
	json_put(json, "unread", unread_json(report));
	json_put(json, "unknown", unknown_json(report));
	json_put(json, "stop_rules", stop_rules_json(&report->closest));
	json_put(json, "trend", trend_json(report));
	json_put(json, "clearer", clearer_json(report));
	json_put(json, "draft_findings", findings_json(report));
}
