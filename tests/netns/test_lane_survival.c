/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/streams.h"
#include "tests/netns/way.h"

/*
 * Under traffic both ways, with a delay and a loss armed or about to be: the injector, the keeper
 * of its lanes, or both die or are stopped. Datagrams pass again, and nothing is left behind.
 */
enum {
	DELAYED = 7001, /* and nothing else */
	LOSSY = 7002,   /* delayed, and 5 % are lost */
	LONG_MS = 60000,
	LEASE_MS = 2000,
	ORDERS_MS = 400, /* orders come within it, and so do the moments */
	BACK_WITHIN_MS = 100,
	CLEAR_PACKETS = 200, /* on each way, which must be as without any fault */
	CLEAR_MS = 300,
	SOON_MS = 20000,
	MOMENTS = 6,
	MOMENTS_LONG = 50
};

#define MS 1000000LL
#define LEASE "2s"

static const int ports[] = {DELAYED, LOSSY};

static const struct cut delay = {.fault = "delay",
	.id = "late",
	.on = NODE_A,
	.from = NODE_B,
	.with = "{\"delay\":\"20ms\"}",
	.seed = 3,
	.for_ms = LONG_MS};
static const struct cut loss = {.fault = "loss",
	.id = "lossy",
	.on = NODE_A,
	.from = NODE_B,
	.with = "{\"ratio\":0.05,\"ports\":7002}",
	.seed = 4,
	.for_ms = LONG_MS};

/* ---- the keeper ---- */

static pid_t await_keeper(const struct injector *injector)
{
	int64_t give_up_ns = now_ns() + SOON_MS * MS;
	pid_t pid;

	while ((pid = injector_child(injector)) == 0) {
		assert_true(now_ns() < give_up_ns);
		pause_ms(1);
	}
	return pid;
}

/* Nobody there, or only what its parent has not asked for yet. */
static bool has_ended(pid_t pid)
{
	char path[64], text[256] = "", *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return true;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	state = strrchr(text, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

static void await_end(pid_t pid)
{
	int64_t give_up_ns = now_ns() + SOON_MS * MS;

	while (!has_ended(pid)) {
		assert_true(now_ns() < give_up_ns);
		pause_ms(1);
	}
}

/* ---- what must be true ---- */

/* None that was sent from `begin_ns` on is lost, held back, or doubled. */
static void assert_clear(const struct streams *streams, int64_t begin_ns, int64_t end_ns)
{
	for (int i = 0; i < 2; i++) {
		struct streamed streamed = streams_between(streams, ports[i], begin_ns, end_ns);

		if (streamed.sent < 20 || streamed.lost || streamed.best_ns >= 20 * MS)
			fail_msg("port %d, %.0f ms: %zu of %zu lost, the last one %.1f ms behind, "
				 "best way "
				 "%.1f ms",
				ports[i], (double)(end_ns - begin_ns) / MS, streamed.lost,
				streamed.sent, (double)(streamed.last_lost_ns - begin_ns) / MS,
				(double)streamed.best_ns / MS);
	}
}

static void assert_no_link_of_ours(const struct world *world)
{
	int status;
	char *links =
		world_output(&status, "ip", "-n", world_netns(world, NODE_A), "-o", "link", NULL);

	if (strstr(links, "bb-"))
		fail_msg("%s", links);
	free(links);
}

/*
 * Armed before there is traffic, and healed after it: adding or removing the qdisc clsact stops a
 * device's sending for some milliseconds (the kernel swaps all its queues), and that is not what is
 * looked at here.
 */
static const struct cut anchor = {
	.id = "anchor", .on = NODE_A, .from = NODE_B, .with = "{\"ports\":9}", .for_ms = LONG_MS};

static struct injector *anchored(struct world *world, const char *lease)
{
	struct injector *injector = injector_greeted(world, NODE_A, lease);

	injector_cut(injector, &anchor);
	return injector;
}

static void arm_both(struct injector *injector)
{
	injector_cut(injector, &delay);
	injector_cut(injector, &loss);
}

/* ---- random moments ---- */

enum victim {
	INJECTOR,
	KEEPER,
	BOTH,
	VICTIMS
};

static const char *const victims[] = {"the injector", "the keeper", "both"};

struct moment {
	enum victim victim;
	int64_t at_ns; /* after the first order */
};

static uint32_t draw(uint32_t *random, uint32_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random % below;
}

static void send_order(struct injector *injector, const struct cut *cut)
{
	char *order = injector_cut_order(cut, now_ns());

	injector_ask(injector, "arm", "%s", order);
	free(order);
}

/* Orders as they might come, the last of them behind the moment. Nobody waits for answers. */
static void play_until(struct injector *injector, int64_t begin_ns, int64_t until_ns)
{
	struct cut again = delay;
	int done = 0;

	again.id = "again";
	for (int64_t now = now_ns(); now < until_ns; now = now_ns()) {
		int64_t since_ms = (now - begin_ns) / MS;

		if (done == 0) {
			send_order(injector, &delay);
			send_order(injector, &loss);
			done++;
		} else if (done == 1 && since_ms > ORDERS_MS / 2) {
			injector_ask(injector, "heal", "{\"faults\":[\"late\"]}");
			done++;
		} else if (done == 2 && since_ms > ORDERS_MS * 3 / 4) {
			send_order(injector, &again);
			done++;
		}
		pause_ms(1);
	}
}

/* When it is over; the keeper may not have been started yet. */
static int64_t strike(struct injector *injector, enum victim victim)
{
	pid_t keeper = victim == KEEPER ? await_keeper(injector) : injector_child(injector);

	if (victim != KEEPER)
		injector_signal(injector, SIGKILL);
	if (victim != INJECTOR && keeper)
		kill(keeper, SIGKILL);
	if (keeper)
		await_end(keeper);
	return now_ns();
}

/*
 * The injector's death ends its lease at the latest, with all that it had armed. Without its keeper
 * the delay is over at once, and the loss goes on.
 */
static int64_t end_of(struct injector *injector, enum victim victim, int64_t struck_ns)
{
	if (victim == KEEPER) {
		assert_int_equal(injector_finish(injector), 0);
		return now_ns();
	}
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	return struck_ns + LEASE_MS * MS;
}

/*
 * For how long behind the strike datagrams were lost that were only to be delayed; of the others
 * some are lost anyway.
 */
static int64_t hole_ns(const struct streams *streams, int64_t struck_ns, int64_t end_ns)
{
	struct streamed after = streams_between(streams, DELAYED, struck_ns, end_ns);

	return after.last_lost_ns ? after.last_lost_ns - struck_ns : 0;
}

static int64_t survive(struct world *world, const struct moment *moment)
{
	/* An injector that is not killed has nobody here who renews its lease. */
	struct injector *injector = anchored(world, moment->victim == KEEPER ? "60s" : LEASE);
	struct streams streams;
	int64_t struck_ns, seen_ns, normal_ns, end_ns, hole;

	streams_start(&streams, world, ports, 2);
	pause_ms(20);
	end_ns = now_ns();
	play_until(injector, end_ns, end_ns + moment->at_ns);
	struck_ns = strike(injector, moment->victim);
	streams_await(&streams, struck_ns + BACK_WITHIN_MS * MS, CLEAR_PACKETS);
	seen_ns = now_ns();
	normal_ns = end_of(injector, moment->victim, struck_ns);
	streams_await(&streams, normal_ns, CLEAR_PACKETS);
	end_ns = now_ns();
	streams_stop(&streams);
	hole = hole_ns(&streams, struck_ns, seen_ns);
	if (hole > BACK_WITHIN_MS * MS + streams.latest_ns)
		fail_msg("a datagram sent %.1f ms after the end was lost (sent up to %.1f ms late)",
			(double)hole / MS, (double)streams.latest_ns / MS);
	assert_clear(&streams, normal_ns, end_ns);
	streams_free(&streams);
	world_recover(world, NODE_A);
	assert_no_link_of_ours(world);
	return hole;
}

static void killed_at_random_moments(struct world *world)
{
	uint32_t random = strcmp(world->attach, "tcx") == 0 ? 2463534242u : 88675123u;
	int moments = getenv("BACKBURN_LONG") ? MOMENTS_LONG * 2 : MOMENTS * 2;
	int64_t worst_ns[VICTIMS] = {0};

	for (int i = 0; i < moments; i++) {
		struct moment moment = {.victim = (enum victim)(i % VICTIMS),
			.at_ns = (int64_t)draw(&random, ORDERS_MS * 1000) * 1000};
		int64_t hole;

		print_message("moment %d: %s, after %.1f ms\n", i, victims[moment.victim],
			(double)moment.at_ns / MS);
		hole = survive(world, &moment);
		if (hole > worst_ns[moment.victim])
			worst_ns[moment.victim] = hole;
	}
	for (int i = 0; i < VICTIMS; i++)
		print_message("%s killed: the last datagram that was lost was sent %.1f ms after\n",
			victims[i], (double)worst_ns[i] / MS);
}

/* ---- what it may do ---- */

static void assert_status(const char *status, const char *key, const char *value)
{
	const char *line = strstr(status, key);

	assert_non_null(line);
	line += strlen(key);
	line += strspn(line, " \t");
	if (strncmp(line, value, strlen(value)) != 0)
		fail_msg("%s %.20s, not %s", key, line, value);
}

/* It can read and write its TAP, and is let run as soon as a packet is due. */
static void a_keeper_may_do_nothing(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	char path[64], status[4096] = "";
	FILE *file;
	pid_t keeper;

	injector_cut(injector, &delay);
	keeper = await_keeper(injector);
	snprintf(path, sizeof(path), "/proc/%d/status", keeper);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(status, 1, sizeof(status) - 1, file) > 0);
	fclose(file);
	assert_status(status, "CapPrm:", "0000000000000000");
	assert_status(status, "CapEff:", "0000000000000000");
	assert_status(status, "NoNewPrivs:", "1");
	assert_status(status, "Seccomp:", "2");
	assert_int_equal(sched_getscheduler(keeper), SCHED_FIFO);
	assert_int_equal(injector_finish(injector), 0);
	assert_true(has_ended(keeper));
}

/* ---- stopped ---- */

/* Its pulse is over soon, and packets pass it by; then it goes on as if nothing had been. */
static void a_keeper_that_is_stopped(struct world *world)
{
	struct injector *injector = anchored(world, "60s");
	struct streams streams;
	struct streamed before, stopped, again;
	int64_t stop_ns, continue_ns, end_ns;
	pid_t keeper;

	streams_start(&streams, world, ports, 2);
	arm_both(injector);
	keeper = await_keeper(injector);
	pause_ms(CLEAR_MS);
	stop_ns = now_ns();
	assert_int_equal(kill(keeper, SIGSTOP), 0);
	streams_await(&streams, stop_ns + BACK_WITHIN_MS * MS, CLEAR_PACKETS);
	continue_ns = now_ns();
	assert_int_equal(kill(keeper, SIGCONT), 0);
	streams_await(&streams, continue_ns + CLEAR_MS * MS, CLEAR_PACKETS);
	end_ns = now_ns();
	streams_stop(&streams);
	before = streams_between(&streams, DELAYED, stop_ns - 200 * MS, stop_ns - 100 * MS);
	stopped = streams_between(&streams, DELAYED, stop_ns + BACK_WITHIN_MS * MS, continue_ns);
	again = streams_between(&streams, DELAYED, continue_ns + CLEAR_MS * MS, end_ns);
	/* On a busy machine a pulse may pause by itself, and some packets pass by. */
	assert_true(before.slow * 2 > before.sent && again.slow * 2 > again.sent);
	assert_true(stopped.slow * 10 < stopped.sent);
	/* What was on its way into the lane waits there, and is not lost. */
	assert_int_equal(streams_between(&streams, DELAYED, 0, INT64_MAX).lost, 0);
	assert_true(streams_between(&streams, LOSSY, continue_ns + CLEAR_MS * MS, end_ns).lost > 0);
	streams_free(&streams);
	assert_int_equal(injector_finish(injector), 0);
}

/* A keeper that lives never outlasts the lease, whoever else lives. */
/* Its lease is short only when all is in place: that may take a slow machine longer. */
static void an_injector_that_is_stopped(struct world *world)
{
	struct injector *injector = anchored(world, "60s");
	struct streams streams;
	struct streamed around, before;
	int64_t over_ns, end_ns;
	pid_t keeper;

	streams_start(&streams, world, ports, 2);
	arm_both(injector);
	keeper = await_keeper(injector);
	cJSON_Delete(injector_call(injector, "renew", "{\"lease\":\"" LEASE "\"}"));
	over_ns = now_ns() + LEASE_MS * MS;
	injector_signal(injector, SIGSTOP);
	await_end(keeper);
	assert_true(now_ns() < over_ns + SOON_MS * MS);
	streams_await(&streams, over_ns, CLEAR_PACKETS);
	end_ns = now_ns();
	streams_stop(&streams);
	before = streams_between(&streams, DELAYED, over_ns - 500 * MS, over_ns - 100 * MS);
	assert_true(before.slow * 2 > before.sent);
	assert_clear(&streams, over_ns, end_ns);
	/* It lets all go that waits: the lease's end itself loses none. */
	around = streams_between(&streams, DELAYED, 0, INT64_MAX);
	assert_int_equal(around.lost, 0);
	streams_free(&streams);
	injector_signal(injector, SIGCONT);
	assert_int_equal(injector_wait(injector), 3);
	assert_no_link_of_ours(world);
}

/* A delay whose keeper has died is told, can be healed, and another one armed. */
static void after_the_keepers_death(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct way out = {NODE_A, NODE_B, AF_INET};
	struct cut again = delay;
	char *order, *text;
	pid_t keeper;

	arm_both(injector);
	keeper = await_keeper(injector);
	assert_int_equal(kill(keeper, SIGKILL), 0);
	await_end(keeper);
	pause_ms(BACK_WITHIN_MS);
	assert_true(way_best_ns(world, &out, 20) < 20 * MS);
	cJSON_Delete(injector_measure(injector, "late", "passed by", NULL));
	again.id = "again";
	again.with = "{\"delay\":\"30ms\",\"lane\":\"tap\"}";
	order = injector_cut_order(&again, now_ns());
	text = injector_refusal(injector, "arm", "%s", order);
	assert_non_null(strstr(text, "the process that keeps packets has died"));
	free(text);
	free(order);
	injector_heal(injector, "late");
	injector_cut(injector, &again);
	assert_true(await_keeper(injector) != keeper);
	assert_true(way_best_ns(world, &out, 10) >= 30 * MS);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(a_keeper_may_do_nothing, 2),
		WORLD_TEST(a_keeper_that_is_stopped, 2),
		WORLD_TEST(an_injector_that_is_stopped, 2),
		WORLD_TEST(after_the_keepers_death, 2),
		WORLD_TEST(killed_at_random_moments, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
