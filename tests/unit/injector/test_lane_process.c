/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "injector/lane/cage.h"
#include "tests/unit/injector/lane_keeper.h"

/*
 * The keeper as a process. No bound from above here is tighter than a busy machine can break; those
 * from below are exact.
 */
static int set_up(void **state)
{
	*state = keeper_new();
	return 0;
}

static int tear_down(void **state)
{
	keeper_free(*state);
	return 0;
}

static struct lane_spec *spec_of(int64_t delay_ms)
{
	static struct lane_spec spec;

	spec = (struct lane_spec){.delay_ns = delay_ms * NS_PER_MS, .limit_bytes = 64 << 20};
	return &spec;
}

/* A packet is counted after it was written: its receiver may be faster. */
static void await_number(const uint64_t *number, uint64_t wanted)
{
	int64_t until_ns = keeper_now() + PATIENCE_S * NS_PER_SEC;

	for (; __atomic_load_n(number, __ATOMIC_ACQUIRE) != wanted; usleep(1000))
		assert_true(keeper_now() < until_ns);
}

static void packets_come_back_whole_and_in_time(void **state)
{
	static const size_t lengths[] = {PACKET_MIN, 100, 1528, 2048, 2049, 9000, 65000};
	struct lane_keeper *keeper = *state;

	keeper_order(keeper, 3, spec_of(20));
	for (uint64_t i = 0; i < 70; i++) {
		size_t sent = lengths[i % 7], length;
		int64_t sent_ns = keeper_now(), took_ns;

		keeper_send(keeper, 3, sent, i);
		assert_int_equal(keeper_receive(keeper, &length), i);
		took_ns = keeper_now() - sent_ns;
		assert_int_equal(length, sent);
		assert_true(took_ns >= 20 * NS_PER_MS - LANE_AHEAD_MAX_NS);
	}
	await_number(&keeper->memory->lanes[3].counts[1][BB_EGRESS].left, 70);
	assert_int_equal(keeper->memory->lanes[3].counts[1][BB_EGRESS].came, 70);
	assert_int_equal(keeper->memory->lanes[3].counts[1][BB_INGRESS].came, 0);
	assert_int_equal(keeper->memory->stray, 0);
}

/* The kernel's own timers with slack would be late by 50 µs; an idle moment must be among many. */
static void it_is_late_by_little(void **state)
{
	struct lane_keeper *keeper = *state;
	const struct lane_counts *counts = &keeper->memory->lanes[0].counts[1][BB_EGRESS];
	struct histogram_edges edges;

	keeper_order(keeper, 0, spec_of(3));
	for (uint64_t i = 0; i < 300; i++) {
		keeper_send(keeper, 0, 100, i);
		keeper_receive(keeper, NULL);
	}
	await_number(&counts->left, 300);
	await_number((const uint64_t *)&counts->delay.count, 300);
	assert_int_equal(histogram_quantile(&counts->late, 0.1, &edges), 0);
	assert_true(edges.lower_ns < NS_PER_MS);
	assert_int_equal(histogram_quantile(&counts->delay, 0, &edges), 0);
	assert_true(edges.upper_ns >= 3 * NS_PER_MS - LANE_AHEAD_MAX_NS);
	/* Few are early at all. */
	assert_int_equal(histogram_quantile(&counts->delay, 0.5, &edges), 0);
	assert_true(edges.upper_ns >= 3 * NS_PER_MS);
}

static void order_is_kept(void **state)
{
	struct lane_keeper *keeper = *state;
	struct lane_spec *spec = spec_of(30);

	spec->spread = SPREAD_UNIFORM;
	spec->jitter_ns = 30 * NS_PER_MS;
	spec->keep_order = 1;
	keeper_order(keeper, 0, spec);
	for (uint64_t i = 0; i < 100; i++)
		keeper_send(keeper, 0, 200, i);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(keeper_receive(keeper, NULL), i);
}

static void a_healed_lane_lets_go(void **state)
{
	struct lane_keeper *keeper = *state;
	int64_t sent_ns = keeper_now();

	keeper_order(keeper, 0, spec_of(60000));
	for (uint64_t i = 0; i < 100; i++)
		keeper_send(keeper, 0, 200, i);
	__atomic_store_n(&keeper->memory->lanes[0].active, 0, __ATOMIC_RELEASE);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(keeper_receive(keeper, NULL), i);
	assert_true(keeper_now() - sent_ns < 30 * NS_PER_SEC);
	keeper_send(keeper, 0, 200, 100);
	assert_int_equal(keeper_receive(keeper, NULL), 100);
}

/* All that waited is let go, and the pulse is over before the keeper is. */
static void assert_it_ends_well(struct lane_keeper *keeper, uint64_t waiting)
{
	int status;

	for (uint64_t i = 0; i < waiting; i++)
		assert_int_equal(keeper_receive(keeper, NULL), i);
	status = keeper_await(keeper);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(keeper->pulse->alive_until_ns, 0);
}

static void fill(struct lane_keeper *keeper, uint64_t count)
{
	keeper_order(keeper, 0, spec_of(60000));
	for (uint64_t i = 0; i < count; i++)
		keeper_send(keeper, 0, 200, i);
}

static void the_injectors_death_lets_all_go(void **state)
{
	struct lane_keeper *keeper = *state;

	fill(keeper, 100);
	close(keeper->alive);
	keeper->alive = -1;
	assert_it_ends_well(keeper, 100);
}

static void the_end_of_its_time_lets_all_go(void **state)
{
	struct lane_keeper *keeper = *state;
	int64_t until_ns;

	fill(keeper, 100);
	until_ns = keeper_now() + 100 * NS_PER_MS;
	__atomic_store_n(&keeper->memory->until_ns, until_ns, __ATOMIC_RELEASE);
	keeper_receive(keeper, NULL);
	assert_true(keeper_now() >= until_ns);
	for (uint64_t i = 1; i < 100; i++)
		assert_int_equal(keeper_receive(keeper, NULL), i);
	assert_it_ends_well(keeper, 0);
}

static void sigterm_lets_all_go(void **state)
{
	struct lane_keeper *keeper = *state;

	fill(keeper, 100);
	kill(keeper->pid, SIGTERM);
	assert_it_ends_well(keeper, 100);
}

static uint64_t pulse_of(const struct lane_keeper *keeper)
{
	return __atomic_load_n(&keeper->pulse->alive_until_ns, __ATOMIC_ACQUIRE);
}

static void await_beat(const struct lane_keeper *keeper)
{
	int64_t until_ns = keeper_now() + PATIENCE_S * NS_PER_SEC;

	for (uint64_t last = pulse_of(keeper); pulse_of(keeper) == last; usleep(1000))
		assert_true(keeper_now() < until_ns);
}

static void assert_modest(const struct lane_keeper *keeper)
{
	uint64_t pulse_ns = pulse_of(keeper);

	assert_true(pulse_ns <= (uint64_t)(keeper_now() + 60 * NS_PER_MS));
}

/* It never promises more than 60 ms, and nothing beyond its time. */
static void the_pulse_goes_on_while_it_lives(void **state)
{
	struct lane_keeper *keeper = *state;
	int64_t until_ns;
	uint64_t last_ns;
	int status;

	for (int i = 0; i < 20; i++) {
		await_beat(keeper);
		assert_modest(keeper);
	}
	kill(keeper->pid, SIGSTOP);
	assert_int_equal(waitpid(keeper->pid, &status, WUNTRACED), keeper->pid);
	assert_true(WIFSTOPPED(status));
	/* Nobody else moves it on: it runs out. */
	last_ns = pulse_of(keeper);
	assert_modest(keeper);
	while ((uint64_t)keeper_now() <= last_ns)
		usleep(1000);
	assert_int_equal(pulse_of(keeper), last_ns);
	kill(keeper->pid, SIGCONT);
	await_beat(keeper);

	until_ns = keeper_now() + 200 * NS_PER_MS;
	__atomic_store_n(&keeper->memory->until_ns, until_ns, __ATOMIC_RELEASE);
	while (pulse_of(keeper)) {
		assert_true(keeper_now() < until_ns + PATIENCE_S * NS_PER_SEC);
		if (keeper_now() > until_ns - 100 * NS_PER_MS)
			assert_true(pulse_of(keeper) <= (uint64_t)until_ns);
	}
	assert_it_ends_well(keeper, 0);
}

static void a_tap_that_goes_away_ends_it(void **state)
{
	struct lane_keeper *keeper = *state;
	int status;

	shutdown(keeper->packets, SHUT_RDWR);
	status = keeper_await(keeper);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_int_equal(keeper->pulse->alive_until_ns, 0);
}

/* Nobody takes what it writes: packets are lost and counted, and it goes on. */
static void a_tap_that_takes_nothing_loses(void **state)
{
	struct lane_keeper *keeper = *state;
	const struct lane_counts *counts = &keeper->memory->lanes[0].counts[1][BB_EGRESS];
	int64_t until_ns = keeper_now() + PATIENCE_S * NS_PER_SEC;
	uint64_t sent = 0;

	keeper_order(keeper, 0, spec_of(0));
	while (!__atomic_load_n(&counts->lost, __ATOMIC_ACQUIRE)) {
		assert_true(keeper_now() < until_ns);
		keeper_send(keeper, 0, 60000, sent++);
	}
	await_beat(keeper);
	while (__atomic_load_n(&counts->left, __ATOMIC_ACQUIRE) +
			__atomic_load_n(&counts->lost, __ATOMIC_ACQUIRE) <
		sent)
		assert_true(keeper_now() < until_ns);
	for (uint64_t left = counts->left; left; left--)
		keeper_receive(keeper, NULL);
	keeper_send(keeper, 0, 100, 77);
	assert_int_equal(keeper_receive(keeper, NULL), 77);
}

static void strays_and_senseless_orders_do_no_harm(void **state)
{
	struct lane_keeper *keeper = *state;
	struct lane_spec *spec = spec_of(10);
	uint8_t garbage[3000] = {0};

	for (size_t length = 1; length < sizeof(garbage); length += 61)
		assert_int_equal(send(keeper->packets, garbage, length, 0), length);
	spec->spread = SPREAD_REPLAY;
	spec->table_count = INT32_MAX;
	keeper_order(keeper, 0, spec);
	keeper_send(keeper, 0, 100, 5);
	assert_int_equal(keeper_receive(keeper, NULL), 5);
	await_number(&keeper->memory->stray, 50);
	assert_int_equal(keeper->memory->refused, 1);
	/* Anything may stand in the memory. */
	memset(keeper->memory->lanes, 0xff, sizeof(keeper->memory->lanes));
	for (uint64_t i = 0; i < 100; i++) {
		keeper_send(keeper, i % BB_LANES, 100, i);
		assert_int_equal(keeper_receive(keeper, NULL), i);
	}
	memset(keeper->memory, 0x80, sizeof(*keeper->memory));
	assert_it_ends_well(keeper, 0); /* until_ns is long ago */
}

/* The number behind `key` in a file of /proc/PID; −1 when there is none. */
static long long proc_number(pid_t pid, const char *file, const char *key)
{
	long long number = -1;
	char path[64], line[256];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	in = fopen(path, "re");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		if (strncmp(line, key, strlen(key)) == 0)
			number = strtoll(
				line + strlen(key), NULL, strncmp(key, "Cap", 3) == 0 ? 16 : 10);
	fclose(in);
	return number;
}

static void it_has_given_up_everything(void **state)
{
	struct lane_keeper *keeper = *state;

	assert_int_equal(proc_number(keeper->pid, "status", "Seccomp:"), 2);
	assert_int_equal(proc_number(keeper->pid, "status", "NoNewPrivs:"), 1);
	assert_int_equal(proc_number(keeper->pid, "status", "CapEff:"), 0);
	assert_int_equal(proc_number(keeper->pid, "status", "CapPrm:"), 0);
	assert_int_equal(
		proc_number(keeper->pid, "status", "CapBnd:") & (geteuid() == 0 ? ~0LL : 0LL), 0);
	assert_int_equal(proc_number(keeper->pid, "status", "Threads:"), 1);
	assert_int_equal(proc_number(keeper->pid, "limits", "Max open files"), 2);
	assert_int_equal(proc_number(keeper->pid, "limits", "Max core file size"), 0);
}

static void read_allowed(void)
{
	char byte;
	struct iovec room = {.iov_base = &byte, .iov_len = 1};

	cage_leave(readv(0, &room, 1) == 1 && keeper_now() > 0 ? 0 : 1);
}

static void read_another(void)
{
	char byte;
	struct iovec room = {.iov_base = &byte, .iov_len = 1};

	cage_leave(readv(1, &room, 1) == 1);
}

static void ask_pid(void)
{
	cage_leave(getppid() == 0);
}

static void open_file(void)
{
	cage_leave(open("/dev/null", O_RDONLY) < 0);
}

static void remove_file(void)
{
	cage_leave(unlink("/nonexistent/file") == 0);
}

/* The status of a child that does it in the cage, which leaves descriptor 0 only. */
static int caged(void (*act)(void))
{
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct fail fail = FAIL_INIT;

		dup2(ends[0], 0);
		if (cage_enter(0, &fail) < 0)
			_exit(99);
		act();
	}
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void the_cage_kills_what_it_forbids(void **state)
{
	static void (*const forbidden[])(void) = {read_another, ask_pid, open_file, remove_file};
	int status = caged(read_allowed);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		status = caged(forbidden[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* Starts one that can't be; what it says, and that it ends with 1. */
static void assert_refuses(const int files[4], const char *says)
{
	char text[8192] = "";
	size_t used = 0;
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = keeper_spawn(files, ends[1]);
	close(ends[1]);
	/* To its end: what is written after nobody reads any more kills the writer. */
	while ((got = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)got;
	assert_true(used > 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(text, says));
}

static void it_says_what_is_missing(void **state)
{
	int small = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(small, 4096), 0);
	assert_int_equal(fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(ftruncate(loose, sizeof(struct lane_memory)), 0);
	assert_refuses((int[]){-1, small, small, null}, "descriptor 3");
	assert_refuses((int[]){null, -1, small, null}, "descriptor 4");
	assert_refuses((int[]){null, small, -1, null}, "descriptor 5");
	assert_refuses((int[]){null, small, small, -1}, "descriptor 6");
	assert_refuses((int[]){null, small, small, null}, "no sealed memfd");
	assert_refuses((int[]){null, small, loose, null}, "no sealed memfd");
	close(small);
	close(loose);
	close(null);
}

int main(void)
{
#define WITH_KEEPER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_KEEPER(packets_come_back_whole_and_in_time),
		WITH_KEEPER(it_is_late_by_little),
		WITH_KEEPER(order_is_kept),
		WITH_KEEPER(a_healed_lane_lets_go),
		WITH_KEEPER(the_injectors_death_lets_all_go),
		WITH_KEEPER(the_end_of_its_time_lets_all_go),
		WITH_KEEPER(sigterm_lets_all_go),
		WITH_KEEPER(the_pulse_goes_on_while_it_lives),
		WITH_KEEPER(a_tap_that_goes_away_ends_it),
		WITH_KEEPER(a_tap_that_takes_nothing_loses),
		WITH_KEEPER(strays_and_senseless_orders_do_no_harm),
		WITH_KEEPER(it_has_given_up_everything),
		cmocka_unit_test(the_cage_kills_what_it_forbids),
		cmocka_unit_test(it_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
