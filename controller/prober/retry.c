/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/retry.h"

#include <math.h>

#include "contract/seed.h"
#include "controller/prober/orders_table.h"

const char *const retry_on_words[] = {
	[RETRY_ON_TIMEOUT] = "timeout",
	[RETRY_ON_CONNECT] = "connect",
	[RETRY_ON_BROKEN] = "broken",
	[RETRY_ON_STATUS] = "status",
	[RETRY_ON_CONTENT] = "content",
	NULL,
};

static const struct field retry_fields[] = {
	{.key = "attempts",
		.kind = FIELD_INTEGER,
		AT(retry, attempts),
		.required = true,
		.min = 1,
		.max = LOAD_ATTEMPTS_MAX,
		.help = "How often a request is tried at most, the first time counted."},
	{.key = "backoff",
		.kind = FIELD_DURATION,
		AT(retry, backoff_ns),
		.preset = "\"100ms\"",
		.max = 60 * (double)NS_PER_SEC,
		.help = "The pause before the second attempt; `0s` is none."},
	{.key = "factor",
		.kind = FIELD_NUMBER,
		AT(retry, factor),
		.preset = "2",
		.min = 1,
		.max = 10,
		.help = "How many times as long each further pause is."},
	{.key = "max",
		.kind = FIELD_DURATION,
		AT(retry, max_ns),
		.preset = "\"10s\"",
		.min = NS_PER_MS,
		.max = 60 * (double)NS_PER_SEC,
		.help = "No pause is longer than this."},
	{.key = "jitter",
		.kind = FIELD_RATIO,
		AT(retry, jitter),
		.help = "The share of a pause that chance may take away; drawn from the seed."},
	{.key = "on",
		.kind = FIELD_LIST,
		.item = FIELD_ENUM,
		.one_is_list = true,
		.words = retry_on_words,
		AT(retry, on),
		.help = "The outcomes that are tried again; timeout, connect, broken and status "
			"when left out."},
	{.key = "budget",
		.kind = FIELD_RATIO,
		AT(retry, budget),
		.min = 0.001,
		.max = 1,
		.help = "Retries for each request that the client allows itself on the whole; as "
			"many as `attempts` allows when left out."},
};
const struct shape retry_shape = {
	.name = "retry",
	.size = sizeof(struct retry),
	SHAPE_FIELDS(retry_fields),
	.help = "How a client tries again what did not end well.",
};

/* --- which, and when ----------------------------------------------------------------------- */

static int outcome_of(int word)
{
	static const int outcomes[] = {
		[RETRY_ON_TIMEOUT] = OUTCOME_TIMEOUT,
		[RETRY_ON_CONNECT] = OUTCOME_CONNECT,
		[RETRY_ON_BROKEN] = OUTCOME_BROKEN,
		[RETRY_ON_STATUS] = OUTCOME_STATUS,
		[RETRY_ON_CONTENT] = OUTCOME_CONTENT,
	};

	return outcomes[word];
}

bool retry_heeds(const struct retry *retry, int outcome)
{
	if (!retry->on.count)
		return outcome != OUTCOME_OK && outcome != OUTCOME_DROPPED &&
			outcome != OUTCOME_CONTENT;
	LIST_EACH(retry->on, const int, word)
		if (outcome_of(*word) == outcome)
			return true;
	return false;
}

/* Before chance takes its share. */
static double whole_pause(const struct retry *retry, int64_t number)
{
	return fmin((double)retry->max_ns,
		(double)retry->backoff_ns * pow(retry->factor, (double)(number - 1)));
}

/* 0 to 1, without 1: the upper 53 bits of the draw. */
static double draw(int64_t seed, int64_t index, int64_t number)
{
	uint64_t state = (uint64_t)seed ^ ((uint64_t)index * LOAD_ATTEMPTS_MAX + (uint64_t)number);

	return (double)(seed_next(&state) >> 11) * 0x1p-53;
}

int64_t retry_pause_ns(const struct retry *retry, int64_t seed, int64_t index, int64_t number)
{
	return (int64_t)(whole_pause(retry, number) *
		(1 - retry->jitter * draw(seed, index, number)));
}

int64_t retry_longest_ns(const struct retry *retry, int64_t timeout_ns)
{
	double pauses_ns = 0;

	if (!retry)
		return timeout_ns;
	for (int64_t number = 1; number < retry->attempts; number++)
		pauses_ns += whole_pause(retry, number);
	return timeout_ns * retry->attempts + (int64_t)ceil(pauses_ns);
}

/* --- the budget ---------------------------------------------------------------------------- */

struct retry_budget retry_budget_full(void)
{
	return (struct retry_budget){.left = RETRY_BUDGET_FULL};
}

void retry_budget_earn(struct retry_budget *budget, const struct retry *retry)
{
	budget->left = fmin(RETRY_BUDGET_FULL, budget->left + retry->budget);
}

bool retry_budget_spend(struct retry_budget *budget, const struct retry *retry)
{
	if (retry->budget <= 0)
		return true;
	/* Ten times a tenth is a whole one. */
	if (budget->left < 1 - 1e-9)
		return false;
	budget->left -= 1;
	return true;
}
