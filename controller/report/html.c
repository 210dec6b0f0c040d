/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/report/chart.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/words.h"

/*
 * report.html: no script, no inline style, nothing from elsewhere but report.css beside it. It
 * stands under "default-src 'none'; img-src 'self'; style-src 'self'", as CI servers set it for
 * archived files, and can be read without the sheet: words and shapes say what colours say.
 */

void html_table_open(FILE *out, const char *class, const char *const *columns)
{
	fprintf(out, "<div class=\"box\" tabindex=\"0\"><table class=\"%s\">\n<thead><tr>", class);
	for (; *columns; columns++)
		element(out, "th scope=\"col\"", "%s", *columns);
}

void html_table_body(FILE *out)
{
	fputs("</tr></thead>\n<tbody>\n", out);
}

void html_table_begin(FILE *out, const char *class, const char *const *columns)
{
	html_table_open(out, class, columns);
	html_table_body(out);
}

void html_table_end(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

bool html_is_plain(const char *name)
{
	return name[strspn(name,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		       "._-")] == '\0';
}

/* --- the verdict ------------------------------------------------------------------------ */

/* A disc with a tick, an octagon with a cross, a triangle, a ring: told apart without colour. */
static void shape(FILE *out, enum tone tone)
{
	static const char *const shapes[] = {
		[TONE_GOOD] =
			"<circle cx=\"12\" cy=\"12\" r=\"11\" fill=\"#1a7544\"/><path d=\"M6.5 "
			"12.5l4 4l7.5 -8.5\" fill=\"none\" stroke=\"#ffffff\" "
			"stroke-width=\"2.4\"/>",
		[TONE_BAD] = "<path d=\"M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9Z\" "
			     "fill=\"#b42318\"/><path d=\"M7.5 7.5l9 9m0 -9l-9 9\" fill=\"none\" "
			     "stroke=\"#ffffff\" stroke-width=\"2.4\"/>",
		[TONE_OPEN] = "<path d=\"M12 1.5L23.5 22H0.5Z\" fill=\"#9a6200\"/><path d=\"M12 "
			      "8.5v6.5m0 2.6v2.2\" fill=\"none\" stroke=\"#ffffff\" "
			      "stroke-width=\"2.4\"/>",
		[TONE_NONE] = "<circle cx=\"12\" cy=\"12\" r=\"10\" fill=\"none\" "
			      "stroke=\"#6b7280\" stroke-width=\"2\"/><path d=\"M7 12h10\" "
			      "stroke=\"#6b7280\" stroke-width=\"2\"/>",
	};

	fprintf(out,
		"<svg class=\"shape\" viewBox=\"0 0 24 24\" width=\"24\" height=\"24\" "
		"aria-hidden=\"true\">%s</svg>",
		shapes[tone]);
}

static void link_or_text(FILE *out, const char *name, const char *target)
{
	if (!escape_is_link(target)) {
		markup(out, "%s: %s", name, target);
		return;
	}
	fputs("<a href=\"", out);
	escape_markup(out, target);
	fputs("\" rel=\"noopener noreferrer\">", out);
	escape_markup(out, name);
	fputs("</a>", out);
}

static void owner(FILE *out, const struct scenario *scenario)
{
	const struct owner *own = scenario->owner;
	const cJSON *link;

	if (!own && !cJSON_GetArraySize(scenario->links))
		return;
	fputs("<ul class=\"owner\">\n", out);
	if (own && own->team)
		element(out, "li", "Owner: %s", own->team);
	if (own && own->contact) {
		fputs("<li>", out);
		link_or_text(out, "Contact", own->contact);
		fputs("</li>\n", out);
	}
	cJSON_ArrayForEach(link, scenario->links) {
		if (!cJSON_IsString(link))
			continue;
		fputs("<li>", out);
		link_or_text(out, link->string, link->valuestring);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void facts(FILE *out, const struct report *report)
{
	const struct record *record = &report->record;
	char started[WORDS_MAX], lasted[DURATION_TEXT_MAX];
	struct {
		const char *name, *value;
	} rows[] = {
		{"Run", record->run_id ? record->run_id : "?"},
		{"Environment", record->environment ? record->environment : "?"},
		{"Started", words_started(record, started)},
		{record->ended ? "Lasted" : "Known until",
			duration_human(words_length_ns(report), lasted)},
		{"Tool", record->tool ? record->tool : "unknown"},
	};

	fputs("<dl class=\"facts\">\n", out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fputs("<div>", out);
		element(out, "dt", "%s", rows[i].name);
		element(out, "dd", "%s", rows[i].value);
		fputs("</div>\n", out);
	}
	fputs("</dl>\n", out);
}

/* With a capital and an end; text that has them already keeps its own. */
static void sentence(FILE *out, const char *text)
{
	size_t length = strlen(text);
	char last = length ? text[length - 1] : '\0';

	if (*text >= 'a' && *text <= 'z')
		fputc(*text++ - 'a' + 'A', out);
	escape_markup(out, text);
	if (last && !strchr(".!?", last))
		fputc('.', out);
}

static void glance(FILE *out, const struct report *report)
{
	struct list list = words_glance(report);

	fputs("<ul class=\"glance\">\n", out);
	LIST_EACH(list, struct glance, own) {
		fprintf(out, "<li class=\"%s\">", tone_names[own->tone]);
		shape(out, own->tone);
		element(out, "span", "%s", own->text);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
	free(list.items);
}

static void caution(FILE *out, const char *text)
{
	fputs("<p class=\"cut\">", out);
	shape(out, TONE_OPEN);
	escape_markup(out, text);
	fputs("</p>\n", out);
}

/* Of a run that was cut off. */
static void unknown(FILE *out, const struct report *report)
{
	struct list lines = words_unknown(report);

	if (lines.count) {
		fputs("<div class=\"unknown\" id=\"unknown\"><h2>What is not known</h2>\n<ul>\n",
			out);
		LIST_EACH(lines, char *, line)
			element(out, "li", "%s", *line);
		fputs("</ul></div>\n", out);
	}
	list_free_texts(&lines);
}

static void header(FILE *out, const struct report *report)
{
	const struct scenario *scenario = &report->record.scenario;
	const struct judgement *judgement = &report->judgement;
	enum tone tone = tone_of_run(judgement);
	char text[SENTENCE_MAX], also[SENTENCE_MAX];

	fprintf(out, "<header>\n<p class=\"verdict %s\">", tone_names[tone]);
	shape(out, tone);
	fputs("<strong>", out);
	escape_markup(out, judgement->headline);
	fprintf(out, "</strong> <span>exit code %d</span></p>\n", judgement->exit_code);
	element(out, "h1", "%s", scenario->title);
	fputs("<p class=\"reason\">", out);
	sentence(out, judgement->reason);
	fputs("</p>\n", out);
	if (words_also(report, also))
		element(out, "p class=\"reason\"", "%s", also);
	if (words_cut(report, text))
		caution(out, text);
	if (words_unread(report, text))
		caution(out, text);
	unknown(out, report);
	glance(out, report);
	fputs("<p class=\"hypothesis\">Hypothesis: ", out);
	sentence(out, scenario->hypothesis);
	fputs("</p>\n", out);
	owner(out, scenario);
	facts(out, report);
	fputs("</header>\n", out);
}

/* --- cost and claims -------------------------------------------------------------------- */

static void cost(FILE *out, const struct report *report)
{
	struct list figures = words_cost(report);

	if (figures.count) {
		fputs("<section id=\"cost\"><h2>What it cost</h2>\n<ul class=\"figures\">\n", out);
		LIST_EACH(figures, struct figure, figure) {
			fputs("<li>", out);
			element(out, "b", "%s", figure->value);
			element(out, "span", "%s", figure->text);
			fputs("</li>\n", out);
		}
		fputs("</ul></section>\n", out);
	}
	free(figures.items);
}

static void badge(FILE *out, enum tone tone, const char *text)
{
	fprintf(out, "<span class=\"badge %s\">", tone_names[tone]);
	shape(out, tone);
	escape_markup(out, text);
	fputs("</span>", out);
}

/* The label is what a narrow screen shows in place of the column's heading. */
static void cell(FILE *out, const char *label, const char *class, const char *text)
{
	fprintf(out, "<td data-label=\"%s\" class=\"%s%s\">", label, class,
		strcmp(text, "–") == 0 ? " empty" : "");
	escape_markup(out, text);
	fputs("</td>", out);
}

static void claim_row(FILE *out, const struct report *report, const struct claim_judgement *own)
{
	struct claim_numbers numbers;
	char word[WORDS_MAX];

	words_claim(report, own, &numbers);
	fputs("<tr><th scope=\"row\">", out);
	escape_markup(out, own->claim->id);
	element(out, "small", "%s", words_statement(&report->record.scenario, own->claim, word));
	fputs("</th><td data-label=\"verdict\">", out);
	badge(out, tone_of_claim(own), words_verdict(own, word));
	element(out, "small", "%s", gate_words[own->claim->gate]);
	fputs("</td>", out);
	cell(out, "measured", "measured", numbers.measured);
	cell(out, "allowed", "number", numbers.allowed);
	cell(out, "samples", "number", numbers.samples);
	cell(out, "bad", "number", numbers.bad);
	fputs("<td data-label=\"why\" class=\"why\">", out);
	escape_markup(out, own->text);
	if (own->claim->why)
		element(out, "small", "%s", own->claim->why);
	fputs("</td></tr>\n", out);
}

static void claims(FILE *out, const struct report *report)
{
	static const char *const columns[] = {
		"Claim", "Verdict", "Measured", "Allowed", "Samples", "Bad", "Why", NULL};

	fputs("<section id=\"claims\"><h2>Claims</h2>\n", out);
	html_table_begin(out, "claims", columns);
	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		claim_row(out, report, own);
	html_table_end(out);
	fputs("</section>\n", out);
}

/* --- over time -------------------------------------------------------------------------- */

static void phase_cells(
	FILE *out, const struct sli_record *sli, const struct phase_record *phase, int64_t end_ns)
{
	struct tally tally = samples_tally(&sli->samples, phase->start_ns, end_ns);

	fprintf(out, "<td class=\"number\">%lld</td><td class=\"number\">%lld</td>",
		(long long)tally.total, (long long)tally.bad);
	if (tally.total)
		fprintf(out, "<td class=\"number\">%.4g %%</td>",
			100 * (double)(tally.total - tally.bad) / (double)tally.total);
	else
		fputs("<td class=\"number\">–</td>", out);
}

static void phase_rows(FILE *out, const struct report *report, const struct sli_record *sli)
{
	LIST_EACH(report->record.phases, struct phase_record, phase) {
		int64_t end_ns = phase->end_ns == NEVER_NS ? INT64_MAX : phase->end_ns;
		char begin[WORDS_MAX], end[WORDS_MAX];

		if (phase->start_ns == NEVER_NS)
			continue;
		fputs("<tr>", out);
		element(out, "th scope=\"row\"", "%s", phase->spec->id);
		element(out, "td", "%s", sli->slo->name);
		element(out, "td class=\"number\"", "%s", words_at(phase->start_ns, begin));
		element(out, "td class=\"number\"", "%s",
			phase->end_ns == NEVER_NS ? "not known" : words_at(phase->end_ns, end));
		phase_cells(out, sli, phase, end_ns);
		fputs("</tr>\n", out);
	}
}

/* How near each stop rule came. */
static void near_misses(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX];

	if (!report->closest.count)
		return;
	fputs("<h3>How near the run came to being stopped</h3>\n<ul class=\"glance near\">\n", out);
	LIST_EACH(report->closest, struct closest, own) {
		enum tone tone = tone_of_closest(own);

		fprintf(out, "<li class=\"%s\">", tone_names[tone]);
		shape(out, tone);
		element(out, "span", "%s", words_closest(own, text));
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void over_time(FILE *out, const struct report *report)
{
	static const char *const columns[] = {
		"Phase", "SLO", "From", "To", "Events", "Bad", "Good", NULL};

	if (!chart_has_data(report))
		return;
	fputs("<section id=\"time\"><h2>Over time</h2>\n<div class=\"box chart-box\" "
	      "tabindex=\"0\">\n",
		out);
	chart_print(out, report);
	fputs("</div>\n", out);
	fputs("<p class=\"note\">", out);
	chart_print_key(out, report);
	fputs("</p>\n", out);
	fputs("<details><summary>The same in numbers, by phase</summary>\n", out);
	html_table_begin(out, "phases", columns);
	LIST_EACH(report->record.slis, struct sli_record, sli)
		if (sli->samples.count)
			phase_rows(out, report, sli);
	html_table_end(out);
	fputs("</details>\n", out);
	near_misses(out, report);
	fputs("</section>\n", out);
}

extern const char report_css[];
extern const size_t report_css_size;

/* --- the page --------------------------------------------------------------------------- */

struct rendered {
	char *text;
	size_t length;
};

static struct rendered sections_of(const struct report *report)
{
	struct rendered sections = {0};
	FILE *out = open_memstream(&sections.text, &sections.length);

	if (!out)
		abort();
	cost(out, report);
	claims(out, report);
	html_radius(out, report);
	over_time(out, report);
	html_time_line(out, report);
	html_data(out, report);
	html_loads(out, report);
	html_hit(out, report);
	html_revert(out, report);
	html_events(out, report);
	html_values(out, report);
	html_trend(out, report);
	html_limits(out, report);
	html_reproduce(out, report);
	html_findings(out, report);
	if (fclose(out) != 0)
		abort();
	return sections;
}

static void page(FILE *out, const struct report *report, bool single)
{
	struct rendered sections = sections_of(report);

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n",
		out);
	element(out, "title", "%s: %s", report->judgement.headline, report->record.scenario.title);
	if (single)
		fprintf(out, "<style>\n%.*s</style>\n", (int)report_css_size, report_css);
	else
		fputs("<link rel=\"stylesheet\" href=\"report.css\">\n", out);
	fputs("</head>\n<body>\n<main>\n", out);
	header(out, report);
	html_contents(out, sections.text);
	fwrite(sections.text, 1, sections.length, out);
	free(sections.text);
	fputs("</main>\n<footer>\n", out);
	element(out, "p", "Made by backburn %s from journal.ndjson, which holds the evidence.",
		BACKBURN_VERSION);
	fputs("</footer>\n</body>\n</html>\n", out);
}

void report_html(FILE *out, const struct report *report)
{
	page(out, report, false);
}

void report_html_single(FILE *out, const struct report *report)
{
	page(out, report, true);
}
