/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/words_loads.h"

#include <stdio.h>

#include "contract/list.h"
#include "contract/units.h"

/* Loads: attempts and retries, where they went, and whether the load came back. */

/* --- phases ---------------------------------------------------------------------------- */

double load_phase_asked(const struct load_phase *own)
{
	return own->seconds > 0 ? (double)own->sum.requests / own->seconds : 0;
}

double load_phase_begun(const struct load_phase *own)
{
	return own->seconds > 0 ? (double)own->sum.begun / own->seconds : 0;
}

const char *words_load_spread(const struct load_sum *sum, char buffer[WORDS_MAX])
{
	size_t used = 0;

	*buffer = '\0';
	LIST_EACH(sum->shares, const struct load_share, share) {
		int length = snprintf(buffer + used, WORDS_MAX - used, "%s%.60s %.3g %%",
			used ? ", " : "", share->node, 100 * load_share_of(sum, share));

		if (length < 0 || (size_t)length >= WORDS_MAX - used)
			break;
		used += (size_t)length;
		length = share->failed ? snprintf(buffer + used, WORDS_MAX - used, " (%lld failed)",
						 (long long)share->failed)
				       : 0;
		if (length < 0 || (size_t)length >= WORDS_MAX - used)
			break;
		used += (size_t)length;
	}
	return buffer;
}

const char *words_load_phase(
	const struct load_judgement *load, const struct load_phase *own, char buffer[SENTENCE_MAX])
{
	char spread[WORDS_MAX];
	size_t used = (size_t)snprintf(buffer, SENTENCE_MAX,
		"%.60s, %.60s: %.3g requests a second asked, %.3g begun, %.3g attempts each "
		"(retry ratio %.3g)",
		load->probe->name, own->phase->spec->id, load_phase_asked(own),
		load_phase_begun(own), load_attempts_each(&own->sum), load_retry_ratio(&own->sum));

	if (own->sum.withheld && used < SENTENCE_MAX)
		used += (size_t)snprintf(buffer + used, SENTENCE_MAX - used,
			", %lld retries withheld", (long long)own->sum.withheld);
	if (own->sum.shares.count && used < SENTENCE_MAX)
		snprintf(buffer + used, SENTENCE_MAX - used, "; to %s",
			words_load_spread(&own->sum, spread));
	return buffer;
}

/* --- faults ------------------------------------------------------------------------------ */

const char *words_load_fault(
	const struct load_judgement *load, const struct load_fault *own, char buffer[SENTENCE_MAX])
{
	const char *fault = own->fault->spec->id;

	if (load_amplification(own) <= 0 || own->during <= 0)
		snprintf(buffer, SENTENCE_MAX, "%.60s: no requests before or during %.60s",
			load->probe->name, fault);
	else
		snprintf(buffer, SENTENCE_MAX,
			"%.60s, during %.60s: %.3g attempts for each request, %.3g before it: "
			"amplification %.3g",
			load->probe->name, fault, own->during, own->before,
			load_amplification(own));
	return buffer;
}

const char *words_load_recovery(const struct load_recovery *own, char buffer[SENTENCE_MAX])
{
	char after[DURATION_TEXT_MAX] = "", stable[DURATION_TEXT_MAX];
	size_t used = (size_t)snprintf(buffer, SENTENCE_MAX,
		"%.60s, after the heal of %.60s: ", own->slo->name, own->fault->spec->id);
	char *rest = buffer + used;
	size_t room = SENTENCE_MAX - used;

	duration_format(own->stable_ns, stable);
	if (own->after_ns != NEVER_NS)
		duration_human(own->after_ns, after);
	switch (own->kind) {
	case LOAD_NOT_BREACHED:
		snprintf(rest, room, "never breached");
		break;
	case LOAD_BACK_BEFORE_HEAL:
		snprintf(rest, room,
			"it had come back before, %s after the fault's start (good for %s)", after,
			stable);
		break;
	case LOAD_BACK:
		snprintf(rest, room, "comes back after %s (good for %s)", after, stable);
		break;
	case LOAD_STAYED_DOWN:
		snprintf(rest, room,
			"does not come back in the %s to the end of the data: it is not the fault "
			"that keeps it down any more (metastable, if it lasts)",
			after);
		break;
	case LOAD_RECOVERY_UNKNOWN:
		snprintf(rest, room,
			"not known: the data do not reach %s beyond it, or there was no heal",
			stable);
		break;
	}
	return buffer;
}

/* --- lines and figures ------------------------------------------------------------------- */

static void add_lines(const struct load_judgement *own, struct list *lines)
{
	char text[SENTENCE_MAX];

	LIST_EACH(own->phases, const struct load_phase, phase)
		words_add(lines, "%s", words_load_phase(own, phase, text));
	words_load_outcomes(own, lines);
}

void words_load_outcomes(const struct load_judgement *own, struct list *lines)
{
	char text[SENTENCE_MAX];

	LIST_EACH(own->faults, const struct load_fault, fault)
		words_add(lines, "%s", words_load_fault(own, fault, text));
	LIST_EACH(own->recoveries, const struct load_recovery, recovery)
		words_add(lines, "%s", words_load_recovery(recovery, text));
}

struct list words_loads(const struct report *report)
{
	struct list lines = {0};

	LIST_EACH(report->judgement.loads, const struct load_judgement, own)
		add_lines(own, &lines);
	return lines;
}

void words_load_cost(const struct report *report, struct list *figures)
{
	LIST_EACH(report->judgement.loads, const struct load_judgement, own) {
		LIST_EACH(own->faults, const struct load_fault, fault) {
			struct figure *figure;

			if (load_amplification(fault) <= 0)
				continue;
			figure = list_push(figures, sizeof(*figure));
			snprintf(figure->value, sizeof(figure->value), "× %.3g",
				load_amplification(fault));
			snprintf(figure->text, sizeof(figure->text),
				"attempts for each request of %.60s, during %.60s",
				own->probe->name, fault->fault->spec->id);
		}
		LIST_EACH(own->recoveries, const struct load_recovery, recovery) {
			struct figure *figure;

			if (recovery->kind != LOAD_STAYED_DOWN)
				continue;
			figure = list_push(figures, sizeof(*figure));
			snprintf(figure->value, sizeof(figure->value), "not back");
			words_load_recovery(recovery, figure->text);
		}
	}
}
