/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_time.h"

#include <time.h>

#include "contract/units.h"

int64_t lab_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

void lab_sleep_ns(int64_t length_ns)
{
	struct timespec length = {
		.tv_sec = length_ns / NS_PER_SEC, .tv_nsec = length_ns % NS_PER_SEC};

	nanosleep(&length, NULL);
}
