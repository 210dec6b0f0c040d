/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/netns/readers.h"

/* clock_reader PAGE KIND: reads clocks in every way, until it is ended. */

#define SECOND INT64_C(1000000000)

static struct reader_page *page;

static int64_t truth(int clock)
{
	struct timespec now;

	syscall(SYS_clock_gettime, clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static int64_t asked(int clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void read_all(void)
{
	struct timeval now;
	int64_t steady_ns = asked(CLOCK_MONOTONIC);

	page->steps_back += steady_ns < page->steady_ns;
	page->steady_ns = steady_ns;
	page->off_ns[READER_MONOTONIC] = steady_ns - truth(CLOCK_MONOTONIC);
	page->wall_ns = asked(CLOCK_REALTIME);
	page->off_ns[READER_REALTIME] = page->wall_ns - truth(CLOCK_REALTIME);
	page->off_ns[READER_COARSE] = asked(CLOCK_REALTIME_COARSE) - truth(CLOCK_REALTIME_COARSE);
	page->off_ns[READER_TAI] = asked(CLOCK_TAI) - truth(CLOCK_TAI);
	gettimeofday(&now, NULL);
	page->off_ns[READER_TIMEOFDAY] =
		now.tv_sec * SECOND + now.tv_usec * 1000 - truth(CLOCK_REALTIME);
	/* Whole seconds: cut alike. */
	page->off_ns[READER_TIME] = (time(NULL) - truth(CLOCK_REALTIME_COARSE) / SECOND) * SECOND;
	page->rounds++;
}

static void *read_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		asked(CLOCK_REALTIME);
	return NULL;
}

static void *come_and_go(void *unused)
{
	for (int i = 0; i < 100; i++)
		asked(CLOCK_REALTIME);
	return unused;
}

static void on_alarm(int number)
{
	(void)number;
	page->signals++;
	asked(CLOCK_REALTIME);
}

static void begin_storm(void)
{
	struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
}

static uint64_t sum_of(uint64_t from)
{
	for (int i = 0; i < 1000; i++) {
		from = from * UINT64_C(6364136223846793005) + 1442695040888963407u;
		if (i % 10 == 0)
			asked(CLOCK_REALTIME);
	}
	return from;
}

static void confine(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Goes on as a child; `page` tells its pid. */
static void become_child(void)
{
	pid_t child = fork();

	if (child > 0) {
		page->child = child;
		for (;;)
			pause();
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void prepare(int kind)
{
	pthread_t thread;

	const int apart = CLONE_NEWPID | CLONE_NEWNS;

	if (kind == READER_APART && unshare(apart) == 0)
		become_child();
	if (kind == READER_STRANGER && unshare(apart | CLONE_NEWUSER) == 0)
		become_child();

	if (kind == READER_STORM)
		begin_storm();
	if (kind == READER_CONFINED)
		confine();
	for (int i = 0; kind == READER_THREADS && i < 4; i++)
		pthread_create(&thread, NULL, read_for_ever, NULL);
	/* Its stack stays, for those that come later. */
	if (kind == READER_THREADS && pthread_create(&thread, NULL, come_and_go, NULL) == 0)
		pthread_join(thread, NULL);
}

/* The kernel knows nothing of the time that is read. */
static void wait_until(void)
{
	int64_t until_ns = asked(CLOCK_REALTIME) + SECOND / 10, begun_ns = truth(CLOCK_MONOTONIC);
	struct timespec until = {until_ns / SECOND, until_ns % SECOND};

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
	page->off_ns[READER_WAIT] = truth(CLOCK_MONOTONIC) - begun_ns - SECOND / 10;
	page->go_on = 0;
}

static void read_a_thousand(int64_t (*read)(int clock))
{
	int64_t begun_ns = truth(CLOCK_MONOTONIC);

	for (int i = 0; i < 1000; i++)
		read(CLOCK_REALTIME);
	page->off_ns[READER_WAIT] = truth(CLOCK_MONOTONIC) - begun_ns;
}

/* Two readings one after the other, the furthest apart of many. */
static void find_gaps(void)
{
	int64_t before_ns = truth(CLOCK_MONOTONIC);

	for (int i = 0; i < 1000; i++) {
		int64_t now_ns = truth(CLOCK_MONOTONIC);

		if (now_ns - before_ns > page->off_ns[READER_WAIT])
			page->off_ns[READER_WAIT] = now_ns - before_ns;
		before_ns = now_ns;
	}
}

struct range {
	unsigned long from, to;
};

static void fill(struct range range)
{
	char *at = (char *)range.from;
	size_t bytes = range.to - range.from;

	mprotect(at, bytes, PROT_READ | PROT_WRITE);
	memset(at, 0xff, bytes);
	madvise(at, bytes, MADV_REMOVE);
	memset(at, 0xff, bytes);
}

static void unmap(struct range range)
{
	munmap((void *)range.from, range.to - range.from);
}

static void replace(struct range range)
{
	int file = memfd_create("dev/zero", MFD_CLOEXEC);
	size_t bytes = range.to - range.from;
	const void *got;

	if (write(file, (void *)range.from, bytes) != (ssize_t)bytes)
		abort();
	got = mmap(
		(void *)range.from, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
	if (got == MAP_FAILED || ftruncate(file, 0) < 0)
		abort();
	/* cppcheck-suppress memleak ; it lies where it is to */
}

static void cut(struct range range)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", range.from, range.to);
	file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0 || ftruncate(file, 0) < 0)
		abort();
	close(file);
}

/* All shared anonymous memory that it finds. */
static void spoil(void (*one)(struct range range))
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[256];

	page->go_on = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		struct range range;

		if (!strstr(line, "/dev/zero") ||
			sscanf(line, "%lx-%lx", &range.from, &range.to) != 2)
			continue;
		one(range);
		page->signals++;
	}
	if (maps)
		fclose(maps);
}

/* Its own clock is broken by now. */
static void ask_nobody(void)
{
	const struct timespec little = {.tv_nsec = 1000000};

	for (;;) {
		page->rounds++;
		syscall(SYS_nanosleep, &little, NULL);
	}
}

static void go_on(int kind)
{
	void (*const spoils[READER_KINDS])(struct range range) = {
		[READER_HOSTILE] = fill,
		[READER_UNMAPS] = unmap,
		[READER_REPLACES] = replace,
		[READER_CUTS] = cut,
	};

	if (spoils[kind])
		spoil(spoils[kind]);
	if (spoils[kind] && kind != READER_HOSTILE)
		ask_nobody();
	if (kind == READER_GAPS) {
		page->off_ns[READER_WAIT] = 0;
		page->go_on = 0;
	}
	if (kind == READER_PLAIN)
		wait_until();
	if (kind == READER_EXECS)
		execl("/bin/sleep", "sleep", "1000", NULL);
	if (kind == READER_FORKS && !page->child)
		become_child();
}

int main(int argc, char **argv)
{
	int file = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1, kind;
	pthread_t thread;
	uint64_t expected;

	if (file < 0)
		return 1;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED)
		return 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kind = atoi(argv[2]);
	prepare(kind);
	expected = sum_of(7);
	for (;;) {
		read_all();
		if (page->go_on)
			go_on(kind);
		if (kind == READER_COST || kind == READER_FAKED)
			read_a_thousand(asked);
		if (kind == READER_CALLS)
			read_a_thousand(truth);
		if (kind == READER_GAPS)
			find_gaps();
		if (kind == READER_STORM) {
			page->wrong += sum_of(7) != expected;
			page->sums++;
		}
		if (kind == READER_THREADS && page->rounds % 1024 == 0 &&
			pthread_create(&thread, NULL, come_and_go, NULL) == 0)
			pthread_join(thread, NULL);
	}
}
