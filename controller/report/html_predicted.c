/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/radius.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/words_predicted.h"

/* What was predicted just before each fault beside what was measured, link by link. */

enum {
	LINKS_MAX = 40,
	DEPENDENTS_MAX = 12
};

/* --- links -------------------------------------------------------------------------------- */

static void link_row(FILE *out, const struct effect_judgement *own,
	const struct predicted_fault *predicted, const struct pair_effect ways[2])
{
	struct link_words words;

	words_link(own, predicted, ways, &words);
	fputs("<tr>", out);
	element(out, "td", "%s", own->fault->spec->id);
	element(out, "th scope=\"row\"", "%s", words.link);
	element(out, "td", "%s", words.predicted);
	element(out, "td", "%s", words.measured);
	fputs("<td>", out);
	html_word(out, words.tone, words.difference);
	fputs("</td></tr>\n", out);
}

static size_t count_links(const struct report *report)
{
	size_t count = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		count += own->pairs.count / 2;
	return count;
}

/* Pairs come as a way and the way back. */
static void link_rows(FILE *out, const struct report *report, const struct predicted *predicted)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		for (size_t i = 0; i + 1 < own->pairs.count && rows < LINKS_MAX; i += 2, rows++)
			link_row(out, own, predicted_fault(predicted, own->fault->spec->id),
				LIST_AT(own->pairs, struct pair_effect, i));
}

static void links(FILE *out, const struct report *report, const struct predicted *predicted)
{
	static const char *const columns[] = {
		"Fault", "Link", "Predicted just before", "Measured", "Why they differ", NULL};
	size_t count = count_links(report);

	if (!count)
		return;
	fputs("<details open><summary>Predicted and measured, link by link</summary>\n", out);
	html_table_begin(out, "links", columns);
	link_rows(out, report, predicted);
	html_table_end(out);
	if (count > LINKS_MAX)
		fprintf(out, "<p class=\"note\">Not shown: %zu more links.</p>\n",
			count - LINKS_MAX);
	fputs("</details>\n", out);
}

/* --- shares and dependents ------------------------------------------------------------------ */

static void shares(FILE *out, const struct predicted *predicted)
{
	char text[SENTENCE_MAX];

	LIST_EACH(predicted->phases, struct predicted_phase, phase) {
		if (!phase->shares.count)
			continue;
		fputs("<p class=\"note\">", out);
		markup(out, "In phase %s: ", phase->phase);
		LIST_EACH(phase->shares, struct predicted_share, share) {
			words_share(phase, share, text);
			markup(out, "%s%s: %s", share == phase->shares.items ? "" : " · ",
				words_share_of(share), text);
		}
		fputs(".</p>\n", out);
	}
}

static void dependents(FILE *out, const struct predicted_fault *fault)
{
	char text[SENTENCE_MAX];
	size_t shown = 0;

	if (!fault->dependents.count)
		return;
	fputs("<p class=\"note\">", out);
	markup(out, "Connected just before to what %s hits: ", fault->id);
	LIST_EACH(fault->dependents, struct predicted_flow, flow) {
		if (shown++ == DEPENDENTS_MAX)
			break;
		words_flow(flow, text);
		markup(out, "%s%s (%" PRId64 "%s)", shown == 1 ? "" : ", ", text, flow->connections,
			flow->hit ? "" : ", not hit itself");
	}
	if (fault->dependents.count > DEPENDENTS_MAX)
		fprintf(out, ", and %zu more", fault->dependents.count - DEPENDENTS_MAX);
	fputs(".</p>\n", out);
}

void html_predicted(FILE *out, const struct report *report)
{
	struct predicted predicted;

	predict(&report->record, &predicted);
	links(out, report, &predicted);
	shares(out, &predicted);
	LIST_EACH(predicted.faults, struct predicted_fault, fault)
		dependents(out, fault);
	predicted_free(&predicted);
}
