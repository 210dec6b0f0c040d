/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/units.h"
#include "controller/plan/burn.h"
#include "controller/report/chart_parts.h"
#include "controller/report/escape.h"

/*
 * How fast an error budget burned: both windows of a pair against the rate from which somebody
 * would be told, or the run stopped. It fires where both lie above.
 */

/* In an outage the budget burns up to a million times as fast: the rate itself must be seen. */
#define RATES_HIGH 4.0

static void title(const struct chart *chart, const struct panel *panel)
{
	char slow[DURATION_TEXT_MAX], brief[DURATION_TEXT_MAX];

	fprintf(chart->out,
		"<text x=\"%d\" y=\"%.1f\" class=\"c-ink\" fill=\"#1f2430\"><tspan "
		"font-weight=\"600\">",
		CHART_LEFT, chart->top + CHART_TITLE - 9);
	markup(chart->out, "%s: how fast the budget burns", panel->sli->slo->name);
	fprintf(chart->out,
		"</tspan><tspan dx=\"8\" class=\"c-line-text\" fill=\"#2a5a9c\">over %s</tspan>"
		"<tspan dx=\"8\" class=\"c-tail-text\" fill=\"#b35900\">over %s</tspan>"
		"<tspan dx=\"8\" class=\"c-muted\" fill=\"#5c6470\">",
		duration_format(panel->burn->long_ns, slow),
		duration_format(burn_short_ns(panel->burn), brief));
	markup(chart->out, "dashed: %s, from %g times on over both", panel->burn_does,
		panel->burn->rate);
	fputs("</tspan></text>\n", chart->out);
}

void chart_burn(const struct chart *chart, const struct panel *panel)
{
	double rate = panel->burn->rate, most;
	struct scale scale = {.high = rate * 1.6};
	struct line over_long, over_short;
	char label[32];

	chart_burn_line(chart, panel, false, &over_long);
	chart_burn_line(chart, panel, true, &over_short);
	most = chart_greatest(&over_long);
	most = chart_greatest(&over_short) > most ? chart_greatest(&over_short) : most;
	if (most > scale.high)
		scale.high = most < rate * RATES_HIGH ? most : rate * RATES_HIGH;
	title(chart, panel);
	chart_draw_voids(chart, &over_long, "no full window");
	chart_draw_tick(chart, &scale, 0, "0");
	snprintf(label, sizeof(label), "%.4g", rate);
	chart_draw_tick(chart, &scale, rate, label);
	if (scale.high > rate * 2) {
		snprintf(label, sizeof(label), "%s%.4g", most > scale.high ? "≥ " : "", scale.high);
		chart_draw_tick(chart, &scale, scale.high, label);
	}
	chart_draw_bound(chart, &scale, rate, "c-stop", "#b42318");
	chart_draw_line(chart, &over_short, &scale, &chart_tail_ink);
	chart_draw_line(chart, &over_long, &scale, &chart_main_ink);
}
