/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "controller/exit_code.h"
#include "controller/judge/judge_parts.h"

/*
 * Lines of the journal that nobody could read may have told anything. So nothing is as expected
 * any more; what is otherwise stays so, since it rests on what was read.
 */

const char *judge_unread(const struct record *record, char buffer[SENTENCE_MAX])
{
	const struct unread *unread = &record->unread;

	if (!unread->lines)
		return NULL;
	snprintf(buffer, SENTENCE_MAX,
		"%zu line%s of the journal could not be read, the first at line %zu: %.180s",
		unread->lines, unread->lines == 1 ? "" : "s", unread->first_line,
		unread->first_why);
	return buffer;
}

void judge_heed_unread(const struct record *record, struct claim_judgement *out)
{
	bool expected = out->verdict ==
		(out->claim->expect == EXPECT_HELD ? VERDICT_HELD : VERDICT_VIOLATED);
	size_t used = strlen(out->text), lines = record->unread.lines;

	if (!lines || (out->verdict != VERDICT_HELD && out->verdict != VERDICT_VIOLATED))
		return;
	if (expected)
		out->verdict = VERDICT_INCONCLUSIVE;
	snprintf(out->text + used, sizeof(out->text) - used,
		"%s%zu line%s of the journal could not be read", expected ? "; but " : "; though ",
		lines, lines == 1 ? "" : "s");
}
