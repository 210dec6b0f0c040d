/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/live.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/judge/stop_rule.h"
#include "controller/plan/check.h"
#include "controller/plan/plan_times.h"
#include "controller/prober/orders.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

/* Ratios are of the last 5 s; latencies of the last 5 to 10 s, from two halves that take turns. */
#define RECENT_NS (5 * NS_PER_SEC)

enum {
	BAR_WIDTH = 20,
	PAST_SECONDS = 30,
	PAST_MAX_BYTES = PAST_SECONDS * 3 + 1, /* a block is three bytes of UTF-8 */
	LINE_MAX_BYTES = 512
};

struct recent {
	char *probe;
	struct histogram *now, *before;
	int64_t since_ns;
};

struct live {
	struct list recents; /* of struct recent */
};

/* --- latencies ------------------------------------------------------------------------- */

struct live *live_new(void)
{
	return must_alloc(sizeof(struct live));
}

void live_free(struct live *live)
{
	if (!live)
		return;
	LIST_EACH(live->recents, struct recent, recent) {
		free(recent->probe);
		histogram_free(recent->now);
		histogram_free(recent->before);
	}
	free(live->recents.items);
	free(live);
}

static struct recent *recent_of(const struct live *live, const char *probe)
{
	LIST_EACH(live->recents, struct recent, recent)
		if (strcmp(recent->probe, probe) == 0)
			return recent;
	return NULL;
}

static struct recent *recent_new(struct live *live, const char *probe, int64_t now_ns)
{
	struct recent *recent = list_push(&live->recents, sizeof(*recent));

	*recent = (struct recent){.probe = must_copy(probe),
		.now = histogram_new(),
		.before = histogram_new(),
		.since_ns = now_ns};
	return recent;
}

static void take_turns(struct recent *recent, int64_t now_ns)
{
	struct histogram *oldest = recent->before;

	if (now_ns - recent->since_ns < RECENT_NS)
		return;
	recent->before = recent->now;
	recent->now = oldest;
	memset(oldest, 0, sizeof(*oldest));
	recent->since_ns = now_ns;
}

void live_take(struct live *live, const cJSON *event)
{
	int64_t now_ns = (int64_t)json_number(event, "t_ns", 0);
	const char *probe = json_string(event, "probe", "");
	struct recent *recent;
	struct probe_window window;
	struct fail fail = FAIL_INIT;

	if (strcmp(json_string(event, "event", ""), "window") != 0 ||
		shape_decode(&probe_window_shape, cJSON_GetObjectItemCaseSensitive(event, "window"),
			"", &window, &fail) < 0)
		return;
	recent = recent_of(live, probe);
	if (!recent)
		recent = recent_new(live, probe, now_ns);
	take_turns(recent, now_ns);
	histogram_decode(recent->now, &window.latency, &fail);
	shape_free(&probe_window_shape, &window);
}

/* "" while nothing has been measured. */
static const char *p99(const struct live *live, const char *probe, char text[DURATION_TEXT_MAX])
{
	const struct recent *recent = recent_of(live, probe);
	struct histogram_edges edges;
	struct histogram *both;

	text[0] = '\0';
	if (!recent)
		return text;
	both = histogram_new();
	histogram_merge(both, recent->before);
	histogram_merge(both, recent->now);
	if (histogram_quantile(both, 0.99, &edges) == 0)
		duration_human(edges.upper_ns, text);
	histogram_free(both);
	return text;
}

/* --- lines ----------------------------------------------------------------------------- */

struct page {
	FILE *out;
	const struct live_look *look;
	int lines;
};

enum colour {
	PLAIN,
	GOOD,
	WARN,
	BAD
};

/* One line, cut at the terminal's width: a wrapped one would spoil the redrawing. */
static void line(struct page *page, enum colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void line(struct page *page, enum colour colour, const char *format, ...)
{
	static const char *const codes[] = {
		[GOOD] = "\033[32m", [WARN] = "\033[33m", [BAD] = "\033[31m"};
	char text[LINE_MAX_BYTES];
	size_t kept = 0;
	int columns = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Bytes 10xxxxxx continue a character. */
	while (text[kept] && (columns < page->look->columns || (text[kept] & 0xC0) == 0x80)) {
		columns += (text[kept] & 0xC0) != 0x80;
		kept++;
	}
	text[kept] = '\0';
	if (page->look->colours && colour != PLAIN)
		fputs(codes[colour], page->out);
	escape_plain(page->out, text);
	if (page->look->colours && colour != PLAIN)
		fputs("\033[0m", page->out);
	fputc('\n', page->out);
	page->lines++;
}

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_SEC;
}

static void draw_phase(struct page *page, const struct record *record)
{
	const struct plan_times times = plan_times(&record->scenario);
	int64_t now_ns = page->look->now_ns;
	char about[DURATION_TEXT_MAX], limit[DURATION_TEXT_MAX], all[128];
	size_t number = 0;

	duration_format(times.expected_ns, about);
	duration_format(record->scenario.guardrails->limits->run_ns, limit);
	snprintf(all, sizeof(all), "T+%.1fs of about %s, stopped at %s", seconds(now_ns), about,
		limit);
	if (record->stop != STOP_NONE) {
		line(page, BAD, "STOPPED: healing, then comparing every node with before | %s",
			all);
		return;
	}
	LIST_EACH(record->phases, struct phase_record, phase) {
		const char *bound = phase->spec->until ? "of at most" : "of";

		number++;
		if (phase->end_ns != NEVER_NS)
			continue;
		if (phase->start_ns == NEVER_NS || phase->start_ns > now_ns)
			line(page, PLAIN,
				"next phase %s (%zu of %zu): groups, inspection, arming | %s",
				phase->spec->id, number, record->phases.count, all);
		else
			line(page, PLAIN, "phase %s (%zu of %zu): %.1fs %s %.3gs | %s",
				phase->spec->id, number, record->phases.count,
				seconds(now_ns - phase->start_ns), bound,
				seconds(phase_longest_ns(phase->spec)), all);
		return;
	}
	line(page, PLAIN, "phases over: writes settle and are read back, nodes are compared | %s",
		all);
}

/* A sign for each second up to `to_ns`: a point where all was good, a block for the share that was
 * not, and nothing where nothing was measured. */
static void draw_past(const struct sli_record *sli, int64_t to_ns, char text[PAST_MAX_BYTES])
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	enum {
		BLOCKS = sizeof(blocks) / sizeof(blocks[0])
	};
	size_t used = 0;

	for (int64_t i = PAST_SECONDS; i > 0; i--) {
		int64_t from_ns = to_ns - i * NS_PER_SEC;
		struct tally tally = {0};
		const char *sign = " ";

		if (from_ns >= 0)
			tally = samples_tally(&sli->samples, from_ns, from_ns + NS_PER_SEC);
		if (tally.total)
			sign = tally.bad ? blocks[(tally.bad * BLOCKS - 1) / tally.total] : "·";
		used += (size_t)snprintf(text + used, PAST_MAX_BYTES - used, "%s", sign);
	}
}

static void draw_sli(struct page *page, const struct live *live, const struct record *record,
	const struct sli_record *sli)
{
	int64_t covered_ns = record_covered_ns(record, sli->slo);
	int64_t from_ns = covered_ns > RECENT_NS ? covered_ns - RECENT_NS : 0;
	struct tally tally = samples_tally(&sli->samples, from_ns, covered_ns);
	double good = tally.total ? (double)(tally.total - tally.bad) / (double)tally.total : 0;
	char latency[DURATION_TEXT_MAX], past[PAST_MAX_BYTES];

	if (!tally.total) {
		line(page, PLAIN, "%-14s no events yet", sli->slo->name);
		return;
	}
	p99(live, sli->slo->probe, latency);
	draw_past(sli, covered_ns, past);
	line(page, good + 1e-9 >= sli->slo->objective ? GOOD : BAD,
		"%-14s %6.2f %% good of the last %lld (objective %.6g %%)%s%s | bad of the last "
		"30s %s",
		sli->slo->name, 100 * good, (long long)tally.total, 100 * sli->slo->objective,
		latency[0] ? " | p99 " : "", latency, past);
}

/* What the first node says: one line has no room for all of them. "" where nothing was asked. */
static const char *measured(const struct fault_record *fault, char text[SENTENCE_MAX])
{
	char asked[WORDS_MAX], achieved[WORDS_MAX];

	text[0] = '\0';
	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->measures, struct measure, measure) {
			if (measure->bound == BOUND_NONE)
				continue;
			snprintf(text, SENTENCE_MAX, " | %.30s on %.30s %.30s, asked %.30s",
				measure->name, node->node, words_achieved(measure, achieved),
				words_asked(measure, asked));
			return text;
		}
	return text;
}

static void acted(const struct fault_record *fault, char text[SENTENCE_MAX])
{
	int64_t packets = 0;

	if (fault->spec->on->processes) {
		words_acted(fault, text);
		return;
	}
	if (fault->machine) {
		snprintf(text, SENTENCE_MAX, "%.40s on %zu of %zu", judge_did(fault),
			judge_machines_hit(fault), fault->on.count);
		return;
	}
	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->counters, struct counter, counter)
			packets += counter->packets;
	snprintf(text, SENTENCE_MAX, "%lld packets %.40s", (long long)packets, judge_did(fault));
}

static void draw_fault(struct page *page, const struct fault_record *fault)
{
	int64_t left_ns = fault->deadline_ns - page->look->now_ns;
	char on[128], asked[SENTENCE_MAX], done[SENTENCE_MAX];

	if (fault->start_ns == NEVER_NS || fault->start_ns > page->look->now_ns ||
		fault->healed_ns != NEVER_NS)
		return;
	words_join(&fault->on, on, sizeof(on));
	if (fault->at_once) {
		line(page, WARN, "%-14s %s acts on %s", fault->spec->id, fault->spec->fault, on);
		return;
	}
	acted(fault, done);
	line(page, WARN, "%-14s %s acts on %s | %s%s | ends in %.1fs at the latest",
		fault->spec->id, fault->spec->fault, on, done, measured(fault, asked),
		seconds(left_ns > 0 ? left_ns : 0));
}

static void draw_rule(struct page *page, const struct record *record, const struct stop_rule *rule)
{
	const struct rule_look look = record_rule(record, rule, page->look->now_ns);
	char bar[BAR_WIDTH + 1], way[RULE_TEXT_MAX];

	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = look.share * BAR_WIDTH > i + 0.5 ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	line(page,
		look.share > 0.75           ? BAD
			: look.share > 0.25 ? WARN
					    : PLAIN,
		"stop %-9s [%s] %s", rule->id, bar, rule_way(&look, way));
}

int live_draw(FILE *out, const struct live *live, const struct record *record,
	const struct live_look *look)
{
	struct page page = {.out = out, .look = look};

	draw_phase(&page, record);
	LIST_EACH(record->slis, struct sli_record, sli)
		draw_sli(&page, live, record, sli);
	LIST_EACH(record->faults, struct fault_record, fault)
		draw_fault(&page, fault);
	if (record->stop == STOP_NONE && !record->ended)
		LIST_EACH(record->scenario.guardrails->stop_if, struct stop_rule, rule)
			draw_rule(&page, record, rule);
	if (record->stop == STOP_NONE && !record->ended)
		line(&page, PLAIN, "Ctrl-C heals everything, then reports");
	return page.lines;
}
