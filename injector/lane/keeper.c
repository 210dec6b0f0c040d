/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>

#include "contract/units.h"

/* The pulse outlives three beats: a keeper that is late by less than that stops no traffic. */
#define PULSE_NS (60 * NS_PER_MS)
#define BEAT_NS (20 * NS_PER_MS) /* at least so often, with nothing to do */
#define LOOK_BUSY_NS (NS_PER_MS) /* for orders, while packets come and go */
#define LOOK_WAITING_NS                                                                            \
	(5 * NS_PER_MS)              /* for orders, while some wait: a heal must not take long     \
				      */
#define POLL_BUSY_NS (5 * NS_PER_MS) /* whether the injector lives, while packets come and go */
#define DRAIN_NS (2 * NS_PER_MS)     /* packets on their way in when the pulse stopped */

/*
 * A processor that slept needs some 50 to 300 µs to wake up. So the timer is set earlier by what
 * that took lately, three times of four, and what is left of it is spent awake; but of each
 * POLL_BUSY_NS no more than SPIN_NS, since the processor belongs to those that are tested.
 */
#define LEAD_FIRST_NS (100 * NS_PER_US)
#define LEAD_MAX_NS (400 * NS_PER_US)
#define LEAD_STEP_NS (NS_PER_US)
#define LEAD_QUANTILE_ODDS 3 /* so many wake-ups take less, for one that takes more */
#define SPIN_NS (NS_PER_MS / 2)

/*
 * And the way up to a receiver takes long where nothing went it lately, for caches are cold: then
 * a packet is let go earlier by what that takes at least, so that it is there when it is due, and
 * hardly ever before. The guess goes a quarter of the way up to what takes longer, and three
 * quarters of the way down to what takes less.
 */
#define COLD_NS (NS_PER_MS / 2) /* without a packet that left */

enum {
	LEAVE_AT_ONCE = 32, /* then it looks for packets that come */
	TAKE_AT_ONCE = 16   /* and the other way round */
};

enum keeping {
	KEEPING,
	ENDING,
	TAP_GONE
};

/* One turn of the loop; passed down so that each part sees the time of the part before. */
struct turn {
	const struct keeper *keeper;
	enum keeping keeping;
	int64_t now_ns, look_ns, poll_ns; /* the latter two: when the next is due */
	int64_t slept_ns;                 /* a packet woke it that came after this; 0: awake */
	int64_t lead_ns;                  /* what most wake-ups took at most */
	int64_t wrote_ns;                 /* when a packet left last */
	int64_t write_ns;                 /* what that takes, where none left for COLD_NS */
	int64_t spin_ns;                  /* that may be spent awake before the next poll */
};

static volatile sig_atomic_t asked_to_end;

static void ask_to_end(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

void keeper_catch_signals(void)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &(struct sigaction){.sa_handler = ask_to_end}, NULL);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_SEC + time.tv_nsec;
}

static void set_pulse(const struct keeper *keeper, int64_t until_ns)
{
	__atomic_store_n(&keeper->pulse->alive_until_ns, (uint64_t)until_ns, __ATOMIC_RELEASE);
}

/* Orders, and the pulse. */
static void look(struct turn *turn)
{
	const struct keeper *keeper = turn->keeper;
	int64_t until_ns = __atomic_load_n(&keeper->memory->until_ns, __ATOMIC_ACQUIRE);
	int64_t alive_ns = turn->now_ns + PULSE_NS;

	if (lanes_look(keeper->lanes, turn->now_ns) || asked_to_end)
		turn->keeping = ENDING;
	set_pulse(keeper, alive_ns < until_ns ? alive_ns : until_ns);
	turn->look_ns = turn->now_ns + LOOK_BUSY_NS;
}

static void learn_write(struct turn *turn, int64_t took_ns)
{
	int64_t seen_ns = took_ns < LANE_AHEAD_MAX_NS ? took_ns : LANE_AHEAD_MAX_NS;
	int64_t step_ns = (seen_ns - turn->write_ns) / 4;

	turn->write_ns += step_ns > 0 ? step_ns : 3 * step_ns;
}

/* By how much the next packet is let go before it is due. */
static int64_t ahead_ns(const struct turn *turn)
{
	return turn->now_ns - turn->wrote_ns > COLD_NS ? turn->write_ns : 0;
}

/* Whether any was due. */
static bool let_go(struct turn *turn)
{
	struct lanes *lanes = turn->keeper->lanes;
	struct leaving leaving;
	int count = 0;

	while (count < LEAVE_AT_ONCE &&
		lanes_let_go(lanes, turn->now_ns + ahead_ns(turn), &leaving)) {
		int64_t from_ns = turn->now_ns;
		/* A TAP that is full or down takes nothing: like any network, it may lose. */
		bool written = writev(turn->keeper->tap, leaving.pieces, leaving.count) >= 0;

		turn->now_ns = now();
		if (from_ns - turn->wrote_ns > COLD_NS)
			learn_write(turn, turn->now_ns - from_ns);
		turn->wrote_ns = turn->now_ns;
		lanes_left(lanes, &leaving, written, turn->now_ns);
		count++;
	}
	return count > 0;
}

/*
 * When the packet that was just read came. While awake that is now. What woke the keeper came when
 * the matcher says; so did what else lies there, or a little earlier.
 */
static int64_t came_ns(const struct turn *turn)
{
	int64_t sent_ns = (int64_t)__atomic_load_n(&turn->keeper->pulse->sent_ns, __ATOMIC_RELAXED);

	return turn->slept_ns && sent_ns > turn->slept_ns && sent_ns < turn->now_ns ? sent_ns
										    : turn->now_ns;
}

/* Whether any came. */
static bool take(struct turn *turn)
{
	struct lanes *lanes = turn->keeper->lanes;
	int count = 0;

	do {
		int pieces;
		const struct iovec *room = lanes_room(lanes, &pieces);
		ssize_t length = readv(turn->keeper->tap, room, pieces);

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (length <= 0) {
			turn->keeping = TAP_GONE;
			break;
		}
		turn->now_ns = now();
		lanes_take(lanes, (size_t)length, came_ns(turn));
	} while (++count < TAKE_AT_ONCE && lanes_due_ns(lanes) > turn->now_ns);
	turn->slept_ns = 0;
	return count > 0;
}

/* Moves the lead towards the quantile of what waking up takes: steps up and down cancel there. */
static void learn_waking(struct turn *turn, int64_t woke_late_ns)
{
	if (woke_late_ns > turn->lead_ns && turn->lead_ns < LEAD_MAX_NS)
		turn->lead_ns += LEAD_STEP_NS * LEAD_QUANTILE_ODDS;
	else if (woke_late_ns < turn->lead_ns && turn->lead_ns > 0)
		turn->lead_ns -= LEAD_STEP_NS;
}

/* For a packet or the injector's end, at most `patience_ns`. */
static void wait_for(struct turn *turn, int64_t patience_ns)
{
	struct pollfd files[] = {
		{.fd = turn->keeper->tap, .events = POLLIN},
		{.fd = turn->keeper->pipe}, /* its end is told unasked */
	};
	struct timespec patience = {
		.tv_sec = patience_ns / NS_PER_SEC, .tv_nsec = patience_ns % NS_PER_SEC};
	int64_t asleep_ns = turn->now_ns, woken_ns = turn->now_ns + patience_ns;
	int ready = ppoll(files, 2, &patience, NULL);

	turn->now_ns = now();
	if (ready > 0) {
		turn->slept_ns = files[0].revents & POLLIN ? asleep_ns : 0;
		if (files[1].revents)
			turn->keeping = ENDING;
		if (files[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			turn->keeping = TAP_GONE;
	} else if (ready == 0 && patience_ns > 0) {
		learn_waking(turn, turn->now_ns - woken_ns);
	}
	if (turn->now_ns >= turn->poll_ns) {
		turn->poll_ns = turn->now_ns + POLL_BUSY_NS;
		turn->spin_ns = SPIN_NS;
	}
}

/* Nothing comes and nothing is due. */
static void rest(struct turn *turn)
{
	int64_t due_ns = lanes_due_ns(turn->keeper->lanes), left_ns, lead_ns = turn->lead_ns;

	if (due_ns == INT64_MAX) {
		wait_for(turn, BEAT_NS);
		return;
	}
	due_ns -= ahead_ns(turn);
	left_ns = due_ns > turn->now_ns ? due_ns - turn->now_ns : 0;
	if (left_ns > lead_ns) {
		left_ns -= lead_ns;
		wait_for(turn, left_ns < LOOK_WAITING_NS ? left_ns : LOOK_WAITING_NS);
	} else if (turn->spin_ns > 0) {
		int64_t then_ns = turn->now_ns;

		turn->now_ns = now();
		turn->spin_ns -= turn->now_ns - then_ns;
	} else {
		wait_for(turn, left_ns);
	}
}

/*
 * No packet is sent here any more once the pulse is over; those that were on their way in are sent
 * on behind those that waited.
 */
static void finish(struct turn *turn)
{
	int64_t until_ns = turn->now_ns + DRAIN_NS;

	set_pulse(turn->keeper, 0);
	lanes_end(turn->keeper->lanes);
	turn->keeping = ENDING;
	for (;;) {
		bool left = let_go(turn), came = take(turn);

		if (turn->keeping == TAP_GONE || (!left && !came && turn->now_ns >= until_ns))
			return;
		if (!left && !came)
			wait_for(turn, until_ns - turn->now_ns);
	}
}

bool keeper_run(const struct keeper *keeper)
{
	struct turn turn = {
		.keeper = keeper,
		.keeping = KEEPING,
		.now_ns = now(),
		.lead_ns = LEAD_FIRST_NS,
	};
	bool tap_gone;

	look(&turn);
	while (turn.keeping == KEEPING) {
		bool left = let_go(&turn), came = take(&turn);

		if (turn.keeping == KEEPING && turn.now_ns >= turn.poll_ns)
			wait_for(&turn, 0);
		else if (turn.keeping == KEEPING && !left && !came)
			rest(&turn);
		if (turn.keeping == KEEPING && turn.now_ns >= turn.look_ns)
			look(&turn);
	}
	tap_gone = turn.keeping == TAP_GONE;
	if (tap_gone)
		set_pulse(keeper, 0);
	else
		finish(&turn);
	return !tap_gone;
}
