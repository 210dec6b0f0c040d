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

	if (kind == READER_APART && unshare(CLONE_NEWPID | CLONE_NEWNS) == 0)
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

/* All shared anonymous memory that it finds: first full of ones, then with a hole in it. */
static void spoil(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[256];

	page->go_on = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		if (!strstr(line, "/dev/zero") || sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		mprotect((void *)from, to - from, PROT_READ | PROT_WRITE);
		memset((void *)from, 0xff, to - from);
		madvise((void *)from, to - from, MADV_REMOVE);
		memset((void *)from, 0xff, to - from);
		page->signals++;
	}
	if (maps)
		fclose(maps);
}

static void go_on(int kind)
{
	if (kind == READER_HOSTILE)
		spoil();
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
