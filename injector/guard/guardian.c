/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/guard/guardian.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "injector/guard/grip.h"
#include "injector/guard/schedule.h"
#include "injector/host.h"

/* With nothing to do it looks at the lease so often, which the injector moves on without a word. */
#define LOOK_NS (200 * NS_PER_MS)

struct post {
	bool taken; /* the order that stands is known; `grip` is its */
	bool refused;
	bool tried; /* to be held, since it last was not to be */
	struct grip grip;
};

struct guardian {
	struct guard_memory *memory;
	int pipe;
	int64_t now_ns;
	bool orphaned;
	struct post posts[GUARD_POSTS];
};

static int64_t lease_ns(const struct guardian *guardian)
{
	return __atomic_load_n(&guardian->memory->until_ns, __ATOMIC_ACQUIRE);
}

static void tell_state(struct guard_told *told, enum guard_state state)
{
	__atomic_store_n(&told->state, (uint32_t)state, __ATOMIC_RELEASE);
}

static void tell_error(struct guard_told *told, int result)
{
	if (result < 0 && !told->error)
		told->error = -result;
}

/* ---- orders ---- */

static void take(struct guardian *guardian, size_t index)
{
	struct guard_post *shared = &guardian->memory->posts[index];
	struct post *post = &guardian->posts[index];
	struct guard_order order = shared->order;
	int result = schedule_makes_sense(&order) ? grip_take(&post->grip, &order) : -EINVAL;

	post->taken = true;
	post->refused = result < 0;
	post->tried = false;
	tell_error(&shared->told, result);
	tell_state(&shared->told, result < 0 ? GUARD_REFUSED : GUARD_READY);
}

static void hold(struct guardian *guardian, struct post *post, struct guard_told *told)
{
	int result = grip_hold(&post->grip);

	guardian->now_ns = host_now_ns();
	/* One that has ended is no failure: it is told of as gone. */
	if (result < 0) {
		if (result != -ESRCH)
			tell_error(told, result);
		return;
	}
	told->step = post->grip.step;
	told->since_ns = guardian->now_ns;
	told->times++;
	told->loose = (uint32_t)result;
	if (!told->first_ns)
		told->first_ns = guardian->now_ns;
}

static void let_go(struct guardian *guardian, struct post *post, struct guard_told *told)
{
	tell_error(told, grip_let_go(&post->grip));
	told->step = post->grip.step;
	guardian->now_ns = host_now_ns();
	told->held_ns += guardian->now_ns - told->since_ns;
	told->since_ns = 0;
	told->last_ns = guardian->now_ns;
}

/* Threads that have yet to stop before they can be let go are waited for, but by an orphan. */
static void end(struct guardian *guardian, size_t index)
{
	struct guard_told *told = &guardian->memory->posts[index].told;
	struct post *post = &guardian->posts[index];

	if (post->grip.held)
		let_go(guardian, post, told);
	told->gone |= post->grip.gone;
	if (post->grip.leaving && !guardian->orphaned)
		return;
	grip_drop(&post->grip);
	post->taken = false;
	tell_state(told, GUARD_FREE);
}

/* Brings one post to what its order says now. */
static void attend(struct guardian *guardian, size_t index)
{
	struct guard_post *shared = &guardian->memory->posts[index];
	struct post *post = &guardian->posts[index];
	bool active = __atomic_load_n(&shared->active, __ATOMIC_ACQUIRE) && !guardian->orphaned;
	bool wanted;

	if (active && !post->taken)
		take(guardian, index);
	if (!active && post->taken)
		end(guardian, index);
	if (!post->taken || post->refused)
		return;
	wanted = schedule_holds(&post->grip.order, guardian->now_ns, lease_ns(guardian));
	if (wanted && !post->tried && !post->grip.gone)
		hold(guardian, post, &shared->told);
	if (post->grip.held && (!wanted || post->grip.gone))
		let_go(guardian, post, &shared->told);
	/* What could not be held is tried again in its next period only. */
	post->tried = wanted;
	shared->told.gone |= post->grip.gone;
}

static int64_t next_ns(const struct guardian *guardian)
{
	int64_t until_ns = lease_ns(guardian), next = guardian->now_ns + LOOK_NS;

	for (size_t i = 0; i < GUARD_POSTS; i++) {
		const struct post *post = &guardian->posts[i];
		int64_t own_ns;

		if (!post->taken || post->refused)
			continue;
		own_ns = schedule_next_ns(&post->grip.order, guardian->now_ns, until_ns);
		next = own_ns < next ? own_ns : next;
	}
	return next;
}

/* ---- the loop ---- */

static void settle_all(struct guardian *guardian)
{
	for (size_t i = 0; i < GUARD_POSTS; i++)
		if (guardian->posts[i].taken)
			grip_settle(&guardian->posts[i].grip);
}

static void drain(struct guardian *guardian)
{
	char bytes[64];
	ssize_t got;

	do
		got = read(guardian->pipe, bytes, sizeof(bytes));
	while (got > 0);
	guardian->orphaned = got == 0;
}

/* Until something changes, a child stops or ends, or it is time. */
static void wait_for(struct guardian *guardian)
{
	struct pollfd change = {.fd = guardian->pipe, .events = POLLIN};
	int64_t left_ns = next_ns(guardian) - guardian->now_ns;
	struct timespec patience = {.tv_sec = left_ns > 0 ? left_ns / NS_PER_SEC : 0,
		.tv_nsec = left_ns > 0 ? left_ns % NS_PER_SEC : 0};
	sigset_t none;

	sigemptyset(&none);
	if (ppoll(&change, 1, &patience, &none) > 0)
		drain(guardian);
	guardian->now_ns = host_now_ns();
}

static void on_signal(int number)
{
	(void)number; /* it only ends the wait */
}

/* Who asks it to end asks the injector too, whose end it awaits. */
static void block_signals(void)
{
	static const int put_off[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t child;

	for (size_t i = 0; i < sizeof(put_off) / sizeof(put_off[0]); i++)
		sigaction(put_off[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
}

enum guardian_end guardian_run(struct guard_memory *memory, int pipe)
{
	struct guardian *guardian = must_alloc(sizeof(*guardian));
	bool dismissed;

	block_signals();
	guardian->memory = memory;
	guardian->pipe = pipe;
	guardian->now_ns = host_now_ns();
	do {
		wait_for(guardian);
		settle_all(guardian);
		for (size_t i = 0; i < GUARD_POSTS; i++)
			attend(guardian, i);
	} while (!guardian->orphaned);
	dismissed = __atomic_load_n(&memory->leave, __ATOMIC_ACQUIRE);
	free(guardian);
	return dismissed ? GUARDIAN_DISMISSED : GUARDIAN_ORPHANED;
}
