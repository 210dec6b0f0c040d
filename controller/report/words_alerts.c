/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/units.h"
#include "controller/plan/burn.h"
#include "controller/report/words.h"

void words_alert(const struct alert_record *own, char buffer[SENTENCE_MAX])
{
	char slow[DURATION_TEXT_MAX], quick[DURATION_TEXT_MAX], lasted[DURATION_TEXT_MAX];

	snprintf(buffer, SENTENCE_MAX,
		"%s of %.60s: burned %.3g times as fast as it may over %s and %.3g times over %s, "
		"from %g on; %s%s",
		burn_severity_words[own->burn->severity], own->slo->name, own->long_rate,
		duration_format(own->burn->long_ns, slow), own->short_rate,
		duration_format(burn_short_ns(own->burn), quick), own->burn->rate,
		own->to_ns == NEVER_NS ? "not over before the run"
				       : duration_human(own->to_ns - own->from_ns, lasted),
		own->to_ns == NEVER_NS ? " was" : " long");
}
