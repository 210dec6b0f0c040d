/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

enum {
	SAY_MAX = 2048
};

static void say(FILE *out, const cJSON *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(FILE *out, const cJSON *event, const char *format, ...)
{
	char text[SAY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Names and reasons come from files and from other hosts. */
	plain_line(out, "T+%6.1fs  %s", json_number(event, "t_ns", 0) / (double)NS_PER_SEC, text);
}

static void run_started(FILE *out, const cJSON *event)
{
	const cJSON *scenario = cJSON_GetObjectItemCaseSensitive(event, "scenario");

	say(out, event, "run %s: %s", json_string(event, "run", "?"),
		json_string(scenario, "title", "?"));
}

static void group_resolved(FILE *out, const cJSON *event)
{
	char nodes[256];

	say(out, event, "group %s: %s", json_string(event, "group", "?"),
		words_join_json(
			cJSON_GetObjectItemCaseSensitive(event, "nodes"), nodes, sizeof(nodes)));
}

static void phase_started(FILE *out, const cJSON *event)
{
	double start_s = json_number(event, "start_ns", 0) / (double)NS_PER_SEC;

	/* A phase with faults begins a moment after they are armed. */
	if (start_s - json_number(event, "t_ns", 0) / (double)NS_PER_SEC > 0.05)
		say(out, event, "phase %s begins at T+%.1fs", json_string(event, "phase", "?"),
			start_s);
	else
		say(out, event, "phase %s", json_string(event, "phase", "?"));
}

static void phase_left_out(FILE *out, const cJSON *event)
{
	say(out, event, "phase %s is left out: %s is %s, not %s", json_string(event, "phase", "?"),
		json_string(event, "invariant", "?"), json_string(event, "verdict", "?"),
		json_string(event, "wanted", "?"));
}

static void fault_arming(FILE *out, const cJSON *event)
{
	const cJSON *counterpart = cJSON_GetObjectItemCaseSensitive(event, "from");
	char on[256], from[256];
	double until_ns = json_number(event, "deadline_ns", 0) - json_number(event, "start_ns", 0);
	char length[DURATION_TEXT_MAX];
	bool once = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "at_once"));

	say(out, event, "arming %s on %s%s%s, %s%s", json_string(event, "fault", "?"),
		words_join_json(cJSON_GetObjectItemCaseSensitive(event, "on"), on, sizeof(on)),
		cJSON_GetArraySize(counterpart) ? " from " : "",
		words_join_json(counterpart, from, sizeof(from)), once ? "once" : "for at most ",
		once ? "" : duration_human((int64_t)until_ns, length));
}

static void fault_armed(FILE *out, const cJSON *event)
{
	char late[DURATION_TEXT_MAX];
	int64_t late_ns = journal_time(event, "late_ns");

	if (late_ns > 0)
		say(out, event, "%s armed late on %s, by %s", json_string(event, "fault", "?"),
			json_string(event, "node", "?"), duration_human(late_ns, late));
}

static void fault_inspected(FILE *out, const cJSON *event)
{
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(event, "result");
	double live = json_number(result, "connection_count", 0);
	const cJSON *process;

	cJSON_ArrayForEach(process, cJSON_GetObjectItemCaseSensitive(result, "processes")) {
		say(out, event, "%s will hit pid %.0f of %s: %.80s",
			json_string(event, "fault", "?"), json_number(process, "pid", 0),
			json_string(event, "node", "?"), json_string(process, "cmdline", "?"));
	}
	if (live > 0)
		say(out, event, "%s will hit %.0f live connection%s of %s",
			json_string(event, "fault", "?"), live, live == 1 ? "" : "s",
			json_string(event, "node", "?"));
}

static void fault_over(FILE *out, const cJSON *event)
{
	say(out, event, "healed %s", json_string(event, "fault", "?"));
}

static void stop(FILE *out, const cJSON *event)
{
	say(out, event, "STOP: %s; healing", json_string(event, "text", "?"));
}

static void alert(FILE *out, const cJSON *event)
{
	say(out, event,
		"somebody on call would get a %s: %s burns its error budget %.3g times as "
		"fast as it may",
		json_string(event, "severity", "?"), json_string(event, "slo", "?"),
		json_number(event, "long_rate", 0));
}

static void node_lost(FILE *out, const cJSON *event)
{
	say(out, event, "lost %s: %s", json_string(event, "node", "?"),
		json_string(event, "reason", "?"));
}

static void node_recovered(FILE *out, const cJSON *event)
{
	say(out, event, "recovered %s", json_string(event, "node", "?"));
}

static void node_gone(FILE *out, const cJSON *event)
{
	say(out, event, "%s is gone with its lab", json_string(event, "node", "?"));
}

static void final_read(FILE *out, const cJSON *event)
{
	say(out, event, "read back %s", json_string(event, "workload", "?"));
}

static void note(FILE *out, const cJSON *event)
{
	const char *by = json_string(event, "by", NULL);

	say(out, event, "note%s%s: %s", by ? " by " : "", by ? by : "",
		json_string(event, "text", "?"));
}

void progress_print(FILE *out, const cJSON *event)
{
	static const struct {
		const char *type;
		void (*print)(FILE *out, const cJSON *event);
	} kinds[] = {
		{"run_started", run_started},
		{"group_resolved", group_resolved},
		{"phase_started", phase_started},
		{"phase_left_out", phase_left_out},
		{"fault_inspected", fault_inspected},
		{"fault_arming", fault_arming},
		{"fault_armed", fault_armed},
		{"fault_over", fault_over},
		{"alert", alert},
		{"stop", stop},
		{"node_lost", node_lost},
		{"node_recovered", node_recovered},
		{"node_gone", node_gone},
		{"final_read", final_read},
		{"note", note},
	};
	const char *type = json_string(event, "event", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			kinds[i].print(out, event);
}
