/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/report/words.h"

/* How near each stop rule came. */

enum tone tone_of_closest(const struct closest *own)
{
	if (own->fired)
		return TONE_BAD;
	return closest_is_near(own) ? TONE_OPEN : own->share < 0 ? TONE_NONE : TONE_GOOD;
}

const char *words_closest(const struct closest *own, char buffer[SENTENCE_MAX])
{
	char at[WORDS_MAX], share[PERCENT_TEXT_MAX];

	if (own->share < 0)
		snprintf(buffer, SENTENCE_MAX, "%.60s: never looked at, nothing was told to it",
			own->rule->id);
	else if (own->fired)
		snprintf(buffer, SENTENCE_MAX, "%.60s stopped the run: %.150s", own->rule->id,
			own->way);
	else
		snprintf(buffer, SENTENCE_MAX, "%.60s came to %.130s, at %.24s: %s of the way%s",
			own->rule->id, own->way, words_at(own->at_ns, at),
			percent_human(own->share, share),
			closest_is_near(own) ? ", a near miss" : "");
	return buffer;
}
