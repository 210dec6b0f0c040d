/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/trend.h"

/* What goes beyond the run: the runs before it, and what people may do next. */

/* A directory's name is whatever somebody called it: what is no plain name is not linked. */
static void html_run(FILE *out, const char *directory)
{
	if (!html_is_plain(directory)) {
		element(out, "th scope=\"row\"", "%s", directory);
		return;
	}
	fputs("<th scope=\"row\"><a href=\"../", out);
	escape_markup(out, directory);
	fputs("/report.html\">", out);
	escape_markup(out, directory);
	fputs("</a></th>", out);
}

static void run_row(FILE *out, const struct trend_run *run)
{
	fputs("<tr>", out);
	html_run(out, run->directory);
	fputs("<td>", out);
	html_word(out, (enum tone)run->tone, run->verdict);
	fputs("</td>", out);
	if (run->rto_s > 0)
		element(out, "td class=\"number\"", "%.3g s", run->rto_s);
	else
		fputs("<td class=\"number\">–</td>", out);
	element(out, "td", "%s", run->reason ? run->reason : "");
	fputs("</tr>\n", out);
}

void html_trend(FILE *out, const struct report *report)
{
	static const char *const columns[] = {
		"Earlier run", "Verdict", "Longest recovery", "Why", NULL};
	char text[SENTENCE_MAX];

	if (!report->trend.count)
		return;
	fputs("<section id=\"trend\"><h2>Trend over earlier runs</h2>\n", out);
	if (trend_words(report, text))
		element(out, "p", "%s.", text);
	html_table_begin(out, "runs", columns);
	LIST_EACH(report->trend, struct trend_run, run)
		run_row(out, run);
	html_table_end(out);
	fputs("</section>\n", out);
}

static void draft(FILE *out, const struct finding_draft *own)
{
	fputs("<li>", out);
	element(out, "strong", "%s", own->weakness);
	element(out, "p", "Evidence: %s", own->evidence);
	element(out, "p", "Next: %s", own->next);
	fputs("<p class=\"blank\">Owner: <span></span> To be tried again on: "
	      "<span></span></p></li>\n",
		out);
}

void html_findings(FILE *out, const struct report *report)
{
	struct list findings = words_findings(report);

	fputs("<section id=\"findings\"><h2>Draft findings</h2>\n", out);
	if (findings.count)
		fputs("<p class=\"note\">Drafts from the numbers above. Somebody has to own each, "
		      "or "
		      "strike it out.</p>\n<ol class=\"findings\">\n",
			out);
	else
		fputs("<p>None: nothing came out other than expected.</p>\n", out);
	LIST_EACH(findings, struct finding_draft, own)
		draft(out, own);
	if (findings.count)
		fputs("</ol>\n", out);
	fputs("</section>\n", out);
	free(findings.items);
}
