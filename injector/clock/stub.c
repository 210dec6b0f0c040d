/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "injector/clock/page.h"

/*
 * What runs in the place of the vDSO's functions, inside of the target. It is linked by itself, to
 * bytes that may lie anywhere: it has no data, calls no library and uses no vector register.
 */
#define HIDDEN __attribute__((visibility("hidden")))

/* Given to the linker as distances from the stub's first byte. */
extern const struct clock_control HIDDEN control;
extern struct clock_counts HIDDEN counts;
extern int HIDDEN original(int clock, struct timespec *out);

int skewed_gettime(int clock, struct timespec *out);
int skewed_gettimeofday(struct timeval *out, struct timezone *zone);
time_t skewed_time(time_t *out);

__asm__(".section .entries, \"ax\"\n"
	"	jmp skewed_gettime\n"
	"	.balign 16\n"
	"	jmp skewed_gettimeofday\n"
	"	.balign 16\n"
	"	jmp skewed_time\n"
	"	.balign 16\n"
	"	.text\n");

#define SECOND UINT64_C(1000000000)

HIDDEN int skewed_gettime(int clock, struct timespec *out)
{
	unsigned int line = clock_line_of(clock);
	int64_t true_ns, answer_ns;
	struct timespec now = {0};
	int result;

	if (line == LINE_NONE || !out)
		return original(clock, out);
	result = original(clock, &now);
	if (result)
		return result;
	true_ns = now.tv_sec * (int64_t)SECOND + now.tv_nsec;
	answer_ns = clock_answer_ns(&control, line, true_ns);
	if (answer_ns != true_ns && answer_ns >= 0) {
		counts.calls++;
		now.tv_sec = (int64_t)((uint64_t)answer_ns / SECOND);
		now.tv_nsec = (int64_t)((uint64_t)answer_ns % SECOND);
	}
	*out = now;
	return 0;
}

/* What the old zone of the kernel is, only the kernel says. */
static void read_zone(struct timezone *zone)
{
	long result = SYS_gettimeofday;

	__asm__ volatile("syscall" : "+a"(result) : "D"(0), "S"(zone) : "rcx", "r11", "memory");
}

HIDDEN int skewed_gettimeofday(struct timeval *out, struct timezone *zone)
{
	struct timespec now = {0};

	if (zone)
		read_zone(zone);
	if (!out)
		return 0;
	skewed_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = (int64_t)((uint64_t)now.tv_nsec / 1000);
	return 0;
}

HIDDEN time_t skewed_time(time_t *out)
{
	struct timespec now = {0};

	skewed_gettime(CLOCK_REALTIME_COARSE, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
