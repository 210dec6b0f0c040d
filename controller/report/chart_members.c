/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/chart_parts.h"
#include "controller/report/escape.h"

/*
 * A strip for each member that a probe asks: all of them together say "two thirds are good", and
 * only this says which third is not. A thin line is good, a block is not, and the darker the worse:
 * they are told apart without their colours.
 */

size_t chart_count_members(const struct chart *chart, const struct slo_spec *slo)
{
	size_t count = 0;

	LIST_EACH(chart->report->story.members, struct member_series, series)
		count += series->slo == slo;
	return count < MEMBERS_MAX ? count : MEMBERS_MAX;
}

/* Neighbours of one kind become one piece. */
static size_t end_of_run(const struct line *line, double objective, size_t i)
{
	bool good = line->values[i] >= objective;
	double value = line->values[i];

	for (i++; i < line->count && line->values[i] >= 0; i++)
		if (good ? line->values[i] < objective : line->values[i] != value)
			break;
	return i;
}

static void draw_strip(
	const struct chart *chart, const struct line *line, double objective, double top)
{
	double middle = top + CHART_MEMBER / 2.0;
	size_t end;

	for (size_t i = 0; i < line->count; i = end) {
		double from = chart_bin_x(chart, line, i), to;

		end = i + 1;
		if (line->values[i] < 0)
			continue;
		end = end_of_run(line, objective, i);
		to = chart_bin_x(chart, line, end);
		if (line->values[i] >= objective)
			fprintf(chart->out,
				"<path d=\"M%.1f %.1fH%.1f\" class=\"c-line\" "
				"stroke=\"#2a5a9c\" stroke-width=\"1.8\"/>\n",
				from, middle, to);
		else
			fprintf(chart->out,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
				"class=\"c-down\" fill=\"#b42318\" fill-opacity=\"%.2f\"/>\n",
				from, top + 2, to - from, CHART_MEMBER - 4,
				0.25 + 0.65 * (1 - line->values[i]));
	}
}

static void draw_member(const struct chart *chart, const struct panel *panel,
	const struct member_series *series, double top)
{
	struct line line;

	chart_member_line(chart, panel->sli, &series->samples, &line);
	fprintf(chart->out,
		"<text x=\"%d\" y=\"%.1f\" class=\"c-muted\" fill=\"#5c6470\" "
		"text-anchor=\"end\" font-size=\"11\">",
		CHART_LEFT - 8, top + CHART_MEMBER / 2.0 + 4);
	/* What is longer would leave the picture. */
	markup(chart->out, "%.8s", series->member);
	fputs("<title>", chart->out);
	escape_markup(chart->out, series->member);
	fputs("</title></text>\n", chart->out);
	draw_strip(chart, &line, panel->sli->slo->objective, top);
}

void chart_members(const struct chart *chart, const struct panel *panel)
{
	const struct slo_spec *slo = panel->sli->slo;
	double top = chart->top + CHART_TITLE;
	size_t drawn = 0, all = 0;
	char name[96], detail[96];

	LIST_EACH(chart->report->story.members, struct member_series, series) {
		if (series->slo != slo || all++ >= MEMBERS_MAX)
			continue;
		draw_member(chart, panel, series, top + (double)drawn++ * CHART_MEMBER);
	}
	snprintf(name, sizeof(name), "%.60s: member by member", slo->name);
	if (drawn < all)
		snprintf(detail, sizeof(detail), "the first %zu of %zu; block: below the objective",
			drawn, all);
	else
		snprintf(detail, sizeof(detail), "block: below the objective");
	chart_title(chart, name, detail);
}
