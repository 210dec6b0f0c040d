/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "controller/report/words.h"

/* What a certificate of the revert says of one node: who looked when, at what, and what it was. */

static void say_look(const struct report *report, const char *which, const struct look *look,
	char buffer[SENTENCE_MAX])
{
	size_t used = strlen(buffer);
	char utc[WORDS_MAX], at[WORDS_MAX];

	snprintf(buffer + used, SENTENCE_MAX - used, "%s%s at %.24s UTC (%.24s)%s%.60s%s",
		used ? ", " : "", which, words_utc(&report->record, look->at_ns, utc),
		words_at(look->at_ns, at), look->by ? " by " : "", look->by ? look->by : "",
		look->by ? " with heal --run" : "");
}

const char *words_looked(
	const struct report *report, const struct revert_judgement *own, char buffer[SENTENCE_MAX])
{
	buffer[0] = '\0';
	if (own->before.look)
		say_look(report, "before the faults", own->before.look, buffer);
	if (own->after.look)
		say_look(report, "after them", own->after.look, buffer);
	return *buffer ? buffer : "never looked at";
}

const char *words_boot(const struct revert_judgement *own, char buffer[SENTENCE_MAX])
{
	const char *before = own->before.look ? own->before.look->boot_id : NULL;
	const char *after = own->after.look ? own->after.look->boot_id : NULL;

	if (own->rebooted)
		snprintf(buffer, SENTENCE_MAX,
			"boot %.63s before, boot %.63s after: the machine has booted in between",
			before, after);
	else if (before && after)
		snprintf(buffer, SENTENCE_MAX, "boot %.63s before and after", before);
	else if (before || after)
		snprintf(buffer, SENTENCE_MAX, "boot %.63s", before ? before : after);
	else
		return NULL;
	return buffer;
}

const char *words_digests(const struct revert_judgement *own, char buffer[SENTENCE_MAX])
{
	const struct state_seen *before = &own->before, *after = &own->after;

	if (!before->look && !after->look)
		return NULL;
	if (before->look && after->look && strcmp(before->digest, after->digest) == 0)
		snprintf(buffer, SENTENCE_MAX, "SHA-256 of %zu lines, before and after: %s",
			after->lines, after->digest);
	else if (before->look && after->look)
		snprintf(buffer, SENTENCE_MAX,
			"SHA-256 of %zu lines before: %s, of %zu lines after: %s", before->lines,
			before->digest, after->lines, after->digest);
	else
		snprintf(buffer, SENTENCE_MAX, "SHA-256 of %zu lines %s: %s",
			before->look ? before->lines : after->lines,
			before->look ? "before" : "after",
			before->look ? before->digest : after->digest);
	return buffer;
}
