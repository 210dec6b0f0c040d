/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/preview_parts.h"
#include "controller/report/words.h"

/* What part of everything a phase hits, and what the limits say to that. */

enum {
	NAME_COLUMNS = 12,
	LINE_MAX = 320
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

static const struct predicted_quorum *quorum_of(
	const struct predicted_phase *phase, const char *group)
{
	LIST_EACH(phase->quorums, struct predicted_quorum, quorum)
		if (strcmp(quorum->group, group) == 0)
			return quorum;
	return NULL;
}

static size_t say_quorum(const struct predicted_quorum *quorum, char *text, size_t size)
{
	int used = snprintf(text, size,
		quorum->left == 1 ? "; %" PRId64 " stays, " : "; %" PRId64 " stay, ", quorum->left);

	if (used < 0 || (size_t)used >= size)
		return size;
	return (size_t)used +
		(size_t)snprintf(text + used, size - (size_t)used,
			!quorum->kept              ? "NO majority (%" PRId64 ")%s"
				: quorum->demanded ? "the quorum of %" PRId64 " is kept%s"
						   : "still a majority (%" PRId64 ")%s",
			quorum->majority,
			!quorum->kept && quorum->demanded ? ", which is demanded" : "");
}

static bool is_group(const struct predicted_share *share)
{
	return strncmp(share->of, "group ", 6) == 0;
}

static void print_share(
	FILE *out, const struct predicted_phase *phase, const struct predicted_share *share)
{
	const char *name = is_group(share) ? share->of + 6 : share->of;
	const struct predicted_limit *limit = limit_of(phase, share->of);
	const struct predicted_quorum *quorum = is_group(share) ? quorum_of(phase, name) : NULL;
	char text[LINE_MAX];
	size_t used = (size_t)snprintf(text, sizeof(text),
		"%" PRId64 " of %" PRId64 " hit, %.0f %%", share->hit, share->total,
		100 * (double)share->hit / (double)(share->total ? share->total : 1));

	if (limit)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " (at most %.3g %%)%s",
			100 * limit->allowed, limit->kept ? "" : ": EXCEEDED");
	if (quorum && used < sizeof(text))
		say_quorum(quorum, text + used, sizeof(text) - used);
	plain_line(out, "  %-*s %s", NAME_COLUMNS, name, text);
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
