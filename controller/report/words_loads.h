/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_WORDS_LOADS_H
#define BACKBURN_WORDS_LOADS_H

#include "controller/judge/loads.h"
#include "controller/report/words.h"

/* What all forms of the report say of loads. */

/* Requests a second that were due in the phase, and that the prober began. */
double load_phase_asked(const struct load_phase *own);
double load_phase_begun(const struct load_phase *own);

/* "web1 66.9 %, web2 33.1 % (590 failed)": of attempts; "" where the target is fixed. */
const char *words_load_spread(const struct load_sum *sum, char buffer[WORDS_MAX]);
/* "shop, cut: 100 requests a second asked, 100 begun, 1.5 attempts each (retry ratio 0.5); to …".
 */
const char *words_load_phase(
	const struct load_judgement *load, const struct load_phase *own, char buffer[SENTENCE_MAX]);
/* "shop, during cut-web: 1.5 attempts for each request, 1 before it: amplification 1.5". */
const char *words_load_fault(
	const struct load_judgement *load, const struct load_fault *own, char buffer[SENTENCE_MAX]);
/* "shop-ok, after the heal of cut-web: comes back after 1.2s (good for 5s)". */
const char *words_load_recovery(const struct load_recovery *own, char buffer[SENTENCE_MAX]);

/* All of it in lines of char *; of one load what stands beside the table of its phases. */
struct list words_loads(const struct report *report);
void words_load_outcomes(const struct load_judgement *own, struct list *lines);

/* Adds to a list of struct figure: amplification, and what did not come back. */
void words_load_cost(const struct report *report, struct list *figures);

#endif
