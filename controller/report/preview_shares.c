/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/preview_parts.h"
#include "controller/report/words_predicted.h"

/* What part of everything a phase hits, and what the limits say to that. */

enum {
	NAME_COLUMNS = 12
};

static const struct predicted_limit *limit_of(const struct predicted_phase *phase, const char *name)
{
	LIST_EACH(phase->limits, struct predicted_limit, limit)
		if (strcmp(limit->limit, name) == 0)
			return limit;
	return NULL;
}

static void print_nodes(FILE *out, const struct predicted_phase *phase)
{
	const struct predicted_limit *limit = limit_of(phase, "nodes");
	char allowed[48] = "no limit stated";

	if (limit)
		snprintf(allowed, sizeof(allowed), "at most %.0f", limit->allowed);
	fprintf(out, "  %-*s %zu hit, %s%s\n", NAME_COLUMNS, "nodes", phase->nodes.count, allowed,
		limit && !limit->kept ? ": EXCEEDED" : "");
}

static void print_share(
	FILE *out, const struct predicted_phase *phase, const struct predicted_share *share)
{
	char text[SENTENCE_MAX];

	words_share(phase, share, text);
	plain_line(out, "  %-*s %s", NAME_COLUMNS, words_share_of(share), text);
}

static void print_label_limit(FILE *out, const struct predicted_limit *limit)
{
	if (strncmp(limit->limit, "label ", 6) != 0)
		return;
	plain_line(out, "  %-*s %.0f value%s hit, at most %.0f%s", NAME_COLUMNS, limit->limit + 6,
		limit->hit, limit->hit == 1 ? "" : "s", limit->allowed,
		limit->kept ? "" : ": EXCEEDED");
}

void preview_shares(FILE *out, const struct predicted_phase *phase, const struct list *protect)
{
	char names[512];

	plain_line(out, "blast radius of phase %s", phase->phase);
	print_nodes(out, phase);
	LIST_EACH(phase->shares, struct predicted_share, share)
		print_share(out, phase, share);
	LIST_EACH(phase->limits, struct predicted_limit, limit)
		print_label_limit(out, limit);
	if (protect->count)
		plain_line(out, "  %-*s %s", NAME_COLUMNS, "protected",
			words_join(protect, names, sizeof(names)));
}
