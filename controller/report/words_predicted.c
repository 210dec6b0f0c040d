/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/words_predicted.h"

#include <inttypes.h>
#include <string.h>

#include "contract/list.h"

enum {
	FLOWS_SHOWN = 3
};

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

/* Appends; what there is no room for is cut. */
__attribute__((format(printf, 2, 3))) static void append(
	char text[SENTENCE_MAX], const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, SENTENCE_MAX - used, format, args);
	va_end(args);
}

/* --- shares ------------------------------------------------------------------------------ */

static bool is_group(const struct predicted_share *share)
{
	return strncmp(share->of, "group ", 6) == 0;
}

const char *words_share_of(const struct predicted_share *share)
{
	return is_group(share) ? share->of + 6 : share->of;
}

static const struct predicted_limit *limit_of(const struct predicted_phase *phase, const char *name)
{
	LIST_EACH(phase->limits, struct predicted_limit, limit)
		if (strcmp(limit->limit, name) == 0)
			return limit;
	return NULL;
}

static const struct predicted_quorum *quorum_of(
	const struct predicted_phase *phase, const char *group)
{
	LIST_EACH(phase->quorums, struct predicted_quorum, quorum)
		if (strcmp(quorum->group, group) == 0)
			return quorum;
	return NULL;
}

static void say_quorum(const struct predicted_quorum *quorum, char text[SENTENCE_MAX])
{
	append(text, "; %" PRId64 " stay%s, ", quorum->left, quorum->left == 1 ? "s" : "");
	if (quorum->kept)
		append(text,
			quorum->demanded ? "the quorum of %" PRId64 " is kept"
					 : "still a majority (%" PRId64 ")",
			quorum->majority);
	else
		append(text, "NO majority (%" PRId64 ")%s", quorum->majority,
			quorum->demanded ? ", which is demanded" : "");
}

void words_share(const struct predicted_phase *phase, const struct predicted_share *share,
	char buffer[SENTENCE_MAX])
{
	const struct predicted_limit *limit = limit_of(phase, share->of);
	const struct predicted_quorum *quorum =
		is_group(share) ? quorum_of(phase, words_share_of(share)) : NULL;

	buffer[0] = '\0';
	append(buffer, "%" PRId64 " of %" PRId64 " hit, %.0f %%", share->hit, share->total,
		100 * (double)share->hit / (double)(share->total ? share->total : 1));
	if (limit)
		append(buffer, " (at most %.3g %%)%s", 100 * limit->allowed,
			limit->kept ? "" : ": EXCEEDED");
	if (quorum)
		say_quorum(quorum, buffer);
}

/* --- flows ------------------------------------------------------------------------------- */

void words_flow(const struct predicted_flow *flow, char buffer[SENTENCE_MAX])
{
	char service[SERVICE_TEXT_MAX];

	if (flow->port)
		snprintf(buffer, SENTENCE_MAX, "%s%s%s to %s %s", flow->client,
			flow->client_program ? " " : "",
			flow->client_program ? flow->client_program : "", flow->server,
			predicted_service(flow, service));
	else
		snprintf(buffer, SENTENCE_MAX, "%s and %s", flow->client, flow->server);
}

static void say_flows(const struct predicted_fault *predicted, const struct pair_effect *way,
	char text[SENTENCE_MAX])
{
	char words[SENTENCE_MAX];
	size_t shown = 0;

	LIST_EACH(predicted->flows, struct predicted_flow, flow) {
		if (!predicted_flow_is_between(flow, way->from, way->to))
			continue;
		if (shown++ == FLOWS_SHOWN) {
			append(text, ", …");
			return;
		}
		words_flow(flow, words);
		append(text, "%s%.90s (%" PRId64 ")", shown == 1 ? ": " : ", ", words,
			flow->connections);
	}
}

/* --- one link ------------------------------------------------------------------------------ */

/* NEVER_NS: nobody was asked. */
static int64_t live_on(const struct predicted_fault *predicted, const struct pair_effect *way)
{
	int64_t joined;

	if (!predicted || way->connections == NEVER_NS)
		return NEVER_NS;
	joined = predicted_between(predicted, way->from, way->to);
	/* Of very many links not all are joined: then what one end said is the least. */
	return joined > way->connections ? joined : way->connections;
}

static bool is_predicted_way(const struct predicted_fault *predicted, const struct pair_effect *way)
{
	if (!predicted || predicted->link_count > (int64_t)predicted->links.count)
		return true; /* not all of them are known */
	LIST_EACH(predicted->links, struct predicted_link, link)
		if (strcmp(link->from, way->from) == 0 && strcmp(link->to, way->to) == 0)
			return true;
	return false;
}

static void say_predicted(const struct predicted_fault *predicted, const struct pair_effect *way,
	char text[SENTENCE_MAX])
{
	int64_t live = live_on(predicted, way);

	text[0] = '\0';
	if (live == NEVER_NS) {
		append(text, "not asked");
		return;
	}
	append(text, "%s%" PRId64 " live connection%s", predicted->at_least ? "at least " : "",
		live, plural(live));
	say_flows(predicted, way, text);
}

static void say_measured(const struct effect_judgement *own, const struct pair_effect ways[2],
	char text[SENTENCE_MAX])
{
	int64_t hit = ways[0].connections_hit;

	text[0] = '\0';
	if (hit != NEVER_NS)
		append(text, "%" PRId64 " connection%s, ", hit, plural(hit));
	append(text, "%" PRId64 " packets %.40s to %.60s, %" PRId64 " from there", ways[0].packets,
		judge_did(own->fault), ways[0].to, ways[1].packets);
}

/* With connections counted on both sides: how many were to be hit, and how many were. */
static const char *part_connections(int64_t live, int64_t hit, char text[SENTENCE_MAX])
{
	text[0] = '\0';
	if (hit < live)
		append(text,
			"%" PRId64 " of the predicted connections were not hit: closed before, or "
			"not used while the fault acted",
			live - hit);
	else if (hit > live)
		append(text,
			"%" PRId64
			" more than predicted: opened, or tried to be, after the nodes were asked",
			hit - live);
	else
		append(text, "as many as predicted");
	return text;
}

/* Packets of one way only, though both were meant: nobody sent on the other. */
static const struct pair_effect *silent_way(
	const struct predicted_fault *predicted, const struct pair_effect ways[2])
{
	for (int i = 0; i < 2; i++)
		if (!ways[i].packets && ways[1 - i].packets &&
			is_predicted_way(predicted, &ways[i]))
			return &ways[i];
	return NULL;
}

static enum tone part_hit(const struct predicted_fault *predicted, const struct pair_effect ways[2],
	char text[SENTENCE_MAX])
{
	int64_t live = live_on(predicted, ways), hit = ways[0].connections_hit;
	const struct pair_effect *silent = silent_way(predicted, ways);

	if (live == 0)
		append(text,
			"connections that were opened after the nodes were asked or tried to, or "
			"traffic without connections (UDP, ICMP), which no host lists");
	else if (hit != NEVER_NS)
		part_connections(live, hit, text);
	else
		append(text, "as predicted");
	if (silent)
		append(text, "; nothing was sent from %.60s to %.60s", silent->from, silent->to);
	return TONE_GOOD;
}

static enum tone part_silent(int64_t live, char text[SENTENCE_MAX])
{
	if (live == 0) {
		append(text, "nothing lived there, and nothing was sent");
		return TONE_NONE;
	}
	append(text, "closed before the fault acted, or not used while it did");
	return TONE_OPEN;
}

/* Why the two differ, as far as what was counted can tell. */
static enum tone say_difference(const struct effect_judgement *own,
	const struct predicted_fault *predicted, const struct pair_effect ways[2],
	char text[SENTENCE_MAX])
{
	int64_t live = live_on(predicted, ways);

	text[0] = '\0';
	for (int i = 0; i < 2; i++)
		if (ways[i].packets && !is_predicted_way(predicted, &ways[i])) {
			append(text, "packets from %.60s to %.60s, which no node had predicted",
				ways[i].from, ways[i].to);
			return TONE_OPEN;
		}
	if (own->effect == EFFECT_NOT_INJECTED)
		append(text, "the fault never acted");
	else if (live == NEVER_NS)
		append(text, "nothing to compare with");
	else if (ways[0].packets + ways[1].packets)
		return part_hit(predicted, ways, text);
	else
		return part_silent(live, text);
	return TONE_NONE;
}

void words_link(const struct effect_judgement *own, const struct predicted_fault *predicted,
	const struct pair_effect ways[2], struct link_words *out)
{
	snprintf(out->link, sizeof(out->link), "%.80s – %.80s", ways[0].from, ways[0].to);
	say_predicted(predicted, ways, out->predicted);
	say_measured(own, ways, out->measured);
	out->tone = say_difference(own, predicted, ways, out->difference);
}
