/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "contract/units.h"
#include "controller/report/chart_parts.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

/* --- drawing --------------------------------------------------------------------------- */

static double y_of(const struct chart *chart, const struct scale *scale, double value)
{
	double low = scale->low, high = scale->high, share;

	if (scale->logarithmic) {
		low = log10(low);
		high = log10(high);
		value = log10(value > 0 ? value : scale->low);
	}
	share = (value - low) / (high - low);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return chart->top + CHART_TITLE + CHART_PANEL * (1 - share);
}

double chart_bin_x(const struct chart *chart, const struct line *line, size_t index)
{
	int64_t at_ns = chart_bin_ns(line, index);

	return chart_x(chart, at_ns < chart->span_ns ? at_ns : chart->span_ns);
}

/* Steps, because a value is one of its whole bin; it breaks where nothing is known. */
void chart_draw_line(const struct chart *chart, const struct line *line, const struct scale *scale,
	const struct ink *ink)
{
	bool drawing = false;

	fputs("<path d=\"", chart->out);
	for (size_t i = 0; i < line->count; i++) {
		double y;

		if (line->values[i] < 0) {
			drawing = false;
			continue;
		}
		y = y_of(chart, scale, line->values[i]);
		if (drawing)
			fprintf(chart->out, "V%.1f", y);
		else
			fprintf(chart->out, "M%.1f %.1f", chart_bin_x(chart, line, i), y);
		fprintf(chart->out, "H%.1f", chart_bin_x(chart, line, i + 1));
		drawing = true;
	}
	fprintf(chart->out,
		"\" class=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" "
		"stroke-linejoin=\"round\"/>\n",
		ink->class, ink->colour, ink->width);
}

/* What lies between the line and `border`, where the line is below it. */
static void draw_shortfall(const struct chart *chart, const struct line *line,
	const struct scale *scale, double border)
{
	double bottom = y_of(chart, scale, border);

	fputs("<path d=\"", chart->out);
	for (size_t i = 0; i < line->count; i++)
		if (line->values[i] >= 0 && line->values[i] < border)
			fprintf(chart->out, "M%.1f %.1fH%.1fV%.1fH%.1fZ",
				chart_bin_x(chart, line, i), bottom,
				chart_bin_x(chart, line, i + 1),
				y_of(chart, scale, line->values[i]), chart_bin_x(chart, line, i));
	fputs("\" class=\"c-short\" fill=\"#b42318\" fill-opacity=\"0.22\"/>\n", chart->out);
}

static void draw_void(const struct chart *chart, double from, double to, const char *text)
{
	if (to - from < 0.5)
		return;
	fprintf(chart->out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"c-void\" "
		"fill=\"#8c939f\" fill-opacity=\"0.15\"/>\n",
		from, chart->top + CHART_TITLE, to - from, CHART_PANEL);
	if (to - from > 60)
		fprintf(chart->out,
			"<text x=\"%.1f\" y=\"%.1f\" class=\"c-muted\" fill=\"#5c6470\" "
			"text-anchor=\"middle\" font-size=\"11\">%s</text>\n",
			(from + to) / 2, chart->top + CHART_TITLE + 15, text);
}

/* No data is not zero: a grey field says so. */
void chart_draw_voids(const struct chart *chart, const struct line *line, const char *text)
{
	double from = CHART_LEFT;
	size_t i = 0;

	for (;;) {
		while (i < line->count && line->values[i] < 0)
			i++;
		if (i == line->count)
			break;
		draw_void(chart, from, chart_bin_x(chart, line, i), text);
		while (i < line->count && line->values[i] >= 0)
			i++;
		from = chart_bin_x(chart, line, i);
	}
	draw_void(chart, from, CHART_WIDTH - CHART_RIGHT, text);
}

void chart_draw_tick(
	const struct chart *chart, const struct scale *scale, double value, const char *label)
{
	double y = y_of(chart, scale, value);

	fprintf(chart->out,
		"<path d=\"M%d %.1fH%d\" class=\"c-grid\" stroke=\"#e2e5ea\"/>"
		"<text x=\"%d\" y=\"%.1f\" class=\"c-muted\" fill=\"#5c6470\" text-anchor=\"end\" "
		"font-size=\"11\">%s</text>\n",
		CHART_LEFT, y, CHART_WIDTH - CHART_RIGHT, CHART_LEFT - 8, y + 4, label);
}

void chart_draw_bound(const struct chart *chart, const struct scale *scale, double value,
	const char *class, const char *colour)
{
	double y = y_of(chart, scale, value);

	fprintf(chart->out,
		"<path d=\"M%d %.1fH%d\" class=\"%s\" stroke=\"%s\" stroke-dasharray=\"5 4\"/>\n",
		CHART_LEFT, y, CHART_WIDTH - CHART_RIGHT, class, colour);
}

void chart_title(const struct chart *chart, const char *text, const char *detail)
{
	fprintf(chart->out, "<text x=\"%d\" y=\"%.1f\" class=\"c-ink\" fill=\"#1f2430\">",
		CHART_LEFT, chart->top + CHART_TITLE - 9);
	fputs("<tspan font-weight=\"600\">", chart->out);
	escape_markup(chart->out, text);
	fputs("</tspan><tspan dx=\"8\" class=\"c-muted\" fill=\"#5c6470\">", chart->out);
	escape_markup(chart->out, detail);
	fputs("</tspan></text>\n", chart->out);
}

const struct ink chart_main_ink = {"c-line", "#2a5a9c", 1.8};
const struct ink chart_tail_ink = {"c-tail", "#b35900", 1.4};

/* --- panels ---------------------------------------------------------------------------- */

static void ratio_panel(const struct chart *chart, const struct panel *panel)
{
	double objective = panel->sli->slo->objective, lowest;
	struct scale scale = {.high = 1};
	char name[96], detail[128], label[16], step[DURATION_TEXT_MAX];
	struct line line;

	chart_ratio_line(chart, panel->sli, &line);
	lowest = chart_least(&line, objective);
	/* As near as the data allow, or a handful of bad events could not be seen. */
	scale.low = lowest >= 0.995 ? 0.99 : lowest >= 0.95 ? 0.9 : 0;
	snprintf(name, sizeof(name), "%.60s: good events", panel->sli->slo->name);
	snprintf(detail, sizeof(detail),
		"of %.6g a second, in steps of %s; dashed: the objective, %.6g %%", line.rate,
		duration_format(line.bin_ns, step), objective * 100);
	chart_title(chart, name, detail);
	chart_draw_voids(chart, &line, "no data");
	for (int i = 0; i <= 2; i++) {
		double value = scale.low + (scale.high - scale.low) * i / 2;

		snprintf(label, sizeof(label), "%.4g %%", value * 100);
		chart_draw_tick(chart, &scale, value, label);
	}
	draw_shortfall(chart, &line, &scale, objective);
	chart_draw_bound(chart, &scale, objective, "c-bound", "#5c6470");
	chart_draw_line(chart, &line, &scale, &chart_main_ink);
}

static void silence_panel(const struct chart *chart, const struct panel *panel)
{
	const struct scenario *scenario = &chart->report->record.scenario;
	struct scale scale = {0};
	char name[96], label[96], length[DURATION_TEXT_MAX];
	struct line line;

	chart_silence_line(chart, panel->sli, &line);
	scale.high = chart_greatest(&line);
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule)
		if (rule->slo && strcmp(rule->slo, panel->sli->slo->name) == 0 &&
			(double)rule->no_good_for_ns / 1e9 > scale.high)
			scale.high = (double)rule->no_good_for_ns / 1e9;
	scale.high = scale.high > 0 ? scale.high * 1.25 : 1;
	snprintf(
		name, sizeof(name), "%.60s: time since the last good event", panel->sli->slo->name);
	snprintf(label, sizeof(label), "worst of each step; longest %s",
		duration_human((int64_t)(chart_greatest(&line) * 1e9), length));
	chart_title(chart, name, label);
	chart_draw_voids(chart, &line, "");
	chart_draw_tick(chart, &scale, 0, "0s");
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule) {
		double bound = (double)rule->no_good_for_ns / 1e9;

		if (!rule->slo || !rule->no_good_for_ns ||
			strcmp(rule->slo, panel->sli->slo->name) != 0)
			continue;
		chart_draw_tick(
			chart, &scale, bound, duration_format(rule->no_good_for_ns, length));
		chart_draw_bound(chart, &scale, bound, "c-stop", "#b42318");
		snprintf(label, sizeof(label), "%.60s stops the run", rule->id);
		/* At the left, where nothing has happened yet that could run into it. */
		fprintf(chart->out,
			"<text x=\"%d\" y=\"%.1f\" class=\"c-bad\" fill=\"#b42318\" "
			"font-size=\"11\">",
			CHART_LEFT + 6, y_of(chart, &scale, bound) + 13);
		escape_markup(chart->out, label);
		fputs("</text>\n", chart->out);
	}
	chart_draw_line(chart, &line, &scale, &chart_main_ink);
}

static void latency_title(const struct chart *chart, const struct probe_spec *probe)
{
	fprintf(chart->out,
		"<text x=\"%d\" y=\"%.1f\" class=\"c-ink\" fill=\"#1f2430\"><tspan "
		"font-weight=\"600\">",
		CHART_LEFT, chart->top + CHART_TITLE - 9);
	escape_markup(chart->out, probe->name);
	fputs(": latency of answered events</tspan><tspan dx=\"8\" class=\"c-line-text\" "
	      "fill=\"#2a5a9c\">median</tspan><tspan dx=\"8\" class=\"c-tail-text\" "
	      "fill=\"#b35900\">p99</tspan></text>\n",
		chart->out);
}

static void latency_panel(const struct chart *chart, const struct panel *panel)
{
	struct scale scale = {.logarithmic = true};
	char label[DURATION_TEXT_MAX];
	struct line median, p99;
	double lowest;
	int decades;

	chart_latency_line(panel->series, false, &median);
	chart_latency_line(panel->series, true, &p99);
	lowest = chart_least(&median, chart_greatest(&p99));
	scale.low = lowest > 0 ? pow(10, floor(log10(lowest))) : 1;
	scale.high = pow(10,
		ceil(log10(chart_greatest(&p99) > scale.low ? chart_greatest(&p99) : scale.low)));
	if (scale.high <= scale.low)
		scale.high = scale.low * 10;
	latency_title(chart, panel->series->probe);
	chart_draw_voids(chart, &p99, "no answer");
	decades = (int)lround(log10(scale.high / scale.low));
	for (int i = 0; i <= decades; i++) {
		double value = scale.low * pow(10, i);

		chart_draw_tick(
			chart, &scale, value, duration_format((int64_t)llround(value), label));
	}
	chart_draw_line(chart, &p99, &scale, &chart_tail_ink);
	chart_draw_line(chart, &median, &scale, &chart_main_ink);
}

void chart_panel(struct chart *chart, const struct panel *panel)
{
	switch (panel->kind) {
	case PANEL_RATIO:
		ratio_panel(chart, panel);
		break;
	case PANEL_LATENCY:
		latency_panel(chart, panel);
		break;
	case PANEL_MEMBERS:
		chart_members(chart, panel);
		break;
	case PANEL_SILENCE:
		silence_panel(chart, panel);
		break;
	case PANEL_BURN:
		chart_burn(chart, panel);
		break;
	}
	fprintf(chart->out, "<path d=\"M%d %.1fV%.1f\" class=\"c-axis\" stroke=\"#aab0ba\"/>\n",
		CHART_LEFT, chart->top + CHART_TITLE, chart->top + CHART_TITLE + panel->height);
}

/* --- choosing -------------------------------------------------------------------------- */

static void add_panel(struct chart *chart, struct panel panel)
{
	if (panel.height == 0)
		panel.height = CHART_PANEL;
	if (chart->panel_count < PANELS_MAX)
		chart->panels[chart->panel_count++] = panel;
}

static bool has_silence_rule(const struct scenario *scenario, const struct slo_spec *slo)
{
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule)
		if (rule->slo && rule->no_good_for_ns && strcmp(rule->slo, slo->name) == 0)
			return true;
	return false;
}

/* A probe with no answer at all has no latencies: then there is nothing to draw. */
static bool has_latency(const struct latency_series *series)
{
	for (size_t i = 0; i < series->count; i++)
		if (series->bins[i].count)
			return true;
	return false;
}

/* A probe's latencies stand with the first SLO that is about it. */
static void add_latency(struct chart *chart, const struct slo_spec *slo)
{
	LIST_EACH(chart->report->story.latency, struct latency_series, series) {
		bool drawn = !has_latency(series) || strcmp(series->probe->name, slo->probe) != 0;

		for (size_t i = 0; i < chart->panel_count; i++)
			drawn = drawn || chart->panels[i].series == series;
		if (!drawn)
			add_panel(chart, (struct panel){.kind = PANEL_LATENCY, .series = series});
	}
}

/* One member alone is what all of them together are. */
static void add_members(struct chart *chart, const struct sli_record *sli)
{
	size_t members = chart_count_members(chart, sli->slo);

	if (members > 1)
		add_panel(chart,
			(struct panel){.kind = PANEL_MEMBERS,
				.sli = sli,
				.height = (double)members * CHART_MEMBER});
}

/* One for each pair of windows that somebody is told by, or that stops the run. */
static void add_burns(struct chart *chart, const struct sli_record *sli)
{
	const struct scenario *scenario = &chart->report->record.scenario;

	LIST_EACH(sli->slo->burn, struct burn_spec, burn)
		add_panel(chart,
			(struct panel){.kind = PANEL_BURN,
				.sli = sli,
				.burn = burn,
				.burn_does = burn_severity_words[burn->severity]});
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule)
		if (rule->burn && strcmp(rule->slo, sli->slo->name) == 0)
			add_panel(chart,
				(struct panel){.kind = PANEL_BURN,
					.sli = sli,
					.burn = rule->burn,
					.burn_does = rule->id});
}

void chart_choose_panels(struct chart *chart)
{
	const struct record *record = &chart->report->record;

	LIST_EACH(record->slis, struct sli_record, sli) {
		if (!sli->samples.count || !words_slo_matters(&record->scenario, sli->slo))
			continue;
		add_panel(chart, (struct panel){.kind = PANEL_RATIO, .sli = sli});
		add_members(chart, sli);
		add_latency(chart, sli->slo);
		if (has_silence_rule(&record->scenario, sli->slo))
			add_panel(chart, (struct panel){.kind = PANEL_SILENCE, .sli = sli});
		add_burns(chart, sli);
	}
}
