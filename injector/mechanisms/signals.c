/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/signals.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/strike.h"
#include "injector/targets.h"

/* A killed process is gone within a millisecond or so; one that handles its signal may stay. */
#define LOOK_FIRST_NS NS_PER_MS
#define LOOK_LAST_NS (500 * NS_PER_MS)

/*
 * Who came back is looked for less and less: /proc says when it began, so that a late look costs no
 * precision. After an hour nobody is waited for any more.
 */
#define RETURN_FIRST_NS (50 * NS_PER_MS)
#define RETURN_LAST_NS (5 * NS_PER_SEC)
#define RETURN_PARTS 8 /* of the time that has passed */
#define RETURN_MAX_NS (3600 * NS_PER_SEC)

const char *const kill_how_words[] = {"auto", "signal", "cgroup", NULL};
static_assert(sizeof(kill_how_words) / sizeof(char *) == KILL_CGROUP + 2, "a word each");

struct signals {
	struct signal_rule rule;
	struct list strikes; /* of struct strike; the first is chosen when the fault is armed */
	bool fired, disarmed;
	int64_t strike_ns; /* the next one; only with every_ns */
	int64_t pause_ns, next_look_ns;
	size_t expecting; /* index of the last strike that hit somebody */
	int64_t next_return_ns;
};

int signals_choose(enum kill_how asked, const struct process_selector *processes, int number,
	enum kill_how *out, struct fail *fail)
{
	bool can = targets_name_whole(processes) && number == SIGKILL;

	if (asked == KILL_CGROUP && !can)
		return fail_set(fail, FAIL_USAGE,
			"\"how\": \"cgroup\" kills a whole cgroup: it sends KILL, and "
			"\"processes\" "
			"names a \"cgroup\" or a \"unit\" and nothing else");
	*out = asked == KILL_AUTO && !can ? KILL_SIGNAL : asked;
	return 0;
}

static struct strike *strike_at(const struct signals *signals, size_t index)
{
	return LIST_AT(signals->strikes, struct strike, index);
}

static struct strike *strike_add(struct signals *signals)
{
	struct strike *strike = list_push(&signals->strikes, sizeof(*strike));

	strike->number = (int64_t)signals->strikes.count;
	return strike;
}

int signals_arm(const struct signal_rule *rule, const struct target_guard *guard,
	struct signals **out, struct fail *fail)
{
	struct signals *signals = must_alloc(sizeof(*signals));

	signals->rule = *rule;
	if (strike_choose(strike_add(signals), rule, guard, fail) < 0) {
		signals_free(signals);
		return -1;
	}
	*out = signals;
	return 0;
}

/* ---- striking ---- */

/* Of the others the latest ones are kept, as many as fit. */
static void forget_oldest(struct signals *signals)
{
	size_t kept = 0;

	for (size_t i = signals->strikes.count; i-- > 0;) {
		kept += strike_at(signals, i)->targets.count;
		if (kept > STRIKE_PROCESSES_MAX && i + 1 < signals->strikes.count)
			strike_forget(strike_at(signals, i));
	}
}

static void strike_now(
	struct signals *signals, struct strike *strike, const struct target_guard *guard)
{
	strike_hit(strike, &signals->rule, guard);
	signals->pause_ns = LOOK_FIRST_NS;
	signals->next_look_ns = host_now_ns() + signals->pause_ns;
	if (!strike->sent)
		return;
	signals->expecting = (size_t)strike->number - 1;
	signals->next_return_ns = host_now_ns() + RETURN_FIRST_NS;
}

void signals_fire(struct signals *signals, const struct target_guard *guard)
{
	if (signals->fired || signals->disarmed)
		return;
	signals->fired = true;
	strike_now(signals, strike_at(signals, 0), guard);
	signals->strike_ns = signals->rule.start_ns + signals->rule.every_ns;
}

/* What this process slept through is not made up for. */
static void set_next_strike(struct signals *signals, int64_t now_ns)
{
	const struct signal_rule *rule = &signals->rule;

	signals->strike_ns =
		rule->start_ns + ((now_ns - rule->start_ns) / rule->every_ns + 1) * rule->every_ns;
}

bool signals_go_on(struct signals *signals, const struct target_guard *guard, int64_t now_ns)
{
	struct strike *before;

	if (!signals->fired || signals_over(signals) || now_ns < signals->strike_ns)
		return false;
	/* Whoever is hit now may be the one that was waited for. */
	before = strike_at(signals, signals->expecting);
	strike_look(before);
	if (strike_expects(before))
		strike_look_for_return(before, &signals->rule, guard);
	strike_now(signals, strike_add(signals), guard);
	forget_oldest(signals);
	set_next_strike(signals, host_now_ns());
	return true;
}

bool signals_over(const struct signals *signals)
{
	return signals->disarmed ||
		(signals->fired &&
			(!signals->rule.every_ns ||
				(int64_t)signals->strikes.count >= signals->rule.times));
}

void signals_disarm(struct signals *signals)
{
	signals->disarmed = true;
}

/* ---- watching ---- */

static size_t awaited(const struct signals *signals)
{
	size_t count = 0;

	LIST_EACH(signals->strikes, const struct strike, strike) {
		count += strike_awaited(strike);
	}
	return count;
}

static bool look_for_exits(struct signals *signals, int64_t now_ns)
{
	bool news = false;

	if (!awaited(signals) || now_ns < signals->next_look_ns)
		return false;
	LIST_EACH(signals->strikes, struct strike, strike) {
		news |= strike_look(strike);
	}
	if (signals->pause_ns < LOOK_LAST_NS)
		signals->pause_ns *= 2;
	signals->next_look_ns = now_ns + signals->pause_ns;
	return news;
}

static bool expects(const struct signals *signals)
{
	const struct strike *strike = strike_at(signals, signals->expecting);

	return strike_expects(strike) && strike->looked_ns < strike->at_ns + RETURN_MAX_NS;
}

static int64_t within(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* How far it was looked is news too: a claim is decided by it. */
static bool look_for_return(
	struct signals *signals, const struct target_guard *guard, int64_t now_ns)
{
	struct strike *strike = strike_at(signals, signals->expecting);

	if (!expects(signals) || now_ns < signals->next_return_ns)
		return false;
	strike_look_for_return(strike, &signals->rule, guard);
	signals->next_return_ns = now_ns +
		within(RETURN_FIRST_NS, (now_ns - strike->at_ns) / RETURN_PARTS, RETURN_LAST_NS);
	return true;
}

bool signals_watch(struct signals *signals, const struct target_guard *guard, int64_t now_ns)
{
	bool news = look_for_exits(signals, now_ns);

	return look_for_return(signals, guard, now_ns) || news;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t signals_next_ns(const struct signals *signals)
{
	int64_t next_ns = INT64_MAX;

	if (awaited(signals))
		next_ns = earlier(next_ns, signals->next_look_ns);
	if (expects(signals))
		next_ns = earlier(next_ns, signals->next_return_ns);
	if (signals->fired && !signals_over(signals))
		next_ns = earlier(next_ns, signals->strike_ns);
	return next_ns;
}

/* ---- evidence ---- */

void signals_evidence(const struct signals *signals, struct list *processes, struct list *strikes)
{
	LIST_EACH(signals->strikes, const struct strike, strike) {
		strike_evidence(strike, &signals->rule, signals->rule.every_ns != 0, processes);
		if (strike->at_ns)
			strike_summary(strike, strikes);
	}
}

void signals_free(struct signals *signals)
{
	if (!signals)
		return;
	LIST_EACH(signals->strikes, struct strike, strike) {
		strike_deinit(strike);
	}
	list_free(&signals->strikes);
	free(signals);
}
