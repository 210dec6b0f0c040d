/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/words_loads.h"

/* The page's section on loads. */

static void phase_row(FILE *out, const struct load_judgement *load, const struct load_phase *own)
{
	const struct load_sum *sum = &own->sum;
	char spread[WORDS_MAX];

	fputs("<tr>", out);
	element(out, "th scope=\"row\"", "%s", load->probe->name);
	element(out, "td", "%s", own->phase->spec->id);
	element(out, "td class=\"number\"", "%lld", (long long)sum->requests);
	element(out, "td class=\"number\"", "%.3g", load_phase_asked(own));
	element(out, "td class=\"number\"", "%.3g", load_phase_begun(own));
	element(out, "td class=\"number\"", "%lld", (long long)sum->attempts);
	element(out, "td class=\"number\"", "%.3g", load_retry_ratio(sum));
	element(out, "td class=\"number\"", "%lld", (long long)sum->withheld);
	element(out, "td", "%s", sum->shares.count ? words_load_spread(sum, spread) : "–");
	fputs("</tr>\n", out);
}

void html_loads(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Load", "Phase", "Requests", "Asked/s", "Begun/s",
		"Attempts", "Retry ratio", "Withheld", "Where attempts went", NULL};
	struct list lines = {0};

	if (!report->judgement.loads.count)
		return;
	fputs("<section id=\"loads\"><h2>Load and retries</h2>\n", out);
	html_table_begin(out, "loads", columns);
	LIST_EACH(report->judgement.loads, const struct load_judgement, load) {
		LIST_EACH(load->phases, const struct load_phase, phase)
			phase_row(out, load, phase);
		words_load_outcomes(load, &lines);
	}
	html_table_end(out);
	fputs("<ul>\n", out);
	LIST_EACH(lines, char *, line)
		element(out, "li", "%s", *line);
	fputs("</ul>\n<p class=\"note\">Retry ratio: attempts beyond the first, for each request "
	      "that was begun. An attempt belongs to the phase in which its request was due, "
	      "however late it was made. Withheld: not made, because the client’s budget for "
	      "retries was used up.</p>\n</section>\n",
		out);
	list_free_texts(&lines);
}
