/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_HOLD_H
#define BACKBURN_INJECTOR_CLOCK_HOLD_H

#include "contract/fail.h"
#include "injector/clock/page.h"

/*
 * Control pages that this process holds, each with its counts behind it: when it dies, however, the
 * kernel clears its id in each, and what shares the page has the true time at its next call. By a
 * robust list whose links lie in memory of our own, and only its futexes in the pages: a target
 * that means harm can change what it shares, and so only end its own skew. One that has the power
 * to cut off what it shares leaves us a page of our own in its place. Belongs to the first thread.
 */
int hold_page(int file, struct clock_control **out, struct fail *fail);
struct clock_counts *hold_counts(struct clock_control *control);
/* Lets go first. */
void hold_drop(struct clock_control *control);

#endif
