/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/netns/readers.h"

/* reader PAGE: what every C library has, so that it is linked with any of them. */

enum {
	WORDS = 4096
};
#define SECOND INT64_C(1000000000)

static int64_t asked(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static uint64_t sum(void)
{
	uint64_t at = 7;

	for (int i = 0; i < WORDS; i++) {
		at = at * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		if (i % 64 == 0)
			asked(CLOCK_REALTIME);
	}
	return at;
}

static void *work(void *argument)
{
	struct reader_page *page = argument;
	const struct timespec little = {.tv_nsec = 1000};
	uint64_t expected = sum();

	for (;;) {
		page->wrong += sum() != expected;
		page->sums++;
		nanosleep(&little, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct timespec little = {.tv_nsec = 1000000};
	int file = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	struct reader_page *page;
	pthread_t thread;

	if (file < 0)
		return 1;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED || pthread_create(&thread, NULL, work, page) != 0)
		return 1;
	for (;;) {
		int64_t steady_ns = asked(CLOCK_MONOTONIC);

		page->steps_back += steady_ns < page->steady_ns;
		page->steady_ns = steady_ns;
		page->wall_ns = asked(CLOCK_REALTIME);
		page->rounds++;
		nanosleep(&little, NULL);
	}
}
