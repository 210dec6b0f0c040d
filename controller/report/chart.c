/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/chart.h"

#include <string.h>

#include "contract/units.h"
#include "controller/report/chart_parts.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

/* Rows above the panels, and the axis below them. */
enum {
	PHASE_ROW = 24,
	LANE = 22,
	LANES_MAX = 12,
	MARK_ROW = 17,
	MARK_ROWS_MAX = 3,
	AXIS = 40,
	CHARACTER = 7 /* an estimate: SVG does not measure */
};

struct frame {
	struct chart chart;
	size_t lanes, mark_rows;
	double lanes_top, marks_top, panels_top, bottom, height;
};

double chart_x(const struct chart *chart, int64_t at_ns)
{
	double width = CHART_WIDTH - CHART_LEFT - CHART_RIGHT;
	double share = (double)at_ns / (double)chart->span_ns;

	return CHART_LEFT + width * (share < 0 ? 0 : share > 1 ? 1 : share);
}

static double text_width(const char *text)
{
	return (double)strlen(text) * CHARACTER;
}

/* --- phases ---------------------------------------------------------------------------- */

static void draw_phase(const struct frame *frame, const struct phase_record *phase)
{
	const struct chart *chart = &frame->chart;
	int64_t end_ns = phase->end_ns == NEVER_NS ? chart->span_ns : phase->end_ns;
	double from = chart_x(chart, phase->start_ns), to = chart_x(chart, end_ns);
	char begin[WORDS_MAX], end[WORDS_MAX];

	fprintf(chart->out,
		"<g><path d=\"M%.1f 0V%.1f\" class=\"c-phase\" stroke=\"#aab0ba\" "
		"stroke-dasharray=\"1 3\"/><rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\" "
		"class=\"c-band\" fill=\"#e9ecf1\"/>",
		from, frame->bottom, from, to - from > 1 ? to - from - 1 : to - from,
		PHASE_ROW - 4);
	fputs("<title>", chart->out);
	markup(chart->out, "phase %s: %s to %s", phase->spec->id, words_at(phase->start_ns, begin),
		phase->end_ns == NEVER_NS ? "its end, which is not known"
					  : words_at(phase->end_ns, end));
	fputs("</title>", chart->out);
	if (to - from > text_width(phase->spec->id) + 8) {
		fprintf(chart->out,
			"<text x=\"%.1f\" y=\"14\" class=\"c-ink\" fill=\"#1f2430\" "
			"text-anchor=\"middle\">",
			(from + to) / 2);
		escape_markup(chart->out, phase->spec->id);
		fputs("</text>", chart->out);
	}
	fputs("</g>\n", chart->out);
}

static void draw_phases(const struct frame *frame)
{
	LIST_EACH(frame->chart.report->record.phases, struct phase_record, phase)
		if (phase->start_ns != NEVER_NS)
			draw_phase(frame, phase);
}

/* --- faults ---------------------------------------------------------------------------- */

static void label_fault(const struct frame *frame, const struct fault_record *fault, double from,
	double to, double top)
{
	const struct chart *chart = &frame->chart;
	double width = text_width(fault->spec->id), x = to + 7;
	const char *anchor = "start", *class = "c-bad", *colour = "#b42318";

	if (to - from > width + 12) {
		x = (from + to) / 2;
		anchor = "middle";
		class = "c-on-bad";
		colour = "#ffffff";
	} else if (x + width > CHART_WIDTH) {
		x = from - 7;
		anchor = "end";
	}
	fprintf(chart->out,
		"<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" fill=\"%s\" text-anchor=\"%s\" "
		"font-size=\"11.5\">",
		x, top + 12.5, class, colour, anchor);
	escape_markup(chart->out, fault->spec->id);
	fputs("</text>", chart->out);
}

/* An instant has no length that could be shaded: a triangle in its lane, and a line below it. */
static void draw_instant(const struct frame *frame, double x, double top)
{
	fprintf(frame->chart.out,
		"</title><path d=\"M%.1f %.1fV%.1f\" class=\"c-bad-line\" stroke=\"#b42318\"/>"
		"<path d=\"M%.1f %.1fh12l-6 13Z\" class=\"c-fault\" fill=\"#b42318\"/>",
		x, top + 12, frame->bottom, x - 6, top + 1);
}

/* Its bar in a lane of its own, and its shade over all panels, from start to heal. */
static void draw_span(const struct frame *frame, double from, double to, double top)
{
	fprintf(frame->chart.out,
		"</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		"class=\"c-shade\" fill=\"#b42318\" fill-opacity=\"0.07\"/>",
		from, top + LANE - 5, to - from, frame->bottom - top - LANE + 5);
	fprintf(frame->chart.out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"3\" "
		"class=\"c-fault\" fill=\"#b42318\"/>",
		from, top, to - from, LANE - 5);
}

static void draw_fault(const struct frame *frame, const struct fault_record *fault, size_t lane)
{
	const struct chart *chart = &frame->chart;
	int64_t end_ns = fault->healed_ns == NEVER_NS ? chart->span_ns : fault->healed_ns;
	double from = chart_x(chart, fault->start_ns), to = chart_x(chart, end_ns);
	double top = frame->lanes_top + (double)lane * LANE;
	char what[SENTENCE_MAX], when[SENTENCE_MAX];

	words_fault(fault, what);
	words_times(fault, when);
	fputs("<g><title>", chart->out);
	markup(chart->out, "%s: %s; %s", fault->spec->id, what, when);
	if (fault->at_once) {
		draw_instant(frame, from, top);
		label_fault(frame, fault, from, from + 2, top);
	} else {
		to = to - from < 2 ? from + 2 : to;
		draw_span(frame, from, to, top);
		label_fault(frame, fault, from, to, top);
	}
	fputs("</g>\n", chart->out);
}

static void draw_faults(const struct frame *frame)
{
	size_t lane = 0;

	LIST_EACH(frame->chart.report->record.faults, struct fault_record, fault)
		if (fault->start_ns != NEVER_NS)
			draw_fault(frame, fault, lane < LANES_MAX ? lane++ : LANES_MAX - 1);
}

/* --- recoveries and the stop ----------------------------------------------------------- */

struct mark {
	int64_t at_ns;
	bool bad;
	char text[WORDS_MAX];
};

enum {
	MARKS_MAX = 24
};

static size_t collect_marks(const struct report *report, struct mark marks[MARKS_MAX])
{
	const struct record *record = &report->record;
	char after[DURATION_TEXT_MAX];
	size_t count = 0;

	LIST_EACH(report->judgement.claims, struct claim_judgement, own) {
		const struct recovers_spec *recovers = own->claim->recovers;

		if (!recovers || own->after_ns == NEVER_NS || count == MARKS_MAX - 1)
			continue;
		marks[count].at_ns = judge_instant(record, recovers) + own->after_ns;
		marks[count].bad = own->verdict == VERDICT_VIOLATED;
		snprintf(marks[count++].text, WORDS_MAX, "%.40s: good again after %s",
			own->claim->id, duration_human(own->after_ns, after));
	}
	if (record->stop != STOP_NONE && record->stop_ns != NEVER_NS) {
		marks[count].at_ns = record->stop_ns;
		marks[count].bad = true;
		snprintf(marks[count++].text, WORDS_MAX, "stopped: %.40s",
			record->stop == STOP_GUARDRAIL && record->stop_id
				? record->stop_id
				: stop_words[record->stop]);
	}
	return count;
}

static void draw_mark(const struct frame *frame, const struct mark *mark, size_t row)
{
	const struct chart *chart = &frame->chart;
	double x = chart_x(chart, mark->at_ns), y = frame->marks_top + (double)row * MARK_ROW;
	const char *class = mark->bad ? "c-bad" : "c-good";
	const char *colour = mark->bad ? "#b42318" : "#1a7544";
	bool left = x + text_width(mark->text) + 12 > CHART_WIDTH;

	fprintf(chart->out,
		"<g><path d=\"M%.1f %.1fV%.1f\" class=\"%s-line\" stroke=\"%s\" "
		"stroke-dasharray=\"2 2\"/>",
		x, y + 8, frame->bottom, class, colour);
	/* Another shape for another meaning: a diamond is a recovery, a square a stop. */
	if (mark->bad)
		fprintf(chart->out, "<path d=\"M%.1f %.1fh8v8h-8Z\" class=\"%s\" fill=\"%s\"/>",
			x - 4, y + 2, class, colour);
	else
		fprintf(chart->out,
			"<path d=\"M%.1f %.1fl5 5l-5 5l-5 -5Z\" class=\"%s\" fill=\"%s\"/>", x,
			y + 1, class, colour);
	fprintf(chart->out,
		"<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" fill=\"%s\" text-anchor=\"%s\" "
		"font-size=\"11.5\">",
		left ? x - 9 : x + 9, y + 10, class, colour, left ? "end" : "start");
	escape_markup(chart->out, mark->text);
	fputs("</text></g>\n", chart->out);
}

/* Each in the first row in which its text does not run into the one before. */
static void draw_marks(const struct frame *frame, const struct mark *marks, size_t count)
{
	double used[MARK_ROWS_MAX] = {0};

	for (size_t i = 0; i < count; i++) {
		double x = chart_x(&frame->chart, marks[i].at_ns);
		size_t row = 0;

		while (row + 1 < frame->mark_rows && used[row] > x - 8)
			row++;
		used[row] = x + text_width(marks[i].text) + 16;
		draw_mark(frame, &marks[i], row);
	}
}

/* --- the axis -------------------------------------------------------------------------- */

static int64_t tick_ns(int64_t span_ns)
{
	static const int steps_s[] = {
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400};
	size_t last = sizeof(steps_s) / sizeof(steps_s[0]) - 1;

	for (size_t i = 0; i < last; i++)
		if (span_ns / (steps_s[i] * NS_PER_SEC) <= 12)
			return steps_s[i] * NS_PER_SEC;
	return steps_s[last] * NS_PER_SEC * (span_ns / (steps_s[last] * NS_PER_SEC * 12) + 1);
}

/* In whole units of the largest kind that the steps are. */
static void tick_text(int64_t at_ns, int64_t step_ns, char *buffer, size_t size)
{
	static const struct {
		int seconds;
		const char *unit;
	} units[] = {{3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	while (step_ns % (units[i].seconds * NS_PER_SEC) != 0)
		i++;
	snprintf(buffer, size, "%s%lld %s", at_ns ? "" : "T+",
		(long long)(at_ns / (units[i].seconds * NS_PER_SEC)), units[i].unit);
}

static void draw_axis(const struct frame *frame)
{
	const struct chart *chart = &frame->chart;
	int64_t step_ns = tick_ns(chart->span_ns);

	fprintf(chart->out, "<path d=\"M%d %.1fH%d\" class=\"c-axis\" stroke=\"#aab0ba\"/>\n",
		CHART_LEFT, frame->bottom, CHART_WIDTH - CHART_RIGHT);
	for (int64_t at_ns = 0; at_ns <= chart->span_ns; at_ns += step_ns) {
		double x = chart_x(chart, at_ns);
		char text[32];

		tick_text(at_ns, step_ns, text, sizeof(text));
		fprintf(chart->out,
			"<path d=\"M%.1f %.1fv5\" class=\"c-axis\" stroke=\"#aab0ba\"/><text "
			"x=\"%.1f\" y=\"%.1f\" class=\"c-muted\" fill=\"#5c6470\" "
			"text-anchor=\"middle\" font-size=\"11\">%s</text>\n",
			x, frame->bottom, x, frame->bottom + 18, text);
	}
}

/* --- the whole ------------------------------------------------------------------------- */

static bool choose(const struct report *report, FILE *out, struct chart *chart)
{
	*chart = (struct chart){.out = out, .report = report, .span_ns = words_length_ns(report)};
	chart_choose_panels(chart);
	return chart->span_ns > 0 && chart->panel_count > 0;
}

bool chart_has_data(const struct report *report)
{
	struct chart chart;

	return choose(report, NULL, &chart);
}

/* Only of what is there. */
void chart_print_key(FILE *out, const struct report *report)
{
	const struct record *record = &report->record;
	bool span = false, open = false, instant = false, recovery = false;

	LIST_EACH(record->faults, struct fault_record, fault) {
		if (fault->start_ns == NEVER_NS)
			continue; /* it is not drawn */
		span = span || !fault->at_once;
		open = open || (!fault->at_once && fault->healed_ns == NEVER_NS);
		instant = instant || fault->at_once;
	}
	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		recovery = recovery || (own->claim->recovers && own->after_ns != NEVER_NS);
	if (span)
		fprintf(out, "Red shade: a fault, from its start to its heal%s. ",
			open ? ", or as far as the journal goes" : "");
	if (instant)
		fputs("Triangle and line: a fault that is over at once. ", out);
	if (recovery)
		fputs("Diamond: the first good event of a recovery. ", out);
	if (record->stop != STOP_NONE)
		fputs("Square: the stop. ", out);
	fputs("Grey: no data.", out);
}

static size_t count_lanes(const struct record *record)
{
	size_t lanes = 0;

	LIST_EACH(record->faults, struct fault_record, fault)
		lanes += fault->start_ns != NEVER_NS;
	return lanes < LANES_MAX ? lanes : LANES_MAX;
}

static void lay_out(struct frame *frame, size_t marks)
{
	frame->lanes = count_lanes(&frame->chart.report->record);
	frame->mark_rows = marks < MARK_ROWS_MAX ? marks : MARK_ROWS_MAX;
	frame->lanes_top = PHASE_ROW;
	frame->marks_top = frame->lanes_top + (double)frame->lanes * LANE;
	frame->panels_top = frame->marks_top + (double)frame->mark_rows * MARK_ROW;
	frame->bottom = frame->panels_top + 6;
	for (size_t i = 0; i < frame->chart.panel_count; i++)
		frame->bottom += CHART_TITLE + frame->chart.panels[i].height;
	frame->height = frame->bottom + AXIS;
}

void chart_print(FILE *out, const struct report *report)
{
	struct frame frame;
	struct mark marks[MARKS_MAX];
	size_t count;

	if (!choose(report, out, &frame.chart))
		return;
	count = collect_marks(report, marks);
	lay_out(&frame, count);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
		"height=\"%.0f\" class=\"chart\" role=\"img\" aria-labelledby=\"chart-title\" "
		"font-family=\"system-ui, sans-serif\" font-size=\"12.5\">\n"
		"<title id=\"chart-title\">What was measured, over the time of the run</title>\n",
		CHART_WIDTH, frame.height, CHART_WIDTH, frame.height);
	draw_phases(&frame);
	draw_faults(&frame);
	frame.chart.top = frame.panels_top;
	for (size_t i = 0; i < frame.chart.panel_count; i++) {
		chart_panel(&frame.chart, &frame.chart.panels[i]);
		frame.chart.top += CHART_TITLE + frame.chart.panels[i].height;
	}
	draw_axis(&frame);
	draw_marks(&frame, marks, count);
	fputs("</svg>\n", out);
}
