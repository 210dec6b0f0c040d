/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/report/escape.h"
#include "controller/report/preview.h"

enum {
	CHANGES_SHOWN = 12 /* of each kind */
};

static const char marks[] = {[CHANGE_NEW] = '+', [CHANGE_GONE] = '-', [CHANGE_AMOUNT] = '~'};

static void print_change(FILE *out, const struct change *change)
{
	if (change->how == CHANGE_AMOUNT)
		plain_line(out, "  %c %-12s %s: %.4g, %.4g before", marks[change->how],
			change->what, change->text, change->now, change->before);
	else if (change->before > 0 || change->now > 0)
		plain_line(out, "  %c %-12s %s: %.4g", marks[change->how], change->what,
			change->text, change->how == CHANGE_NEW ? change->now : change->before);
	else
		plain_line(out, "  %c %-12s %s", marks[change->how], change->what, change->text);
}

static void print_changes(FILE *out, const struct difference *difference)
{
	const char *what = "";
	size_t shown = 0, left = 0;

	LIST_EACH(difference->changes, struct change, change) {
		if (strcmp(change->what, what) != 0) {
			what = change->what;
			shown = 0;
		}
		if (shown++ < CHANGES_SHOWN)
			print_change(out, change);
		else
			left++;
	}
	if (left)
		fprintf(out, "  and %zu more: --json has all\n", left);
}

void preview_difference(FILE *out, const struct difference *difference, const char *earlier)
{
	plain_line(out, "since %s (+ new, - gone, ~ changed)", earlier);
	print_changes(out, difference);
	if (!difference->changes.count)
		fputs("  nothing is other\n", out);
	if (!difference->growth.count)
		fputs("the radius has not grown\n", out);
	else
		fputs("the radius has GROWN\n", out);
	LIST_EACH(difference->growth, char *, text)
		plain_line(out, "  %s", *text);
}
