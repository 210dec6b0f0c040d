/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/judge/degraded.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/words.h"

/* Who got worse: in the section of the blast radius, and in its matrix. */

static const struct degraded_node *degraded_node_of(
	const struct degradation *degradation, const char *node)
{
	LIST_EACH(degradation->worse, const struct degraded_node, own)
		if (strcmp(own->node, node) == 0)
			return own;
	return NULL;
}

bool html_worse(
	FILE *out, const struct report *report, const struct phase_record *phase, const char *node)
{
	const struct degradation *degradation = &report->judgement.degradation;
	const struct member_change *change = degradation_at(degradation, node, phase);
	const struct degraded_node *own = degraded_node_of(degradation, node);
	char text[WORDS_MAX];

	if (!change || !own)
		return false;
	fputs("<div class=\"worse\">", out);
	html_word(out, tone_of_degraded(own), words_change(own, change, text));
	fputs("</div>", out);
	return true;
}

/* Who got worse, claim or no claim: the sentence first, what it rests on behind it. */
void html_degraded(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX], amplification[WORDS_MAX];

	if (!words_degraded(report, text))
		return;
	fputs("<p>", out);
	html_word(out, report->judgement.degradation.outside ? TONE_BAD : TONE_GOOD, text);
	markup(out, "; %s.", words_amplification(report, amplification));
	fputs("</p>\n", out);
	if (report->judgement.degradation.worse.count)
		html_lines(out, words_degraded_nodes(report), 0);
	element(out, "p class=\"note\"", "%s", words_degraded_proof(report, text));
}
