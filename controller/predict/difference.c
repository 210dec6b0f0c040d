/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/predict/difference.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"

const char *const change_words[] = {
	[CHANGE_NEW] = "new", [CHANGE_GONE] = "gone", [CHANGE_AMOUNT] = "changed"};

/*
 * Both radii become lists of rows that can be compared by their texts alone: what a row stands for
 * no longer matters.
 */
enum growth {
	GROWTH_NONE,  /* a row that only names somebody */
	GROWTH_MORE,  /* has grown when there is more of it, and when it is new */
	GROWTH_LESS,  /* when there is less of it, and when it is new */
	GROWTH_BOUND, /* when there is more of it, and when it is gone */
};

struct row {
	const char *what;
	char *text;
	double amount;
	enum growth growth;
};

__attribute__((format(printf, 3, 4))) static void add_row(
	struct list *rows, struct row row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&row.text, format, args) < 0)
		abort();
	va_end(args);
	*(struct row *)list_push(rows, sizeof(row)) = row;
}

/* Names somebody. */
static struct row named(const char *what, double amount)
{
	return (struct row){.what = what, .amount = amount, .growth = GROWTH_NONE};
}

static struct row sized(const char *what, double amount, enum growth growth)
{
	return (struct row){.what = what, .amount = amount, .growth = growth};
}

static void free_rows(struct list *rows)
{
	LIST_EACH(*rows, struct row, row)
		free(row->text);
	free(rows->items);
	*rows = (struct list){0};
}

/* --- who --------------------------------------------------------------------------------- */

static void name_flows(const struct predicted_fault *fault, const char *what,
	const struct list *flows, struct list *rows)
{
	char service[SERVICE_TEXT_MAX];

	LIST_EACH(*flows, struct predicted_flow, flow)
		add_row(rows, named(what, (double)flow->connections), "%s: %s%s%s %s %s %s",
			fault->id, flow->client, flow->client_program ? " " : "",
			flow->client_program ? flow->client_program : "", flow->port ? "->" : "-",
			flow->server, predicted_service(flow, service));
}

static void name_fault(const struct predicted_fault *fault, struct list *rows)
{
	add_row(rows, named("fault", 0), "%s, a %s in phase %s", fault->id, fault->fault,
		fault->phase);
	LIST_EACH(fault->on, char *, node)
		add_row(rows, named("node", 0), "%s: %s", fault->id, *node);
	LIST_EACH(fault->from, char *, node)
		add_row(rows, named("counterpart", 0), "%s: %s", fault->id, *node);
	LIST_EACH(fault->links, struct predicted_link, link)
		add_row(rows, named("link", 0), "%s: %s -> %s", fault->id, link->from, link->to);
	name_flows(fault, "connections", &fault->flows, rows);
	name_flows(fault, "depends", &fault->dependents, rows);
	/* Pids are others after each restart; the program is what was meant. */
	LIST_EACH(fault->processes, struct predicted_process, process)
		add_row(rows, named("process", 1), "%s: %s on %s", fault->id, process->program,
			process->node);
}

static void name_phase(const struct predicted_phase *phase, struct list *rows)
{
	LIST_EACH(phase->shares, struct predicted_share, share)
		add_row(rows,
			named("share", 100 * (double)share->hit / fmax((double)share->total, 1)),
			"%% of %s in phase %s", share->of, phase->phase);
	LIST_EACH(phase->quorums, struct predicted_quorum, quorum)
		add_row(rows, named("quorum", (double)quorum->left),
			"nodes left of %" PRId64 " in %s in phase %s", quorum->total, quorum->group,
			phase->phase);
	LIST_EACH(phase->limits, struct predicted_limit, limit)
		add_row(rows, named("limit", limit->allowed), "%s in phase %s", limit->limit,
			phase->phase);
}

static void name_all(const struct predicted *predicted, struct list *rows)
{
	LIST_EACH(predicted->faults, struct predicted_fault, fault)
		name_fault(fault, rows);
	LIST_EACH(predicted->phases, struct predicted_phase, phase)
		name_phase(phase, rows);
}

/* --- how large ---------------------------------------------------------------------------- */

static void size_services(const struct predicted_fault *fault, const char *what,
	const struct list *flows, struct list *rows)
{
	char service[SERVICE_TEXT_MAX];

	LIST_EACH(*flows, struct predicted_flow, flow)
		if (flow->port)
			add_row(rows, sized(what, NAN, GROWTH_MORE), "%s %s %s", fault->id, what,
				predicted_service(flow, service));
}

static void size_fault(const struct predicted_fault *fault, struct list *rows)
{
	add_row(rows, sized("fault", NAN, GROWTH_MORE), "fault %s", fault->id);
	add_row(rows, sized("nodes", (double)fault->on.count, GROWTH_MORE), "nodes that %s is on",
		fault->id);
	add_row(rows, sized("links", (double)fault->link_count, GROWTH_MORE), "links that %s hits",
		fault->id);
	add_row(rows, sized("processes", (double)fault->processes.count, GROWTH_MORE),
		"processes that %s hits", fault->id);
	size_services(fault, "hits connections of", &fault->flows, rows);
	size_services(fault, "is on a node that serves", &fault->dependents, rows);
}

/* Of a label its most hit value counts, whichever that is: "zone=a" is "one zone". */
static void size_share(
	const struct predicted_phase *phase, const struct predicted_share *share, struct list *rows)
{
	double percent = 100 * (double)share->hit / fmax((double)share->total, 1);
	const char *equals = strncmp(share->of, "group ", 6) == 0 ? NULL : strchr(share->of, '=');

	if (equals)
		add_row(rows, sized("share", percent, GROWTH_MORE), "%% of one %.*s in phase %s",
			(int)(equals - share->of), share->of, phase->phase);
	else
		add_row(rows, sized("share", percent, GROWTH_MORE), "%% of %s in phase %s",
			share->of, phase->phase);
}

static void size_phase(const struct predicted_phase *phase, struct list *rows)
{
	add_row(rows, sized("nodes", (double)phase->nodes.count, GROWTH_MORE),
		"nodes hit in phase %s", phase->phase);
	LIST_EACH(phase->shares, struct predicted_share, share)
		size_share(phase, share, rows);
	LIST_EACH(phase->quorums, struct predicted_quorum, quorum)
		add_row(rows,
			sized("quorum", (double)(quorum->left - quorum->majority), GROWTH_LESS),
			"nodes of %s in phase %s above their majority", quorum->group,
			phase->phase);
	LIST_EACH(phase->limits, struct predicted_limit, limit)
		add_row(rows, sized("limit", limit->allowed, GROWTH_BOUND),
			"limit of %s in phase %s", limit->limit, phase->phase);
}

static void size_all(const struct predicted *predicted, struct list *rows)
{
	LIST_EACH(predicted->faults, struct predicted_fault, fault)
		size_fault(fault, rows);
	LIST_EACH(predicted->phases, struct predicted_phase, phase)
		size_phase(phase, rows);
}

/* --- comparing ---------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	const struct row *one = a, *other = b;
	int order = strcmp(one->what, other->what);

	return order ? order : strcmp(one->text, other->text);
}

/* One of each text: the sum of amounts that name somebody, the greatest of sizes. */
static void merge_rows(struct list *rows)
{
	struct row *row = rows->items;
	size_t kept = 0;

	if (!rows->count)
		return;
	qsort(row, rows->count, sizeof(*row), by_text);
	for (size_t i = 1; i < rows->count; i++) {
		if (by_text(&row[i], &row[kept]) != 0) {
			row[++kept] = row[i];
			continue;
		}
		if (row[i].growth == GROWTH_NONE)
			row[kept].amount += row[i].amount;
		else
			row[kept].amount = fmax(row[kept].amount, row[i].amount);
		free(row[i].text);
	}
	rows->count = kept + 1;
}

static bool is_other(double a, double b)
{
	return fabs(a - b) > 1e-9;
}

/* Hands on each pair of rows; NULL where one side has none. */
typedef void take_rows(
	struct difference *difference, const struct row *before, const struct row *now);

static void compare_rows(struct difference *difference, const struct list *earlier,
	const struct list *later, take_rows *take)
{
	const struct row *old = earlier->items, *new = later->items;
	size_t i = 0, j = 0;

	while (i < earlier->count || j < later->count) {
		int order = i == earlier->count ? 1
			: j == later->count     ? -1
						: by_text(&old[i], &new[j]);

		take(difference, order <= 0 ? &old[i] : NULL, order >= 0 ? &new[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

static void take_change(
	struct difference *difference, const struct row *before, const struct row *now)
{
	struct change *change;

	assert(before || now);
	if (before && now && !is_other(before->amount, now->amount))
		return;
	change = list_push(&difference->changes, sizeof(*change));
	*change = (struct change){.what = now ? now->what : before->what,
		.text = must_copy(now ? now->text : before->text),
		.how = !before ? CHANGE_NEW
			: now  ? CHANGE_AMOUNT
			       : CHANGE_GONE,
		.before = before ? before->amount : 0,
		.now = now ? now->amount : 0};
}

static bool has_grown(const struct row *before, const struct row *now)
{
	if (!now)
		return before->growth == GROWTH_BOUND;
	/* What is new with an amount of none has not grown, and a new limit is a narrower one. */
	if (!before)
		return now->growth == GROWTH_LESS ||
			(now->growth == GROWTH_MORE && (isnan(now->amount) || now->amount > 0));
	if (isnan(now->amount) || !is_other(now->amount, before->amount))
		return false;
	return (now->amount > before->amount) == (now->growth != GROWTH_LESS);
}

static void take_growth(
	struct difference *difference, const struct row *before, const struct row *now)
{
	char *text = NULL;
	int length;

	if (!has_grown(before, now))
		return;
	if (!now)
		length = asprintf(&text, "%s: %.4g before, none now", before->text, before->amount);
	else if (isnan(now->amount))
		length = asprintf(&text, "%s: not before", now->text);
	else if (!before)
		length = asprintf(&text, "%s: %.4g, not before", now->text, now->amount);
	else
		length = asprintf(
			&text, "%s: %.4g, %.4g before", now->text, now->amount, before->amount);
	if (length < 0)
		abort();
	list_push_text(&difference->growth, text);
	free(text);
}

static void compare(struct difference *difference, const struct predicted *earlier,
	const struct predicted *now, void (*list)(const struct predicted *, struct list *),
	take_rows *take)
{
	struct list before = {0}, after = {0};

	list(earlier, &before);
	list(now, &after);
	merge_rows(&before);
	merge_rows(&after);
	compare_rows(difference, &before, &after, take);
	free_rows(&before);
	free_rows(&after);
}

void difference_init(
	struct difference *difference, const struct predicted *earlier, const struct predicted *now)
{
	*difference = (struct difference){0};
	compare(difference, earlier, now, name_all, take_change);
	compare(difference, earlier, now, size_all, take_growth);
}

void difference_deinit(struct difference *difference)
{
	LIST_EACH(difference->changes, struct change, change)
		free(change->text);
	free(difference->changes.items);
	list_free_texts(&difference->growth);
	*difference = (struct difference){0};
}

cJSON *difference_json(const struct difference *difference, const char *earlier)
{
	cJSON *json = json_object(), *changes = json_array();

	json_put_string(json, "earlier", earlier);
	json_put_bool(json, "grew", difference->growth.count > 0);
	json_put(json, "growth", list_to_json(&difference->growth));
	LIST_EACH(difference->changes, struct change, change) {
		cJSON *item = json_object();

		json_put_string(item, "what", change->what);
		json_put_string(item, "how", change_words[change->how]);
		json_put_string(item, "text", change->text);
		json_put_number(item, "before", change->before);
		json_put_number(item, "now", change->now);
		json_append(changes, item);
	}
	json_put(json, "changes", changes);
	return json;
}
